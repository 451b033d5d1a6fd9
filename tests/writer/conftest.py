"""A folder in no repository, and a run and a dataset with few words."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from runcheck.writer.run import Run
from tests.runs import start_run

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
    return partial(start_run, root)
