"""Readers in child processes: what they answer, and what their faults become."""

import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from runcheck.probes import look_into_opened
from runcheck.probes.folder import open_regular
from runcheck.tree.quarantine import Quarantine, ReaderFailedError

SEGFAULT = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
ANSWER_ONE = "import pickle, sys; pickle.load(sys.stdin.buffer); pickle.dump(None, sys.stdout.buffer)"


def ask(quarantine: Quarantine, path: Path) -> object:
    """Ask for a file in a format that nothing reads."""
    return quarantine.ask(partial(look_into_opened, partial(open_regular, str(path)), "no such format", deep=False))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (SEGFAULT, "crashed (SIGSEGV)"),
        ("import sys; sys.exit(3)", "ended with status 3"),
        ("pass", "ended with status 0"),
    ],
)
def test_a_reader_that_dies_is_an_error_that_says_how(tmp_path: Path, program: str, said: str) -> None:
    with Quarantine(program) as quarantine, pytest.raises(ReaderFailedError, match="its reader") as caught:
        ask(quarantine, tmp_path)
    assert said in str(caught.value)


def test_any_number_of_threads_are_answered_by_few_children() -> None:
    with Quarantine() as quarantine, ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: quarantine.ask(os.getpid), range(64)))
    assert os.getpid() not in answers
    assert len(set(answers)) <= max(4, os.cpu_count() or 1)


def test_one_child_answers_few_bytes_for_all_threads_where_it_is_waited_for() -> None:
    with Quarantine(patience=600) as quarantine, ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: quarantine.ask(os.getpid, 1000), range(16)))) == 1


@pytest.mark.parametrize(("patience", "size"), [(0.01, 1000), (600, 1 << 30)], ids=["impatient", "many bytes"])
def test_nobody_waits_for_long_for_a_child_and_not_at_all_with_many_bytes(
    tmp_path: Path, patience: float, size: int
) -> None:
    os.mkfifo(tmp_path / "pipe")
    write = partial((tmp_path / "pipe").write_text, "said")
    with Quarantine(patience=patience) as quarantine, ThreadPoolExecutor(1) as pool:
        said = pool.submit(quarantine.ask, (tmp_path / "pipe").read_text)  # which has no end without the other
        assert quarantine.ask(write, size) == 4
        assert said.result() == "said"


def test_who_waits_for_a_child_that_dies_gets_another() -> None:
    def killed(_: int) -> bool:
        with pytest.raises(ReaderFailedError, match="its reader ended with status 7"):
            quarantine.ask(partial(os._exit, 7))
        return True

    with Quarantine(patience=600) as quarantine, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(killed, range(8)))


def test_a_reader_that_comes_to_no_end_is_ended(tmp_path: Path) -> None:
    with (
        Quarantine("while True: pass", least_seconds=0.1) as quarantine,
        pytest.raises(ReaderFailedError, match="came to no end in 0 s"),
    ):
        ask(quarantine, tmp_path)


def test_after_a_fault_the_next_question_goes_to_a_new_child(tmp_path: Path) -> None:
    with Quarantine(ANSWER_ONE) as quarantine:
        assert ask(quarantine, tmp_path) is None
        with pytest.raises(ReaderFailedError):
            ask(quarantine, tmp_path)
        assert ask(quarantine, tmp_path) is None


def test_an_error_that_no_probe_foresaw_is_told_and_the_child_goes_on(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with Quarantine() as quarantine:
        for _ in range(2):
            with pytest.raises(ReaderFailedError, match="its reader failed with KeyError: 'no such format'"):
                ask(quarantine, tmp_path / "x")


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with Quarantine() as quarantine, pytest.raises(FileNotFoundError):
        ask(quarantine, tmp_path / "nothing")


def test_many_threads_may_ask_at_once(tmp_path: Path) -> None:
    def gone(number: int) -> bool:
        with pytest.raises(FileNotFoundError):
            ask(quarantine, tmp_path / str(number))
        return True

    with Quarantine() as quarantine, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(gone, range(20)))


def test_a_child_imports_nothing_from_the_folder_that_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('ran what is being checked')")
    (tmp_path / "runcheck.py").write_text("raise SystemExit('ran what is being checked')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    with Quarantine() as quarantine, pytest.raises(FileNotFoundError):
        ask(quarantine, tmp_path / "nothing")


def test_what_a_library_prints_does_not_reach_the_answers() -> None:
    with Quarantine() as quarantine:
        assert quarantine.ask(partial(os.write, 1, b"noise")) == 5


def test_a_signal_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)"
    with Quarantine(program) as quarantine, pytest.raises(ReaderFailedError, match=r"crashed \(signal \d+\)"):
        ask(quarantine, tmp_path)


def test_an_interrupt_ends_the_reader_that_was_asked(tmp_path: Path) -> None:
    program = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def interrupt() -> None:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        with contextlib.suppress(ProcessLookupError):
            while True:  # once, but where it falls into a finalizer, which swallows it
                os.kill(int((tmp_path / "pid").read_text()), 0)
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # a read there must notice
                time.sleep(1)

    threading.Thread(target=interrupt).start()
    with Quarantine(program) as quarantine, pytest.raises(KeyboardInterrupt):
        ask(quarantine, tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_reader_that_cannot_be_started_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with Quarantine() as quarantine, pytest.raises(ReaderFailedError, match="its reader could not be started"):
        ask(quarantine, tmp_path)
