"""Questions in SQL, answered by DuckDB over what the units of a tree say now, and over nothing else.

A question may come from anywhere, and DuckDB reads files, writes them and loads code where it is let. So it runs in a
database of its own in memory, without access to anything outside of it, in a configuration that is locked, and only
what is one query is run at all (https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from runcheck.convention.documents import RegistryRow
from runcheck.convention.registry import flat_config
from runcheck.convention.words import without_secrets
from runcheck.errors import MissingLibraryError
from runcheck.listing.columns import ListError
from runcheck.reading.metrics_table import joined, with_unit
from runcheck.reading.opened import OpenedTree
from runcheck.reading.records import UnitRecord
from runcheck.reading.registry_table import require_pyarrow

if TYPE_CHECKING:
    import pyarrow as pa

_MEMORY = "200MB"  # of DuckDB, beside what the tables take
_CONFIGURATION = {
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",  # of whoever asks: DuckDB 1 would print them
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "memory_limit": _MEMORY,
    "python_enable_replacements": "false",  # or the variables of this program were tables
    "temp_directory": "",
}
_FREE = ("error", "git_branch", "links", "tags", "trackers")  # columns of any text; the others have forms
MOST_METRICS = 8_000_000  # rows of 28 bytes
_WITH_UNIT = "SELECT path AS unit, * FROM"
_ROWS = 1000  # at a time


class Answer(NamedTuple):
    """The columns of an answer, and its rows as they come; a map is a dictionary."""

    columns: list[str]
    rows: Iterator[list[object]]


def answer(tree: OpenedTree, sql: str) -> Answer:
    """Return what a query says of the tables ``runs``, ``datasets`` and ``metrics``. These are read if it names them.

    Raises:
        ListError: it is no query, or cannot be answered.
        MissingLibraryError: DuckDB or pyarrow is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - 40 ms, and an optional library
    except ImportError as error:
        raise MissingLibraryError("duckdb", "query", "ask in SQL") from error
    tables: Mapping[str, Callable[[], pa.Table]] = {
        "runs": partial(tree.table, "model", _row),
        "datasets": partial(tree.table, "dataset", _row),
        "metrics": partial(_metrics, tree),
    }
    try:
        text = _one_query(duckdb, sql)
        database = duckdb.connect(":memory:", config=_CONFIGURATION)
        for name in _named(duckdb, text, tables):
            database.register(f"{name}_as_read", tables[name]())
            database.execute(f"CREATE VIEW {name} AS {'FROM' if name == 'metrics' else _WITH_UNIT} {name}_as_read")
        database.execute("SET TimeZone = 'UTC'")
        database.execute("SET lock_configuration = true")
        found = database.sql(text)
        reader = found.to_arrow_reader(_ROWS) if hasattr(found, "to_arrow_reader") else found.fetch_record_batch(_ROWS)
    except duckdb.CatalogException as error:
        near = re.sub(r"(Table with name .* does not exist!) Did you mean .*", r"\1", _in_one_line(error))
        tables_here = f" There are {', '.join(tables)}." if near.endswith("does not exist!") else ""
        raise ListError(near + tables_here) from error
    except duckdb.Error as error:
        raise ListError(_in_one_line(error)) from error
    return Answer(list(reader.schema.names), _rows(reader, duckdb.Error))


def _row(record: UnitRecord) -> RegistryRow:
    """Return the row of a unit without secrets: a question may give a value a name that does not tell what it is."""
    row: dict[str, object] = {**record.row}
    row |= {name: without_secrets(row[name], name) for name in _FREE}
    config = None if record.config is None else cast("dict[str, object]", without_secrets(record.config))
    return cast("RegistryRow", {**row, "config": None if config is None else flat_config(config)})


def _metrics(tree: OpenedTree) -> "pa.Table":
    """Return the metrics of all runs.

    Raises:
        ListError: they are more than memory should hold.
    """
    room = MOST_METRICS

    def tables() -> "Iterator[pa.Table]":
        nonlocal room
        for path, table in tree.metric_tables():
            room -= table.num_rows
            if room < 0:
                raise ListError(
                    f"metrics: the runs have more than {MOST_METRICS:,} rows; ask runcheck.open of some runs"
                )
            yield with_unit(path, table)

    require_pyarrow("give metrics as a table")
    return joined(tables())


def _one_query(duckdb: Any, sql: str) -> str:  # noqa: ANN401 - a module without types
    """Return the text of what is one query: what can stand in another one, as no command can.

    Raises:
        ListError: it is none.
    """
    if not sql.isascii() and sql != sql.encode("utf-8", "replace").decode("utf-8"):
        raise ListError("the question is no text in UTF-8")
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise ListError(f"{len(statements)} statements; ask one question at a time")
    text, type_ = str(statements[0].query).strip().rstrip(";"), statements[0].type
    try:
        within = duckdb.extract_statements(f"FROM ({text}\n)")  # which only parses it
        is_query = len(within) == 1 and type_ == duckdb.StatementType.SELECT
    except duckdb.Error:
        is_query = False
    if not is_query:
        raise ListError(f"{(text.split() or [''])[0]}: begins no question; ask with a SELECT over runs")
    return text


def _named(duckdb: Any, text: str, tables: Mapping[str, object]) -> list[str]:  # noqa: ANN401
    """Return the tables that a query names. Where DuckDB cannot tell, a word that is like one is taken for it."""
    with duckdb.connect(":memory:", config=_CONFIGURATION) as empty:
        try:
            names = {str(name).lower() for name in empty.get_table_names(text)}
        except duckdb.Error:
            names = set(re.findall(r"\w+", text.lower()))
    return [name for name in tables if name in names]


def _rows(reader: "pa.RecordBatchReader", fault: type[Exception]) -> Iterator[list[object]]:
    import pyarrow as pa  # noqa: PLC0415

    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (pa.ArrowException, OSError, fault) as error:  # a division of what is no number, too little memory
            raise ListError(_in_one_line(error)) from error
        columns = [_values(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
        yield from (list(row) for row in zip(*columns, strict=True))


def _values(name: str, column: "pa.Array") -> list[object]:
    """Return the values of a column of an answer.

    Raises:
        ListError: Python has not all of them: a year after 9999, a map whose keys are lists.
    """
    try:
        return list(column.to_pylist(maps_as_pydicts="lossy"))
    except (OverflowError, TypeError, ValueError) as error:
        raise ListError(f"{name}: has values that cannot be shown ({error}); CAST it to VARCHAR") from error


def _in_one_line(error: Exception) -> str:
    """Return what DuckDB says without the picture of the place."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in said if not line.startswith(("LINE ", "^"))]
    return " ".join(kept) or type(error).__name__
