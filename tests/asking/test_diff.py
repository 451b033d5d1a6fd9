"""``runcheck diff``: file by file, keys of documents, and where metrics begin to differ."""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from pathlib import Path

import pytest

from runcheck.asking.difference import diff
from runcheck.asking.first_differences import first_differences
from runcheck.errors import CannotReadError
from runcheck.reading.metrics import Row
from tests.asking.conftest import FIRST, SECOND, Lab, Said


@pytest.fixture
def twin(lab: Lab) -> Path:
    """A copy of the first run, outside of the tree, that is not sealed."""
    shutil.copytree(lab.root / lab.first, "twin")
    Path("twin/SHA256SUMS").unlink()
    return Path("twin")


def test_sealed_units_are_compared_by_their_lists(lab: Lab, say: Callable[..., Said]) -> None:
    found = diff(FIRST, SECOND)
    assert (found.means, found.units) == ("checksums", (lab.first, lab.second))
    assert "config.json" in [each.path for each in found.changed]
    (config,) = (each for each in found.documents if each.path == "config.json")
    assert [each[:4] for each in config.keys] == [("optimizer.rate", "changed", 0.1, 0.2)]
    said = say("diff", FIRST, SECOND)
    assert (said.status, said.err) == (0, "")
    assert "    ~ optimizer.rate: 0.1 -> 0.2" in said.out.splitlines()
    assert "  train/loss differs from step 1 on: 10.0 -> 5.0" in said.out.splitlines()


def test_a_list_is_believed_and_no_file_hashed(lab: Lab) -> None:
    shutil.copytree(lab.root / lab.first, "copy")
    (Path("copy") / "README.md").write_text("other words")
    assert not diff(FIRST, "copy").changed
    (Path("copy") / "SHA256SUMS").unlink()
    found = diff(FIRST, "copy")
    assert (found.means, [each.path for each in found.changed]) == ("hashes", ["README.md"])


def test_a_damaged_list_is_none(lab: Lab) -> None:
    with (lab.root / lab.first / "SHA256SUMS").open("a") as stream:
        stream.write("no line of it\n")
    assert diff(FIRST, SECOND).means == "hashes"


def test_a_unit_is_the_same_as_its_copy(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    files = len([path for path in (lab.root / lab.first).rglob("*") if path.is_file()]) - 1
    said = say("diff", FIRST, twin)
    assert said.out.splitlines()[2:] == [
        f"{files} files, by hashing: 0 only in A, 0 only in B, 0 changed, {files} the same"
    ]
    assert diff(FIRST, twin).metrics is None


def test_files_that_are_only_in_one(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    (twin / "README.md").unlink()
    (twin / "extra").mkdir()
    (twin / "extra/big.bin").write_bytes(bytes(4096))
    out = say("diff", FIRST, twin).out
    assert "Only in A\n  README.md  " in out
    assert "Only in B\n  extra/big.bin  4.0 KiB\n" in out


def test_keys_that_came_and_went_and_changed_a_little(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    one, other = f"{'x' * 70}1", f"{'x' * 70}2"
    config = {"a": 1, "b.c": {"d": None}, "e": 0.1, "long": one}
    (lab.root / lab.first / "config.json").write_text(json.dumps(config))
    (twin / "config.json").write_text(json.dumps({"a": 1.0, "e": 0.10000000000000002, "f": [1], "long": other}))
    (lab.root / lab.first / "SHA256SUMS").unlink()
    lines = say("diff", FIRST, twin).out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  config.json"))
    assert lines[at + 1 : at + 6] == [
        "    ~ a: 1 -> 1.0",
        "    - b\\.c.d: null",
        "    ~ e: 0.1 -> 0.10000000000000002",
        "    + f: [1]",
        f"    ~ long: {one} -> {other}",
    ]


def test_a_document_that_is_only_written_otherwise(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    path = twin / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=7))
    assert "every key has the same value" in say("diff", FIRST, twin).out


def test_documents_and_metrics_that_do_not_hold_are_told(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    (twin / "config.json").write_text("[1]")
    (twin / "metadata.json").write_text("{")
    (twin / "metrics.jsonl").write_text("no row\n")
    said = say("diff", FIRST, twin)
    assert said.status == 0
    for words in (
        "B: config.json: holds an array at its top",
        "B: metadata.json: line 1: is not JSON",
        "B: metrics.jsonl: line 1",
    ):
        assert words in said.out
    (twin / "config.json").unlink()
    os.mkfifo(twin / "config.json")
    (twin / "away").symlink_to("/etc/passwd")
    said = say("diff", FIRST, twin)
    assert said.status == 0
    assert "Only in A\n  config.json" in said.out
    assert "Only in B\n  away\n" in said.out


def test_a_pointer_of_git_lfs_is_what_it_stands_for(lab: Lab, twin: Path) -> None:
    content = bytes(10_000)
    (twin / "extra").mkdir()
    shutil.copytree(twin, "pulled")
    (Path("pulled") / "extra/big.bin").write_bytes(content)
    oid = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 10000\n"
    (twin / "extra/big.bin").write_text(pointer)
    assert not diff(twin, "pulled").changed
    (twin / "extra/big.bin").write_text(pointer.replace(oid, "0" * 64))
    assert [each.path for each in diff(twin, "pulled").changed] == ["extra/big.bin"]


def test_secrets_are_told_to_differ_and_not_shown(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    keys = ["ghp_" + "aB3dE5fG7h" * 3 + end for end in ("aB3dE5", "aB3dE6")]
    for unit, key in zip((lab.root / lab.first, twin), keys, strict=True):
        (unit / "config.json").write_text(json.dumps({"token": key}))
    (lab.root / lab.first / "SHA256SUMS").unlink()
    for form in ([], ["--json"]):
        out = say("diff", FIRST, twin, *form).out
        assert not any(key in out for key in keys)
    assert "~ token: differs, as [secret] does not show" in say("diff", FIRST, twin).out


def test_hostile_names_and_lists(lab: Lab, twin: Path, say: Callable[..., Said]) -> None:
    (twin / "\x1b[2J\n.json").write_text("{}")
    shutil.copytree(lab.root / lab.first, "other")
    for name in ("other", "twin"):
        (Path(name) / "SHA256SUMS").write_text(
            f"{'0' if name == 'twin' else '1'}" * 64 + "  ../artefacts/dataset/digits/v1/metadata.json\n"
        )
    found = diff("other", "twin")
    assert [each.sizes for each in found.changed] == [(None, None)]
    assert "leads out of the unit" in str(found.documents[0].fault)
    (twin / "SHA256SUMS").unlink()
    out = say("diff", FIRST, twin).out
    assert "\x1b" not in out
    assert "\\x1b[2J\\n.json" in out


def test_json(lab: Lab, say: Callable[..., Said]) -> None:
    document = json.loads(say("diff", FIRST, SECOND, "--json").out)
    (loss,) = (each for each in document["metrics"]["series"] if each["metric"] == "loss")
    assert loss["first"] == {"step": 1, "split": "train", "metric": "loss", "value": 10.0}


def test_what_is_no_unit_is_a_line(lab: Lab, say: Callable[..., Said]) -> None:
    said = say("diff", FIRST, "nothing")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)


def rows(metric: str, *values: float) -> list[Row]:
    """Return the rows of a series."""
    return [Row(step, "train", metric, value) for step, value in enumerate(values)]


NAMES = [("train", "a"), ("train", "b")]


def test_series_differ_from_their_first_row_that_does() -> None:
    first = [*rows("a", 1, math.nan, 3, 4), *rows("b", 1, 2)]
    second = [*rows("b", 1, 2), *rows("a", 1, math.nan, 3.5, 5)]
    found = first_differences(first, second, NAMES)
    assert list(found) == [NAMES[0]]
    assert found["train", "a"][2:] == (first[2], second[4])
    assert found["train", "a"].step == 2


@pytest.mark.parametrize("turn", [False, True])
def test_a_series_that_ends_sooner(turn: bool) -> None:
    short, long = [*rows("a", 1, 2), *rows("b", 5)], [*rows("a", 1, 2, 3, 4), *rows("b", 5)]
    found = first_differences(*((long, short) if turn else (short, long)), NAMES)
    assert list(found) == [NAMES[0]]
    assert set(found["train", "a"][2:]) == {None, long[2]}


def test_of_a_series_that_goes_on_after_the_other_run_has_ended_one_row_is_enough() -> None:
    a, b = rows("a", 1, 2), rows("b", 1, 2)
    found = first_differences([a[0], b[0]], chain([a[0], b[0], a[1]], repeat(b[1])), NAMES)
    assert {name: each.step for name, each in found.items()} == dict.fromkeys(NAMES, 1)


def test_no_more_is_read_than_it_takes_and_little_is_held() -> None:
    endless: Iterable[Row] = repeat(rows("a", 1)[0])
    assert first_differences(endless, chain(rows("a", 2), endless), NAMES[:1])
    a, b = rows("a", 1)[0], rows("b", 1)[0]
    with pytest.raises(CannotReadError, match="order"):
        first_differences(repeat(a), repeat(b), NAMES)
