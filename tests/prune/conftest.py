"""A tree that a tidy has something to do with, made once by the writer, and a copy of it for each test."""

import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

import runcheck
from tests.conftest import remembered


class _TrainingError(Exception):
    """What ends a run that fails."""


class Units(NamedTuple):
    """The paths of the units below the root.

    The runs were started in this order: ``first`` on the first dataset, ``failed``, ``base`` which ``newest`` links to,
    and ``newest`` on the third dataset. Nobody needs the second dataset.
    """

    first: str
    failed: str
    base: str
    newest: str
    datasets: tuple[str, str, str]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Units]:
    """The tree and its units. Not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        nowhere = tmp_path_factory.mktemp("nowhere")
        patch.chdir(nowhere)
        patch.setattr(sys, "argv", [str(nowhere / "train.py")])
        root = tmp_path_factory.mktemp("prune") / "artefacts"
        datasets = tuple(write_dataset(root) for _ in range(3))
        first = write_run(root, datasets[0], loss=0.1)
        failed = write_run(root, datasets[2], loss=0.3, error="CUDA out of memory")
        base = write_run(root, datasets[2], loss=0.2)
        newest = write_run(root, datasets[2], loss=0.4, links={"based_on": base})
        return root, Units(first, failed, base, newest, (datasets[0], datasets[1], datasets[2]))


def write_dataset(root: Path) -> str:
    """Write the next version of a dataset, and return its path below the root."""
    with runcheck.new_dataset(
        root, "digits", provenance={"kind": "external", "hashes": {"x": "0" * 64}}, description="Numbers."
    ) as dataset:
        dataset.write_parquet("train", {"x": [1.0, 2.0, 3.0]})
    return Path(dataset.path).relative_to(root).as_posix()


def write_run(
    root: Path,
    data: str,
    *,
    loss: float = 0.5,
    error: str | None = None,
    links: Mapping[str, str] | None = None,
) -> str:
    """Write a run, and return its path below the root."""
    with (
        suppress(_TrainingError),
        runcheck.start_run(
            root,
            dataset="digits",
            model="logreg",
            variant="baseline",
            config={"learning_rate": loss},
            seeds={"init": 0},
            tags={"experiment": "digits", "run_type": "train"},
            data=root / data,
            description="A run.",
            links=links,
        ) as run,
    ):
        run.log(1, {"loss": loss, "accuracy": 1 - loss}, split="val")
        if error is not None:
            raise _TrainingError(error)
    return Path(run.path).relative_to(root).as_posix()


@pytest.fixture
def units(written: tuple[Path, Units]) -> Units:
    """The units of the tree."""
    return written[1]


@pytest.fixture
def root(written: tuple[Path, Units], tmp_path: Path) -> Path:
    """A copy of the tree, to be tidied."""
    return Path(shutil.copytree(written[0], tmp_path / "artefacts", symlinks=True, ignore=remembered))
