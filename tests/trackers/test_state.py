"""What is remembered of a copy lies in the tree, which may be anybody's."""

import json
from pathlib import Path

import pytest

from runcheck.trackers.state import State, alone, read_state, workplace, write_state

UNIT = "model/digits_logreg_baseline/v1"


def test_what_is_noted_is_read_back(tmp_path: Path) -> None:
    state = State(
        3, {"train/loss": 2}, "0a", is_cut=True, known={"id": "x"}, asked={"mode": "offline"}, done="y", where="z"
    )
    write_state(str(tmp_path), UNIT, "wandb", state)
    assert read_state(str(tmp_path), UNIT, "wandb") == state
    assert read_state(str(tmp_path), UNIT, "mlflow") == State()


def test_a_note_that_says_no_place_is_read_as_well(tmp_path: Path) -> None:
    write_state(str(tmp_path), UNIT, "wandb", State(rows=5, where="z"))
    path = tmp_path / ".runcheck/mirrors" / UNIT / "wandb.json"
    document = json.loads(path.read_text())
    del document["where"]
    path.write_text(json.dumps(document))
    assert read_state(str(tmp_path), UNIT, "wandb") == State(rows=5)


def test_no_address_is_taken_from_a_tree(tmp_path: Path) -> None:
    state = State(asked={"uri": "https://elsewhere.example", "project": "digits", "options": {"host": "elsewhere"}})
    write_state(str(tmp_path), UNIT, "mlflow", state)
    assert read_state(str(tmp_path), UNIT, "mlflow").asked == {"project": "digits"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"rows": -1}', "[" * 100_000, '{"rows": 1, "last": 3}'])
def test_what_is_broken_is_nothing(tmp_path: Path, content: str) -> None:
    write_state(str(tmp_path), UNIT, "wandb", State(rows=5))
    path = tmp_path / ".runcheck/mirrors" / UNIT / "wandb.json"
    assert json.loads(path.read_text())["rows"] == 5
    path.write_text(content)
    assert read_state(str(tmp_path), UNIT, "wandb") == State()


def test_links_in_a_tree_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    root = tmp_path / "artefacts"
    (root / ".runcheck").mkdir(parents=True)
    elsewhere.mkdir()
    write_state(str(elsewhere), UNIT, "wandb", State(rows=5))
    (root / ".runcheck/mirrors").symlink_to(elsewhere / ".runcheck/mirrors")
    before = sorted(elsewhere.rglob("*"))
    assert read_state(str(root), UNIT, "wandb") == State()
    for write in (lambda: write_state(str(root), UNIT, "wandb", State()), lambda: workplace(str(root), "wandb")):
        with pytest.raises(OSError, match="link"):
            write()
    with alone(str(root), UNIT, "wandb"):
        pass
    assert sorted(elsewhere.rglob("*")) == before
