"""Logs of W&B: what they say, and what is not taken from a damaged one."""

import contextlib
import json
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.adopt.adopt import adopt
from runcheck.adopt.found import Given
from runcheck.adopt.source import Source
from runcheck.adopt.wandb import read_wandb
from runcheck.errors import CannotReadError

SAMPLE = next((Path(__file__).parent / "samples/wandb").iterdir())
HEAD = b":W&B\xe1\xbe\0"


def field(number: int, content: bytes | int) -> bytes:
    """Return a field of protobuf whose key and length fit into two bytes each."""
    wire = 0 if isinstance(content, int) else 2
    value = content if isinstance(content, int) else len(content)
    return varint(number << 3 | wire) + varint(value) + (b"" if isinstance(content, int) else content)


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def log_of(records: list[bytes]) -> bytes:
    """Return a log as LevelDB writes one, with records that go on in the next block."""
    out = HEAD
    for record in records:
        is_first = True
        rest = record
        while rest or is_first:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                continue
            part, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if is_first else 4) if not rest else (2 if is_first else 3)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            is_first = False
    return out


def row(step: int, **values: object) -> bytes:
    items = [field(1, field(2, key.encode()) + field(16, json.dumps(value).encode())) for key, value in values.items()]
    return field(2, b"".join([*items, field(2, field(1, step))]))


def read(folder: Path, log: bytes) -> dict[str, object]:
    folder.mkdir(exist_ok=True)
    (folder / "run-x.wandb").write_bytes(log)
    found = read_wandb(Source(str(folder)))
    return {"rows": list(found.points.rows()), "notes": found.notes, "status": found.status}


def test_a_run_that_was_kept_offline(tmp_path: Path) -> None:
    adopted = adopt(str(SAMPLE), str(tmp_path), Given("digits", "mlp", tags={"run_type": "train"}))
    metadata = json.loads(Path(adopted.path, "metadata.json").read_text())
    assert metadata["description"] == "A small network."
    assert metadata["status"] == "completed"
    assert metadata["tags"]["experiment"] == "digits"
    assert metadata["created_at"].startswith("2026-11-22T00:41:0")
    assert metadata["finished_at"] > metadata["created_at"]
    unknown = {"dirty": None, "branch": None, "remote": None, "diff": None}
    assert metadata["git"] == {"sha": "3ddd2006c49af54408974e0cbfc157d0b8a7f3bc", **unknown}
    assert metadata["env"] is None  # nothing says on which processor
    assert metadata["adopted"]["env"]["python"] == "3.11.7"
    assert metadata["adopted"]["env"]["packages"]["entrypoints"] == "0.4.2"
    assert metadata["command"] == ["python", "wb.py"]
    assert metadata["seeds"] == {"seed": 7}
    assert json.loads(Path(adopted.path, "config.json").read_text()) == {"layers": [64, 64], "lr": 0.1, "seed": 7}
    rows = [json.loads(line) for line in Path(adopted.path, "metrics.jsonl").read_text().splitlines()]
    assert {"step": 2, "split": "train", "metric": "accuracy", "value": 0.5} in rows
    assert [each["value"] for each in rows if each["metric"] == "loss"] == [1.0, 0.5, 0.3333333333333333]


def test_records_go_on_in_the_next_block_and_numbers_may_be_typed(tmp_path: Path) -> None:
    typed = field(2, field(1, field(1, b"loss") + b"\x31" + struct.pack("<d", 0.25)) + field(2, field(1, 7)))
    whole = field(2, field(1, field(1, b"count") + field(5, 9)) + field(2, field(1, 8)))  # -5, to and fro
    text = row(3, note="x" * 100_000, loss=1.5, ok=True)
    assert read(tmp_path / "run", log_of([text, typed, whole])) == {
        "rows": [(3, "loss", 1.5), (7, "loss", 0.25), (8, "count", -5.0)],
        "notes": [],
        "status": None,
    }


def test_a_log_that_ends_with_its_process_is_taken_as_far_as_it_goes(tmp_path: Path) -> None:
    found = read(tmp_path / "run", log_of([row(0, loss=1.0), row(1, loss=0.5)])[:-5])
    assert found["rows"] == [(0, "loss", 1.0)]
    assert found["notes"] == ["the log ends in the midst of a record, as that of a process does that died"]


def test_a_log_that_was_changed_is_not_taken(tmp_path: Path) -> None:
    log = log_of([row(0, loss=1.0), row(1, loss=0.5)])
    for damaged in (b"x" + log[1:], log[:30] + bytes([log[30] ^ 1]) + log[31:]):
        with pytest.raises(CannotReadError):
            read(tmp_path / "run", damaged)
    target = tmp_path / "whole"
    shutil.copytree(SAMPLE, target)
    path = next(target.glob("*.wandb"))
    content = bytearray(path.read_bytes())
    content[400] ^= 8
    path.write_bytes(content)
    with pytest.raises(CannotReadError, match="damaged"):
        adopt(str(target), str(tmp_path / "artefacts"), Given())


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_records_of_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    with contextlib.suppress(CannotReadError):
        read(folder, log_of(records))


@pytest.mark.parametrize("step", [float("nan"), float("inf"), 1.5, "1", None, 10**400, True])
def test_a_row_without_a_whole_step_is_passed_over(tmp_path: Path, step: object) -> None:
    (tmp_path / "run-a.wandb").write_bytes(log_of([row(0, loss=1.0), row(0, _step=step, loss=2.0)]))
    found = read_wandb(Source(str(tmp_path)))
    assert list(found.points.rows()) == [(0, "loss", 1.0)]
    assert found.points.passed_over == 1


@pytest.mark.parametrize(
    "record",
    [
        row(0, big=10**400),
        row(0, _timestamp=10**400),
        field(2, field(1, field(1, b"loss") + field(6, b"abc"))),  # a double of three bytes
        field(17, field(17, field(1, 253402300799))) + field(18, field(1, 0) + field(2, 1000)),  # beyond the calendar
        field(17, field(17, field(1, 1780000000))) + field(18, field(1, 0) + field(2, 1 << 62)),
    ],
)
def test_numbers_beyond_all_others_are_not_taken(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "run-a.wandb").write_bytes(log_of([record]))
    found = read_wandb(Source(str(tmp_path)))
    assert found.points.count == 0
    assert found.finished is None


def test_a_record_in_many_empty_pieces_takes_no_memory(tmp_path: Path) -> None:
    pieces = [struct.pack("<IHB", zlib.crc32(bytes([kind])), 0, kind) for kind in (2, *[3] * 4679, 4)]
    (tmp_path / "run-a.wandb").write_bytes(HEAD + b"".join(pieces))
    assert read_wandb(Source(str(tmp_path))).points.count == 0
