"""A good tree, made once by the writer, and a copy of it for each test that wants to damage one."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import runcheck
from runcheck.tree.quarantine import Quarantine
from runcheck.writer.provenance.code import LOADED_SCRIPT
from tests import mlflow_server
from tests.checking import readers
from tests.preloaded import Preloaded, preloaded

RUN = "model/digits_logreg_baseline"
DATASET = "dataset/digits"

# A deadline is an assertion about a clock, which fails on a busy machine and says nothing of the behaviour. The same
# commit gets the same examples, so that a change is not stopped by what it did not do; `./dev search` draws new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("repeatable")


# A shell ignores it for what it runs in the background, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What the processes that tests start compile of this library is kept, or each of them would compile it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let a worker take tests over from another when it has none left; before that, those of a module stay together."""
    from xdist.scheduler import WorkStealingScheduling  # type: ignore[import-untyped]

    return WorkStealingScheduling(config, log) if config.getvalue("dist") == "load" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test whose name holds an address: workers would not agree on it, and one alone would not notice."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: name its parameters with pytest.param(..., id=...)")


@pytest.fixture(autouse=True)
def no_objective_is_left() -> Iterator[None]:
    """Forget the script of a study, which would be taken for the script of later tests."""
    yield
    sys.modules.pop(LOADED_SCRIPT, None)


remembered = shutil.ignore_patterns(".runcheck")  # what checks of the shared tree leave in it


@pytest.fixture(scope="session")
def good_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two splits and a completed run on it, written outside of any repository. Not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        nowhere = tmp_path_factory.mktemp("nowhere")
        patch.chdir(nowhere)
        patch.setattr(sys, "argv", [str(nowhere / "train.py")])  # or its changes would be those where pytest lies
        return write_tree(tmp_path_factory)


def write_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the good tree with the writer."""
    root = tmp_path_factory.mktemp("good") / "artefacts"
    script = tmp_path_factory.mktemp("script") / "make.py"
    script.write_text('"""Draw numbers."""\n')
    about = {"kind": "synthetic", "seed": 7}
    with runcheck.new_dataset(root, "digits", provenance=about, generator=script, description="Numbers.") as dataset:
        dataset.write_parquet("train", {"x": [1.0, 2.0, 3.0], "y": [0, 1, 0]})
        dataset.write_parquet("test", {"x": [4.0], "y": [1]})
    with runcheck.start_run(
        root,
        dataset="digits",
        model="logreg",
        variant="baseline",
        config={"learning_rate": 0.1, "layers": [64, 10]},
        seeds={"init": 0},
        tags={"experiment": "digits", "run_type": "train"},
        data=f"{root}/{DATASET}/v1",
        description="A baseline.",
    ) as run:
        for step in range(1, 6):
            run.log(step, {"loss": 1 / step, "accuracy": step / 10})
        run.log(5, {"accuracy": 0.4}, split="test")
    return root


@pytest.fixture(scope="session")
def quarantine() -> Quarantine:
    """One set of native readers for all trees."""
    return readers()


@pytest.fixture
def tree(good_tree: Path, tmp_path: Path) -> Path:
    """A copy of the good tree, to be damaged."""
    return Path(shutil.copytree(good_tree, tmp_path / "artefacts", symlinks=True, ignore=remembered))


@pytest.fixture
def run_folder(tree: Path) -> Path:
    """The run of the copy."""
    return (tree / RUN / "latest").resolve()


@pytest.fixture(scope="session")
def python_with_mlflow() -> Iterator[Preloaded]:
    """A Python that has MLflow loaded."""
    with preloaded("mlflow.tracking", "runcheck.leaving.pull") as python:
        yield python


@pytest.fixture(scope="session")
def mlflow(python_with_mlflow: Preloaded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[mlflow_server.Server]:
    """A real server of MLflow. No test may harm it; a ``Line`` can be cut."""
    with mlflow_server.running(tmp_path_factory.mktemp("mlflow"), python_with_mlflow) as server:
        yield server
