"""The record of a flow: a unit that links what its steps made, with their times, and the log."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runcheck.convention.timestamps import format_timestamp, now
from runcheck.flows.definition import Flow
from runcheck.flows.step import Done, Progress
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.tree.store import LocalStore
from runcheck.writer.provenance.data import provenance_of
from runcheck.writer.run import Run
from runcheck.writer.start import start_run

_LOG_BYTES = 16 << 20
_RELATIONS = {"prepare": "dataset", "train": "run", "evaluate": "evaluation", "package": "bundle"}
_NO_SEED = "A flow draws no numbers: the units that it links have the seeds."


class Record:
    """The unit of a flow while it runs."""

    def __init__(self, flow: Flow, run: Run, folder: str) -> None:
        """Keep the record of ``flow`` in ``run``; ``folder`` is for files that are not whole yet."""
        self.path = run.path
        self._flow, self._run, self._folder = flow, run, folder
        self._written = 0
        self._log = open(os.path.join(folder, "flow.log"), "w", encoding="utf-8")  # noqa: SIM115 - closed by end

    def tell(self, step: str, line: str) -> None:
        """Add a line to the log; beyond 16 MiB none, since what ends a step stands in the error, too."""
        text = f"{format_timestamp(now())} {step} | {line}\n"
        if self._written <= _LOG_BYTES:
            self._written += len(text)
            self._log.write(text if self._written <= _LOG_BYTES else "[the rest of the log was not kept]\n")

    def known(self, tracker: str, ids: dict[str, str]) -> None:
        """Note where else the flow is known, and as what."""
        self._run.metadata.setdefault("trackers", {})[tracker] = ids

    def did(self, number: int, done: Done) -> None:
        """Note that a step was taken, the ``number``th."""
        self._run.log(number, {"seconds": done.seconds, "cached": int(done.is_cached)}, split=done.step)

    def end(self, progress: Progress, seconds: float) -> None:
        """Add what is known at the end, however that came about."""
        self._log.close()
        self._link(progress)
        steps = [
            {
                "step": done.step,
                "cached": done.is_cached,
                "seconds": round(done.seconds, 3),
                "seconds_when_run": round(done.result.seconds, 3),
                "units": dict(done.result.units),
                "files": dict(done.result.files),
            }
            for done in progress.done
        ]
        path = os.path.join(self._folder, "flow.json")
        Path(path).write_text(
            json.dumps({"flow": self._flow.name, "seconds": round(seconds, 3), "steps": steps}, indent=2)
        )
        self._run.add_file(path)
        self._run.add_file(os.path.join(self._folder, "flow.log"))

    def _link(self, progress: Progress) -> None:
        links: dict[str, str] = {}
        for done in progress.done:
            self._name(links, _RELATIONS[done.step], list(done.result.units))
        self._name(links, "failed", progress.left)
        self._run.link(links)
        made = progress.made()
        if "data" in made:
            path = os.path.join(self._flow.root, made["data"])
            self._run.metadata["data_provenance"] = provenance_of(path, self._flow.root, "data")
        seeds = _seeds(self._flow.root, made.get("run"))
        if seeds:
            self._run.metadata["seeds"] = seeds
        else:
            self._run.except_from("RC213", _NO_SEED)

    @staticmethod
    def _name(links: dict[str, str], relation: str, units: list[str]) -> None:
        """Link the last unit by the relation, and those before it by the relation with a number."""
        for at, unit in enumerate(reversed(units)):
            links[relation if at == 0 else f"{relation}-{at + 1}"] = unit


@contextmanager
def recorded(flow: Flow, progress: Progress) -> Iterator[Record]:
    """Keep the record of a flow, in a ``with``: it is finished with the status that is true.

    Raises:
        CannotWriteError: it cannot be written.
    """
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="runcheck-flow-") as folder,
        start_run(
            flow.root,
            dataset=flow.dataset,
            model="flow",
            variant=flow.name,
            config=_config(flow),
            seeds={},
            tags={"experiment": flow.experiment, "run_type": "flow"},
            data={"kind": "external", "hashes": {os.path.basename(flow.path): Path(flow.path)}},
            description=f"The flow {flow.name}: {', '.join(step.name for step in flow.steps)}.",
            directions={"seconds": "min"},
        ) as run,
    ):
        record = Record(flow, run, folder)
        try:
            yield record
        finally:
            record.end(progress, time.monotonic() - started)


def _config(flow: Flow) -> dict[str, object]:
    return {
        "steps": {step.name: {"command": list(step.words), "retries": step.retries} for step in flow.steps},
        "given": dict(flow.given),
        "reads": list(flow.reads),
        "retry_delay_seconds": flow.delay,
        "fresh": flow.is_fresh,
    }


def _seeds(root: str, run: str | None) -> dict[str, int]:
    if run is None:
        return {}
    metadata = metadata_at(LocalStore(root), run)
    return {} if isinstance(metadata, UnitFault) else metadata.get("seeds", {})
