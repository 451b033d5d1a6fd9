"""A run at a server of MLflow."""

import math
import os
import sys
import tempfile
from collections.abc import Iterator

from runcheck.adopt.found import Found, seeds_in
from runcheck.adopt.mlflow import take_parameter, take_series, take_tags
from runcheck.adopt.values import moment_at
from runcheck.convention.documents import STATUSES, Status
from runcheck.convention.names import is_unit_relative
from runcheck.errors import CannotReadError
from runcheck.trackers.mlflow import BEST, STATUS, UNIT, answered, client_at

_OURS = "runcheck."
_STATES: dict[str, Status] = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "completed",
    "FAILED": "failed",
    "KILLED": "aborted",
}
_MOST_FILES = 100_000
_NO_BAR = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
_INFINITE = sys.float_info.max  # what a server with a database makes of infinity
_SHOWN = 3


class MlflowRun:
    """A run at a server of MLflow, asked by its own client."""

    def __init__(self, address: str, run_id: str) -> None:
        """Ask for the run and for the list of its files.

        Raises:
            CannotMirrorError: nobody says where the server is.
            CannotReadError: it has more files than any run.
            ConnectionError: no server answers there.
            MissingLibraryError: mlflow is not installed.
        """
        os.environ.setdefault(_NO_BAR, "false")
        self._client = client_at(address, "pull a run from MLflow")
        with answered(address):
            self._run = self._client.get_run(run_id)
        self._id = run_id
        self.name = f"mlflow {run_id}"
        self.unit = self._run.data.tags.get(UNIT)
        self.left: list[str] = []
        self.sizes: dict[str, int] = {}
        for path, size in self._files(None):
            if is_unit_relative(path):
                self.sizes[path] = size
            else:
                self.left.append(f"the artifact {path!r}, whose name leads out of the run")
            if len(self.sizes) + len(self.left) > _MOST_FILES:
                raise CannotReadError(f"{self.name}: has more than {_MOST_FILES:,} artifacts")

    def fetch(self, path: str, folder: str) -> None:
        """Download an artifact, which the client puts below a folder or right into it."""
        target = os.path.join(folder, path)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as aside:
            came = self._client.download_artifacts(self._id, path, aside)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(came, target)

    def found(self) -> Found:
        """Return parameters, metrics with their whole histories, tags, times and status."""
        info, data = self._run.info, self._run.data
        found = Found("mlflow", str(info.run_name or info.run_id))
        found.created, found.finished = (
            None if time is None else moment_at(time / 1000) for time in (info.start_time, info.end_time)
        )
        own = data.tags.get(STATUS)
        found.status = next((each for each in STATUSES if each == own), _STATES.get(info.status))
        found.experiment = self._client.get_experiment(info.experiment_id).name
        for name, text in sorted(data.params.items()):
            take_parameter(name, text, found)
        found.seeds = seeds_in(found.config)
        take_tags({name: text for name, text in data.tags.items() if not name.startswith(_OURS)}, found)
        for name in sorted(data.metrics):
            if self.unit is None or not name.startswith(BEST):
                take_series(name, self._points(name, found), found)
        self._tell_left()
        return found

    def _points(self, name: str, found: Found) -> Iterator[tuple[int, float, float]]:
        """Yield step, value and time of each point; the client asks for the pages of 25,000."""
        infinite = 0
        for point in self._client.get_metric_history(self._id, name):
            value = float(point.value)
            if abs(value) == _INFINITE:
                value = math.copysign(math.inf, value)
                infinite += 1
            yield point.step, value, point.timestamp
        if infinite:
            found.notes.append(f"{infinite:,} values of {name} are 1.8e308 at MLflow, and infinite here, as they were")

    def _files(self, above: str | None) -> Iterator[tuple[str, int]]:
        for each in self._client.list_artifacts(self._id, above):
            if not each.is_dir:
                yield each.path, each.file_size or 0
            elif above is None or each.path.startswith(f"{above}/"):  # whatever a server says, it comes to an end
                yield from self._files(each.path)

    def _tell_left(self) -> None:
        inputs = getattr(self._run.inputs, "dataset_inputs", None) or []
        names = [str(each.dataset.name) for each in inputs]
        if names:
            self.left.append(f"what MLflow says of the datasets {', '.join(names[:_SHOWN])}")
        models = getattr(getattr(self._run, "outputs", None), "model_outputs", None) or []
        if models:
            self.left.append(f"{len(models):,} logged models, which are no files of the run")
