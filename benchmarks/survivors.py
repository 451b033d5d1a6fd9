"""How many points of a writer of ``logging_loop`` are in a folder: ``python -m benchmarks.survivors WRITER FOLDER``."""

import contextlib
import json
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path


def json_lines(folder: Path) -> int:
    """Whole rows of text; runcheck's own ``metrics.jsonl`` is such a file."""
    return sum(_is_row(line) for path in folder.rglob("*.jsonl") for line in path.open("rb"))


def _is_row(line: bytes) -> bool:
    try:
        return bool(json.loads(line)["metric"]) and line.endswith(b"\n")
    except ValueError:
        return False


def events(folder: Path) -> int:
    """Scalars, as TensorBoard's reader gives them."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    return sum(
        value.tag.startswith("metric_")
        for path in folder.rglob("events.out.tfevents.*")
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    )


def wandb_records(folder: Path) -> int:
    """Items of history, as ``wandb sync`` scans them."""
    return sum(key.startswith("metric_") for path in folder.rglob("*.wandb") for key in _history(path))


def _history(path: Path) -> Iterator[str]:
    from google.protobuf.message import DecodeError
    from wandb.proto.wandb_internal_pb2 import Record

    for content in _leveldb_records(path.read_bytes()[7:]):  # behind a header of its own
        record = Record()
        with contextlib.suppress(DecodeError):
            record.ParseFromString(content)
            yield from (item.key or "/".join(item.nested_key) for item in record.history.item)


def _leveldb_records(log: bytes) -> Iterator[bytes]:
    """Yield the whole records of a log in the format of LevelDB (its doc/log_format.md), which wandb 0.31 writes.

    Its package brings no reader of it any more.
    """
    block_bytes, header = 32768, 7
    at, parts = 0, b""
    while at + header <= len(log):
        left = block_bytes - (at + header) % block_bytes  # the header of the file counts into the first block
        if left < header:
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", log, at)
        part = log[at + header : at + header + size]
        if kind not in (1, 2, 3, 4) or len(part) < size:
            return
        parts = part if kind in (1, 2) else parts + part
        if kind in (1, 4):
            yield parts
        at += header + size


def mlflow_rows(folder: Path) -> int:
    """Rows of the table of metrics."""
    (count,) = sqlite3.connect(folder / "mlflow.db").execute("SELECT count(*) FROM metrics").fetchone()
    return int(count)


def dvclive_rows(folder: Path) -> int:
    """Lines of the tables of metrics, but for their heads."""
    return sum(len(path.read_text().splitlines()) - 1 for path in folder.rglob("*.tsv"))


READERS: dict[str, Callable[[Path], int]] = {
    "runcheck, with TensorBoard events": json_lines,
    "json.dumps, flushed each step": json_lines,
    "tensorboardX": events,
    "W&B offline": wandb_records,
    "CLU, SummaryWriter": events,
    "CLU, AsyncWriter": events,
    "MLflow, SQLite": mlflow_rows,
    "dvclive": dvclive_rows,
}

if __name__ == "__main__":
    print(READERS[sys.argv[1]](Path(sys.argv[2])))
