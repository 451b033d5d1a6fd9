"""RC6: the Parquet files of a dataset."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Status
from runcheck.probes.contents import ParquetContent
from runcheck.rules.rule import Problem, unit_rule


@unit_rule
def parquet_readable(known_status: Status | None, parquet_data: Mapping[str, ParquetContent]) -> Iterator[Problem]:
    """Parquet files are whole, but while they are written."""
    for path, content in parquet_data.items():
        if content.error and known_status != "running":
            yield Problem(path, content.error)


@unit_rule
def parquet_checksums(parquet_data: Mapping[str, ParquetContent]) -> Iterator[Problem]:
    """Pages carry checksums."""
    for path, content in parquet_data.items():
        if content.bare:
            some = (
                f" in {len(content.bare)} of {content.columns} columns" if len(content.bare) < content.columns else ""
            )
            yield Problem(path, f"has pages without a checksum{some}")
