"""Copies of runs at a server of MLflow.

The server says of each series at which step it is, and keeps a value that comes again as one. So what was sent and not
noted is not sent twice, whoever died when.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from runcheck.convention.documents import Metadata, Status
from runcheck.convention.registry import flattened
from runcheck.convention.timestamps import parse_timestamp
from runcheck.errors import CannotMirrorError, MissingLibraryError
from runcheck.reading.metrics import Row
from runcheck.trackers.protocol import Ending, Setting, Told
from runcheck.tree.locate import without_passwords

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# Preempted is no state of MLflow's: such a run was killed, and runs again when it is taken up.
_STATES: Mapping[Status, str] = {
    "completed": "FINISHED",
    "failed": "FAILED",
    "preempted": "KILLED",
    "aborted": "KILLED",
    "running": "KILLED",
}
UNIT, STATUS = "runcheck.unit", "runcheck.status"  # tags of a copy
BEST = "best/"  # what the metrics of a copy begin with that stand in its summary
_IDENTITY, _NOT_CARRIED = "runcheck.id", "runcheck.not_carried"
_MOST_NAME, _MOST_VALUE, _MOST_TAG, _PARAMETERS_AT_ONCE = 250, 6000, 5000, 100
_NO_NAME = re.compile(r"[^\w\-. :/]")
_WITH_TAG = "tags.\"{}\" = '{}'"
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def open_copy(told: Told) -> "MlflowCopy":
    """Open the run of MLflow that is the copy of a run.

    Raises:
        CannotMirrorError: nobody says where the server is, or the mode is none of it.
        ConnectionError: no server answers there.
        MissingLibraryError: mlflow is not installed.
    """
    if told.settings.get("mode") == "offline":
        raise CannotMirrorError("MLflow has no mode offline; mirror the run from its files when a server is there")
    address = address_in(told.settings)
    client = client_at(address, "mirror a run to MLflow")
    name = cast("str", told.settings.get("project") or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "")
    name = name or told.metadata["tags"].get("experiment", told.metadata["slug"])
    with answered(address):
        experiment = _experiment(client, name)
        run = _run(client, experiment, told)
        client.update_run(run, status="RUNNING")
        about = {"experiment": name, "experiment_id": experiment, "run_id": run}
        if shown := _shown(address):
            about["uri"] = shown
        copy = MlflowCopy(client, run, about, told.metadata)
        copy.describe(told)
    return copy


def address_in(settings: Mapping[str, Setting]) -> str:
    """Return the address of the server that settings or the environment name.

    Raises:
        CannotMirrorError: nobody says where it is.
    """
    address = cast("str", settings.get("uri") or os.environ.get("MLFLOW_TRACKING_URI") or "")
    if not address:
        raise CannotMirrorError("nobody says where the server of MLflow is: set MLFLOW_TRACKING_URI")
    return address


def client_at(address: str, purpose: str) -> "MlflowClient":
    """Return a client of the server at an address, which is patient for seconds only, and tells nobody of its use.

    Raises:
        MissingLibraryError: mlflow is not installed; ``purpose`` is what it is needed for.
    """
    for name, value in (*_PATIENCE.items(), *_QUIET.items()):
        os.environ.setdefault(name, value)
    try:
        from mlflow.tracking import MlflowClient  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("mlflow", "mlflow", purpose) from error
    return MlflowClient(address)


@contextlib.contextmanager
def answered(address: str) -> Iterator[None]:
    """Say in a line that a server does not answer, for which its client has a page; what it answers goes through.

    Raises:
        ConnectionError: no server answers at the address.
    """
    from mlflow.exceptions import MlflowException  # noqa: PLC0415
    from requests import exceptions  # noqa: PLC0415 - of the client of MLflow

    try:
        yield
    except (MlflowException, exceptions.RequestException) as error:
        cause = error.__context__ if isinstance(error, MlflowException) else error
        is_answer = isinstance(cause, exceptions.ProxyError | exceptions.SSLError)
        if is_answer or not isinstance(cause, exceptions.ConnectionError | exceptions.Timeout):
            raise
        where = _shown(address) or "the address of MLflow"
        raise ConnectionError(f"no server answers at {where}; start it, or give another address") from error


class MlflowCopy:
    """A run of MLflow that is open."""

    def __init__(self, client: "MlflowClient", run: str, about: Mapping[str, str], metadata: Metadata) -> None:
        """Take the run, and ask how far it got."""
        self._client, self._run, self._metadata = client, run, metadata
        self.about = about
        self.notes: list[str] = []
        self._infinities = 0
        self._renamed: dict[str, str] = {}
        data = client.get_run(run).data
        self._parameters: Mapping[str, str] = data.params
        self.reached = _Steps({metric.key: metric.step for metric in data._metric_objs})  # in no public field

    def describe(self, told: Told) -> None:
        """Give the run its tags, and the configuration as parameters."""
        from mlflow.entities import Param, RunTag  # noqa: PLC0415

        metadata = told.metadata
        git = metadata["git"]
        tags = {
            **metadata["tags"],
            UNIT: told.unit,
            "runcheck.label": metadata.get("label", ""),
            STATUS: "running",
            "mlflow.note.content": metadata["description"],
            "mlflow.source.git.commit": git["sha"] if git else "",
        }
        self._client.log_batch(self._run, tags=[RunTag(key, value[:_MOST_TAG]) for key, value in tags.items() if value])
        new = [Param(key, value) for key, value in self._wanted(told.config) if key not in self._parameters]
        for at in range(0, len(new), _PARAMETERS_AT_ONCE):
            self._client.log_batch(self._run, params=new[at : at + _PARAMETERS_AT_ONCE])

    def rows(self, first: int, batch: Sequence[Row]) -> None:  # noqa: ARG002 - MLflow counts no rows
        """Log rows in one request."""
        from mlflow.entities import Metric  # noqa: PLC0415

        moment = self._moment()
        self._infinities += sum(math.isinf(row.value) for row in batch)
        metrics = [Metric(self._name(f"{row.split}/{row.metric}"), row.value, moment, row.step) for row in batch]
        self._client.log_batch(self._run, metrics=metrics)

    def finish(self, ending: Ending) -> None:
        """Give the run its best values and its files, and end it as the run ended."""
        from mlflow.entities import Metric, RunTag  # noqa: PLC0415

        self._metadata = ending.metadata
        best = [
            Metric(self._name(f"{BEST}{split}/{metric}"), series["best"], self._moment(), series["best_step"] or 0)
            for split, metrics in (ending.summary or {"metrics": {}})["metrics"].items()
            for metric, series in metrics.items()
            if series["best"] is not None
        ]
        for path, file in ending.files:
            self._client.log_artifact(self._run, file, os.path.dirname(path) or None)
        if self._infinities:
            self.notes.append(f"{self._infinities:,} infinite values, which MLflow shows as 1.8e308")
        if self._renamed:
            shown = ", ".join(f"{old} as {new}" for old, new in list(self._renamed.items())[:3])
            self.notes.append(f"{len(self._renamed):,} names that MLflow does not take: {shown}")
        tags = {STATUS: ending.status, _NOT_CARRIED: "; ".join(self.notes)[:_MOST_TAG]}
        self._client.log_batch(self._run, metrics=best, tags=[RunTag(*each) for each in tags.items() if each[1]])
        ended = _milliseconds(ending.metadata["finished_at"]) or int(time.time() * 1000)
        self._client.set_terminated(self._run, _STATES[ending.status], end_time=ended)

    def leave(self) -> None:
        """Let go of the run: there is no connection that stays."""

    def _moment(self) -> int:
        """Return the time of a value in milliseconds: now, or the end of a run that ended before. No file has it."""
        return min(int(time.time() * 1000), _milliseconds(self._metadata["finished_at"]) or 1 << 62)

    def _wanted(self, config: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the parameters; notes say what is not as it was."""
        for path, value in flattened(config).items():
            key, whole = self._name(path), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            text = whole
            if len(whole) > _MOST_VALUE:
                digest = f"... sha256:{hashlib.sha256(whole.encode()).hexdigest()}"
                text = whole[: _MOST_VALUE - len(digest)] + digest
                self.notes.append(f"the parameter {path} has {len(whole):,} characters, of which the first are there")
            if self._parameters.get(key, text) != text:
                self.notes.append(f"the parameter {path} is another one now; MLflow keeps the first")
            yield key, text

    def _name(self, name: str) -> str:
        """Return the name at MLflow, and note where it is another one."""
        taken = _name_there(name)
        if taken != name:
            self._renamed[name] = taken
        return taken


class _Steps(Mapping[str, int]):
    """The last step of each series by ``split/metric``, out of those by the names that MLflow has for them."""

    def __init__(self, steps: Mapping[str, int]) -> None:
        self._steps = steps

    def __getitem__(self, series: str) -> int:
        return self._steps[_name_there(series)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)


@cache
def _name_there(name: str) -> str:
    """Return a name that MLflow takes: what it does not is replaced, and a digest keeps it apart from others."""
    if len(name) <= _MOST_NAME and not _NO_NAME.search(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{_NO_NAME.sub('_', name)[: _MOST_NAME - 9]}-{digest}"


def _experiment(client: "MlflowClient", name: str) -> str:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    found = client.get_experiment_by_name(name)
    if found is None:
        with contextlib.suppress(MlflowException):  # another process made it just now
            return cast("str", client.create_experiment(name))
        found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise CannotMirrorError(f"the experiment {name!r} of MLflow is deleted or cannot be made; give another project")
    return cast("str", found.experiment_id)


def _run(client: "MlflowClient", experiment: str, told: Told) -> str:
    """Return the run that has the tag of this one, made where there is none."""
    found = client.search_runs([experiment], _WITH_TAG.format(_IDENTITY, told.identity), max_results=1)
    if found:
        return cast("str", found[0].info.run_id)
    started = _milliseconds(told.metadata["created_at"])
    tags = {_IDENTITY: told.identity}
    made = client.create_run(experiment, start_time=started, tags=tags, run_name=told.metadata["name"])
    return cast("str", made.info.run_id)


def _milliseconds(timestamp: str | None) -> int | None:
    moment = parse_timestamp(timestamp) if timestamp else None
    return None if moment is None else int(moment.timestamp() * 1000)


def _shown(address: str) -> str | None:
    """Return an address of the web without what may be a secret in it; of files and databases there is none."""
    parts = urlsplit(without_passwords(address))
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.scheme in ("http", "https") else None
