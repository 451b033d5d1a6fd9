"""Where two configurations differ, as a message says it."""

from runcheck.writer.recovery.differences import differences


def told(old: dict[str, object], new: dict[str, object]) -> list[str]:
    """Return all differences."""
    return list(differences(old, new))


def test_each_value_that_differs_is_told_by_its_path() -> None:
    old = {"optimizer": {"lr": 0.1, "name": "adam"}, "steps": 5, "gone": None}
    new = {"optimizer": {"lr": 0.0, "name": "adam"}, "steps": 5, "seeds": [1]}
    assert told(old, new) == ["gone: null -> (none)", "optimizer/lr: 0.1 -> 0.0", "seeds: (none) -> [1]"]


def test_what_hashes_alike_is_no_difference_and_a_boolean_is_no_number() -> None:
    assert told({"a": 1, "b": 1}, {"a": 1.0, "b": True}) == ["b: 1 -> true"]


def test_long_values_and_controls_stay_in_one_short_line() -> None:
    [line] = told({"a\n" * 99: "x" * 999}, {})
    assert len(line) < 200
    assert line.isprintable()
