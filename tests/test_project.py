"""``runcheck init``: what a project lacks is written, what is there stays, and twice is as once."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runcheck.cli import main
from runcheck.configuration.find import find
from runcheck.errors import CannotWriteError, InvalidArgumentError
from runcheck.project import NO_LFS, _hooks, initialise

FILES = ["runcheck.toml", ".pre-commit-config.yaml", ".env.example", ".gitattributes", ".gitignore"]


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_an_empty_project_gets_every_file_and_the_second_time_none(tmp_path: Path) -> None:
    assert list(initialise(str(tmp_path))) == [f"{name}: written" for name in FILES]
    before = contents(tmp_path)
    assert sorted(before) == sorted(FILES)
    assert list(initialise(str(tmp_path))) == [f"{name}: has all that it needs" for name in FILES]
    assert contents(tmp_path) == before


def test_what_is_written_is_read_by_those_that_it_is_for(tmp_path: Path) -> None:
    from runcheck.configuration.configuration import configuration_of

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    list(initialise(str(tmp_path)))
    source = find(str(tmp_path))
    assert source is not None
    assert configuration_of(source) is not None
    hooks = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks] == ["runcheck", "runcheck-no-raw-weights", "runcheck-secrets"]

    def git(*arguments: str) -> list[str]:
        done = subprocess.run(["git", *arguments], cwd=tmp_path, check=False, capture_output=True, text=True)
        return done.stdout.splitlines()

    assert git("check-ignore", ".env", ".env.local", ".env.example", "artefacts/.runcheck/x", "README.md") == [
        ".env",
        ".env.local",
        "artefacts/.runcheck/x",
    ]
    run = "artefacts/model/a_b_c/v1"
    lfs = {
        "artefacts/dataset/a/v1/train.parquet": "lfs",
        "artefacts/dataset/a/v1/x/train.h5": "lfs",
        "artefacts/dataset/a/v1/x.zarr/c/0/0": "lfs",
        "artefacts/dataset/a/v1/metadata.json": "unspecified",
        f"{run}/checkpoints/5/d/x": "lfs",
        f"{run}/exports/m.onnx": "lfs",
        f"{run}/exports/m.onnx.json": "unspecified",
        f"{run}/metrics.jsonl": "unspecified",
        "data/train.parquet": "unspecified",
    }
    assert git("check-attr", "filter", "--", *lfs) == [f"{path}: filter: {value}" for path, value in lfs.items()]


@pytest.mark.parametrize("root", ["artefacts/", "./artefacts", "a//b/../c", "my trees", "."])
def test_the_tree_is_found_however_its_path_is_written(tmp_path: Path, root: str) -> None:
    list(initialise(str(tmp_path), root))
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert tomllib.loads((tmp_path / "runcheck.toml").read_text())["roots"] == [os.path.normpath(root)]
    path = os.path.normpath(f"{root}/dataset/digits/v1/train.parquet")
    told = subprocess.run(
        ["git", "-C", str(tmp_path), "check-attr", "filter", "--", path], capture_output=True, check=True
    )
    assert told.stdout.endswith(b": filter: lfs\n")


@pytest.mark.parametrize("root", ["/tree", "../tree", 'a"b', "a\nb", "a\\b", "#a", "!a", "a*", "a\udcff"])
def test_a_tree_that_these_files_cannot_name_is_refused(tmp_path: Path, root: str) -> None:
    with pytest.raises(InvalidArgumentError, match="--root is"):
        list(initialise(str(tmp_path), root))
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays_and_lines_are_added(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc\n!.env.example\n.env")
    (tmp_path / ".gitattributes").write_text("*.png binary\n")
    (tmp_path / ".env.example").write_text("MINE=\n")
    (tmp_path / "pyproject.toml").write_text('[tool.runcheck]\nroots = ["trees"]\n')
    (tmp_path / ".pre-commit-config.yaml").write_text("repos:\n- repo: local\n  hooks: []\nfail_fast: true\n")
    said = dict(line.split(": ", 1) for line in initialise(str(tmp_path), "trees"))
    assert said["runcheck.toml"] == "is not needed: pyproject.toml has [tool.runcheck]"
    assert said[".env.example"] == "has all that it needs"
    assert not (tmp_path / "runcheck.toml").exists()
    assert (tmp_path / ".gitignore").read_text().startswith("*.pyc\n!.env.example\n.env\n.runcheck/\n.env.*\n!.env.ex")
    attributes = (tmp_path / ".gitattributes").read_text().splitlines()
    assert attributes[0].startswith("trees/dataset/*/*/**/*.parquet filter=lfs")
    assert attributes[-1] == "*.png binary"
    hooks = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())
    assert hooks["fail_fast"] is True
    assert [repo["repo"] for repo in hooks["repos"]] == ["local", "local"]
    before = contents(tmp_path)
    list(initialise(str(tmp_path), "trees"))
    assert contents(tmp_path) == before


def attributes_of(folder: Path, name: str, *paths: str) -> list[str]:
    """Return what Git takes an attribute of these paths for."""
    git = ["git", "-C", str(folder), "check-attr", name, "--", *paths]
    return [line.rpartition(": ")[2] for line in subprocess.check_output(git, text=True).splitlines()]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_exceptions_of_ones_own_keep_the_last_word_and_what_is_for_all_files_does_not(tmp_path: Path, end: str) -> None:
    own = ["# ours", "* text=auto", "", "# small, so read in Git", "artefacts/dataset/small/** -filter -diff -merge"]
    (tmp_path / ".gitattributes").write_bytes(((end or "\n").join(own) + end).encode())
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    list(initialise(str(tmp_path)))
    paths = [f"artefacts/dataset/{slug}/v1/train.parquet" for slug in ("small", "large")]
    assert attributes_of(tmp_path, "filter", *paths) == ["unset", "lfs"]
    assert attributes_of(tmp_path, "text", *paths, "a.py") == ["unset", "unset", "auto"]
    before = contents(tmp_path)
    list(initialise(str(tmp_path)))
    assert contents(tmp_path) == before


def test_a_line_that_was_taken_out_comes_back_behind_the_one_that_it_is_an_exception_of(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    list(initialise(str(tmp_path)))
    path = tmp_path / ".gitattributes"
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    exceptions = [line for line in lines if "!filter" in line]
    assert exceptions
    path.write_text("".join(line for line in lines if line not in exceptions))
    list(initialise(str(tmp_path)))
    assert path.read_text() == whole
    assert attributes_of(tmp_path, "filter", "artefacts/model/a/v1/exports/m.onnx.json") == ["unspecified"]


@pytest.mark.parametrize(
    "text",
    [
        "repos:\n  - repo: https://example.org/a\n    rev: v1\n    hooks:\n      - id: a\n",
        "repos:\n- repo: https://example.org/a\n  rev: v1\n  hooks:\n  - id: a",
        "# mine\nrepos: []\n",
        "default_stages: [pre-commit]\nrepos:   # these\n    - repo: local\n      hooks: []\nci:\n  skip: [a]\n",
    ],
)
def test_hooks_are_added_behind_the_others(text: str) -> None:
    new = _hooks(text)
    assert new is not None
    before, after = yaml.safe_load(text), yaml.safe_load(new)
    assert after["repos"][:-1] == before["repos"]
    assert after["repos"][-1]["hooks"][0]["id"] == "runcheck"
    assert {**after, "repos": 0} == {**before, "repos": 0}
    assert _hooks(new) == new


@pytest.mark.parametrize(
    "text", ["repos: [{repo: local, hooks: []}]\n", "- a\n", "repos:\n", ": :\nrepos:\n- repo: ]\n"]
)
def test_where_nobody_can_tell_how_it_is_said_what_to_add(tmp_path: Path, text: str) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text(text)
    said = "\n".join(initialise(str(tmp_path)))
    assert ".pre-commit-config.yaml: stays as it is; add by hand:\n- repo: local\n" in said
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == text


@given(st.text(alphabet="repos:- \n[]{}#al", max_size=60))
def test_any_file_of_hooks_is_added_to_or_left(text: str) -> None:
    new = _hooks(text)
    assert new is None or "id: runcheck" in new


def test_links_and_folders_stay(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / ".gitignore").symlink_to(tmp_path / "outside")
    (project / ".env.example").mkdir()
    (project / ".gitattributes").write_bytes(b"\xff\xfe")
    said = dict(line.split(": ", 1) for line in initialise(str(project)))
    assert said[".gitignore"] == said[".env.example"] == "is a link or no file, and stays as it is"
    assert said[".gitattributes"] == "is no text that can be added to, and stays as it is"
    assert (tmp_path / "outside").read_text() == "mine\n"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWriteError, match="there is no such folder"):
        list(initialise(str(tmp_path / "nowhere")))


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path), "--root", "runs"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name}: written" for name in FILES]
    assert tomllib.loads((tmp_path / "runcheck.toml").read_text())["roots"] == ["runs"]


def test_a_repository_without_git_lfs_is_told_what_git_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert list(initialise(str(tmp_path)))[-1] == NO_LFS
    subprocess.run(["git", "-C", tmp_path, "config", "filter.lfs.clean", "git-lfs clean -- %f"], check=True)
    assert NO_LFS not in list(initialise(str(tmp_path)))
