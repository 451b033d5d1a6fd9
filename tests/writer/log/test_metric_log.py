"""The metric log: what was logged is in the file, in order, whatever the device, the disk, signals and threads do."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import FrameType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from runcheck.errors import InvalidArgumentError
from runcheck.writer.log import device_queue
from runcheck.writer.log import follower as follower_module
from runcheck.writer.log.append_file import AppendFile
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.log.rows import KnownNames
from runcheck.writer.log.tensorboard import EventFile
from tests.writer.log.test_tensorboard import series_in


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


@pytest.fixture
def log(path: Path) -> MetricLog:
    return MetricLog(str(path), [])


def rows_in(path: Path) -> list[dict[str, Any]]:
    """Return every row, and hold the file to whole lines."""
    text = path.read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def points_in(path: Path) -> list[tuple[str, int, float]]:
    return [(row["metric"], row["step"], row["value"]) for row in rows_in(path)]


class SlowScalar:
    """An array of one number that is computed when the test says so. No real device can be told to wait."""

    shape = ()

    def __init__(self, value: float) -> None:
        self.value = value
        self.done = threading.Event()

    def __float__(self) -> float:
        raise AssertionError("waited for in the loop")

    def is_ready(self) -> bool:
        return self.done.is_set()

    def item(self) -> float:
        self.done.wait()
        return self.value

    def __array__(self, dtype: None = None, copy: None = None) -> "np.ndarray[tuple[int, ...], Any]":
        return np.asarray(self.item())


def test_a_value_that_is_never_ready_holds_back_its_own_series_only(path: Path, log: MetricLog) -> None:
    slow = SlowScalar(0.5)
    log.log(0, {"loss": slow, "lr": 0.1}, "train")
    log.log(1, {"loss": 0.25, "lr": 0.2}, "train")
    log.log(1, {"loss": 0.75}, "test")
    assert points_in(path) == [("lr", 0, 0.1), ("lr", 1, 0.2), ("loss", 1, 0.75)]
    slow.done.set()
    log.close()
    assert points_in(path)[3:] == [("loss", 0, 0.5), ("loss", 1, 0.25)]
    assert log.rows == 5
    assert log.series["train", "loss"].last == 0.25


def test_a_value_of_a_device_is_written_though_no_other_call_comes(path: Path, log: MetricLog) -> None:
    slow = SlowScalar(0.5)
    log.log(0, {"loss": slow}, "train")
    slow.done.set()
    log._devices.drain()
    assert points_in(path) == [("loss", 0, 0.5)]
    log.log(1, {"loss": jnp.float32(2)}, "train")  # and what comes later finds a thread again
    log.close()
    assert points_in(path) == [("loss", 0, 0.5), ("loss", 1, 2.0)]


def test_what_is_computed_as_it_is_logged_is_fetched_without_a_rest_and_the_end_waits_for_none(
    path: Path, log: MetricLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_queue, "_TOGETHER_SECONDS", 3600.0)
    monkeypatch.setattr(device_queue, "_WAITED_SECONDS", 3600.0)  # a machine may be slow
    for step in range(2):  # by a thread that was just started, and by one that waits
        fetched = threading.Event()
        value = SlowScalar(step)
        value.done.set()
        monkeypatch.setattr(value, "item", lambda fetched=fetched: fetched.set() or 0.5)
        log.log(step, {"loss": value}, "train")
        assert fetched.wait(60)
    monkeypatch.setattr(device_queue, "_WAITED_SECONDS", 0.0)
    for step in (2, 3):  # after the first of which it rests
        log.log(step, {"loss": jnp.float32(0.25)}, "train")
    log.close()
    assert points_in(path) == [("loss", 0, 0.5), ("loss", 1, 0.5), ("loss", 2, 0.25), ("loss", 3, 0.25)]


def test_who_waits_for_what_was_logged_waits_for_no_rest(
    path: Path, log: MetricLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_queue, "_TOGETHER_SECONDS", 3600.0)
    monkeypatch.setattr(device_queue, "_WAITED_SECONDS", 0.0)  # a rest behind each
    log.catch_up()  # for nothing
    for step in range(3):
        log.log(step, {"loss": jnp.float32(step)}, "train")
    log.catch_up()
    assert points_in(path) == [("loss", 0, 0.0), ("loss", 1, 1.0), ("loss", 2, 2.0)]
    log.close()


def test_a_value_that_is_never_ready_is_not_waited_for_for_ever(
    path: Path, log: MetricLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_queue, "_SILENCE_SECONDS", 0.01)
    slow = SlowScalar(0.5)
    log.log(0, {"loss": slow}, "train")
    log.catch_up()
    assert points_in(path) == []
    slow.done.set()
    with pytest.warns(RuntimeWarning, match=r"not ready after 0 s of waiting"):
        log.close()


def test_a_step_of_a_device_is_not_waited_for(path: Path, log: MetricLog) -> None:
    slow = SlowScalar(7)
    log.log(slow, {"loss": 0.5}, "train")  # type: ignore[arg-type]
    log.log(8, {"loss": 0.25}, "train")
    log.log(jnp.int32(9), {"loss": 0.125}, "train")
    assert points_in(path) == []
    slow.done.set()
    log.close()
    assert points_in(path) == [("loss", 7, 0.5), ("loss", 8, 0.25), ("loss", 9, 0.125)]


def test_a_step_of_a_device_that_is_no_step_is_warned_of_and_the_rest_goes_on(path: Path, log: MetricLog) -> None:
    slow = SlowScalar(-1)
    log.log(slow, {"loss": 0.5}, "train")  # type: ignore[arg-type]
    log.log(2, {"loss": 0.25}, "train")
    slow.done.set()
    with pytest.warns(RuntimeWarning, match="their step could not be fetched: step is -1"):
        log.close()
    assert points_in(path) == [("loss", 2, 0.25)]


def test_arrays_that_come_again_are_checked_again_where_they_are_of_another_kind(path: Path, log: MetricLog) -> None:
    for step in range(3):
        log.log(step, {"a": jnp.float32(step), "b": jnp.int32(step)}, "train")
    with pytest.raises(InvalidArgumentError, match=r"b is an array of shape \(2,\)"):
        log.log(3, {"a": jnp.float32(3), "b": jnp.zeros(2)}, "train")
    with pytest.raises(InvalidArgumentError, match="b is complex"):
        log.log(3, {"a": jnp.float32(3), "b": jnp.complex64(1)}, "train")
    log.log(4, {"a": 4.5, "b": np.float32(0.5)}, "train")
    log.close()
    assert points_in(path) == [
        ("a", 0, 0.0), ("b", 0, 0.0), ("a", 1, 1.0), ("b", 1, 1.0), ("a", 2, 2.0), ("b", 2, 2.0),
        ("a", 4, 4.5), ("b", 4, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int32", "uint8", "bool"])
def test_every_type_of_a_device_is_widened_exactly(path: Path, log: MetricLog, dtype: str) -> None:
    log.log(0, {"value": jnp.asarray(0.1 if "float" in dtype else 1, dtype)}, "train")
    log.close()
    assert points_in(path) == [("value", 0, float(np.asarray(0.1 if "float" in dtype else 1, jnp.dtype(dtype))))]


@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap])
@pytest.mark.parametrize("where", ["value", "step"])
def test_a_traced_value_is_refused_in_words(
    path: Path, log: MetricLog, transform: Callable[..., Any], where: str
) -> None:
    def train(x: jax.Array) -> jax.Array:
        log.log(x if where == "step" else 1, {"loss": x if where == "value" else 1.0}, "train")  # type: ignore[arg-type]
        return x

    with pytest.raises(InvalidArgumentError, match="is traced, not computed"):
        transform(train)(jnp.ones(3) if transform is jax.vmap else 1.0)
    log.close()
    assert points_in(path) == []


def test_a_callback_of_a_traced_function_may_log(path: Path, log: MetricLog) -> None:
    @jax.jit
    def train(x: jax.Array) -> jax.Array:
        jax.debug.callback(lambda value: log.log(1, {"loss": value}, "train"), x)
        return x * 2

    train(0.5).block_until_ready()
    jax.effects_barrier()  # type: ignore[no-untyped-call]
    log.close()
    assert points_in(path) == [("loss", 1, 0.5)]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"a": {"b": 1.0}, "a/b": 2.0}, "a/b is logged twice"),
        ({"z": np.complex64(1j)}, "z is complex"),
        ({"z": jnp.complex64(1j)}, "z is complex"),
        ({"z": jnp.ones(1)}, "a metric is one number"),
    ],
)
def test_what_is_no_number_is_refused(path: Path, log: MetricLog, metrics: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        log.log(0, metrics, "train")
    log.close()
    assert points_in(path) == []


class Metric(str, Enum):  # noqa: UP042 - a StrEnum is shown by its characters
    """Names of metrics as a script may keep them, which ``str`` shows as ``Metric.LOSS``."""

    LOSS = "loss"
    PARTS = "parts"


def test_a_member_of_an_enumeration_is_named_by_its_characters(path: Path, log: MetricLog) -> None:
    for step in range(2):
        log.log(step, {Metric.LOSS: 0.5, Metric.PARTS: {Metric.LOSS: 0.25}}, Metric.LOSS)
    log.log(2, {"loss": 0.125}, "loss")
    log.close()
    assert points_in(path) == [
        ("loss", 0, 0.5), ("parts/loss", 0, 0.25), ("loss", 1, 0.5), ("parts/loss", 1, 0.25), ("loss", 2, 0.125),
    ]  # fmt: skip
    assert sorted((str(split), metric) for split, metric in log.series) == [("loss", "loss"), ("loss", "parts/loss")]


def test_what_only_has_keys_and_items_is_a_mapping_too(path: Path, log: MetricLog) -> None:
    frame = pd.DataFrame({"loss": [0.5, 0.25], "accuracy": [0.75, 0.875]})
    for step, row in frame.iterrows():
        log.log(step, row, "train")
    log.close()
    assert points_in(path) == [("loss", 0, 0.5), ("accuracy", 0, 0.75), ("loss", 1, 0.25), ("accuracy", 1, 0.875)]


@pytest.mark.parametrize("split", [["train"], {}, None, 3])
def test_a_split_that_is_no_name_is_refused(path: Path, log: MetricLog, split: Any) -> None:  # noqa: ANN401
    with pytest.raises(InvalidArgumentError, match="split is "):
        log.log(0, {"loss": 0.5}, split)
    log.close()
    assert points_in(path) == []


def test_a_step_of_a_device_that_is_no_integer_is_refused_at_once(path: Path, log: MetricLog) -> None:
    with pytest.raises(InvalidArgumentError, match=r"step is .* of float32; a step is an integer"):
        log.log(jnp.float32(3), {"loss": 0.5}, "train")
    log.close()
    assert points_in(path) == []


def test_a_call_more_than_may_wait_waits_and_says_so_once(path: Path, log: MetricLog) -> None:
    slow = [SlowScalar(step) for step in range(1100)]

    def feed() -> None:
        for step, value in enumerate(slow):
            log.log(step, {"loss": value}, "train")

    def let_go() -> None:
        loop = threading.Thread(target=feed)
        loop.start()
        while not log._complaints.waiting:  # which it tells when it goes on
            loop.join(0.001)
            assert loop.is_alive()
        assert len(log._devices.pending) == 1024
        for value in slow:
            value.done.set()
        loop.join()

    with pytest.warns(RuntimeWarning, match="1024 steps wait for values on a device") as warned:
        let_go()
    log.close()
    assert len(warned) == 1
    assert points_in(path) == [("loss", step, step) for step in range(1100)]


def test_where_the_handler_of_a_signal_started_a_thread_too_each_row_is_written_once(
    path: Path, log: MetricLog
) -> None:
    asked: list[threading.Thread] = []

    class Asked(SlowScalar):
        def item(self) -> float:
            asked.append(threading.current_thread())
            self.done.wait(0.3)  # long enough for the other thread to ask as well, if nothing keeps it from that
            return self.value

    values = [Asked(step) for step in range(3)]
    log.log(0, {"loss": values[0]}, "train")
    first = log._devices._thread
    assert first is not None
    log._devices._start()
    for step in (1, 2):
        log.log(step, {"loss": values[step]}, "train")
    log.close()
    first.join(10)
    assert len(asked) == 3
    assert points_in(path) == [("loss", step, step) for step in range(3)]


STEPS = 200  # of each thread: all together are fewer than may wait for a device


def test_threads_lose_nothing_and_the_summary_is_that_of_the_file(path: Path, log: MetricLog) -> None:
    def feed(worker: int) -> None:
        for step in range(STEPS):
            value = worker + step / 1000
            log.log(step, {f"of_{worker}": value, "shared": jnp.float32(value) if step % 7 == 0 else value}, "train")

    threads = [threading.Thread(target=feed, args=(worker,)) for worker in range(4)]
    with pytest.warns(RuntimeWarning, match="follows step"):  # noqa: PT031 - after a second, or at the end
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.close()
    points = points_in(path)
    assert len(points) == log.rows == 4 * 2 * STEPS
    for worker in range(4):
        assert [step for metric, step, _ in points if metric == f"of_{worker}"] == list(range(STEPS))
    shared = [(step, value) for metric, step, value in points if metric == "shared"]
    aggregate = log.series["train", "shared"]
    assert (aggregate.count, (aggregate.last_step, aggregate.last)) == (4 * STEPS, shared[-1])


@pytest.fixture
def no_alarm() -> Iterator[None]:
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


@pytest.mark.usefixtures("no_alarm")
def test_a_handler_of_a_signal_may_log_in_the_midst_of_a_call(path: Path, log: MetricLog) -> None:
    alarms, one = itertools.count(), jnp.float32(1)

    def handle(number: int, frame: FrameType | None) -> None:
        alarm = next(alarms)
        log.log(alarm, {"alarm": 1.0, "device": one}, "test")
        if alarm < 500:  # fewer than wait for a device at most
            signal.setitimer(signal.ITIMER_REAL, 0.0003)

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0003)
    for step in range(5000):
        log.log(step, {"loss": 0.5}, "train")
    signal.setitimer(signal.ITIMER_REAL, 0)
    log.close()
    points, count = points_in(path), next(alarms)
    assert count > 1
    assert [step for metric, step, _ in points if metric == "loss"] == list(range(5000))
    for metric in ("alarm", "device"):
        assert [step for name, step, _ in points if name == metric] == list(range(count))
    assert log.rows == len(points)


def test_a_handler_that_raises_leaves_a_summary_that_is_that_of_the_file(path: Path, tmp_path: Path) -> None:
    program = f"""
import signal
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.log.tensorboard import EventFile
class Interrupted(BaseException): pass
def raise_it(number, frame):
    raise Interrupted
signal.signal(signal.SIGALRM, raise_it)
log = MetricLog({str(path)!r}, [EventFile({str(tmp_path / "events")!r}, 1.0)])
metrics = {{f"metric_{{number}}": 0.5 for number in range(20)}}
interrupted = step = 0
log.log(0, metrics, "train")  # a thread that is only being started is another matter
while step < 4000:
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0007)
        for step in range(step + 1, 4001):
            log.log(step, metrics, "train")
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupted:
        interrupted += 1
log.close()
print(interrupted, log.rows, *{{series.count for series in log.series.values()}})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    interrupted, rows, count = map(int, done.stdout.split())
    points = points_in(path)
    assert interrupted
    assert (rows, count) == (len(points), len(points) // 20)
    assert series_in(tmp_path / "events")["train/metric_3"] == [
        (step, value) for metric, step, value in points if metric == "metric_3"
    ]


def test_a_fork_writes_nothing_of_the_run(path: Path, tmp_path: Path) -> None:
    program = f"""
import os, sys, warnings
from runcheck.writer.log.metric_log import MetricLog
warnings.simplefilter("always")
log = MetricLog({str(path)!r}, [])
log.log(0, {{"loss": 0.5}}, "train")
child = os.fork()
if child == 0:
    log.log(1, {{"loss": 0.25}}, "train")
    log.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
log.log(2, {{"loss": 0.125}}, "train")
log.close()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("this process is a fork of the one that started the run") == 1
    assert points_in(path) == [("loss", 0, 0.5), ("loss", 2, 0.125)]


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "sys.exit(1)", "1 / 0"])
def test_rows_of_the_host_are_there_however_the_process_ends(path: Path, end: str) -> None:
    program = f"""
import os, sys
from runcheck.writer.log.metric_log import MetricLog
log = MetricLog({str(path)!r}, [])
for step in range(3000):
    log.log(step, {{"loss": step / 2}}, "train")
{end}
"""
    subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert points_in(path) == [("loss", step, step / 2) for step in range(3000)]


def test_values_of_a_device_and_events_are_there_where_nobody_finished_the_run(path: Path, tmp_path: Path) -> None:
    program = f"""
import jax, jax.numpy as jnp
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.log.tensorboard import EventFile
log = MetricLog({str(path)!r}, [EventFile({str(tmp_path / "events")!r}, 1.0)])
step = jax.jit(lambda x: (x @ x).sum() * 0 + 0.5)
for number in range(5):
    log.log(number, {{"loss": step(jnp.ones((300, 300)))}}, "train")
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert points_in(path) == [("loss", step, 0.5) for step in range(5)]
    assert series_in(tmp_path / "events") == {"train/loss": [(step, 0.5) for step in range(5)]}


def test_a_disk_that_is_full_for_a_while_loses_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MetricLog(str(path), [EventFile(str(tmp_path / "events"), 1.0)])
    write, room = os.write, 3000

    def limited(descriptor: int, content: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        taken = write(descriptor, content[:room])
        room -= taken
        return taken

    monkeypatch.setattr(os, "write", limited)
    log.log(0, {"loss": 0.0, "acc": 0.5}, "train")
    with pytest.warns(RuntimeWarning, match="metrics could not be written: No space left on device") as warned:
        fill(log, 99)
    assert len(warned) == 1
    assert 0 < len(rows_in(path)) < 200
    assert len(rows_in(path)) % 2 == 0  # a call is there as a whole or not at all
    room = 10**9
    log.close()
    assert points_in(path) == [
        (metric, step, value) for step in range(100) for metric, value in (("loss", step / 2), ("acc", 0.5))
    ]
    assert log.rows == 200
    assert [step for step, _ in series_in(tmp_path / "events")["train/loss"]] == list(range(100))


def fill(log: MetricLog, last: int) -> None:
    for step in range(1, last + 1):
        log.log(step, {"loss": step / 2, "acc": 0.5}, "train")


def test_what_a_full_disk_never_takes_is_not_in_the_summary(path: Path, log: MetricLog) -> None:
    log.log(0, {"loss": 0.0}, "train")
    log._file._descriptor, kept = os.open("/dev/full", os.O_RDWR), log._file._descriptor
    with pytest.warns(RuntimeWarning) as warned:
        fill(log, 1100)
    assert [str(each.message) for each in warned] == [
        "runcheck: metrics could not be written: No space left on device; later calls try it again",
        "runcheck: metrics are lost: more than 1024 steps could not be written",
    ]
    with pytest.warns(RuntimeWarning) as warned:
        log.close()
    assert str(warned[-1].message) == "runcheck: 1100 steps of metrics could not be written"
    os.close(kept)
    assert log.rows == len(rows_in(path)) == 1


def test_an_append_that_fails_half_way_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = AppendFile(str(path))
    file.append(b"first\n")
    write = os.write
    taken = iter([3, 0])

    def half(descriptor: int, content: bytes) -> int:
        if count := next(taken):
            return write(descriptor, content[:count])
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(KeyboardInterrupt):
        file.append(b"second\n")
    assert path.read_bytes() == b"first\n"
    assert file.ends_with(b"first\n")
    assert not file.ends_with(b"second\n")
    file.close()


class Failing:
    def __init__(self) -> None:
        self.calls = 0

    def take(self, batch: object) -> None:
        self.calls += 1
        raise KeyError("service")

    def close(self) -> None:
        raise AssertionError("it was dropped")


def test_a_sink_that_fails_is_reported_and_dropped(path: Path) -> None:
    sink = Failing()
    log = MetricLog(str(path), [sink])
    log.log(0, {"loss": 0.5}, "train")
    with pytest.warns(RuntimeWarning, match="Failing failed and gets no more rows: 'service'"):
        log.close()
    assert (sink.calls, len(rows_in(path))) == (1, 1)


def test_where_no_thread_can_be_started_all_is_written_all_the_same(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(follower_module, "_MAX_BEHIND", 50)
    log = MetricLog(str(path), [EventFile(str(tmp_path / "events"), 1.0)])
    with pytest.warns(RuntimeWarning, match="no thread could be started"):
        log.log(0, {"loss": 0.5, "device": jnp.float32(0)}, "train")
    for step in range(1, 300):
        log.log(step, {"loss": 0.5, "device": jnp.float32(step)}, "train")
    log.close()
    assert log.rows == len(rows_in(path)) == 600
    assert series_in(tmp_path / "events")["train/device"] == [(step, step) for step in range(300)]


def test_a_loop_without_pause_holds_no_more_than_a_bounded_number_of_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "_MAX_BEHIND", 500)
    log = MetricLog(str(path), [])
    most = 0
    for step in range(20_000):
        log.log(step, {"loss": 0.5}, "train")
        most = max(most, len(log._follower._backlog))
    log.close()
    assert most <= 501
    assert log.rows == 20_000


def test_names_that_never_come_again_are_not_kept_for_ever() -> None:
    known = KnownNames()
    names = [f"m{number}" for number in range(12)]
    for chosen in itertools.islice(
        itertools.chain.from_iterable(itertools.combinations(names, k) for k in (5, 6)), 1500
    ):
        known.of("train", chosen)
    assert len(known.known) <= 1024


def test_an_aggregate_of_a_batch_is_that_of_its_rows_one_by_one(path: Path, log: MetricLog) -> None:
    values = [3.0, 1.0, float("nan"), 1.0, 7.0, 7.0, float("inf"), -2.0]
    for step, value in enumerate(values):
        log.log(step, {"a": value, "b": 1.0} if step % 3 else {"a": value}, "train")
    log.close()
    summary = log.series["train", "a"].summary("min")
    assert (summary["best"], summary["best_step"], summary["last"], summary["count"]) == (-2.0, 7, -2.0, 8)
    assert log.series["train", "a"].summary("max")["best_step"] == 4
    assert log.series["train", "b"].count == sum(1 for step in range(8) if step % 3)


def test_lines_are_those_of_json(path: Path) -> None:
    names = KnownNames().of("train", ("loss", "a/b"))
    assert names.lines(3, (0.1, 1e22)).decode() == "".join(
        json.dumps({"step": 3, "split": "train", "metric": metric, "value": value}) + "\n"
        for metric, value in (("loss", 0.1), ("a/b", 1e22))
    )
    big = 1.7976931348623157e308  # the sum is infinite, the values are not
    assert [json.loads(line)["value"] for line in names.lines(0, (big, big)).splitlines()] == [big, big]
