"""Metric rows: each defect with its line, the same however the bytes arrive, and never more than a bounded store."""

import csv
import io
import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.layout import layout
from runcheck.probes import metrics
from runcheck.probes.contents import MAX_DEFECTS, MetricsContent
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe, _MetricsProbe
from tests.drawing import examples

GOOD = '{"step": 1, "split": "train", "metric": "loss", "value": 0.5}\n'
LATER = '{"step": 9, "split": "train", "metric": "loss", "value": 0.25}\n'
HEADER = "step,split,metric,value,nonfinite\n"


def feed(probe: JsonlMetricsProbe | CsvMetricsProbe, content: bytes, *cuts: int) -> MetricsContent:
    """Feed ``content``, cut into chunks."""
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for start, end in pairwise(places):
        probe.feed(content[start:end])
    return probe.content()


def of_jsonl(content: str | bytes, *cuts: int) -> MetricsContent:
    """Read JSON Lines."""
    return feed(JsonlMetricsProbe(), content.encode() if isinstance(content, str) else content, *cuts)


def of_csv(content: str | bytes, *cuts: int) -> MetricsContent:
    """Read CSV."""
    return feed(CsvMetricsProbe(), content.encode() if isinstance(content, str) else content, *cuts)


def state(content: MetricsContent) -> tuple[object, ...]:
    """Return all that a probe saw, in a form that compares; NaN is equal to itself here."""
    series = {
        name: [repr(getattr(each, slot)) for slot in SeriesAggregate.__slots__] for name, each in content.series.items()
    }
    return content.rows, content.defect_count, content.defects, series


def row(**changed: object) -> str:
    """Return a row with some fields changed, and those that are ``...`` left out."""
    fields = {"step": 2, "split": "train", "metric": "loss", "value": 0.5, **changed}
    return json.dumps({key: value for key, value in fields.items() if value is not ...}) + "\n"


# The defects that common readers let pass (and a few more), and what kind each is.
DEFECTS: dict[str, tuple[str | bytes, str]] = {
    "step as a string": (row(step="2"), "schema"),
    "step as a boolean": (row(step=True), "schema"),
    "step as a fraction": (row(step=2.5), "schema"),
    "step as a whole float": (row(step=2.0), "schema"),
    "value as a string": (row(value="0.5"), "schema"),
    "value as a boolean": (row(value=True), "schema"),
    "negative step": (row(step=-1), "schema"),
    "numeric split": (row(split=1), "schema"),
    "null value without its flag": (row(value=None), "nonfinite"),
    "missing split": (row(split=...), "schema"),
    "extra field": (row(epoch=1), "schema"),
    "NaN token": ('{"step": 2, "split": "train", "metric": "loss", "value": NaN}\n', "syntax"),
    "1e999": ('{"step": 2, "split": "train", "metric": "loss", "value": 1e999}\n', "schema"),
    "duplicate key": ('{"step": 2, "split": "train", "metric": "loss", "value": 1, "value": 2}\n', "syntax"),
    "invalid UTF-8": (b'{"step": 2, "split": "tr\xffain", "metric": "loss", "value": 1}\n', "syntax"),
    "blank line": ("\n", "syntax"),
    "two objects on a line": (GOOD.strip() + " " + GOOD, "syntax"),
    # further ones
    "flag beside a value": (row(nonfinite="nan"), "nonfinite"),
    "unknown flag": (row(value=None, nonfinite="NaN"), "schema"),
    "flag that is null": (row(value=None, nonfinite=None), "schema"),
    "step beyond exact integers": (row(step=2**53), "schema"),
    "split that is no name": (row(split="a b"), "schema"),
    "metric that is no name": (row(metric="a//b"), "schema"),
    "metric that is null": (row(metric=None), "schema"),
    "array": ("[1]\n", "syntax"),
    "word": ("loss\n", "syntax"),
    "byte order mark": ("\ufeff" + GOOD, "syntax"),
    "huge integer": (row(value=1).replace(": 1}", ": 1" + "0" * 400 + "}"), "schema"),
    "integer of thousands of digits": (row(value=1).replace(": 1}", ": " + "7" * 9999 + "}"), "syntax"),
    "nesting bomb": ("[" * 50_000 + "\n", "syntax"),
    "overlong line": (row(metric="x" * layout().limits.line_bytes), "syntax"),
    "merge conflict": ("<<<<<<< HEAD\n", "syntax"),
    "NUL bytes": (b"\0" * 100 + b"\n", "syntax"),
}


@pytest.mark.parametrize(("line", "kind"), DEFECTS.values(), ids=DEFECTS.keys())
def test_each_defect_of_a_line_is_caught_with_its_line(line: str | bytes, kind: str) -> None:
    defect = line if isinstance(line, bytes) else line.encode()
    content = of_jsonl(GOOD.encode() + defect + LATER.encode())
    assert [(each.line, each.kind) for each in content.defects] == [(2, kind)]
    assert content.rows == 2


@pytest.mark.parametrize(("line", "kind"), DEFECTS.values(), ids=DEFECTS.keys())
def test_a_defect_is_caught_among_rows_that_are_taken_by_the_block(line: str | bytes, kind: str) -> None:
    rows = [row(step=step, metric=metric).encode() for step in range(3000) for metric in ("loss", "accuracy")]
    defect = line if isinstance(line, bytes) else line.encode()
    content = of_jsonl(b"".join([*rows[:4001], defect, *rows[4001:]]))
    assert [(each.line, each.kind) for each in content.defects] == [(4002, kind)]
    assert content.rows == 6000


def test_steps_that_no_double_holds_beside_a_fraction_are_defects() -> None:
    content = of_jsonl(row(step=10**400) + row(step=0.5))
    assert [(each.line, each.kind) for each in content.defects] == [(1, "schema"), (2, "schema")]


@pytest.mark.parametrize("again", [0, 1500, 2000])
def test_a_step_that_does_not_rise_is_caught_among_rows_that_are_taken_by_the_block(again: int) -> None:
    rows = [row(step=step, metric=metric) for step in range(3000) for metric in ("loss", "accuracy")]
    content = of_jsonl("".join([*rows[:4001], row(step=again), *rows[4001:]]))
    assert [(each.line, each.kind) for each in content.defects] == [(4002, "duplicate" if again == 2000 else "order")]


@pytest.mark.parametrize("cut", [1, 10, len(GOOD) - 1])
def test_a_last_line_that_was_cut_short_is_torn(cut: int) -> None:
    content = of_jsonl(GOOD + GOOD[:cut])
    assert [(each.line, each.kind) for each in content.defects] == [(2, "torn")]
    assert content.rows == 1


def test_a_step_that_repeats_and_one_that_goes_back_are_caught() -> None:
    content = of_jsonl(row(step=5) + row(step=5) + row(step=4) + row(step=6) + row(step=4, split="test"))
    assert [(each.line, each.kind) for each in content.defects] == [(2, "duplicate"), (3, "order")]
    assert content.rows == 5


def test_good_rows_have_no_defect() -> None:
    content = of_jsonl(
        GOOD
        + row(step=2, value=None, nonfinite="inf")
        + row(step=3, value=7)
        + row(step=3, metric="a/b@1", value=-1e-300)
        + ' {"value" :1.5e3 , "metric":"loss","split":"train", "step":4 }\r\n'
    )
    assert content.defects == []
    assert {name: series.count for name, series in content.series.items()} == {
        ("train", "loss"): 4,
        ("train", "a/b@1"): 1,
    }
    assert content.series["train", "loss"].last == 1500.0


def test_an_empty_file_holds_no_row_and_no_defect() -> None:
    assert state(of_jsonl(b"")) == state(MetricsContent())


def test_of_many_defects_all_are_counted_and_a_hundred_kept() -> None:
    content = of_jsonl("x\n" * 10_000)
    assert content.defect_count == 10_000
    assert len(content.defects) == MAX_DEFECTS == 100
    assert [each.line for each in content.defects] == list(range(1, 101))


def test_a_line_without_end_is_not_held() -> None:
    probe = JsonlMetricsProbe()
    for _ in range(64):
        probe.feed(b"x" * 65_536)
        assert max(len(each) for each in held(probe)) <= layout().limits.line_bytes
    probe.feed(b"\n" + GOOD.encode())
    assert [(each.line, each.kind) for each in probe.content().defects] == [(1, "syntax")]
    assert probe.content().rows == 1


def held(value: object, depth: int = 3) -> list[bytes]:
    """Return every bytes object that ``value`` holds in its attributes."""
    if isinstance(value, bytes | bytearray):
        return [bytes(value)]
    inner = list(vars(value).values()) if hasattr(value, "__dict__") else value if isinstance(value, list) else []
    return [b"", *(each for one in inner for each in held(one, depth - 1))] if depth else [b""]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.sampled_from(["train", "test"]),
        st.sampled_from(["loss", "a/b"]),
        st.floats(),
    ),
    max_size=12,
)


def jsonl(rows: list[tuple[int, str, str, float]], **style: Any) -> str:  # noqa: ANN401
    """Write rows with the standard library."""
    out = []
    for step, split, metric, value in rows:
        fields: dict[str, object] = {"step": step, "split": split, "metric": metric, "value": value}
        if not math.isfinite(value):
            flag = "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
            fields |= {"value": None, "nonfinite": flag}
        out.append(json.dumps(fields, **style) + "\n")
    return "".join(out)


@settings(max_examples=examples(150), deadline=None)
@given(ROWS)
def test_rows_come_to_what_they_hold(rows: list[tuple[int, str, str, float]]) -> None:
    expected: dict[tuple[str, str], SeriesAggregate] = {}
    for step, split, metric, value in rows:
        expected.setdefault((split, metric), SeriesAggregate()).add(step, value)
    content = of_jsonl(jsonl(rows))
    assert content.rows == len(rows)
    whole = MetricsContent()
    whole.series = expected
    assert state(content)[3] == state(whole)[3]
    assert {each.kind for each in content.defects} <= {"order", "duplicate"}


@settings(max_examples=examples(150), deadline=None)
@given(ROWS, st.lists(st.integers(0, 900), max_size=5))
def test_neither_chunks_nor_spaces_nor_escapes_make_a_difference(
    rows: list[tuple[int, str, str, float]], cuts: list[int]
) -> None:
    text = jsonl(rows)
    whole = state(of_jsonl(text))
    assert state(of_jsonl(text, *cuts)) == whole
    assert state(of_jsonl(jsonl(rows, separators=(",", ":")))) == whole
    assert state(of_jsonl(jsonl(rows, separators=(" , ", " : "), sort_keys=True))) == whole
    assert state(of_jsonl(text.replace('"loss"', '"l\\u006fss"'))) == whole


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(
        st.sampled_from([GOOD, LATER, "\n", "{", row(value="x"), "\r\n", "\xff", HEADER, "1,train,loss,2,\n"]),
        max_size=6,
    ),
    st.binary(max_size=20),
    st.lists(st.integers(0, 500), max_size=5),
)
def test_random_bytes_never_raise_and_chunks_make_no_difference(lines: list[str], tail: bytes, cuts: list[int]) -> None:
    content = "".join(lines).encode("latin-1") + tail
    for of in (of_jsonl, of_csv):
        assert state(of(content, *cuts)) == state(of(content))


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=1))
def test_one_byte_changed_gives_a_row_that_json_reads_alike_or_a_defect(at: int, byte: bytes) -> None:
    changed = GOOD.encode()[:at] + byte + GOOD.encode()[at + 1 :]
    content = of_jsonl(changed)
    if content.defects:
        return
    fields = json.loads(changed)
    series = content.series[fields["split"], fields["metric"]]
    assert (series.last_step, series.last) == (fields["step"], fields["value"])


# --- blocks against lines -------------------------------------------------------------------------------------------


class LinesOfJsonl(JsonlMetricsProbe):
    """Takes each line by itself, with the parser of the standard library."""

    _take = _MetricsProbe._take

    def _take_block(self, block: bytes) -> bool:
        return False


class LinesOfCsv(CsvMetricsProbe):
    """Takes each record by itself."""

    def _take_block(self, block: bytes) -> bool:
        return False


def whole_state(content: MetricsContent) -> tuple[object, ...]:
    """Return the state, the order of the series, and the digests of their points."""
    points = [(tag, each.count, each.digest) for tag, each in content.points.items()]
    return *state(content), list(content.series), points


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["0", "-0", "-0.0", "1e-05", "1e+16", "1E5", "1e5", "5e-324", "1.7976931348623157e308", "0.1e1"]),
    st.decimals(-10, 10, allow_nan=False, places=25).map(str),
)
BAD_NUMBERS = [
    "1e999",
    "-1e999",
    "NaN",
    "01",
    "1.",
    ".5",
    "+1",
    "",
    " 1",
    "1 ",
    "1_0",
    "[1]",
    "true",
    "0x1",
    "9" * 400,
    "1,2",
]
HEADS = [("train", "loss"), ("train", "top5.acc"), ("val", "loss"), ("e", "value"), ("train", "loss_0")]
HEADS += [("val", "E-mlp.0+1"), ("pack_my", "box-with/five:dozen.liquor@jugs"), ("1", "2")]  # the last is no name
CANONICAL = {
    "spaced": '{{"step": {0}, "split": "{1}", "metric": "{2}", "value": {3}}}\n',
    "compact": '{{"step":{0},"split":"{1}","metric":"{2}","value":{3}}}\n',
    "sorted": '{{"metric": "{2}", "split": "{1}", "step": {0}, "value": {3}}}\n',
    "names first": '{{"split":"{1}","metric":"{2}","step":{0},"value":{3}}}\n',
    "of another system": '{{"step": {0}, "split": "{1}", "metric": "{2}", "value": {3}}}\r\n',
    "csv": "{0},{1},{2},{3}\n",
    "csv with a flag": "{0},{1},{2},{3},\n",
    "csv of another system": "{0},{1},{2},{3},\r\n",
}
CSV_HEADERS = {"csv": "step,split,metric,value\n", "csv with a flag": HEADER, "csv of another system": HEADER}


@st.composite
def nearly_canonical(draw: st.DrawFn, form: str) -> bytes:
    """Rows as a writer in a loop writes them, and a few damages."""
    template = CANONICAL[form].format
    heads = draw(st.lists(st.sampled_from(HEADS), min_size=1, max_size=4, unique=draw(st.booleans())))
    rows = [template(step, *head, draw(NUMBERS)) for step in range(draw(st.integers(1, 6))) for head in heads]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(rows) - 1))
        bad = draw(st.sampled_from(BAD_NUMBERS))
        odd = [template(3, *heads[0], bad), template(bad, *heads[0], 1), rows[at][:-1], "\n", rows[at] * 2, ""]
        odd += [template(2.0, *heads[0], 1), template(3, "val", "new", 1), template(2**53, *heads[0], 1)]
        moved = [("loss_0", "lo0ss_"), ("5.", ".5"), ("0", "00"), (' "split', '"split'), (",", " ,")]
        odd += [rows[at].replace(*each) for each in moved]
        rows[at] = draw(st.sampled_from(odd))
    text = "".join(rows).encode()
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(SIGNS)) + text[at + draw(st.integers(0, 1)) :]
    return CSV_HEADERS.get(form, "").encode() + text


SIGNS = [bytes([sign]) for sign in b'{}":, \n\r\t01.-+eEsv\x00\xff[/'] + [
    b"",
    b', "value": ',
    b'}\n{"step": ',
    b",,",
    b"1,",
]


@pytest.mark.parametrize("form", CANONICAL)
@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_blocks_come_to_what_their_lines_come_to(form: str, data: st.DataObject) -> None:
    content = data.draw(nearly_canonical(form))
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=3))
    size = data.draw(st.sampled_from([1 << 18, 300, 64]))
    lines, blocks = (LinesOfCsv, CsvMetricsProbe) if form.startswith("csv") else (LinesOfJsonl, JsonlMetricsProbe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "_BLOCK_BYTES", size)
        patch.setattr(metrics, "_SMALL", size // 4)
        patch.setattr(metrics, "_SERIES_BYTES", 0)
        patch.setattr(metrics, "_MANY_BYTES", data.draw(st.sampled_from([1, 200, 1 << 22])))
        assert whole_state(feed(blocks(), content, *cuts)) == whole_state(feed(lines(), content))


@pytest.mark.parametrize("form", CANONICAL)
@pytest.mark.parametrize(
    "heads", [HEADS[:1], HEADS[:7], [*HEADS[:7], HEADS[0], HEADS[0]]], ids=["one", "in turn", "any order"]
)
def test_canonical_rows_are_taken_by_the_block(
    form: str, heads: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would be slow but the check."""
    header = CSV_HEADERS.get(form, "").encode()
    text = "".join(
        CANONICAL[form].format(number, *heads[number % len(heads)], value)
        for number, value in enumerate([0.5, 1e-05, 3, 1.5e300] * 50)
    )
    probe = CsvMetricsProbe() if form.startswith("csv") else JsonlMetricsProbe()
    probe.feed(header)
    taken: list[bool] = []
    take = probe._take_block

    def watched(block: bytes) -> bool:
        taken.append(take(block))
        return taken[-1]

    monkeypatch.setattr(probe, "_take_block", watched)
    probe.feed(text.encode())
    assert taken == [True]
    assert probe.content().rows == 200


def test_a_name_whose_digits_stand_elsewhere_is_another_series() -> None:
    rows = [row(step=step, metric="loss_0") for step in range(3000)]
    rows[2000] = row(step=2000, metric="lo0ss_")
    assert list(of_jsonl("".join(rows)).series) == [("train", "loss_0"), ("train", "lo0ss_")]


def test_a_series_that_is_written_in_two_ways_stays_one_in_its_order() -> None:
    rows = [row(step=step, value=step / 7) for step in range(3000)]
    content = of_jsonl("".join(line.replace(", ", ",", step % 2) for step, line in enumerate(rows)))
    assert whole_state(content) == whole_state(of_jsonl("".join(rows)))


@pytest.mark.parametrize("form", CANONICAL)
def test_blocks_after_the_first_begin_anywhere_in_the_turn(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    template = CANONICAL[form].format
    rows = [template(step, *head, step / 7 - 9) for step in range(1000) for head in HEADS[:7]]
    content = (CSV_HEADERS.get(form, "") + "".join(rows)).encode()
    lines, blocks = (LinesOfCsv, CsvMetricsProbe) if form.startswith("csv") else (LinesOfJsonl, JsonlMetricsProbe)
    monkeypatch.setattr(metrics, "_BLOCK_BYTES", 10_000)
    monkeypatch.setattr(metrics, "_SERIES_BYTES", 0)
    assert whole_state(feed(blocks(), content)) == whole_state(feed(lines(), content))


# --- CSV ------------------------------------------------------------------------------------------------------------


@settings(max_examples=examples(100), deadline=None)
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.lists(st.integers(0, 900), max_size=5))
def test_csv_comes_to_what_json_lines_come_to(
    rows: list[tuple[int, str, str, float]], ending: str, cuts: list[int]
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=ending)
    writer.writerow(HEADER.strip().split(","))
    for step, split, metric, value in rows:
        flag = "nan" if math.isnan(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "")
        writer.writerow([step, split, metric, "" if flag else repr(value), flag])
    content = of_csv(stream.getvalue(), *cuts)
    json_rows, json_count, json_defects, series = state(of_jsonl(jsonl(rows)))
    assert state(content)[0] == json_rows
    assert state(content)[1] == json_count
    assert state(content)[3] == series
    assert [(each.line - 1, each.kind) for each in content.defects] == [
        (each.line, each.kind)
        for each in json_defects  # type: ignore[attr-defined]
    ]


CSV_DEFECTS = {
    "too few cells": ("2,train,loss\n", "syntax"),
    "too many cells": ("2,train,loss,1,,\n", "syntax"),
    "step as a word": ("two,train,loss,1,\n", "schema"),
    "step as a fraction": ("2.0,train,loss,1,\n", "schema"),
    "negative step": ("-2,train,loss,1,\n", "schema"),
    "step of other digits": ("\u0662,train,loss,1,\n", "schema"),
    "step of thousands of digits": ("2" * 5000 + ",train,loss,1,\n", "schema"),
    "value as a word": ("2,train,loss,high,\n", "schema"),
    "value as a boolean": ("2,train,loss,true,\n", "schema"),
    "value null": ("2,train,loss,null,\n", "schema"),
    "value nan": ("2,train,loss,nan,\n", "schema"),
    "value NaN": ("2,train,loss,NaN,\n", "syntax"),
    "value 1e999": ("2,train,loss,1e999,\n", "schema"),
    "value array": ("2,train,loss,[1],\n", "schema"),
    "value nesting bomb": ("2,train,loss," + "[" * 60_000 + ",\n", "schema"),
    "value of thousands of digits": ("2,train,loss," + "7" * 9999 + ",\n", "schema"),
    "no value and no flag": ("2,train,loss,,\n", "nonfinite"),
    "value and flag": ("2,train,loss,1,nan\n", "nonfinite"),
    "unknown flag": ("2,train,loss,,NAN\n", "schema"),
    "empty split": ("2,,loss,1,\n", "schema"),
    "open quote": ('2,"train,loss,1,\n', "syntax"),
    "text after a quote": ('2,"train"x,loss,1,\n', "syntax"),
    "blank line": ("\n", "syntax"),
    "carriage return inside": ("2,train,lo\rss,1,\n", "syntax"),
    "the header again": (HEADER, "schema"),
}


@pytest.mark.parametrize(("line", "kind"), CSV_DEFECTS.values(), ids=CSV_DEFECTS.keys())
def test_each_defect_of_a_csv_record_is_caught_with_its_line(line: str, kind: str) -> None:
    content = of_csv(HEADER + "1,train,loss,0.5,\n" + line + "9,train,loss,0.25,\n")
    assert [(each.line, each.kind) for each in content.defects] == [(3, kind)]
    assert content.rows == 2


@pytest.mark.parametrize(
    "header", ["step,split,metric,value\n", HEADER, HEADER.replace("\n", "\r\n"), '"step",split,metric,value\n']
)
def test_a_header_with_or_without_nonfinite_is_one(header: str) -> None:
    cells = header.count(",") + 1
    content = of_csv(header + "1,train,loss,0.5" + "," * (cells - 4) + "\n")
    assert (content.rows, content.defects) == (1, [])


@pytest.mark.parametrize("header", ["split,step,metric,value\n", "step,split,metric\n", "1,train,loss,2\n", "a\n"])
def test_another_header_is_a_defect_of_line_one(header: str) -> None:
    content = of_csv(header)
    assert [(each.line, each.kind) for each in content.defects] == [(1, "schema")]


def test_a_step_of_csv_with_a_sign_is_a_defect_where_rows_are_taken_by_the_block_too() -> None:
    content = of_csv(HEADER + "-0,train,loss,1,\n1,train,loss,1,\n", len(HEADER))
    assert [(each.line, each.kind) for each in content.defects] == [(2, "schema")]


READERS: list[Callable[..., MetricsContent]] = [of_jsonl, of_csv]


@pytest.mark.parametrize("of", READERS)
def test_many_columns_and_quotes_stay_a_defect(of: Callable[..., MetricsContent]) -> None:
    assert of("," * 60_000 + "\n" + '"' * 60_001 + "\n").defect_count == 2


def test_series_beyond_the_limit_are_not_held_and_are_said_once_a_line() -> None:
    limit = layout().limits.metric_series
    probe = JsonlMetricsProbe()
    lines = [b'{"step": 1, "split": "train", "metric": "m%d", "value": 1}\n' % number for number in range(limit + 3)]
    probe.feed(b"".join(lines))
    content = probe.content()
    assert len(content.series) == limit
    assert [(defect.line, defect.kind) for defect in content.defects] == [(limit + n, "size") for n in (1, 2, 3)]
