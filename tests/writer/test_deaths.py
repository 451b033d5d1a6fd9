"""A recovery or a restart that is killed before any of its changes on the disk can be done again, and is whole then."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import runcheck
from tests.deaths import EVERY

SOURCE = str(Path(runcheck.__file__).parents[1])
REPOSITORY = str(Path(__file__).parents[2])

# Starts once and forks for each death.
_DEATHS = """
import os, sys, json, shutil, warnings
sys.modules["pyarrow"] = None  # no registry, which has tests of its own, and whose reader is a process of its own
import runcheck, runcheck.pipeline, runcheck.writer.start
import runcheck.writer.recovery.recover, runcheck.writer.recovery.resume
from tests.checking import check
from tests.deaths import EVERY, forked
warnings.simplefilter("ignore")
good, root, act, again = sys.argv[1:]

def unit():
    slug = os.path.join(root, "model/digits_logreg_baseline")
    return os.path.join(slug, next(name for name in os.listdir(slug) if name != "latest"))

def resume(changed=False):
    with runcheck.start_run(root, dataset="digits", model="logreg", variant="baseline",
            config={"learning_rate": 0.2 if changed else 0.1}, seeds={"init": 0},
            tags={"experiment": "digits", "run_type": "train"}, data={"kind": "synthetic", "seed": 7},
            description="A test.", resume=unit(), allow_config_change=True) as run:
        assert run.start_step == 4, run.start_step
        if begun:
            os._exit(0)
        for step in range(4, 8):
            run.log(step, {"loss": 10.0 - step})

begun = False  # whether a session ends as soon as it began: the deaths of its end have tests of their own
ACTS = {"resume": resume, "change": lambda: resume(True), "recover": lambda: runcheck.recover(unit())}

def points():
    with open(os.path.join(unit(), "metrics.jsonl")) as stream:
        return [(row["step"], row["value"]) for row in map(json.loads, stream)]

OLD = [(step, 6.0 - step) for step in range(6)]
NEW = OLD[:4] + [(step, 10.0 - step) for step in range(4, 8)]

def expect():
    report = check(root)
    found = [f for f in report.findings if f.code not in ("RC208", "RC705")]  # no commit, no registry
    assert not found, found
    assert points() == (NEW if again != "recover" else points()), points()
    kept = []
    for above, _, names in os.walk(unit()):
        kept += [os.path.join(above, name) for name in names if name == "metrics.jsonl"]
    everywhere = "".join(open(path).read() for path in kept)
    for step, value in OLD:
        assert f'"step": {step}, "split": "train", "metric": "loss", "value": {value}' in everywhere, (step, value)

deaths = 0
for number in range(1, 1000, EVERY):
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(good, root, symlinks=True)
    begun = True
    status = forked(ACTS[act], root, number)
    begun = False
    if status == 0:
        break
    assert status == 9, (number, status)
    deaths += 1
    assert forked(ACTS[again], root) == 0, f"after death {number} of {act}"
    try:
        expect()
    except AssertionError as error:
        raise SystemExit(f"after death {number} of {act}, then {again}: {error}")
print(deaths)
"""


@pytest.fixture(scope="module")
def preempted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with a run that was stopped behind its last checkpoint, and has event files, a summary and temporaries."""
    root = tmp_path_factory.mktemp("deaths") / "good"
    run = runcheck.start_run(
        root,
        dataset="digits",
        model="logreg",
        variant="baseline",
        config={"learning_rate": 0.1},
        seeds={"init": 0},
        tags={"experiment": "digits", "run_type": "train"},
        data={"kind": "synthetic", "seed": 7},
        description="A test.",
        risks="Little data.",
    )
    for step in range(6):
        run.log(step, {"loss": 6.0 - step})
        if step in (1, 3):
            run.save_checkpoint(step, {"params": {"w": np.ones(2)}})
    run.finish("failed")
    (root / "runs.parquet").unlink()
    return root


def dead(root: Path, gone: int) -> None:
    """Make the run one whose process died while it wrote."""
    [unit] = (path for path in (root / "model/digits_logreg_baseline").iterdir())
    for name in ("SHA256SUMS", "summary.yaml"):
        (unit / name).unlink()
    metadata = json.loads((unit / "metadata.json").read_text())
    (unit / "metadata.json").write_text(json.dumps({**metadata, "status": "running", "finished_at": None}))
    heartbeat: dict[str, Any] = {"schema_version": "1.0", "at": metadata["finished_at"], "process": gone}
    heartbeat |= {"boot": runcheck_liveness().boot(), "host": runcheck_liveness().host()}
    (unit / "heartbeat.json").write_text(json.dumps(heartbeat))
    with (unit / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"step": 6, "sp')
    [events] = (unit / "tensorboard").iterdir()
    os.truncate(events, events.stat().st_size - 70)
    (unit / "README.md.tmp").write_text("half")


def runcheck_liveness() -> Any:  # noqa: ANN401
    """Return the module that tells machine and boot."""
    from runcheck.tree import liveness

    return liveness


@pytest.mark.parametrize(
    ("state", "act", "again"),
    [
        ("failed", "change", "change"),
        ("failed", "change", "recover"),
        ("dead", "resume", "resume"),
        ("dead", "recover", "recover"),
    ],
)
def test_killed_before_any_change_it_can_be_done_again(
    preempted: Path, tmp_path: Path, state: str, act: str, again: str
) -> None:
    good = tmp_path / "good"
    shutil.copytree(preempted, good, symlinks=True)
    if state == "dead":
        with subprocess.Popen([sys.executable, "-c", ""]) as process:
            pass
        dead(good, process.pid)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _DEATHS, str(good), str(tmp_path / "artefacts"), act, again],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}:{REPOSITORY}", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) * EVERY > 10
