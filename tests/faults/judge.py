"""What may be on the disk after a fault, and what the linter has to say of it."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import runcheck
from runcheck.errors import CannotReadError
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine
from tests.faults.layer import Fault

ALWAYS = {"RC208"}  # in no repository
TORN = {"RC401", "RC415"}  # a line of metrics, a record of events
# By how far the unit got. What is not named here must not be found.
OF_STAGE = {
    "no metadata": {"RC105", "RC115", "RC201", "RC203", "RC216", "RC702", "RC703"},
    "running": {"RC115", "RC216", "RC406", "RC702", "RC704"},
    "ended": {"RC105", "RC113", "RC114", "RC115", "RC217", "RC702", "RC704"},
    "sealed": {"RC102", "RC113", "RC114", "RC115", "RC702", "RC704"},
}
SURE = {"no metadata": {"RC105"}, "running": {"RC216"}}


class WrongError(AssertionError):
    """Something is on the disk, or is said, that must not be."""


def demand(holds: object, what: object) -> None:
    if not holds:
        raise WrongError(str(what))


def sums_of(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of_registry(root: Path) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(root / "runs.parquet", use_threads=False, memory_map=False).to_pylist()
    return {row["path"]: row for row in rows}


def stage_of(unit: Path) -> str:
    """Say how far a unit got."""
    if not (unit / "metadata.json").exists():
        return "no metadata"
    if json.loads((unit / "metadata.json").read_text())["status"] == "running":
        return "running"
    return "sealed" if (unit / "SHA256SUMS").exists() else "ended"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


class Judge:
    """Knows the tree as it was before, one completed run with its registry and ``latest``."""

    def __init__(self, root: Path, quarantine: Quarantine) -> None:
        self._quarantine = quarantine
        (self._old,) = root.glob("model/*/2*")
        self._old_path = str(self._old.relative_to(root))
        self._sums = sums_of(self._old)
        self._row = rows_of_registry(root)[self._old_path]

    def judge(self, root: Path, fault: Fault, diary: list[str]) -> str:
        """Hold the tree at ``root`` to what is allowed; return the stage of the new unit and what the linter said."""
        is_killed = not fault.error
        units = [unit for unit in root.glob("model/*/2*") if str(unit.relative_to(root)) != self._old_path]
        demand(len(units) <= 1, units)
        self._old_is_whole(root)
        raised = [line for line in diary if line.startswith("raised")]
        demand(all(line.startswith("raised CannotWriteError") for line in raised), raised)
        if not units:
            demand(not any(line.startswith("logged") for line in diary), "a run that logged is gone")
            demand(not self._codes(root), self._codes(root))
            return "nothing"
        (unit,) = units
        self._files_are_whole(unit, fault)
        self._rows_are_there(unit, fault, diary)
        stage = stage_of(unit)
        codes = self._codes(root)
        allowed = OF_STAGE[stage] | (TORN if fault.half else set())
        demand(codes <= allowed, f"{stage}: {sorted(codes - allowed)}")
        demand(codes >= SURE.get(stage, set()), f"{stage}: {sorted(codes)}")
        self._latest_is_true(root, unit, stage)
        demand(codes or self._is_whole(root, unit), f"{stage}: clean, and not finished")
        demand(is_killed or "finished" in diary or codes or raised, f"{stage}: nobody was told")
        return f"{stage}: {' '.join(sorted(codes)) or 'clean'}"

    def recover(self, root: Path) -> None:
        """Finish what the dead run left; after it the tree is clean, but for a unit that never got its metadata."""
        units = [unit for unit in root.glob("model/*/2*") if str(unit.relative_to(root)) != self._old_path]
        for unit in units:
            if stage_of(unit) == "no metadata":
                with pytest.raises(CannotReadError):
                    runcheck.recover(unit)
                shutil.rmtree(unit)
                continue
            rows = [line for line in _lines(unit / "metrics.jsonl") if line.endswith("}")]
            before = json.loads((unit / "metadata.json").read_text())["status"]
            status = runcheck.recover(unit).status
            demand(status == ("aborted" if before == "running" else before), f"{before} became {status}")
            demand(_lines(unit / "metrics.jsonl") == rows, "rows were lost by recover")
            again = runcheck.recover(unit).done  # of a preempted run it says each time why it stays open
            demand(before == "preempted" or not again, f"recover has something left to do: {again}")
        demand(not self._codes(root), f"after recover: {sorted(self._codes(root))}")
        self._old_is_whole(root)

    def _codes(self, root: Path) -> set[str]:
        return {finding.code for finding in check_in(self._quarantine, root).findings} - ALWAYS

    def _old_is_whole(self, root: Path) -> None:
        demand(sums_of(root / self._old_path) == self._sums, "the run before was changed")
        demand(rows_of_registry(root).get(self._old_path) == self._row, "the row of the run before was changed")

    def _files_are_whole(self, unit: Path, fault: Fault) -> None:
        for path in unit.rglob("*"):
            if path.suffix in (".tmp",):
                demand(not fault.error or fault.lasts, f"{path.name} is left over")
            elif path.suffix == ".json":
                json.loads(path.read_text())
            elif path.name == "metrics.jsonl":
                text = path.read_text()
                whole = text.splitlines() if text.endswith("\n") or not text else text.splitlines()[:-1]
                demand(fault.half or text.endswith("\n") or not text, "a torn line")
                [json.loads(line) for line in whole]
            elif path.name in ("README.md", "summary.yaml", "SHA256SUMS"):
                demand(path.read_text().endswith("\n"), f"{path.name} is torn")

    def _rows_are_there(self, unit: Path, fault: Fault, diary: list[str]) -> None:
        logged = [int(line.split()[1]) for line in diary if line.startswith("logged")]
        path = unit / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        steps = [json.loads(line)["step"] for line in lines if line.endswith("}")]
        if fault.error and fault.lasts:
            demand(steps == sorted(steps), "rows out of order")
        else:
            missing = [step for step in logged if steps.count(step) != 2]
            demand(not missing, f"steps {missing} are not there")

    def _latest_is_true(self, root: Path, unit: Path, stage: str) -> None:
        target = os.readlink(unit.parent / "latest")
        demand(target == self._old.name or (target == unit.name and stage == "sealed"), f"{stage}: latest is {target}")

    def _is_whole(self, root: Path, unit: Path) -> bool:
        """Say whether nothing is left to be done for a unit."""
        metadata = json.loads((unit / "metadata.json").read_text())
        row = rows_of_registry(root).get(str(unit.relative_to(root)), {})
        is_latest = os.readlink(unit.parent / "latest") == unit.name
        return (
            metadata["status"] == row.get("status") != "running"
            and not (unit / "heartbeat.json").exists()
            and (metadata["status"] == "preempted" or (unit / "SHA256SUMS").exists())
            and (metadata["status"] != "completed" or is_latest)
        )
