"""The folder of a run in a file store of MLflow: ``mlruns/<experiment>/<run>``.

The layout is that of ``mlflow/store/tracking/file_store.py``: ``meta.yaml``, ``metrics/<name>`` with lines of time in
milliseconds, value and step, ``params/<name>`` and ``tags/<name>`` with a text each.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

from runcheck.adopt.any_order import AnyOrder
from runcheck.adopt.artifacts import artifacts_in
from runcheck.adopt.found import Found, is_tag, seeds_in
from runcheck.adopt.source import Source
from runcheck.adopt.values import moment_at, number_of, value_of
from runcheck.convention.documents import Status
from runcheck.convention.layout import layout
from runcheck.convention.steps import MAX_STEP
from runcheck.errors import CannotReadError

_META = "meta.yaml"
_STATUSES: dict[object, Status] = {1: "running", 3: "completed", 4: "failed", 5: "aborted"}  # RunStatus of MLflow
_OWN, _NOTE = "mlflow.", "mlflow.note.content"
_GIT = {"sha": "mlflow.source.git.commit", "branch": "mlflow.source.git.branch", "remote": "mlflow.source.git.repoURL"}
_ARTIFACTS = "artifacts/"
_FIELDS = 3  # of a line of metrics
_TEXTS = "MLflow keeps parameters as texts; what reads as a number, a list or an object is one here"


def is_mlflow(source: Source) -> bool:
    """Say whether a folder is that of a run in a file store."""
    return _META in source.files and "run_id" in source.document(_META)


def read_mlflow(source: Source) -> Found:
    """Return what a run in a file store says.

    Raises:
        CannotReadError: a file of it is damaged.
    """
    meta = source.document(_META)
    found = Found("mlflow", str(meta.get("run_name") or meta.get("run_id")))
    found.created, found.finished = _moment(meta.get("start_time")), _moment(meta.get("end_time"))
    status = meta.get("status")
    found.status = _STATUSES.get(status) if isinstance(status, int) else None
    found.experiment = _experiment_of(source)
    for path in source.files:
        kind, _, name = path.partition("/")
        if kind == "metrics":
            take_series(name, _points(source, path), found)
        elif kind == "params":
            take_parameter(name, source.text(path), found)
    found.seeds = seeds_in(found.config)
    tags = {path.removeprefix("tags/"): source.text(path) for path in source.files if path.startswith("tags/")}
    take_tags({name: text for name, text in tags.items() if text is not None}, found)
    found.checkpoints = source.checkpoints()
    found.artifacts = artifacts_in(source, _ARTIFACTS, found.checkpoints.values())
    return found


def take_parameter(name: str, text: str | None, found: Found) -> None:
    """Take a parameter, whose value MLflow keeps as a text; None where that cannot be read."""
    if text is None:
        found.left.append(f"the parameter {name}, which is no text or longer than any is")
        return
    value = value_of(text)
    found.config[name] = text if isinstance(value, str) else value
    if _TEXTS not in found.notes:
        found.notes.append(_TEXTS)


def take_tags(tags: Mapping[str, str], found: Found) -> None:
    """Take the tags of a run: those of MLflow itself for what they say, those of the convention, and all others."""
    found.description = tags.get(_NOTE, "").strip()
    git = {name: tags.get(tag, "").strip() for name, tag in _GIT.items()}
    found.git = {name: text for name, text in git.items() if text}
    others: dict[str, str] = {}
    for name, value in tags.items():
        if not name.startswith(_OWN):
            (found.tags if is_tag(name, value) else others)[name] = value
    if others:
        found.extensions["mlflow"] = {"tags": others}


def take_series(tag: str, points: Iterable[tuple[int, float, float]], found: Found) -> None:
    """Take the points of a series: step, value, and a time by which later ones take the place of earlier ones.

    MLflow keeps what comes in the order of the calls, whatever the steps, and its own pages sort them. So a step behind
    the last one is no sign of a run that was taken up again.

    Raises:
        CannotReadError: there are too many.
    """
    series = AnyOrder()
    for step, value, moment in points:
        if 0 <= step <= MAX_STEP:
            series.add(step, value, moment)
        else:
            found.points.passed_over += 1
    for at, each in series.points():
        found.points.add(tag, at, each)
    found.points.again += series.replaced


def _points(source: Source, path: str) -> Iterator[tuple[int, float, float]]:
    """Yield step, value and time of each line of a file of metrics."""
    rest = b""
    number = 0
    for chunk in chain(source.chunks(path), (b"\n",)):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            words = line.split()
            if not words:
                continue
            try:
                moment, value = float(words[0]), float(words[1])
                step = int(words[2]) if len(words) >= _FIELDS else 0
            except (IndexError, ValueError) as error:
                raise CannotReadError(f"{source.folder}/{path}: line {number} is no time, value and step") from error
            yield step, value, moment
        if len(rest) > layout().limits.line_bytes:
            raise CannotReadError(f"{source.folder}/{path}: line {number + 1} is longer than any is")


def _moment(milliseconds: object) -> datetime | None:
    number = number_of(milliseconds)
    return None if number is None else moment_at(number / 1000)


def _experiment_of(source: Source) -> str | None:
    above = os.path.dirname(source.folder)
    try:
        name = Source.alone(above, _META).document(_META).get("name")
    except CannotReadError:
        return None
    return name if isinstance(name, str) else None
