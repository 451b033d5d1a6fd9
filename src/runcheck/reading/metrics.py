"""The rows of a run's metrics as an Arrow table, in the order of the file.

They are read twice, in constant memory but for the table: by the linter's own probe, which says whether each line is
a row, and then by pyarrow, which makes columns of them ten times as fast as Python could.
"""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from runcheck.errors import CannotReadError, MissingLibraryError
from runcheck.probes import make_probe, suffix_of
from runcheck.probes.metric_rows import RowError, typed, value_of
from runcheck.reading.files import UnitFiles

if TYPE_CHECKING:
    import pyarrow as pa

    from runcheck.probes import Probe
    from runcheck.probes.contents import MetricsContent

_CHUNK = 1 << 20
_HARMLESS = ("order", "duplicate", "torn")  # rows all the same, but for the torn one, which is left out
_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class Row(NamedTuple):
    """A row of the metrics. The value may be NaN or infinite."""

    step: int
    split: str
    metric: str
    value: float


def read_metrics(files: UnitFiles, path: str) -> "pa.Table":
    """Return the rows of the metrics at ``path``: ``step`` int64, ``split`` and ``metric`` string, ``value`` double.

    A null with ``nonfinite`` is the NaN or the infinity that was logged. A last line without a line feed is left out:
    a run that is writing, or was killed, ends in one.

    Raises:
        CannotReadError: a line is no row.
        MissingLibraryError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("pyarrow", "parquet", "give metrics as a table") from error
    files.file(path)
    with files.open(path) as stream:
        rows, length = _checked(files, path, stream)
        if rows == 0:
            return _schema().empty_table()
        stream.seek(0)
        try:
            table = _csv(stream, length) if suffix_of(path) == ".csv" else _jsonl(stream, length)
        except pa.ArrowException as error:
            raise CannotReadError(f"{files.absolute(path)}: pyarrow does not read it: {error}") from error
    if table.num_rows != rows:
        files.fault(path, f"{rows:,} of its {table.num_rows:,} lines are rows; `runcheck {files.folder}` says which")
    return table


def iterate_rows(files: UnitFiles, path: str) -> Iterator[Row]:
    """Yield the rows of the metrics at ``path``, each value with what a null stands for, in constant memory.

    Raises:
        CannotReadError: a line is no row.
    """
    files.file(path)
    with files.open(path) as stream:
        rows, length = _checked(files, path, stream)
        stream.seek(0)
        lines = io.TextIOWrapper(io.BufferedReader(_Start(stream, length)), "utf-8", newline="")
        is_csv = suffix_of(path) == ".csv"
        found = map(typed, csv.DictReader(lines, strict=True)) if is_csv else map(json.loads, lines)
        count = 0
        try:
            for count, row in enumerate(found, 1):  # noqa: B007
                yield row_of(row)
        except (RowError, csv.Error, KeyError, RecursionError, TypeError, ValueError):
            count = -1  # the probe keeps few defects, and this one came after them
    if count != rows:
        files.fault(path, f"not all of its {rows:,} lines are rows; `runcheck {files.folder}` says which")


def row_of(row: dict[str, object]) -> Row:
    """Return a line that was read as a row.

    Raises:
        RowError: its value is none.
        KeyError: it has no value.
        TypeError: it has no step, split or metric of the right type.
    """
    match row:
        case {"step": int(step), "split": str(split), "metric": str(metric)} if not isinstance(step, bool):
            return Row(step, split, metric, value_of(row))
    raise TypeError


def _checked(files: UnitFiles, path: str, stream: BinaryIO) -> tuple[int, int]:
    """Return how many rows there are, and the length in bytes of all whole lines."""
    probe = cast("Probe", make_probe("metrics", path))
    length = end = 0
    while chunk := stream.read(_CHUNK):
        probe.feed(chunk)
        end = length + chunk.rfind(b"\n") + 1 or end if b"\n" in chunk else end
        length += len(chunk)
    content = cast("MetricsContent", probe.content())
    defect = next((each for each in content.defects if each.kind not in _HARMLESS), None)
    if defect is not None:
        files.fault(path, f"line {defect.line} {defect.message}; `runcheck {files.folder}` says all that is wrong")
    return content.rows, end


class _Start(io.RawIOBase):
    """The first ``length`` bytes of a stream: the file may grow meanwhile."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream, self._left = stream, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        chunk = self._stream.read(min(len(buffer), self._left))
        buffer[: len(chunk)] = chunk
        self._left -= len(chunk)
        return len(chunk)


def _schema() -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema([("step", pa.int64()), ("split", pa.string()), ("metric", pa.string()), ("value", pa.float64())])


def _fields() -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    return _schema().append(pa.field("nonfinite", pa.string()))


def _jsonl(stream: BinaryIO, length: int) -> "pa.Table":
    from pyarrow import json  # noqa: PLC0415

    options = json.ParseOptions(explicit_schema=_fields(), unexpected_field_behavior="error")
    return _restored(json.read_json(io.BufferedReader(_Start(stream, length)), parse_options=options))


def _csv(stream: BinaryIO, length: int) -> "pa.Table":
    from pyarrow import csv  # noqa: PLC0415

    fields = _fields()
    options = csv.ConvertOptions(
        column_types=fields,
        include_columns=fields.names,
        include_missing_columns=True,
        null_values=[""],
        strings_can_be_null=True,
    )
    return _restored(csv.read_csv(io.BufferedReader(_Start(stream, length)), convert_options=options))


def _restored(table: "pa.Table") -> "pa.Table":
    """Return the table with each value that is not finite in its place, and without the column that told of it."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if table["value"].null_count:
        which = pc.index_in(table["nonfinite"], value_set=pa.array(list(_NONFINITE)))
        values = pc.coalesce(table["value"], pc.take(pa.array(list(_NONFINITE.values())), which))
        table = table.set_column(table.schema.get_field_index("value"), "value", values)
    return table.select(_schema().names)
