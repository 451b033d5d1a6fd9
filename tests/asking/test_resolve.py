"""A word means one unit, or a line says which it may be."""

import json
import shutil
from pathlib import Path

import pytest

from runcheck.errors import CannotReadError
from runcheck.reading.resolve import resolve
from tests.asking.conftest import FIRST, SECOND, Lab


def test_a_path_from_here_below_the_root_or_absolute(lab: Lab, tmp_path: Path) -> None:
    for word in (f"artefacts/{lab.first}", lab.first, lab.root / lab.first, f"artefacts/model/{FIRST}/latest"):
        assert resolve(word) == (str(lab.root), lab.first)
    assert resolve(lab.root / lab.first, tmp_path / "nothing").path == lab.first


def test_a_slug_means_what_its_latest_names_and_without_one_its_newest_version(lab: Lab) -> None:
    newer = lab.copy(lab.first, "2999-01-01T00-00-00Z_0123456")
    for word in (FIRST, f"model/{FIRST}", f"artefacts/model/{FIRST}"):
        assert resolve(word).path == lab.first
    (lab.root / "model" / FIRST / "latest").unlink()
    for word in (FIRST, f"model/{FIRST}", f"artefacts/model/{FIRST}"):
        assert resolve(word).path == newer


def test_latest_means_the_newest_completed_run_of_the_tree(lab: Lab) -> None:
    assert resolve("latest").path == lab.second
    running = lab.copy(lab.first, "2999-01-01T00-00-00Z_0123456", status="running")
    assert resolve("latest").path == lab.second
    newer = lab.copy(lab.first, "v9", created_at="2998-01-01T00:00:00Z")
    assert resolve("latest").path == newer
    for unit in (lab.first, lab.second, newer):
        lab.change(unit, status="failed")
    assert resolve("latest").path == running


def test_of_runs_of_one_second_the_later_one_is_the_latest(lab: Lab) -> None:
    stamp = "2998-01-01T00:00:00"
    early = lab.copy(lab.second, "2998-01-01T00-00-00Z_0123456", created_at=f"{stamp}.100000Z")
    late = lab.copy(lab.first, "2998-01-01T00-00-00Z_0123456", created_at=f"{stamp}.200000Z")
    assert resolve("latest").path == late
    lab.change(early, created_at=f"{stamp}.300000Z")
    assert resolve("latest").path == early


def test_a_name_and_a_label(lab: Lab) -> None:
    metadata = json.loads((lab.root / lab.first / "metadata.json").read_text())
    assert resolve(metadata["name"]).path == lab.first
    assert resolve(metadata["label"]).path == lab.first
    assert metadata["label"].endswith("@0000000")
    sha = "0123456789abcdef0123456789abcdef01234567"
    git = {"sha": sha, "dirty": False, "branch": None, "remote": None, "diff": None}
    copy = lab.copy(lab.first, f"{metadata['version'].partition('_')[0]}_{sha[:7]}", git=git)
    for digits in (7, 12, 40):
        assert resolve(f"{metadata['label'].partition('@')[0]}@{sha[:digits]}").path == copy
    with pytest.raises(CannotReadError, match="is no unit of"):
        resolve(f"{metadata['label'].partition('@')[0]}@1234567")


def test_a_version_with_its_slug_or_alone(lab: Lab) -> None:
    copy = lab.copy(lab.first, "v7")
    assert resolve(f"{FIRST}/v7").path == resolve("v7").path == copy


def test_what_may_be_several_units_is_a_line_of_them(lab: Lab) -> None:
    lab.copy(lab.first, "v1")
    with pytest.raises(CannotReadError, match=f"may be any of dataset/digits/v1, model/{FIRST}/v1; give one"):
        resolve("v1")
    metadata = json.loads((lab.root / lab.first / "metadata.json").read_text())
    with pytest.raises(CannotReadError, match="may be any of"):
        resolve(metadata["name"])


def test_what_is_no_unit_is_told_with_what_is_near(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(CannotReadError, match=f"is no unit of artefacts; did you mean .*{SECOND}"):
        resolve("digits_mlp_larg")
    (tmp_path / "digits").mkdir()  # a folder here does not hide a slug
    assert resolve("digits").path == lab.dataset
    (tmp_path / "other").mkdir()
    with pytest.raises(CannotReadError, match=r"other: is no unit: it has no metadata.json"):
        resolve("other")
    with pytest.raises(CannotReadError, match="no tree to look for it in: nowhere"):
        resolve("digits_mlp_small", "nowhere")
    with pytest.raises(CannotReadError, match="another machine"):
        resolve("s3://bucket/artefacts/model/x/v1")


def test_a_unit_behind_a_link_is_none_of_the_tree(lab: Lab, tmp_path: Path) -> None:
    shutil.move(lab.root / lab.first, tmp_path / "outside")
    (lab.root / lab.first).symlink_to(tmp_path / "outside")
    (lab.root / "model" / FIRST / "latest").unlink()
    with pytest.raises(CannotReadError):
        resolve(FIRST)


def test_runs_whose_metadata_are_broken_are_passed_over(lab: Lab) -> None:
    (lab.root / lab.second / "metadata.json").write_text("{")
    assert resolve("latest").path == lab.first
