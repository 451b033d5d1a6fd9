"""``runcheck prune`` as it is called."""

import json
from pathlib import Path

import pytest

from runcheck.cli import main
from tests.fixes.test_fixes import everything
from tests.prune.conftest import Units
from tests.prune.test_act import codes
from tests.prune.test_plan import edit


def test_it_says_what_would_go_and_changes_nothing(
    root: Path, units: Units, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(root)
    assert main(["prune", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Would go to the trash:"
    assert [line.split()[0] for line in lines[1:5]] == [units.datasets[1], units.first, units.failed, units.datasets[0]]
    assert lines[5:8] == [
        "Stays all the same:",
        f"  {units.base}  superseded by {Path(units.newest).name}",
        f"      {units.newest} refers to it",
    ]
    assert lines[-1].startswith("4 units, ")
    assert everything(root) == before
    assert not (root / ".runcheck").exists()


def test_from_the_tree_to_the_trash_and_back_and_away(
    root: Path, units: Units, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    assert main(["prune", "--apply", "--only", "failed", "--only", "superseded"]) == 0
    assert "4 units, " in capsys.readouterr().out
    assert main(["prune", "--restore", units.failed]) == 0
    assert main(["prune", "--restore", f"artefacts/{units.first}/"]) == 0
    assert [line.rpartition(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"Brought back {units.failed}",
        f"Brought back {units.datasets[0]}",
        f"Brought back {units.first}",
    ]
    assert main(["prune", "--empty"]) == 0
    assert capsys.readouterr().out.startswith(f"Removed for ever {units.datasets[1]}, ")
    assert codes(root) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--keep-best", "val/los"], "no completed run has val/los"),
        (["--restore", "model/x"], "is no unit"),
        (["--restore", "model/../latest"], "is no unit"),
        (["--restore", "model/a_b_c/v1"], "is not in the trash"),
    ],
)
def test_what_cannot_be_done_is_a_line_and_status_2(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["prune", str(root), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("words", [["--older-than", "3m"], ["--keep-last", "0"], ["--keep-best", "loss"]])
def test_what_no_policy_is_is_said_with_status_2(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["prune", str(root), *words])
    assert stopped.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_a_part_of_a_tree_or_a_url_is_refused(root: Path, units: Units, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(root / units.failed)]) == 2
    assert main(["prune", "s3://bucket/artefacts"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(f"give its root, {root}")
    assert "nothing is moved at a URL" in second


def test_a_tree_of_which_all_is_in_the_trash_is_still_one(root: Path, units: Units) -> None:
    for path in (units.first, units.base, units.newest, *units.datasets):
        edit(root / path / "metadata.json", lambda it: it.update(status="aborted", links={}))
    for latest in root.glob("*/*/latest"):
        latest.unlink()
    (root / "runs.parquet").unlink()
    assert main(["prune", "--apply", str(root)]) == 0
    assert not list(root.glob("[!.]*/*/*"))
    assert main(["prune", "--restore", units.failed, str(root)]) == 0
    assert (root / units.failed / "metadata.json").exists()


def test_what_a_unit_says_moves_no_cursor(root: Path, units: Units, capsys: pytest.CaptureFixture[str]) -> None:
    edit(root / units.failed / "metadata.json", lambda it: it.update(error="\x1b[2Jgone\u202e"))
    assert main(["prune", str(root)]) == 0
    assert "\\x1b[2Jgone\\u202e" in capsys.readouterr().out
    main(["prune", "--apply", str(root)])
    assert "\x1b" not in capsys.readouterr().out
    lines = (root / ".runcheck/prune.jsonl").read_text().splitlines()
    assert any("\x1b[2J" in json.loads(line)["reason"] for line in lines)


def test_the_largest_files_are_told(root: Path, units: Units, capsys: pytest.CaptureFixture[str]) -> None:
    with (root / units.failed / "extra.bin").open("wb") as stream:
        stream.truncate(20 << 20)
    main(["prune", str(root)])
    assert f"  {units.failed}/extra.bin  20.0 MiB, would go" in capsys.readouterr().out
