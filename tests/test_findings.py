"""What a finding shows."""

import json
from pathlib import Path

import pytest

from runcheck.findings import without_certain_secrets
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine

TOKEN = "ghp_" + "a8Kd02mfLq91xZs7Tbn34VcWeRyUi6Op0GhJ"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f'is "{TOKEN}", which is none of "running"', 'is "[secret]", which is none of "running"'),
        (f"{TOKEN} and {TOKEN}", "[secret] and [secret]"),
        (f"says {'0123456789abcdef' * 4}; it has {'f' * 40}", f"says {'0123456789abcdef' * 4}; it has {'f' * 40}"),
        ("has no row for model/digits_logreg_baseline/2026-05-27T12-34-56Z_0123456", None),
    ],
)
def test_a_message_shows_values_but_no_secret(message: str, shown: str | None) -> None:
    assert without_certain_secrets(message) == (shown or message)


def test_no_clause_shows_the_secret_that_another_one_finds(run_folder: Path, quarantine: Quarantine) -> None:
    path = run_folder / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": TOKEN, "name": TOKEN}))
    found = check_in(quarantine, run_folder).findings
    assert {"RC202", "RC902"} <= {each.code for each in found}
    assert not any(TOKEN in each.message for each in found)


def test_no_pointer_and_no_help_shows_a_key_that_is_a_secret(run_folder: Path, quarantine: Quarantine) -> None:
    path = run_folder / "metadata.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {TOKEN: 1, "tags": told["tags"] | {TOKEN: "/home/ada/data", "sweep": TOKEN}}))
    found = check_in(quarantine, run_folder, Judgement(pedantic=True)).findings
    assert any("[secret]" in (each.pointer or "") for each in found)
    assert not any(TOKEN in f"{each.message}{each.pointer}{each.help}" for each in found)


def test_the_path_of_a_finding_stays_what_it_is_called_by(run_folder: Path, quarantine: Quarantine) -> None:
    (run_folder / f"{TOKEN}.txt").write_text("notes\n")
    found = check_in(quarantine, run_folder).findings
    assert {each.code for each in found if each.path.endswith(f"/{TOKEN}.txt")} == {"RC106", "RC303", "RC902"}
    assert not any(TOKEN in f"{each.message}{each.help}" for each in found)
