"""The metrics of many runs as one Arrow table, with the unit of each row."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_WORDS = ("unit", "split", "metric")  # a few different ones in very many rows: kept as numbers of a dictionary


def with_unit(unit: str, table: "pa.Table") -> "pa.Table":
    """Return the metrics of a run with a first column that names it; words are dictionaries."""
    import pyarrow as pa  # noqa: PLC0415

    named = table.add_column(0, "unit", pa.repeat(pa.scalar(unit), table.num_rows))
    return named.cast(metrics_schema())


def joined(tables: "Iterable[pa.Table]") -> "pa.Table":
    """Return the rows of all tables, those of one after those of the other."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.concat_tables([metrics_schema().empty_table(), *tables]).unify_dictionaries()


def metrics_schema() -> "pa.Schema":
    """Return the columns: ``unit``, ``step``, ``split``, ``metric`` and ``value``."""
    import pyarrow as pa  # noqa: PLC0415

    types = {**dict.fromkeys(_WORDS, pa.dictionary(pa.int32(), pa.string())), "step": pa.int64(), "value": pa.float64()}
    return pa.schema([(name, types[name]) for name in ("unit", "step", "split", "metric", "value")])
