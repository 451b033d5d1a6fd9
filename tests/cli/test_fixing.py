"""``runcheck check --fix`` and ``--diff`` as processes."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.cli.test_main import runcheck
from tests.conftest import RUN
from tests.fixes.test_fixes import everything, readme, run_of, torn

from runcheck.cli import main
from runcheck.fixes.apply import _write, fixing
from runcheck.fixes.draft import Draft


def plan_of(tree: Path) -> None:
    """Leave the plan of a fix that was killed before its first change."""
    text = "# A run\n\n## What\n\nMended.\n"
    path = run_of(tree) / "README.md"
    draft = Draft(str(tree))
    draft.write(str(path.relative_to(tree)), text)
    with fixing(str(tree)):
        _write(str(tree), draft.edits())


def test_fix_mends_and_says_how_much_and_ends_by_what_is_left(tree: Path) -> None:
    (tree / RUN / "latest").unlink()
    done = runcheck("check", "--fix", tree)
    assert (done.returncode, done.stderr) == (0, "runcheck: fixed 1, left 2\n")
    assert done.stdout.count("RC208 commit-unknown") == 2
    (run_of(tree) / "extra").mkdir()
    (run_of(tree) / "extra/notes.txt").write_text("More.\n")
    done = runcheck("check", "--fix", tree, "--format", "json")
    assert done.returncode == 1
    assert "runcheck: fixed 0, left " in done.stderr
    assert "RC303 unlisted-file: rests on a guess; --unsafe-fixes does it" in done.stderr
    assert "RC303" in {each["code"] for each in json.loads(done.stdout)["findings"]}


def test_nobody_is_sent_to_unsafe_fixes_that_refuse_it_too(tree: Path) -> None:
    (run_of(tree) / "summary.yaml").unlink()
    done = runcheck("check", "--fix", tree)
    assert "RC105 required-file: SHA256SUMS lists it, and it is gone; restore it from a copy" in done.stderr
    assert "--unsafe-fixes" not in done.stderr


def test_diff_shows_what_would_change_and_changes_nothing(tree: Path) -> None:
    readme("# A run\n\n## What\n\nA baseline.\n")(tree)
    torn(tree)
    (tree / RUN / "latest").unlink()
    (tree / "runs.parquet").unlink()
    before = everything(tree)
    done = runcheck("check", "--diff", tree)
    assert done.returncode == 1
    assert everything(tree) == before
    run = run_of(tree)
    path = f"{RUN}/{run.name}"
    lines = done.stdout.splitlines()
    assert f"--- a/{path}/README.md" in lines
    assert "+## Reproduce" in lines
    assert "-## What" not in lines
    assert f"# {path}/metrics.jsonl: the 16 bytes of its torn last line would be set aside" in lines
    assert f"# {RUN}/latest: would be a link to {run.name}" in lines
    assert "# runs.parquet: would be built again from the metadata of the units" in lines
    assert done.stderr.endswith("; nothing was changed\n")


def test_a_check_says_that_a_fix_was_interrupted_until_it_is_finished(tree: Path) -> None:
    readme("# A run\n\n## What\n\nA baseline.\n")(tree)
    plan_of(tree)
    for option in ("--quiet", "--diff"):
        assert f"runcheck: {tree}: a fix was interrupted" in runcheck("check", option, tree).stderr
    done = runcheck("check", "--fix", tree)
    assert "finished a fix that was interrupted" in done.stderr
    assert "a fix was interrupted, or" not in done.stderr
    assert runcheck("check", tree).stderr == ""


def test_a_fix_that_is_refused_is_neither_promised_nor_kept_silent(tree: Path) -> None:
    (run_of(tree) / "README.md").write_text("# A run\n")  # sealed, so it is no more the file that the list names
    (tree / RUN / "latest").unlink()
    done = runcheck("check", tree)
    marked = [line for line in done.stdout.splitlines() if " RC" in line and "[*]" in line]
    assert [line.split()[-2:] for line in marked] == [["latest-missing", "[*]"]]
    assert "RC807 readme-sections" in done.stdout
    assert done.stdout.endswith("[*] 1 fixable with `runcheck check --fix`.\n")
    by_code = {
        each["code"]: each["fix"] for each in json.loads(runcheck("check", "--format=json", tree).stdout)["findings"]
    }
    assert (by_code["RC807"], by_code["RC114"]) == (None, "safe")
    done = runcheck("check", "--fix", tree)
    assert "README.md: RC807 readme-sections: is not the file that SHA256SUMS lists" in done.stderr


def test_a_diff_is_one_that_patch_takes(tree: Path) -> None:
    readme("# A run\n\n## What\n\nA baseline.\n")(tree)
    (run_of(tree) / "SHA256SUMS").write_text(
        "".join(reversed((run_of(tree) / "SHA256SUMS").read_text().splitlines(True)))
    )
    done = runcheck("check", "--diff", tree)
    subprocess.run(["patch", "-s", "-p1"], input=done.stdout, text=True, check=True, cwd=tree)
    patched = everything(tree)
    assert runcheck("check", tree).returncode == 0
    assert everything(tree) == patched


def test_a_diff_of_nothing_is_empty(tree: Path) -> None:
    done = runcheck("check", "--diff", tree)
    assert done.returncode == 0
    assert done.stdout == ""


def test_a_secret_beside_a_change_is_not_shown(tree: Path) -> None:
    key = "ghp_" + "a8B3" * 9
    readme(f"# A run\n\n## What\n\nThe token is {key}\n")(tree)
    done = runcheck("check", "--diff", tree)
    assert "The token is ghp_\u2026" in done.stdout
    assert key not in done.stdout


def test_control_characters_of_a_document_do_not_reach_the_terminal(tree: Path) -> None:
    readme("# A run\n\n\x1b[2J\n")(tree)
    done = runcheck("check", "--diff", tree)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_a_tree_at_a_url_is_not_fixed(option: str) -> None:
    done = runcheck("check", option, "s3://bucket/artefacts")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nothing is written to a URL" in done.stderr
    assert done.stderr.count("\n") == 1


def test_unsafe_fixes_alone_is_a_usage_error(tree: Path) -> None:
    done = runcheck("check", "--unsafe-fixes", tree)
    assert done.returncode == 2
    assert "give --fix to make them" in done.stderr


@pytest.mark.parametrize("option", ["--staged", "--hook", "--since=HEAD"])
@pytest.mark.parametrize("fix", ["--fix", "--diff"])
def test_what_is_staged_is_not_fixed(tree: Path, fix: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", fix, option, str(tree)]) == 2
    assert "are for a folder" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_a_tree_that_a_configuration_gives_another_convention_is_not_fixed(
    option: str, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree.parent / "runcheck.toml").write_text('convention = "tracker-runs"\n')
    before = sorted(tree.rglob("*"))
    assert main(["check", option, str(tree)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is judged by the convention tracker-runs, as " in said
    assert "know the main convention alone" in said
    assert sorted(tree.rglob("*")) == before


def test_a_tree_of_another_convention_is_not_fixed(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--fix", "--convention", "tracker-runs", str(tree)]) == 2
    assert "know the main convention alone" in capsys.readouterr().err


def test_unsafe_fixes_are_made_when_asked_for(tree: Path) -> None:
    (run_of(tree) / "plot.png.tmp").write_text("half")
    assert runcheck("check", "--fix", tree).returncode == 1
    assert runcheck("check", "--fix", "--unsafe-fixes", tree).returncode == 0
    assert not (run_of(tree) / "plot.png.tmp").exists()


def test_only_what_is_in_the_path_is_fixed(tree: Path) -> None:
    readme("# A run\n")(tree)
    unit = tree / "dataset/digits/v1"
    lines = (unit / "SHA256SUMS").read_text().splitlines(keepends=True)
    (unit / "SHA256SUMS").write_text("".join(reversed(lines)))
    assert runcheck("check", "--fix", unit).returncode == 0
    assert (unit / "SHA256SUMS").read_text() == "".join(lines)
    assert (run_of(tree) / "README.md").read_text() == "# A run\n"
