"""The unit of a sweep or a study: what was looked for, what came of each trial, and which was the best."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import cast

from runcheck.convention.aggregates import Direction
from runcheck.convention.documents import BestTrial, Metadata, Status, Study, TrialRow
from runcheck.convention.layout import layout
from runcheck.convention.trials import best_of
from runcheck.errors import CannotReadError, InvalidArgumentError, RuncheckError, listed
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.sweeps.attempt import Outcome, tidied
from runcheck.tree.store import LocalStore
from runcheck.writer.atomic import json_text
from runcheck.writer.ending import how_it_ended
from runcheck.writer.run import Run
from runcheck.writer.start import NEWEST, start_run

VALUE = "value"  # the metric of a trial that says its value itself, on the split "trial"
SPLIT = "trial"
_KEPT_TAGS = ("experiment",)
_TOLD = 8  # series in a message


def relation_of(number: int) -> str:
    """Return the relation by which the unit of a study links that of a trial."""
    return f"trial-{number:04}"


class Record:
    """The unit of a sweep or a study. It is begun with the first trial that has a run, whose slug and data it takes.

    Use it in a ``with``; it ends as the block does.

    Attributes:
        rows: What came of the trials that have ended, by their numbers.
    """

    def __init__(self, root: str, study: Study, settings: Mapping[str, object], seeds: Mapping[str, int]) -> None:
        """Write nothing yet. ``settings`` are the configuration of the unit, beside what the study says."""
        self.root, self.study = os.path.abspath(root), study
        self._settings, self._seeds = settings, seeds
        self.rows: dict[int, TrialRow] = {}
        self.run: Run | None = None
        self._lines: dict[int, str] = {}  # of trials.jsonl
        self._unlogged: dict[int, dict[str, float]] = {}
        self._next = 0
        self._has_metric = False

    @property
    def best(self) -> TrialRow | None:
        """The best trial so far."""
        return best_of(self.rows.values(), self.study["direction"])

    def __enter__(self) -> "Record":
        """Return it."""
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Finish the unit, if it was begun, with the status that is true."""
        if self.run is None:
            return
        status, text = how_it_ended(error)
        if status == "completed" and not any(each["state"] == "completed" for each in self.rows.values()):
            status, text = "failed", "no trial completed"
        self._finish(self.run, status, text)

    def require_here(self, outcome: Outcome) -> None:
        """Refuse a run that was begun in another tree.

        Raises:
            InvalidArgumentError: it was.
        """
        if outcome.folder is None or outcome.unit is None:
            return
        root = os.path.realpath(outcome.folder.removesuffix(outcome.unit))
        if root != os.path.realpath(self.root):
            kind, here = self.study["kind"], os.path.relpath(self.root)
            raise InvalidArgumentError(
                f"the trial began a run in {os.path.relpath(root)}, and the {kind} is of {here}; name one tree, by root"
            )

    def row_of(self, number: int, params: Mapping[str, object], outcome: Outcome) -> TrialRow:
        """Return the row of a trial, whose value is that of its run where the study has a metric.

        Raises:
            InvalidArgumentError: the run completed without a series of that name, and so did all before it.
        """
        state, reason, value = outcome.state, outcome.reason, outcome.returned
        metric = self.study["metric"]
        if metric is not None and state == "completed":
            series = self._metrics(outcome.unit)
            self._require_series(metric, series, outcome.unit)
            value = series.get(metric)
            if value is None:
                state, reason = "failed", f"its run has no finite {metric}" if outcome.unit else "it began no run"
        elif value is not None and not math.isfinite(value):
            state, value, reason = "failed" if state == "completed" else state, None, f"its value is {value}"
        row: TrialRow = {
            "number": number,
            "state": state,
            "params": dict(params),
            "value": value if state != "failed" else None,
            "unit": outcome.unit,
            "seconds": outcome.seconds,
        }
        if reason:
            row["reason"] = tidied(reason)
        return row

    def add(self, rows: Iterable[TrialRow]) -> None:
        """Take trials that have ended, and write what is known now.

        Raises:
            CannotWriteError: the disk refuses.
        """
        for row in rows:
            self.rows[row["number"]] = row
            self._lines.pop(row["number"], None)
            self._unlogged[row["number"]] = self._numbers(row)
        if self.run is None:
            self.run = self._begun()
        if self.run is not None:
            self._write(self.run)

    def config_of(self, row: TrialRow) -> dict[str, object]:
        """Return the configuration that trains as a trial did."""
        return {**self.study["fixed"], **row["params"]}

    def _metrics(self, unit: str | None) -> Mapping[str, float | None]:
        found = metadata_at(LocalStore(self.root), unit) if unit else None
        return found.get("metrics", {}) if found is not None and not isinstance(found, UnitFault) else {}

    def _require_series(self, metric: str, series: Mapping[str, float | None], unit: str | None) -> None:
        """Stop at a name that no run has: all trials to come would fail for it, each after its training."""
        self._has_metric = self._has_metric or metric in series or self.best is not None
        if self._has_metric or not series:
            return
        near = get_close_matches(metric, series, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {listed(sorted(series), _TOLD)}"
        raise InvalidArgumentError(f"metric is {metric!r}, and the run {unit} has no such series; {hint}")

    def _numbers(self, row: TrialRow) -> dict[str, float]:
        """Return what the metrics of the study have of a trial."""
        found = {name: value for name, value in self._metrics(row["unit"]).items() if value is not None}
        numbers = found if row["state"] == "completed" else {}
        if self.study["metric"] is None and row["state"] == "completed" and row["value"] is not None:
            numbers = {**numbers, f"{SPLIT}/{VALUE}": row["value"]}
        return {**numbers, f"{SPLIT}/seconds": row["seconds"]}

    def _begun(self) -> Run | None:
        """Begin the unit as a sibling of the first run, or go on with it; None where no trial has a run yet."""
        first = next((row["unit"] for _, row in sorted(self.rows.items()) if row["unit"]), None)
        if first is None:
            return None
        found = metadata_at(LocalStore(self.root), first)
        if isinstance(found, UnitFault):
            raise CannotReadError(f"{self.root}/{first}: {found.reason}")
        study, kind = self.study, self.study["kind"]
        dataset, model, variant = found["slug"].split("_", 2)
        names = ", ".join(study["space"]) or "nothing"
        return start_run(
            self.root,
            dataset=dataset,
            model=model,
            variant=study["name"] if variant != study["name"] else f"{variant}-{kind}",
            config=self._settings,
            seeds=self._seeds or found.get("seeds", {}),
            tags={
                **{tag: found["tags"][tag] for tag in _KEPT_TAGS if tag in found["tags"]},
                "run_type": kind,
                "sweep": study["name"],
            },
            data=_data_of(self.root, found),
            description=f"The {kind} {study['name']}, over {names}.",
            directions=self._directions(),
            resume=NEWEST,
            allow_config_change=True,
        )

    def _directions(self) -> dict[str, Direction]:
        directions: dict[str, Direction] = {f"{SPLIT}/seconds": "min"}
        if self.study["direction"] is not None:
            directions[self.study["metric"] or f"{SPLIT}/{VALUE}"] = self.study["direction"]
        return directions

    def _write(self, run: Run) -> None:
        run.write_role("study", json_text(run.redacted(cast("dict[str, object]", self.study), "study#")))
        run.link({relation_of(number): row["unit"] for number, row in self.rows.items() if row["unit"] is not None})
        for number in self.rows.keys() - self._lines.keys():
            self._lines[number] = _line(run, self.rows[number])
        run.write_role("trials", "".join(line for _, line in sorted(self._lines.items())))
        if (best := self.best) is not None:
            document = cast("dict[str, object]", self._best_trial(best))
            run.write_role("best_trial", json_text(run.redacted(document, "best_trial#")))
        while self._next in self._unlogged:
            self._log(run, self._next)
            self._next += 1

    def _best_trial(self, row: TrialRow) -> BestTrial:
        direction, value = self.study["direction"], row["value"]
        if direction is None or value is None:
            raise RuncheckError(f"trial {row['number']} has no value, and is not the best")
        return {
            "schema_version": layout().schema_version,
            "number": row["number"],
            "value": value,
            "direction": direction,
            "metric": self.study["metric"],
            "unit": row["unit"],
            "params": row["params"],
            "config": self.config_of(row),
        }

    def _log(self, run: Run, number: int) -> None:
        by_split: dict[str, dict[str, float]] = {}
        for series, value in self._unlogged.pop(number).items():
            split, metric = series.split("/", 1)
            by_split.setdefault(split, {})[metric] = value
        for split, values in by_split.items():
            run.log(number, values, split=split)

    def _finish(self, run: Run, status: Status, error: str | None) -> None:
        for number in sorted(self._unlogged):  # those before it were never to end
            self._log(run, number)
        best = self.best
        if best is not None:
            run.note(f"Trial {best['number']} is the best, with {best['value']!r}: {best['unit']}.")
        run.finish(status, error)


def _line(run: Run, row: TrialRow) -> str:
    """Return the line of a trial, whose parameters are as its own run has them: without secrets and paths."""
    clean = {**row, "params": run.redacted(row["params"], f"trials#/{row['number']}/params")}
    return f"{json.dumps(clean, ensure_ascii=False, allow_nan=False)}\n"


def _data_of(root: str, metadata: Metadata) -> str | Mapping[str, object]:
    """Return the data of a run as ``start_run`` takes them."""
    provenance = metadata["data_provenance"]
    if provenance["kind"] == "artefact":
        return os.path.join(root, provenance["path"])
    return {**provenance}


def study_document(
    kind: str,
    name: str,
    *,
    metric: str | None,
    direction: Direction | None,
    space: Mapping[str, object],
    fixed: Mapping[str, object],
) -> Study:
    """Return what ``study.json`` is to say."""
    return cast(
        "Study",
        {
            "schema_version": layout().schema_version,
            "kind": kind,
            "name": name,
            "direction": direction,
            "metric": metric,
            "space": space,
            "fixed": dict(fixed),
        },
    )


def checked_series(metric: str) -> str:
    """Return the name of a series, split and metric.

    Raises:
        InvalidArgumentError: it is none.
    """
    split, slash, rest = metric.partition("/")
    if not (split and slash and rest):
        raise InvalidArgumentError(f"metric is {metric!r}; give a split and a metric, such as 'test/accuracy'")
    return metric
