"""Where in a tree a path lies."""

import os
from pathlib import Path

import pytest

from runcheck.errors import CannotCheckError
from runcheck.explain.spot import spot_of


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("artefacts/model/a_b_c/v1/metrics.jsonl", "artefacts", "model/a_b_c/v1/metrics.jsonl"),
        ("artefacts/models/a_b_c", "artefacts", "models/a_b_c"),
        ("model/a_b_c/v1/data/model/x", "", "model/a_b_c/v1/data/model/x"),  # what is in a unit is no root
        ("data/out/dataset/digits", "data/out", "dataset/digits"),  # a name that is right beats one that is mistaken
        ("artefacts/runs.parquet", "artefacts", "runs.parquet"),
        ("./artefacts//model/../dataset/digits", "artefacts", "dataset/digits"),
    ],
)
def test_names_tell_where_nothing_is(
    path: str, root: str, below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "experiments" / "model"  # which are names of kinds' folders too, and not what was typed
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    spot = spot_of(path)
    assert (os.path.relpath(spot.root, here), spot.below) == (root or ".", below)


def test_a_tree_on_the_disk_beats_all_names(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "model" / "ada"
    home.mkdir(parents=True)
    tree = tree.rename(home / "artefacts")
    monkeypatch.chdir(tmp_path)
    assert spot_of("model/ada/artefacts/dataset/new/v1") == (str(tree), "dataset/new/v1")
    assert spot_of("model/ada/artefacts/notes.txt") == (str(tree), "notes.txt")
    assert spot_of("model/ada/artefacts") == (str(tree), "")


@pytest.mark.parametrize("form", ["link", "text", "nothing"])
def test_what_is_asked_of_latest_is_answered_of_the_version(form: str, tree: Path) -> None:
    latest = tree / "dataset/digits/latest"
    latest.unlink()
    if form == "link":
        latest.symlink_to("v1")
    elif form == "text":
        latest.write_text("v1\n")
    version = "latest" if form == "nothing" else "v1"
    assert spot_of(str(latest / "train.parquet")).below == f"dataset/digits/{version}/train.parquet"
    assert spot_of(str(latest)).below == "dataset/digits/latest"


def test_what_is_in_no_tree_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotCheckError, match=r"src/train\.py: lies in no tree of artefacts"):
        spot_of("src/train.py")
    with pytest.raises(CannotCheckError, match="only paths of this machine"):
        spot_of("s3://bucket/artefacts/model/a_b_c/v1")
