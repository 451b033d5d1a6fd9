"""One process, from start to exit: its wall time, the time on the cores, and its memory."""

import contextlib
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 0.002  # how often memory is sampled


@dataclass(frozen=True)
class Command:
    """A program, its arguments, and the folder that it runs in."""

    arguments: Sequence[str | Path]
    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    statuses: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Sample:
    """What one run took: seconds by the clock, seconds of all its processes on the cores, bytes of the largest one.

    The latter are 0 where the process that measures is larger.
    """

    wall: float
    cpu: float
    largest: int = 0


Work = Command | Callable[[], object]


def measure(work: Work) -> Sample:
    """Run a command to its end, or call a function."""
    if not isinstance(work, Command):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return Sample(time.perf_counter() - wall, time.process_time() - cpu)
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = _start(work, said.fileno())
        # wait4 counts the children that the process waited for; the peak is that of the largest one among them.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        _expect(work, process.returncode, said.fileno())
    # Linux hands the peak of this process down through fork and exec: what is not above it says nothing.
    largest = usage.ru_maxrss if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0
    return Sample(wall, usage.ru_utime + usage.ru_stime, largest * 1024)


def peak_memory(command: Command) -> int:
    """Return the peak of the memory of all processes of a command together, in bytes.

    What they share counts once (proportional set size). Sampled while they run, so it is no run to be timed.
    """
    peak = 0
    with tempfile.TemporaryFile() as said:
        process = _start(command, said.fileno())
        while process.poll() is None:
            peak = max(peak, sum(_memory(pid) for pid in [process.pid, *children_of(process.pid)]))
            time.sleep(_EVERY_SECONDS)
        _expect(command, process.returncode, said.fileno())
    return peak


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    found: list[int] = []
    # A process, or a thread of it, may be gone at any time.
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                own = Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
                for child in map(int, own):
                    found += [child, *children_of(child)]
    return found


def evict(paths: Iterable[Path]) -> None:
    """Drop the data of files from the page cache; their names stay."""
    os.sync()
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


class Others:
    """How many cores are busy with what is not this process and its children, from here on."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), _busy_seconds(), _own_seconds()

    def cores(self) -> float:
        """Return the mean since the beginning."""
        clock, busy, own = self._start
        elapsed = time.perf_counter() - clock
        return max(0.0, (_busy_seconds() - busy - (_own_seconds() - own)) / elapsed)


def _busy_seconds() -> float:
    """Return the seconds that all cores together were at work since the machine started (proc(5), /proc/stat)."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    return sum(os.times()[:4])


def _start(command: Command, output: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **(command.environment or {})}
    return subprocess.Popen(
        [os.fspath(each) for each in command.arguments],
        cwd=command.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def _expect(command: Command, status: int, output: int) -> None:
    if status not in command.statuses:
        said = os.pread(output, 2000, 0).decode(errors="replace")
        raise RuntimeError(f"{' '.join(map(str, command.arguments))[:500]}: status {status}\n{said}")


def _memory(pid: int) -> int:
    """Return the proportional set size of a process in bytes; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
