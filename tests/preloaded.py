"""A Python that has imported what takes seconds, and forks for each command that needs it.

What a command does it does as ever, in a process, a folder and an environment of its own: ``-m MODULE`` and ``-c CODE``
run as the interpreter runs them. It only finds the modules imported. What a command imports by itself, and when, is
for tests that start an interpreter.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Preloaded:
    """The process, and the way to it."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process, self._folder = process, folder

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command line of Python without the interpreter, as ``subprocess.run`` does."""
        out, err = self._folder / "out", self._folder / "err"
        self._tell(words, {**os.environ, **(env or {})}, out, err, is_waited_for=True)
        status = self._answer()
        return subprocess.CompletedProcess(list(words), status, out.read_text(), err.read_text())

    def start(self, *words: str, env: Mapping[str, str], log: Path) -> int:
        """Start a command that leads a session of its own and writes to a file, and return its process."""
        self._tell(words, dict(env), log, log, is_waited_for=False)
        return self._answer()

    def _tell(self, words: tuple[str, ...], env: dict[str, str], out: Path, err: Path, *, is_waited_for: bool) -> None:
        asked = [words, env, os.getcwd(), str(out), str(err), is_waited_for]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextlib.contextmanager
def preloaded(*modules: str) -> Iterator[Preloaded]:
    """Start a Python that imports modules, and end it."""
    words = [sys.executable, "-m", __name__, *modules]
    path = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path),
                "HOME": folder,  # what is done on import is done here, and remembers nobody's keys
                "MLFLOW_DISABLE_TELEMETRY": "true",
            },
        ) as process,
    ):
        yield Preloaded(process, Path(folder))
        assert process.stdin is not None
        process.stdin.close()


class _Command(NamedTuple):
    words: list[str]
    env: dict[str, str]
    folder: str
    out: str
    err: str
    is_waited_for: bool


def _main(modules: list[str]) -> None:
    own, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    for name in modules:
        importlib.import_module(name)
    gc.freeze()  # or the first collection of each child goes through all of it
    for line in own:
        command = _Command(*json.loads(line))
        child = os.fork()
        if child == 0:
            own.close()
            answers.close()
            _become(command)
            return
        if command.is_waited_for:
            child = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.write(f"{child}\n")


def _become(command: _Command) -> None:
    """Become the process of a command, and run it."""
    if not command.is_waited_for:
        os.setsid()
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.env)
    for path, number in ((command.out, 1), (command.err, 2)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(handle, number)
        os.close(handle)
    atexit.register(gc.freeze)  # or all that is loaded is gone through three times more: half a second
    kind, what, *arguments = command.words
    sys.argv = [kind, *arguments]
    sys.path[:1] = [command.folder, *filter(None, command.env.get("PYTHONPATH", "").split(os.pathsep))]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    _main(sys.argv[1:])
