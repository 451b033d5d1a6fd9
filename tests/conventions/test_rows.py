"""Rows by a declared form."""

import json
import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.conventions.definition import RowForm
from runcheck.conventions.rows import RowsContent, RowsProbe

NESTED = RowForm(step="/step", values="/metrics")
FLAT = RowForm(step="/step", values="", split="/type")


def read(
    text: bytes, suffix: str = ".jsonl", form: RowForm = NESTED, schema: str | None = None, size: int = 7
) -> RowsContent:
    """Read a text, fed in chunks of a size."""
    probe = RowsProbe(suffix, form, schema, {"series": "train/loss"})
    for at in range(0, len(text), size):
        probe.feed(text[at : at + size])
    return probe.content()


def kinds(content: RowsContent) -> list[tuple[int, str]]:
    return [(each.line, each.kind) for each in content.defects]


def test_nested_numbers_become_series_of_their_names() -> None:
    content = read(b'{"step": 0, "metrics": {"loss": 2, "acc": 0.5}}\n{"step": 3, "metrics": {"loss": 1.0}}\n')
    assert {name: (each.last, each.last_step) for name, each in content.series.items()} == {
        ("", "loss"): (1.0, 3),
        ("", "acc"): (0.5, 0),
    }
    assert content.rows == 2
    assert not content.defects


def test_flat_numbers_belong_to_the_split_that_their_row_names() -> None:
    content = read(b'{"step": 1, "type": "eval", "reward": 2, "ok": true, "note": "x"}\n', form=FLAT)
    assert list(content.series) == [("eval", "reward")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"step": 0, "metrics": {"loss": NaN}}\n', "syntax"),
        (b'{"step": 0, "metrics": {"loss": 1e999}}\n', "schema"),
        (b'{"step": 0, "step": 1, "metrics": {}}\n', "syntax"),
        (b'{"step": -1, "metrics": {"loss": 1}}\n', "schema"),
        (b'{"step": true, "metrics": {"loss": 1}}\n', "schema"),
        (b'{"metrics": {"loss": 1}}\n', "schema"),
        (b"[1, 2]\n", "syntax"),
        (b"\n", "syntax"),
        (b"\xff\n", "syntax"),
        (b'{"step": 0, "metrics": {"loss": 1}}', "torn"),
        (b'{"step": 0, "metrics": {"loss": 1' + b"0" * 5000 + b"}}\n", "syntax"),
        (b'{"step": 0, "metrics": {"a": "' + b"x" * 70_000 + b'"}}\n', "syntax"),
    ],
)
def test_what_is_no_sound_row_is_a_defect_of_its_line(line: bytes, kind: str) -> None:
    assert kinds(read(b'{"step": 0, "metrics": {"other": 1}}\n' + line)) == [(2, kind)]


def test_a_step_that_is_a_whole_float_is_an_integer_and_order_is_judged_by_series() -> None:
    rows = [
        '{"step": 1.0, "metrics": {"a": 1}}',
        '{"step": 0, "metrics": {"b": 1}}',
        '{"step": 0, "metrics": {"a": 1}}',
    ]
    assert kinds(read("\n".join([*rows, rows[2], ""]).encode())) == [(3, "order"), (4, "duplicate")]


def test_a_table_with_tabs_has_its_series_named_by_its_path_and_may_diverge() -> None:
    form = RowForm(step="/step", values="", series="<series>")
    content = read(b"step\tloss\r\n0\t1.5\r\n1\tnan\r\n", ".tsv", form)
    (name, series), *more = content.series.items()
    assert name == ("", "train/loss")
    assert math.isnan(series.last)
    assert not more
    assert not content.defects


def test_a_record_of_another_length_and_a_column_twice_are_defects() -> None:
    assert kinds(read(b"step,a\n0,1,2\n", ".csv", FLAT)) == [(2, "syntax")]
    assert kinds(read(b"step,a,a\n0,1,2\n", ".csv", FLAT)) == [(1, "syntax")]


def test_a_schema_is_held_to_each_row_with_the_place_in_it() -> None:
    schema = json.dumps({"properties": {"metrics": {"additionalProperties": {"maximum": 1}}}})
    content = read(b'{"step": 0, "metrics": {"a": 2}}\n', schema=schema)
    assert [each.message for each in content.defects] == ["at /metrics/a 2 is greater than the maximum of 1"]


def test_what_names_rows_is_kept() -> None:
    content = read(b'{"trial": 4}\n{"trial": "x"}\n{"trial": null}\n', form=RowForm(id="/trial"))
    assert [content.may_have(each) for each in (4, "x", None, "4", 5)] == [True, True, False, False, False]


def test_long_names_of_rows_are_kept_in_little_room_and_of_too_many_none_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"{at:05}{'x' * 30_000}" for at in range(300)]
    tracemalloc.start()
    content = read("".join(f'{{"trial": "{name}"}}\n' for name in names).encode(), form=RowForm(id="/trial"), size=1000)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 10 * 30_000 + len(names[0]) * 2
    assert all(map(content.may_have, names))
    assert not content.may_have(names[0] + "x")
    monkeypatch.setattr("runcheck.conventions.rows._MOST_IDS", 2)
    few = read(b'{"trial": 1}\n{"trial": 2}\n{"trial": 3}\n', form=RowForm(id="/trial"))
    assert few.may_have(3)


@given(st.binary(max_size=300), st.sampled_from([".jsonl", ".csv", ".tsv"]), st.sampled_from([NESTED, FLAT, RowForm()]))
def test_any_bytes_are_read_without_an_error(content: bytes, suffix: str, form: RowForm) -> None:
    read(content, suffix, form)


def test_a_table_may_hold_what_spreadsheets_write() -> None:
    text = '\ufeffstep,note,loss\r\n0,"two\r\nlines, ""quoted""",1.5\r\n\r\n1,,0.5\r\n'.encode()
    content = read(text, ".csv", FLAT)
    assert content.rows == 2
    assert not content.defects
    assert content.series["", "loss"].last == 0.5


def test_a_quote_that_nothing_closes_is_a_defect() -> None:
    assert kinds(read(b'step,note\n0,"a\n1,b\n', ".csv", FLAT)) == [(3, "torn")]
