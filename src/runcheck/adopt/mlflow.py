"""The folder of a run in a file store of MLflow: ``mlruns/<experiment>/<run>``.

The layout is that of ``mlflow/store/tracking/file_store.py``: ``meta.yaml``, ``metrics/<name>`` with lines of time in
milliseconds, value and step, ``params/<name>`` and ``tags/<name>`` with a text each.
"""

import os
from datetime import datetime
from itertools import chain

from runcheck.adopt.any_order import AnyOrder
from runcheck.adopt.found import Found, seeds_in
from runcheck.adopt.source import Source
from runcheck.adopt.values import moment_at, number_of, value_of
from runcheck.convention.documents import Status
from runcheck.convention.layout import layout
from runcheck.convention.steps import MAX_STEP
from runcheck.errors import CannotReadError

_META = "meta.yaml"
_STATUSES: dict[object, Status] = {1: "running", 3: "completed", 4: "failed", 5: "aborted"}  # RunStatus of MLflow
_COMMIT, _NOTE = "tags/mlflow.source.git.commit", "tags/mlflow.note.content"
_FIELDS = 3  # of a line of metrics


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
    found.description = (source.text(_NOTE) or "").strip()
    for path in source.files:
        kind, _, name = path.partition("/")
        if kind == "metrics":
            _read(source, path, name, found)
        elif kind == "params":
            _take_parameter(name, source.text(path), found)
    if found.config:
        found.notes.append("MLflow keeps parameters as texts; what reads as a number, a list or an object is one here")
    found.seeds = seeds_in(found.config)
    if commit := (source.text(_COMMIT) or "").strip():
        found.git = {"sha": commit}
    artifacts = sum(path.startswith("artifacts/") for path in source.files)
    if artifacts:
        found.left.append(f"{artifacts:,} artifact{'' if artifacts == 1 else 's'}")
    tags = [path.removeprefix("tags/") for path in source.files if path.startswith("tags/")]
    own = [tag for tag in tags if not tag.startswith("mlflow.")]
    if own:
        found.left.append(f"the tags {', '.join(own[:5])}{', ...' if len(own) > 5 else ''}")  # noqa: PLR2004
    found.checkpoints = source.checkpoints()
    return found


def _read(source: Source, path: str, tag: str, found: Found) -> None:
    """Take a series. MLflow appends a line a call, whatever the step, and its own pages sort them.

    So a step behind the last one is no sign of a run that was taken up again.
    """
    series = AnyOrder()
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
            if 0 <= step <= MAX_STEP:
                series.add(step, value, moment)
            else:
                found.points.passed_over += 1
        if len(rest) > layout().limits.line_bytes:
            raise CannotReadError(f"{source.folder}/{path}: line {number + 1} is longer than any is")
    for at, each in series.points():
        found.points.add(tag, at, each)
    found.points.again += series.replaced


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


def _take_parameter(name: str, text: str | None, found: Found) -> None:
    if text is None:
        found.left.append(f"the parameter {name}, which is no text or longer than any is")
        return
    value = value_of(text)
    found.config[name] = text if isinstance(value, str) else value
