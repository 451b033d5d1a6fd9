"""Writers of metrics side by side, each in a process of its own: ``./dev bench-writers``.

What a scalar costs in the loop, to the end of the run and on all cores, its bytes on the disk, and how many points are
there after a kill of the process and its children.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks import page
from benchmarks.logging_loop import SCALARS, WRITERS
from benchmarks.machine import versions_of_writers
from benchmarks.results import WriterFigures, load, save

_TOP = Path(__file__).parents[1]
_STEPS = 20_000
_STEPS_OF_SLOW = 2_000
_SLOW = {"MLflow, SQLite", "dvclive", "CLU, SummaryWriter"}


def main() -> None:
    """Run all of them in turn, as often as asked for, and write the page anew."""
    options = _options()
    file = options.into / "performance.json"
    results = load(file)
    figures = {name: WriterFigures(SCALARS * (steps_of(name) + 1)) for name in WRITERS}
    with tempfile.TemporaryDirectory(prefix="runcheck-writers-", dir=options.work) as work:
        for _ in range(options.rounds):
            for name, each in figures.items():
                _run(options.python, name, Path(work) / "run", each)
        for name, each in figures.items():
            _kill(options.python, name, Path(work) / "killed", each)
            print(name, each, flush=True)
    results.writers, results.writer_versions = figures, versions_of_writers(options.python)
    save(results, file)
    (options.into / "performance.md").write_text(page.page(results))


def steps_of(name: str) -> int:
    """Return how many steps a writer logs: enough for a second."""
    return _STEPS_OF_SLOW if name in _SLOW else _STEPS


def _run(python: Path, name: str, folder: Path, figures: WriterFigures) -> None:
    done = _process(python, "logging_loop", name, folder, str(steps_of(name)))
    done.check_returncode()
    seconds = json.loads(done.stdout.splitlines()[-1])
    points = steps_of(name) * SCALARS
    for each, times in (("loop", figures.loop), ("end", figures.end), ("cores", figures.cores)):
        times.append(seconds[each] / points * 1e6)
    figures.bytes = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / figures.points
    assert _points(python, name, folder) == figures.points, f"{name}: its reader does not find all points"
    shutil.rmtree(folder)


def _kill(python: Path, name: str, folder: Path, figures: WriterFigures) -> None:
    _process(python, "logging_loop", name, folder, str(steps_of(name)), "kill")
    figures.survivors = _points(python, name, folder)
    shutil.rmtree(folder)


def _points(python: Path, name: str, folder: Path) -> int:
    done = _process(python, "survivors", name, folder)
    done.check_returncode()
    return int(done.stdout.splitlines()[-1])


def _process(python: Path, script: str, name: str, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, "-m", f"benchmarks.{script}", name, folder, *arguments],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # for the kill to reach the children of this one, and no others
        env={**os.environ, "PYTHONPATH": str(_TOP), "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"},
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-writers", description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter with the writers")
    parser.add_argument("--into", type=Path, default=Path("docs"), help="the folder of the page (default: docs)")
    parser.add_argument("--work", type=Path, help="where to write (default: the system's temporary folder)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each (default: 3)")
    options = parser.parse_args()
    options.python, options.into = options.python.absolute(), options.into.absolute()
    return options


if __name__ == "__main__":
    main()
