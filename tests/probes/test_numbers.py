"""Numbers in texts: their tables, wherever they stand and however they come in."""

import base64
import gzip
import json
import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.numbers import NumbersContent, NumbersScanner
from runcheck.probes.numbers.tables import Table
from tests.drawing import examples
from tests.weights_corpus.disguises import savetxt
from tests.weights_corpus.judged import scanned

MATRIX = np.random.default_rng(1).normal(0, 0.1, (64, 10))
PROSE = b"The quick brown fox jumps over the lazy dog, and then it rests for 3 hours.\n"


def tables(text: str | bytes, chunk: int = 1 << 20) -> tuple[Table, ...]:
    """Return the tables in a text."""
    content = scanned(text.encode() if isinstance(text, str) else text, chunk)
    return content.tables if content else ()


def only(text: str | bytes) -> Table:
    """Return the only table in a text."""
    (table,) = tables(text)
    return table


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (savetxt(MATRIX), ""),
        (savetxt(MATRIX, "%.8g", ","), ""),
        (savetxt(MATRIX, "%.8g", ";"), ""),
        (savetxt(MATRIX, "%.8g", "\t"), ""),
        (savetxt(MATRIX, "%.8g", " | "), ""),
        (savetxt(MATRIX, "%.8g", ", ").replace("\n", "\r\n"), ""),
        (savetxt(MATRIX, "%.8f", ";").replace(".", ","), ""),
        (json.dumps(MATRIX.tolist()), ""),
        (json.dumps(MATRIX.tolist(), indent=2), ""),
        (json.dumps({"a": {"b": MATRIX.tolist()}}), "a/b"),
        (json.dumps({"a": {"b": MATRIX.tolist()}}, indent=1), "a/b"),
        ("".join(f"{json.dumps({'v': row.tolist()})}\n" for row in MATRIX), "v"),
        (f"v = np.array({MATRIX.tolist()}, dtype=np.float32)\n", "v"),
        ("\n".join(" ".join(float(each).hex() for each in row) for row in MATRIX), ""),
        (savetxt(MATRIX, header="v"), "v"),
        (json.dumps({"a": {"v": savetxt(MATRIX)}}), "a/v"),
        (json.dumps({"a": {"v": savetxt(MATRIX).splitlines(keepends=True)}}, indent=1), "a/v"),
        (json.dumps({"a": {"v": savetxt(MATRIX, "%.8g", "\t")}}), "a/v"),
        (json.dumps({"outputs": [{"data": {"v": repr(MATRIX.tolist()).replace(", -", ",\n -")}}]}), "data/v"),
        ("".join(f"2026-01-01 10:00:00,123 - train - INFO - {row.tolist()}\n" for row in MATRIX), ""),
        ("".join(f"2026-01-01T10:00:00Z | DEBUG    | a.b:dump:7 - {' '.join(map(str, row))}\n" for row in MATRIX), ""),
        ("".join(f"INFO:root:v[{at}]={row.tolist()}\n" for at, row in enumerate(MATRIX)), "v"),
        ("".join(f"W0101 10:00:00.123456 77 a.py:7] {' '.join(map(str, row))}\n" for row in MATRIX), ""),
    ],
)
def test_a_matrix_has_its_shape_its_label_and_its_values(text: str, label: str) -> None:
    table = only(text)
    assert (table.label, table.rows, table.columns, table.count) == (label, 64, 10, 640)
    assert table.rms == pytest.approx(float(np.sqrt((MATRIX**2).mean())), rel=1e-5)
    assert table.negative == pytest.approx(float((MATRIX < 0).mean()))
    assert table.greatest == pytest.approx(float(abs(MATRIX).max()), rel=1e-5)
    assert table.fractional == 1
    assert abs(table.smooth) < 0.2


@pytest.mark.parametrize("before", [0, 1, 1000, 70_000, 1_000_000, 3_000_000])
def test_a_matrix_after_any_length_of_prose_is_found_on_its_line(before: int) -> None:
    prose = (PROSE * (before // len(PROSE) + 1))[:before]
    table = only(prose + b"\n" + savetxt(MATRIX).encode() + PROSE * 20)
    assert table.rows * table.columns == table.count
    assert table.columns == 10
    assert table.rows in (63, 64)  # the prose may end on its first line
    assert abs(table.line - prose.count(b"\n") - 2) <= 2


def test_a_matrix_in_the_strings_of_a_list_is_found_on_its_line() -> None:
    strings = ["one\n", "two\n", *savetxt(MATRIX).splitlines(keepends=True)]
    text = json.dumps({"a": strings, "b": savetxt(MATRIX[:, :7])}, indent=1)
    assert [(table.line, table.rows, table.columns) for table in tables(text)] == [(5, 64, 10), (70, 64, 7)]


def test_a_date_without_a_level_stays_a_word_of_its_row() -> None:
    text = "".join(f"2026-01-01 10:00:00 {' '.join(map(str, row))}\n" for row in MATRIX)
    assert only(text).worded == 1


def test_a_matrix_after_a_large_table_of_another_look_is_found() -> None:
    draw = random.Random(0)
    history = "".join(f"{at},{draw.random():.6f},{draw.random():.6f}\n" for at in range(150_000))
    found = tables(history + savetxt(MATRIX, "%.8g", ","))
    assert {(table.rows, table.columns) for table in found if not table.indexed} == {(64, 10)}


def test_rows_that_are_passed_over_are_counted() -> None:
    rows, columns = 130_000, 4
    line = "-0.123456,0.234567,-0.345678,0.456789\n"
    table = only(line * rows)
    assert (table.rows, table.columns, table.count) == (rows, columns, rows * columns)


def test_a_row_too_long_to_be_held_is_a_column() -> None:
    numbers = np.random.default_rng(2).normal(0, 1, 200_000).round(6).tolist()
    table = only(json.dumps({"v": numbers}))
    assert (table.label, table.count, table.columns) == ("v", 200_000, 1)


def test_columns_of_integers_beside_others_are_an_index() -> None:
    table = only("".join(f"{at},{row[0]:.6f},{row[1]:.6f},{at % 3}\n" for at, row in enumerate(MATRIX)))
    assert (table.columns, table.count, table.indexed) == (2, 128, True)


@pytest.mark.parametrize("header", ["epoch,loss,accuracy", '"epoch","loss","accuracy"', "epoch;loss;accuracy"])
def test_a_header_of_one_cell_a_column_is_kept(header: str) -> None:
    text = header + "\n" + "".join(f"{row[0]},{row[1]},{row[2]}\n" for row in MATRIX)
    assert only(text).header == ("epoch", "loss", "accuracy")


def test_a_sentence_above_a_table_is_no_header_and_no_label() -> None:
    table = only("These are the gradients of all weights, as they were.\n" + savetxt(MATRIX))
    assert (table.header, table.label) == ((), "")


@pytest.mark.parametrize("content", [b"", b"x", b"hello\n", bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n" + b"\0" * 999])
def test_no_numbers_no_table(content: bytes) -> None:
    found = scanned(content)
    assert found is None or found.tables == ()


def test_a_binary_file_is_left_after_its_first_bytes() -> None:
    assert not NumbersScanner().feed(bytes(range(256)) * 8)


def test_shares_of_rows_curves_and_symmetry_are_seen() -> None:
    exponentials = np.exp(MATRIX)
    assert only(savetxt(exponentials / exponentials.sum(1, keepdims=True))).unit_rows
    assert only(savetxt(np.corrcoef(MATRIX[:20]))).symmetric
    assert only(savetxt(np.cumsum(np.ones((400, 2)), 0) + 0.5)).smooth > 0.9
    assert only("\n".join(f"{at / 7:.6f}" for at in range(500))).smooth > 0.9


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes, bytes.hex])
def test_floats_in_a_blob_are_counted(dtype: str, encode: object) -> None:
    assert callable(encode)
    blob = encode(MATRIX.astype(dtype).tobytes())
    text = json.dumps({"kernel": blob if isinstance(blob, str) else blob.decode()})
    table = only(text)
    assert (table.count, table.label) == (640, "kernel")
    assert table.encoding.endswith({"<f4": "float32", "<f8": "float64", "<f2": "float16"}[dtype])
    assert table.rms == pytest.approx(0.1, rel=0.1)


@given(
    count=st.integers(96, 400),
    before=st.integers(0, 600),
    width=st.integers(24, 511),
    wrap=st.sampled_from(["\n", "\r\n", "\\n", "\\r\\n"]),
)
def test_floats_in_a_blob_are_counted_wherever_it_begins_and_its_lines_end(
    count: int, before: int, width: int, wrap: str
) -> None:
    blob = base64.b64encode(MATRIX.astype("<f4").tobytes()[: 4 * count]).decode()
    lines = [blob[at : at + width] for at in range(0, len(blob), width)]
    if len(lines) > 1 and len(lines[-1]) < 24:
        lines[-2:] = ["".join(lines[-2:])]
    (table,) = tables(f"{(' no.' * before)[:before]}: {wrap.join(lines)}")
    assert table.count == pytest.approx(count, abs=1)


def test_floats_that_were_rounded_to_bfloat16_are_counted_as_what_they_are_stored_as() -> None:
    rounded = (MATRIX.astype("<f4").view("<u4") & 0xFFFF0000).view("<f4")
    table = only(base64.b64encode(rounded.tobytes()))
    assert (table.count, table.encoding) == (640, "base64 float32")


@pytest.mark.parametrize("size", [400, 50_000, 400_000])
def test_random_bytes_in_a_blob_are_no_floats(size: int) -> None:
    assert tables(base64.b64encode(random.Random(size).randbytes(size))) == ()


def test_a_blob_over_many_blocks_is_counted_whole() -> None:
    numbers = np.random.default_rng(3).normal(0, 0.1, 300_000).astype("<f4")
    assert only(b'{"v": "' + base64.b64encode(numbers.tobytes()) + b'"}').count == pytest.approx(300_000, abs=2)


TEXTS = [
    PROSE * 900 + json.dumps({"a": {"kernel": MATRIX.tolist()}}).encode() + PROSE * 50,
    savetxt(MATRIX).encode() * 12,
    json.dumps({"kernel": base64.b64encode(MATRIX.tobytes() * 30).decode()}, indent=1).encode(),
    gzip.compress(savetxt(MATRIX).encode() * 12, mtime=0),
    savetxt(MATRIX).encode("utf-16"),
]


@pytest.mark.parametrize("text", TEXTS, ids=["prose", "csv", "blob", "gzip", "utf-16"])
@pytest.mark.parametrize("chunk", [4093, 65_536, 65_537])
def test_chunks_make_no_difference(text: bytes, chunk: int) -> None:
    assert scanned(text, chunk) == scanned(text)
    assert scanned(text) not in (None, NumbersContent())


@pytest.mark.parametrize("text", TEXTS, ids=["prose", "csv", "blob", "gzip", "utf-16"])
def test_a_text_cut_anywhere_and_with_flipped_bits_raises_nothing(text: bytes) -> None:
    draw = random.Random(4)
    for _ in range(6):
        damaged = bytearray(text[: draw.randrange(1, len(text))])
        for _ in range(4):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        scanned(bytes(damaged))


NASTY = st.lists(
    st.sampled_from(
        [
            *(
                b"[",
                b"]",
                b"(",
                b"{",
                b"}",
                b"\n",
                b"- ",
                b"\n- ",
                b"- - ",
                b",",
                b";",
                b"|",
                b"</td>",
                b"<td>",
                b"\\n",
            ),
            *(b"0.1 ", b"-1e308 ", b"1e999 ", b"nan,", b"0x1.8p3 ", b"0x1p9999 ", b"9" * 400, b" " + b"-" * 50),
            *(b'"kernel": ', b"w_0_0 ", b"A" * 700, b"f" * 600),
        ]
    ),
    max_size=400,
)


@settings(max_examples=examples(100), deadline=None)
@given(NASTY, st.integers(1, 40))
def test_no_text_raises(parts: list[bytes], times: int) -> None:
    content = scanned(b"".join(parts) * times)
    assert content is None or all(table.count >= 0 for table in content.tables)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.sampled_from([",", " ", "\t", ";", "|"]), st.integers(0, 99))
def test_every_matrix_of_some_size_keeps_its_shape(rows: int, columns: int, delimiter: str, seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(0, 1, (rows, columns))
    table = only(savetxt(matrix, "%.6f", delimiter))
    assert (table.rows, table.columns) == (rows, columns)


@pytest.mark.parametrize(
    "text",
    [
        b"0.1 " * 300_000,
        b"[" * 1_000_000,
        b"[1],\n" * 200_000,
        b"x1 0.123456 " * 100_000,
        b'"' + b"Zm9v" * 1_000_000,
        gzip.compress(b"0.125\n" * 300_000, 1),
    ],
    ids=["one line", "brackets", "rows", "words", "blob", "compressed"],
)
def test_memory_does_not_grow_with_the_text(text: bytes) -> None:
    tracemalloc.start()
    try:
        scanned(text)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # a list of so many numbers takes more
    finally:
        tracemalloc.stop()
