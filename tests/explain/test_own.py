"""What a path is to a convention of one's own, and which files a check by it looks at."""

import json
import os
import shutil
from pathlib import Path

import pytest

from runcheck.cli import main
from runcheck.conventions.check import check_by
from runcheck.explain.own import explain_by, own_files_of
from runcheck.tree.quarantine import Quarantine

SWEEPS = Path(__file__).parents[2] / "fixtures/conventions/sweep-manifest/pass-good/tree"


def codes(path: Path | str) -> set[str]:
    """Return the codes that concern a path as what it is."""
    return {each.code for each in explain_by(str(path), "sweep-manifest", is_asked=True).clauses}


@pytest.mark.parametrize(
    ("path", "what", "among"),
    [
        (".", "the root of a tree", "SM015"),
        ("sweeps", "the folder of every sweep", "SM001"),
        ("sweeps/noise-test", "a unit: a sweep", "SM002"),
        ("sweeps/new/manifest.json", "the manifest of a sweep", "SM003"),
        ("sweeps/new/dvclive/train/loss.tsv", "the metrics of a sweep", "RC404"),
        ("sweeps/noise-test/configs", "the folder of every config", None),
        ("sweeps/noise-test/configs/a=1/summary.json", "the summary of a config", "SM013"),
        ("sweeps/noise-test/notes.txt", "in no role of a sweep", None),
        ("params.yaml", "the params of the root", "SM016"),
        ("sweeps/no good/x", "sweeps/no good is named otherwise than sweeps/<sweep>", "SM001"),
    ],
)
def test_a_path_is_what_the_convention_says(path: str, what: str, among: str | None) -> None:
    meaning = explain_by(str(SWEEPS / path), "sweep-manifest", is_asked=True)
    assert meaning.what.endswith(what)
    assert meaning.root == str(SWEEPS)
    assert among is None or among in codes(SWEEPS / path)


def test_every_check_of_a_role_is_one_that_looks_at_it() -> None:
    assert "SM002" in codes(SWEEPS / "sweeps/a/manifest.json")
    assert codes(SWEEPS / "sweeps/a/manifest.json").isdisjoint({"SM010", "SM011", "SM013", "RC404"})
    assert codes(SWEEPS / "sweeps/a/aggregate.csv") == {"SM011", "SM012"}


def test_nothing_needs_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    meaning = explain_by("work/sweeps/a/configs/b", "sweep-manifest", is_asked=True)
    assert (meaning.root, meaning.path) == (str(tmp_path / "work"), "sweeps/a/configs/b")
    assert dict(meaning.facts)["names"] == "sweep is a; config is b"


def test_the_configuration_names_the_convention_and_what_it_does_not_know_is_the_main_ones(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tree.parent)
    (tree.parent / "runcheck.toml").write_text('convention = "sweep-manifest"\n')
    shutil.copytree(SWEEPS, tree.parent, dirs_exist_ok=True)
    assert main(["explain", "sweeps/noise-test/manifest.json", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["role"], document["convention"][:14]) == ("manifest", "sweep-manifest")
    assert main(["explain", "artefacts/runs.parquet"]) == 0
    assert ": the registry" in capsys.readouterr().out
    assert main(["explain", "artefacts/runs.parquet", "--convention", "sweep-manifest"]) == 2
    assert main(["explain", "train.py"]) == 2
    assert capsys.readouterr().err.endswith("knows; a tree of it has sweeps/<sweep>\n")


def test_the_files_shown_are_those_that_a_check_counts(quarantine: Quarantine) -> None:
    shown = list(own_files_of(str(SWEEPS), "sweep-manifest"))
    assert len(shown) == check_by(quarantine, SWEEPS, "sweep-manifest").files
    roles = {each.path: each.role for each in shown}
    assert roles["dvc.yaml"] == "stages"
    assert roles["sweeps/noise-test/configs/scale=1.0/summary.json"] == "summary"
    part = {each.path for each in own_files_of(str(SWEEPS / "sweeps/noise-test"), "sweep-manifest")}
    assert part == {path for path in roles if path.startswith("sweeps/noise-test/")}


def test_show_files_shows_them_as_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SWEEPS, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--show-files", "--convention", "sweep-manifest", "."]) == 0
    by_option = capsys.readouterr().out
    assert os.path.join("sweeps", "noise-train", "manifest.json") in by_option
    Path("runcheck.toml").write_text('convention = "sweep-manifest"\nroots = ["."]\n')
    assert main(["check", "--show-files"]) == 0
    assert capsys.readouterr().out == by_option
