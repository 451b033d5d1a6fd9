"""A project of four scripts with a flow, small enough to run in a second, and the command that runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.repositories import commit, repository

PUBLISH = '''"""Publish numbers."""
import runcheck

provenance = {"kind": "synthetic", "seed": 7}
with runcheck.new_dataset("artefacts", "numbers", provenance=provenance, generator=__file__) as data:
    data.write_parquet("train", {"x": [1.0, 2.0, 3.0]})
'''
TRAIN = '''"""Fit a mean to numbers."""
import os
import sys

import runcheck
from rate import RATE

with runcheck.start_run("artefacts", dataset="numbers", model="mean", variant="plain", data=sys.argv[1],
                        config={"rate": RATE, "more": sys.argv[2:]}, seeds={"init": 3},
                        tags={"experiment": "numbers", "run_type": "train"}) as run:
    for step in range(1, 4):
        run.log(step, {"loss": RATE / step})
        print("step", step)
    if os.path.exists("broken"):
        os.unlink("broken") if open("broken").read() == "once" else None
        raise ValueError("the loss went away; token=ghp_16C7e42F292c6912E7710c838347Ae178B4a")
'''
EVALUATE = '''"""Evaluate a run on other numbers."""
import sys
from pathlib import Path

import runcheck

run, data = sys.argv[1].removeprefix("artefacts/"), Path(sys.argv[2])
with runcheck.start_run("artefacts", dataset="numbers", model="mean", variant="evaluated", links={"evaluates": run},
                        data={"kind": "external", "hashes": {"held-out": data}}, config={}, seeds={"init": 3},
                        tags={"experiment": "numbers", "run_type": "evaluate"}) as evaluation:
    evaluation.log(1, {"loss": 0.25}, split="test")
'''
FLOW = """[flow.train]
dataset = "numbers"
prepare = "python publish.py"
train = "python train.py {data}"
evaluate = "python evaluate.py {run} {evaluation}"
package = "runcheck export {run} --to csv --into bundles/{bundle}.csv"
makes = { package = "bundles/{bundle}.csv" }
retry-delay-seconds = 0
"""
HERE = Path(__file__).parents[2] / "src"


def write_project(folder: Path) -> Path:
    """Write the project into a folder."""
    scripts = {"publish.py": PUBLISH, "train.py": TRAIN, "evaluate.py": EVALUATE, "rate.py": "RATE = 1.0\n"}
    for name, text in {**scripts, "runcheck.toml": FLOW, "held-out.txt": "4 5 6\n"}.items():
        (folder / name).write_text(text)
    (folder / ".gitignore").write_text("artefacts/\nbundles/\n__pycache__/\n")
    commit(repository(folder))
    return folder


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a flow that no server of Prefect takes part in, but for what ``more`` says."""
    of_prefect = ("PREFECT_", "RUNCHECK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(of_prefect)}
    return {**kept, "PYTHONPATH": str(HERE), "PREFECT_HOME": os.devnull, **more}


def command(*words: str) -> list[str]:
    """Return the command line of runcheck with these words."""
    return [sys.executable, "-m", "runcheck", *words]


def runcheck(project: Path, *words: str, status: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of runcheck in a project; it ends with ``status``."""
    done = subprocess.run(command(*words), cwd=project, capture_output=True, text=True, env=environment(**more))
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def units(project: Path, slug: str) -> list[Path]:
    """Return the folders of the versions of a slug, such as ``model/numbers_flow_train``, in their order."""
    folder = project / "artefacts" / slug
    return sorted(each for each in folder.glob("*") if each.is_dir() and not each.is_symlink())


def metadata(unit: Path) -> Any:  # noqa: ANN401 - any JSON
    """Return the metadata of a unit."""
    return json.loads((unit / "metadata.json").read_text())


def newest(project: Path) -> Path:
    """Return the record of the newest flow: of those of one second the last."""
    return max(units(project, "model/numbers_flow_train"), key=lambda unit: unit.stat().st_ctime_ns)


def in_tree(project: Path, unit: Path) -> str:
    """Return the path of a unit in the tree."""
    return unit.relative_to(project / "artefacts").as_posix()


def steps(record: Path) -> dict[str, bool]:
    """Return which steps a flow took, and whether each one's result was there already."""
    return {each["step"]: each["cached"] for each in json.loads((record / "extra/flow.json").read_text())["steps"]}
