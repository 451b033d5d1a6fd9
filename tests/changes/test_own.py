"""The check of a change in trees of conventions of one's own, from the command line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.changes.test_check import found, runcheck
from tests.repositories import commit, git, repository

SWEEPS = Path(__file__).parents[2] / "fixtures/conventions/sweep-manifest/pass-good/tree"
TEST, TRAIN = "sweeps/noise-test", "sweeps/noise-train"


def project(folder: Path, text: str = 'roots = ["."]\n') -> Path:
    """Make a project of sweeps whose configuration names their convention."""
    shutil.copytree(SWEEPS, folder, dirs_exist_ok=True)
    (folder / "runcheck.toml").write_text(f'convention = "sweep-manifest"\n{text}')
    return folder


@pytest.fixture
def sweeps(tmp_path: Path) -> Path:
    """The project in a folder of a repository, committed."""
    made = project(tmp_path / "repository/work/sweeping")
    commit(repository(tmp_path / "repository"))
    return made


@pytest.fixture
def top(sweeps: Path, tmp_path: Path) -> Path:
    return tmp_path / "repository"


def hows(top: Path) -> list[list[str]]:
    """Return the ways to ask for what is staged, the last of them as pre-commit does."""
    staged = git(top, "diff", "--cached", "--name-only", "--diff-filter=d").splitlines()
    return [["--since", "HEAD"], ["--staged"], ["--hook", "--", *staged]]


def change(path: Path, **values: object) -> None:
    """Change values of a JSON document."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_without_a_change_nothing_is_checked(top: Path, sweeps: Path) -> None:
    (sweeps / TEST / "manifest.json").unlink()
    commit(top)
    for how in hows(top):
        done = runcheck(top, *how)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("All clean: 0 units, 0 files")


def test_a_good_change_passes_by_the_convention(top: Path, sweeps: Path) -> None:
    change(sweeps / TRAIN / "configs/scale=0.1/summary.json", note="x")
    git(top, "add", "--all")
    for how in hows(top):
        done = runcheck(top, *how)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Clean: 3 units")
        assert "by the convention sweep-manifest" in done.stdout


def test_damage_is_red(top: Path, sweeps: Path) -> None:
    change(sweeps / TRAIN / "manifest.json", experiment_id="gone")
    git(top, "add", "--all")
    for how in hows(top):
        errors = found(top, *how)
        assert ("SM003", f"{TRAIN}/manifest.json") in errors
        assert ("SM008", f"{TEST}/manifest.json") in errors  # which did not change, and names what is not there now


def test_what_is_staged_counts_and_not_what_lies_in_the_folder(top: Path, sweeps: Path) -> None:
    good = (sweeps / TRAIN / "manifest.json").read_text()
    (sweeps / TRAIN / "manifest.json").write_text("{")
    assert found(top, "--staged") == []
    git(top, "add", "--all")
    (sweeps / TRAIN / "manifest.json").write_text(good)
    assert found(top, "--since", "HEAD") == []
    for how in hows(top)[1:]:
        assert ("RC201", f"{TRAIN}/manifest.json") in found(top, *how)


def test_a_sweep_that_is_removed_is_missed_where_it_is_named(top: Path, sweeps: Path) -> None:
    git(top, "rm", "-r", "--quiet", str(sweeps / TRAIN))
    for how in hows(top):
        assert {("SM008", f"{TEST}/manifest.json")} < set(found(top, *how))


def test_a_reference_that_was_broken_before_is_not_of_this_change(top: Path, sweeps: Path) -> None:
    shutil.rmtree(sweeps / TRAIN)
    base = commit(top)
    shutil.copytree(sweeps / TEST, sweeps / "sweeps/noise-other")
    change(sweeps / "sweeps/noise-other/manifest.json", experiment_id="2026-05-28T12-34-56Z_abc1234")
    git(top, "add", "--all")
    for how in (["--since", base], ["--staged"]):
        assert {path.partition("/manifest")[0] for _, path in found(top, *how)} == {"sweeps/noise-other"}


def test_a_reference_leads_to_a_sweep_that_did_not_change(top: Path, sweeps: Path) -> None:
    change(sweeps / TEST / "manifest.json", note=1)
    git(top, "add", "--all")
    for how in hows(top):
        assert not any(code == "SM008" for code, _ in found(top, *how))


def test_a_configuration_at_the_top_and_an_option_name_a_convention_too(tmp_path: Path) -> None:
    top = repository(project(tmp_path))
    commit(top)
    shutil.rmtree(top / TRAIN)
    missed = ("SM008", f"{TEST}/manifest.json")
    assert missed in found(top, "--since", "HEAD")
    (top / "runcheck.toml").unlink()
    assert found(top, "--since", "HEAD") == []
    named = ["--convention", "sweep-manifest"]
    assert missed in found(top, "--since", "HEAD", *named)
    assert missed in found(top, "--since", "HEAD", *named, TRAIN)
    assert missed in found(top, "--since", "HEAD", *named, ".")
    assert found(top, "--since", "HEAD", *named, TEST) == []


def test_what_lists_a_folder_misses_it_although_the_list_did_not_change(top: Path, sweeps: Path) -> None:
    git(top, "rm", "-r", "--quiet", str(sweeps / TEST))
    errors = found(top, "--staged")
    assert {path for _, path in errors} == {"params.yaml"}
    git(top, "rm", "-r", "--quiet", str(sweeps / TRAIN))
    assert {path for _, path in found(top, "--staged")} == {"params.yaml"}
    git(top, "rm", "--quiet", str(sweeps / "params.yaml"), str(sweeps / "dvc.yaml"))
    assert found(top, "--staged") == []


def test_a_folder_in_the_place_of_a_sweep_is_told_by_its_name(top: Path, sweeps: Path) -> None:
    (sweeps / "sweeps/no good").mkdir()
    (sweeps / "sweeps/no good/x").write_text("x")
    assert ("SM001", "sweeps/no good") in found(top, "--since", "HEAD")


def test_a_pointer_of_lfs_that_is_staged_passes_as_one(top: Path, sweeps: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 999\n"
    (sweeps / TRAIN / "aggregate.csv").write_text(pointer)
    git(top, "add", "--all")
    for how in hows(top):
        report = json.loads(runcheck(top, "--format", "json", *how).stdout)
        assert report["findings"] == []
        assert f"{TRAIN}/aggregate.csv" in json.dumps(report["not_verified"])


def test_what_a_reference_may_lead_to_and_is_not_here_is_not_verified(top: Path, sweeps: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 999\n"
    (sweeps / TRAIN / "manifest.json").write_text(pointer)
    commit(top)
    change(sweeps / TEST / "manifest.json", note=1)
    git(top, "add", "--all")
    for how in hows(top):
        report = json.loads(runcheck(top, "--format", "json", *how).stdout)
        assert not any(each["code"] == "SM008" for each in report["findings"])
        assert f"{TRAIN}/manifest.json" in json.dumps(report["not_verified"])


def test_a_configuration_in_a_sweep_does_not_say_what_it_is_judged_by(top: Path, sweeps: Path) -> None:
    (sweeps / TRAIN / "runcheck.toml").write_text('select = ["RC1"]\n')
    (sweeps / TRAIN / "manifest.json").unlink()
    (sweeps / TRAIN / "configs/runcheck.toml").write_text("broken = [")
    git(top, "add", "--all")
    for how in hows(top):
        assert ("SM002", f"{TRAIN}/manifest.json") in found(top, *how)


def test_folders_of_code_that_are_named_as_units_are_no_tree_beside_the_one_there_is(top: Path, sweeps: Path) -> None:
    (sweeps / "runcheck.toml").write_text('convention = "sweep-manifest"\n')
    commit(top)
    (sweeps / "src/sweeps/tools").mkdir(parents=True)
    (sweeps / "src/sweeps/tools/run.py").write_text("x = 1\n")
    git(top, "add", "--all")
    for how in hows(top):
        assert found(top, *how) == []


def test_a_tree_of_the_main_convention_beside_is_judged_by_that(top: Path, sweeps: Path, tree: Path) -> None:
    shutil.copytree(tree, sweeps / "artefacts", symlinks=True)
    commit(top)
    next((sweeps / "artefacts").glob("model/*/*/config.json")).unlink()
    (sweeps / TEST / "manifest.json").unlink()
    git(top, "add", "--all")
    codes = {code for code, _ in found(top, "--staged")}
    assert {"SM002", "RC105"} <= codes


def test_secrets_are_looked_for_in_every_file_and_told_once(top: Path, sweeps: Path) -> None:
    key = "ghp_" + "Ab3dE6gH9jK2mN5pQ8sT1vW4xY7zB0cD3fG6"
    (sweeps / TRAIN / "notes.md").write_text(f"token = {key}\n")
    (sweeps / TRAIN / ".env").write_text("X=1\n")
    (top / "train.py").write_text(f'token = "{key}"\n')
    git(top, "add", "--all", "--force")
    hook = hows(top)[-1]
    errors = found(top, "--outside", "--select", "RC902,RC903,RC910", *hook)
    assert sorted(errors) == [
        ("RC902", f"{TRAIN}/notes.md"),
        ("RC902", "train.py"),
        ("RC903", f"work/sweeping/{TRAIN}/.env"),
    ]


def test_codes_of_the_main_convention_alone_judge_nothing_of_a_sweep(top: Path, sweeps: Path) -> None:
    (sweeps / TRAIN / "manifest.json").write_text("{")
    assert found(top, "--since", "HEAD", "--select", "RC303") == []
    assert runcheck(top, "--since", "HEAD", "--select", "XX").returncode == 2


OURS = """
name = "ours"
title = "Ours"
version = "1.0"
prefix = "OW"

[names.run]
pattern = "[a-z]+"

[units.run]
path = "runs/<run>"

[units.run.roles.note]
path = "note.md"
format = "text"

[[checks]]
code = "OW001"
name = "it"
level = "error"
kind = "required"
unit = "run"
roles = ["note"]
text = "It."
help = "Mend it."
"""


def test_a_convention_that_changed_is_held_to_all_of_the_tree(tmp_path: Path) -> None:
    top = repository(tmp_path)
    (top / "runs/a").mkdir(parents=True)
    (top / "runs/a/note.md").write_text("x")
    (top / "ours.toml").write_text(OURS)
    (top / "runcheck.toml").write_text('convention = "ours.toml"\n')
    commit(top)
    (top / "ours.toml").write_text(OURS.replace('"note.md"', '"other.md"'))
    git(top, "add", "--all")
    for how in hows(top):
        assert found(top, *how) == [("OW001", "runs/a/other.md")]


def test_a_convention_that_is_none_is_told(top: Path, sweeps: Path) -> None:
    (sweeps / "runcheck.toml").write_text('convention = "none-of-them"\n')
    done = runcheck(top, "--since", "HEAD")
    assert done.returncode == 2
    assert "none-of-them" in done.stderr


def test_a_configuration_that_cannot_be_read_is_not_verified_where_it_may_be_anybodys(top: Path) -> None:
    (top / "template").mkdir()
    (top / "template/runcheck.toml").write_text("{{ name }}")
    git(top, "add", "--all")
    for how in hows(top):
        done = runcheck(top, *how)
        assert (done.returncode, done.stderr) == (0, "")
        assert "template/runcheck.toml: is no TOML" in done.stdout
        assert runcheck(top, "--strict", *how).returncode == 1
