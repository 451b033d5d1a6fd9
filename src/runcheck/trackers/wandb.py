"""Copies of runs at Weights & Biases, online, or in the log that its client keeps on this machine.

The step of W&B may not go backwards, and a row that does is dropped without a word. Rows of several splits, and values
that come late from a device, do go back. So W&B's own step counts the rows of the run, and the step of a row stands
beside it as ``step``, against which all metrics are drawn. By the count W&B says how many rows it has.
"""

import contextlib
import glob
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from runcheck.convention.documents import Status
from runcheck.errors import CannotMirrorError, MissingLibraryError
from runcheck.reading.metrics import Row
from runcheck.trackers.protocol import Ending, Told
from runcheck.trackers.settings import wait_of

if TYPE_CHECKING:
    from types import ModuleType

    from wandb import Run as WandbRun

STEP = "step"
BEST, STATUS, ORIGIN, UNIT = "best/", "runcheck/status", "runcheck", "unit"  # of the summary, and of the configuration
KIND = "training-run"  # of the artifact that has the files of the unit
NO_KEY = "W&B has no key: set WANDB_API_KEY, or call `wandb login`"
NO_KEY_OF_THEIRS = "API key"  # what the client's own message has in it
# W&B knows finished and failed, by an exit status; a run whose process died did not finish.
_EXIT: Mapping[Status, int] = {"completed": 0, "failed": 1, "preempted": 1, "aborted": 255, "running": 255}
_MOST_TAG = 64  # characters
_SECONDS = 30  # for the first answer of the service
_LAG, _EACH = 10.0, 0.5  # seconds until the service shows what it took, and between two questions for it
# With a service that does not answer, or takes nothing, once nothing goes on meanwhile: how often it is tried again,
# and the seconds between two attempts.
PATIENCE: Mapping[str, int | float] = {
    f"x_{way}_retry_{name}": value
    for way, most in (("graphql", 3), ("file_stream", 6), ("file_transfer", 3))  # rows are what it takes at a rate only
    for name, value in (("max", most), ("wait_min_seconds", 1.0), ("wait_max_seconds", 8.0))
}
# What the client would find out by itself of the machine, the program and its output, and is not to send.
_PRIVATE: Mapping[str, object] = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "host": "",
    "program": "",
    "program_relpath": "",
    "save_code": False,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


def open_copy(told: Told) -> "WandbCopy":
    """Open the run of W&B that is the copy of a run.

    Raises:
        CannotMirrorError: there is no key, or W&B refuses the settings.
        MissingLibraryError: wandb is not installed.
    """
    folder = os.environ.get("WANDB_DIR") or told.workplace
    if not folder:
        raise CannotMirrorError("there is no place for the log of W&B beside the units: make room, or set WANDB_DIR")
    wandb = client_in(folder, "mirror a run to Weights & Biases")
    is_offline = told.settings.get("mode") == "offline"
    reached = _reached_offline(folder, told.identity) if is_offline else 0
    entity, project = _project(told)
    tags = told.metadata["tags"]
    try:
        run = wandb.init(
            id=told.identity,
            resume="allow",
            project=project,
            entity=entity,
            name=told.metadata["name"],
            notes=told.metadata["description"],
            group=told.settings.get("group", tags.get("sweep")),
            job_type=told.settings.get("job-type", tags.get("run_type")),
            tags=[tag for name, value in tags.items() if len(tag := f"{name}:{value}") <= _MOST_TAG],
            config={**told.config, ORIGIN: _origin(told)},
            dir=folder,
            settings=wandb.Settings(
                mode="offline" if is_offline else "online",
                init_timeout=float(_SECONDS),
                silent=True,
                **_PRIVATE,
                **_patience(told),
            ),
        )
    except wandb.errors.UsageError as error:
        if NO_KEY_OF_THEIRS in str(error):
            raise CannotMirrorError(f"{NO_KEY}; or mirror with the mode offline") from error
        raise CannotMirrorError(f"W&B refuses: {error}") from error
    except Exception:
        wandb.teardown()  # its service process holds the identity of a run that it could not open, and refuses it then
        raise
    run.define_metric("*", step_metric=STEP)
    copy = WandbCopy(wandb, run, run.starting_step if reached == 0 else reached, is_offline=is_offline)
    copy.notes += [
        f"the tag {name} has more than {_MOST_TAG} characters with its name, and is left out"
        for name, value in tags.items()
        if len(f"{name}:{value}") > _MOST_TAG
    ]
    return copy


class WandbCopy:
    """A run of W&B that is open."""

    def __init__(self, wandb: "ModuleType", run: "WandbRun", reached: int | None, *, is_offline: bool) -> None:
        """Take the run, and how many rows it has; None where that is not known."""
        self._wandb, self._run, self._is_offline = wandb, run, is_offline
        self.reached = reached
        self._next = run.starting_step  # its step is 0 until the first row, whatever the service has
        self.notes: list[str] = []
        about = {"project": run.project, "entity": run.entity, "id": run.id, "url": None if is_offline else run.url}
        self.about = {name: str(value) for name, value in about.items() if value}

    def rows(self, first: int, batch: Sequence[Row]) -> None:
        """Log rows, those of one step together."""
        at = first
        for step, values in _together(batch):
            at += len(values)
            self._next = max(self._next, at - 1)
            self._run.log({**values, STEP: step}, step=self._next)
            self._next += 1

    def finish(self, ending: Ending) -> None:
        """Give the run its summary and its files, and end it as the run ended."""
        run = self._run
        for split, metrics in (ending.summary or {"metrics": {}})["metrics"].items():
            for metric, series in metrics.items():
                if series["best"] is not None:
                    run.summary[f"{BEST}{split}/{metric}"] = series["best"]
        run.summary[STATUS] = ending.status
        if ending.files:
            logged = run.log_artifact(self._artifact(ending), aliases=[ending.metadata.get("label", "latest")])
            if not self._is_offline:
                logged.wait()  # or a file that the service does not take is a line in a log of the client
        if ending.status == "preempted":
            run.mark_preempting()
        run.finish(exit_code=_EXIT[ending.status])
        if not self._is_offline:
            self._hold_to_service()

    def leave(self) -> None:
        """Let go of the run, whose service may be gone."""
        with contextlib.suppress(Exception):
            self._run.finish(exit_code=_EXIT["running"])
        with contextlib.suppress(Exception):
            self._wandb.teardown()

    def _hold_to_service(self) -> None:
        """Ask the service whether it has the last row, since the client ends well whatever it had to drop.

        Raises:
            ConnectionError: it has not.
        """
        run = self._run
        kept = self._wandb.Api(timeout=_SECONDS).run(f"{run.entity}/{run.project}/{run.id}")
        until = time.monotonic() + _LAG
        while (reached := kept.lastHistoryStep + 1) < self._next:
            if time.monotonic() > until:
                raise ConnectionError(f"W&B took {reached:,} of {self._next:,} rows")
            time.sleep(_EACH)

    def _artifact(self, ending: Ending) -> object:
        about = {"label": ending.metadata.get("label", ""), "version": ending.metadata["version"]}
        artifact = self._wandb.Artifact(ending.metadata["slug"], type=KIND, metadata=about)
        for path, file in ending.files:
            artifact.add_file(file, name=path, policy="immutable", skip_cache=True)  # sealed: no copy is needed
        return artifact


def _together(batch: Sequence[Row]) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the values of neighbouring rows of one step together, none twice."""
    values: dict[str, float] = {}
    step = -1
    for row in batch:
        name = f"{row.split}/{row.metric}"
        if values and (row.step != step or name in values):
            yield step, values
            values = {}
        step, values[name] = row.step, row.value
    if values:
        yield step, values


def _origin(told: Told) -> dict[str, object]:
    """Return what leads from W&B back to the run."""
    metadata = told.metadata
    git = metadata["git"]
    origin = {
        UNIT: told.unit,
        "label": metadata.get("label"),
        "commit": git and git["sha"],
        "seeds": metadata.get("seeds"),
    }
    return {name: value for name, value in origin.items() if value}


def _project(told: Told) -> tuple[str | None, str]:
    """Return entity and project: those asked for, else those of the environment, else by the tag ``experiment``."""
    asked = cast("str", told.settings.get("project") or os.environ.get("WANDB_PROJECT") or "")
    entity, _, project = asked.rpartition("/")
    wanted = cast("str | None", told.settings.get("entity"))
    return wanted or entity or None, project or told.metadata["tags"].get("experiment", told.metadata["slug"])


def _reached_offline(folder: str, identity: str) -> int | None:
    """Make room for a new log, which takes the place of earlier ones; return what the service has of them.

    A log cannot be gone on with, so each one holds the whole run. One that was sent counts, and what is noted then
    says how far it went.
    """
    pattern = os.path.join(glob.escape(os.path.join(folder, "wandb")), f"offline-run-*-{identity}")
    found = [path for path in glob.glob(pattern) if not os.path.islink(path)]
    if any(glob.glob(os.path.join(glob.escape(path), "*.synced")) for path in found):
        return None
    for path in found:
        shutil.rmtree(path)
    return 0


def _patience(told: Told) -> dict[str, object]:
    """Return the settings by which the client comes to an end where the service does not take what it sends.

    Its own patience is of hours. While the run is written that is well, and its end is what is not held up.
    """
    if told.metadata["status"] == "running":
        return {"finish_timeout": wait_of(told.settings), "finish_timeout_raises": True}
    return dict(PATIENCE)


def client_in(folder: str, purpose: str) -> "ModuleType":
    """Return W&B's client, which writes below a folder what it writes, and tells nobody how it fares.

    Its service process is told by the environment, and has no other way to be. What it calls error reports are its own
    times as well, and tracebacks with the paths of this machine.

    Raises:
        MissingLibraryError: wandb is not installed; ``purpose`` is what it is needed for.
    """
    surroundings = {
        "WANDB_DATA_DIR": folder,
        "WANDB_CACHE_DIR": os.path.join(folder, "cache"),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
    }
    for name, value in surroundings.items():
        os.environ.setdefault(name, value)
    try:
        import wandb  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("wandb", "wandb", purpose) from error
    return cast("ModuleType", wandb)
