"""A tree of two runs, one begun from the other, on one dataset; and a command line in this process."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import runcheck
from runcheck.cli import main

FIRST, SECOND = "digits_mlp_small", "digits_mlp_large"


class Said(NamedTuple):
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


class Lab:
    """A tree, and the paths of its units below the root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.dataset = "dataset/digits/v1"
        self.first, self.second = (self._run(slug) for slug in (FIRST, SECOND))

    def _run(self, slug: str) -> str:
        return (self.root / "model" / slug / "latest").resolve().relative_to(self.root.resolve()).as_posix()

    def change(self, unit: str, **changed: object) -> None:
        """Change fields of the metadata of a unit."""
        path = self.root / unit / "metadata.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    def copy(self, unit: str, version: str, **changed: object) -> str:
        """Copy a unit beside itself."""
        target = f"{unit.rpartition('/')[0]}/{version}"
        shutil.copytree(self.root / unit, self.root / target)
        self.change(target, version=version, **changed)
        return target


def write(root: Path) -> None:
    """Write the tree with the writer."""
    links: dict[str, str] = {}
    about = {"kind": "synthetic", "seed": 7}
    with runcheck.new_dataset(root, "digits", provenance=about, generator=__file__, description="Numbers.") as dataset:
        dataset.write_parquet("train", {"x": [1.0, 2.0, 3.0], "y": [0, 1, 0]})
    for slug, rate in ((FIRST, 0.1), (SECOND, 0.2)):
        with runcheck.start_run(
            root,
            dataset="digits",
            model="mlp",
            variant=slug.rpartition("_")[2],
            config={"optimizer": {"name": "adam", "rate": rate}, "layers": [64, 10]},
            seeds={"init": 0},
            tags={"experiment": "digits", "run_type": "train"},
            data=f"{root}/dataset/digits/v1",
            description="A run to ask about.",
            links=links,
        ) as run:
            for step in range(1, 51):
                run.log(step, {"loss": 1 / (step * rate), "accuracy": step * rate / 10})
            run.log(50, {"accuracy": rate}, split="test")
            run.note("It went well.")
        links = {"initialised_from": Path(run.path).relative_to(root).as_posix()}


@pytest.fixture(scope="session")
def written_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it was written. Not to be changed."""
    root = tmp_path_factory.mktemp("lab") / "artefacts"
    with pytest.MonkeyPatch.context() as patch:
        nowhere = tmp_path_factory.mktemp("nowhere")
        patch.chdir(nowhere)
        patch.setattr(sys, "argv", [str(nowhere / "train.py")])
        write(root)
    return root


@pytest.fixture
def lab(written_lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A copy of the tree, in a working folder of its own."""
    shutil.copytree(written_lab, tmp_path / "artefacts", symlinks=True)
    monkeypatch.chdir(tmp_path)
    return Lab(tmp_path / "artefacts")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command line, and return what it said."""

    def said(*words: str | Path) -> Said:
        status = main([str(word) for word in words])
        return Said(status, *capsys.readouterr())

    return said
