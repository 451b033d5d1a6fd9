"""A folder in no repository, and a run and a dataset with few words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runcheck
from runcheck.writer.run import Run

StartRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def nowhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that is in no repository; a console's script folder is the working directory."""
    folder = tmp_path_factory.mktemp("nowhere")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a tree that is not there yet."""
    return tmp_path / "artefacts"


@pytest.fixture
def start(root: Path) -> StartRun:
    """Start a run with arguments that are good unless changed."""

    def start_run(**changed: Any) -> Run:  # noqa: ANN401
        arguments: dict[str, Any] = {
            "dataset": "digits",
            "model": "logreg",
            "variant": "baseline",
            "config": {"learning_rate": 0.1},
            "seeds": {"init": 0},
            "tags": {"experiment": "digits", "run_type": "train"},
            "data": {"kind": "synthetic", "seed": 7},
            "description": "A baseline.",
        }
        return runcheck.start_run(root, **{**arguments, **changed})

    return start_run
