"""The dataset of a run in another tree."""

from pathlib import Path
from typing import cast

import pytest

import runcheck
from runcheck.convention.documents import Artefact
from runcheck.errors import CannotReproduceError
from runcheck.reproduce.dataset import place, verify
from tests.checking import check
from tests.reproduce.conftest import state


@pytest.fixture
def data(tree: Path) -> Artefact:
    """The dataset of the good tree, as a run on it names it."""
    dataset = cast("runcheck.LoadedDataset", runcheck.load(tree / "dataset/digits"))
    assert dataset.fingerprint is not None
    return {"kind": "artefact", "path": "dataset/digits/v1", "fingerprint": dataset.fingerprint}


def test_a_dataset_is_placed_whole_and_latest_names_it_whatever_was_there(
    tree: Path, tmp_path: Path, data: Artefact
) -> None:
    other = tmp_path / "other"
    for version in ("v1", "v2"):
        (other / "dataset/digits" / version).mkdir(parents=True)
        (other / "dataset/digits" / version / "old").write_text("")
    (other / "dataset/digits/latest").symlink_to("v2")
    place(str(tree), data, str(other))
    latest = other / "dataset/digits/latest"
    assert latest.resolve() == other / "dataset/digits/v1"  # no link itself, or it would lie in no tree
    names = {path.name for path in latest.iterdir()}
    assert names == {path.name for path in (tree / data["path"]).iterdir()}
    assert (latest / "train.parquet").read_bytes() == (tree / data["path"] / "train.parquet").read_bytes()


def test_where_there_are_no_links_the_files_are_copied(
    tree: Path, tmp_path: Path, data: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.symlink", refuse)
    place(str(tree), data, str(tmp_path / "other"))
    assert state(tmp_path / "other/dataset/digits/v1") == state(tree / "dataset/digits/v1")
    assert check(tmp_path / "other").is_clean


def test_a_file_more_or_less_is_not_the_dataset(tree: Path, data: Artefact) -> None:
    verify(str(tree), data)
    (tree / data["path"] / "extra").mkdir()
    (tree / data["path"] / "extra/new").write_text("")
    with pytest.raises(CannotReproduceError, match="are not those that were used"):
        verify(str(tree), data)
