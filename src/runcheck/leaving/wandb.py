"""A run at the service of Weights & Biases."""

import os
import re
import shutil
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast

from runcheck.adopt.found import Found
from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.errors import CannotMirrorError, CannotReadError
from runcheck.leaving.wandb_said import Said, take_rows, take_said, take_summary
from runcheck.publish.sealed import CHECKSUMS
from runcheck.report.words import count_in_words
from runcheck.trackers.wandb import KIND, NO_KEY, NO_KEY_OF_THEIRS, ORIGIN, PATIENCE, UNIT, client_in

if TYPE_CHECKING:
    from wandb import Artifact
    from wandb.apis.public import File
    from wandb.apis.public import Run as KeptByWandb

_PATH = re.compile(r"[^/]+/[^/]+/[^/]+")
_SECONDS = 30  # for an answer of the service
_MOST_FILES = 100_000
_MOST_TEXT = 1 << 20  # bytes of a file that says something of the run
_PAGE = 1000  # rows that are held at a time
_SHOWN = 3
_METADATA, _REQUIREMENTS = "wandb-metadata.json", "requirements.txt"
_SUMMARY = "wandb-summary.json"


class WandbRun:
    """A run at W&B, asked by its own client."""

    def __init__(self, path: str, folder: str, address: str | None) -> None:
        """Ask for the run and for the list of its files.

        Args:
            path: Entity, project and identifier, with slashes between them.
            folder: Where the client may write what it writes.
            address: Of the service, where it is not W&B's own or the one of ``WANDB_BASE_URL``.

        Raises:
            CannotMirrorError: there is no key.
            CannotReadError: the path is none, or it has more files than any run.
            MissingLibraryError: wandb is not installed.
        """
        if not _PATH.fullmatch(path):
            raise CannotReadError(f"{path}: is no folder, and no ENTITY/PROJECT/RUN as W&B has it in its addresses")
        self.name = f"wandb {path}"
        self._run = _asked_for(path, folder, address)
        self._aside = os.path.join(folder, "files")
        origin = self._run.config.get(ORIGIN)
        unit = origin.get(UNIT) if isinstance(origin, dict) else None
        self.unit = unit if isinstance(unit, str) else None
        self.left: list[str] = []
        self._files: dict[str, File] = {}
        self._sent: Artifact | None = None
        self._theirs: dict[str, File] = {}
        self._look_at_artifacts()
        self._look_at_files()

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """The sizes of the files of the run in bytes; where a mirror sent a unit, of the files of that."""
        if self._sent is not None:
            return _sizes_of(self._sent)
        return {path: file.size for path, file in self._files.items()}

    def fetch(self, path: str, folder: str) -> None:
        """Bring a file; those of a unit that a mirror sent come all at once."""
        aside = os.path.join(self._aside, path)
        if self._sent is None:
            self._files[path].download(root=self._aside, replace=True).close()
        elif not os.path.isdir(self._aside):
            self._sent.download(root=self._aside, skip_cache=True)
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.move(aside, target)

    def found(self) -> Found:
        """Return the configuration, all rows of the history, times, state, tags and what it says of the machine.

        Raises:
            CannotReadError: there are too many rows, or the last one does not come.
        """
        run, is_ours = self._run, self.unit is not None
        found = Found("wandb", str(run.name or run.id))
        names = ("createdAt", "state", "notes", "tags", "group", "jobType", "sweepName", "commit")
        said = Said(
            path="/".join((run.entity, run.project, run.id)),
            project=run.project,
            attributes={name: getattr(run, name, None) for name in names},
            config=run.config,
            summary=run.summary_metrics,
            machine=self._text(_METADATA),
            requirements=self._text(_REQUIREMENTS),
        )
        until = run.lastHistoryStep
        rows = take_rows(run.scan_history(page_size=_PAGE, use_cache=False), run.rawconfig.get("_wandb"), found)
        if rows.last < until:  # the client has had versions that showed none of the rows of some runs, and no error
            raise CannotReadError(f"{self.name}: has rows up to step {until:,}, and shows them up to {rows.last:,}")
        take_said(said, found, rows.moment, is_ours=is_ours)
        take_summary(said.summary, rows.names, found, is_ours=is_ours)
        return found

    def _look_at_artifacts(self) -> None:
        """Find the unit that a mirror sent, by the last version of the artifact of its kind; all others are named."""
        last = -1
        others = []
        for each in self._run.logged_artifacts():
            if self.unit is not None and each.type == KIND and _holds_unit(each):
                if (version := int(each.version.removeprefix("v"))) > last:
                    last, self._sent = version, each
            else:
                others.append(f"{each.name} ({each.type}, {each.size:,} bytes)")
            if len(others) > _MOST_FILES:
                raise CannotReadError(f"{self.name}: has more than {_MOST_FILES:,} artifacts")
        if others:
            shown = f"{', '.join(others[:_SHOWN])}{', ...' if len(others) > _SHOWN else ''}"
            count = count_in_words(len(others), "artifact")
            self.left.append(f"{count} of W&B, which `wandb artifact get` brings: {shown}")

    def _look_at_files(self) -> None:
        for each in self._run.files(per_page=_PAGE):
            if each.name in (_METADATA, _REQUIREMENTS):
                self._theirs[each.name] = each
            elif not is_unit_relative(each.name):
                self.left.append(f"the file {each.name!r}, whose name leads out of the run")
            elif each.name not in (_SUMMARY, layout().path("config", suffix=".yaml")):  # the service says what they do
                self._files[each.name] = each
            if len(self._files) + len(self.left) > _MOST_FILES:
                raise CannotReadError(f"{self.name}: has more than {_MOST_FILES:,} files")

    def _text(self, name: str) -> str:
        """Return a file in which the client wrote what it knows; nothing where there is none, or it is long."""
        file = self._theirs.get(name)
        if file is None:
            return ""
        if file.size > _MOST_TEXT:
            self.left.append(f"{name}, which has {file.size:,} bytes")
            return ""
        file.download(root=self._aside, replace=True).close()
        with open(os.path.join(self._aside, name), encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST_TEXT)


def _sizes_of(artifact: "Artifact") -> dict[str, int]:
    """Return the sizes of the files of an artifact by their paths."""
    return {str(path): each.size or 0 for path, each in artifact.manifest.entries.items()}


def _holds_unit(artifact: "Artifact") -> bool:
    """Say whether an artifact is a whole unit: nothing in it leads out, or points to what the client would fetch."""
    entries = artifact.manifest.entries
    is_closed = all(each.ref is None and is_unit_relative(str(path)) for path, each in entries.items())
    return artifact.state == "COMMITTED" and is_closed and {CHECKSUMS, layout().path("metadata")} <= entries.keys()


def _asked_for(path: str, folder: str, address: str | None) -> "KeptByWandb":
    os.environ.setdefault("WANDB_DIR", folder)
    for key, value in PATIENCE.items():
        os.environ.setdefault(f"WANDB_{key.removeprefix('x').upper()}", str(value))
    wandb = client_in(folder, "pull a run from Weights & Biases")
    try:
        api = wandb.Api(overrides={} if address is None else {"base_url": address}, timeout=_SECONDS)
    except wandb.errors.UsageError as error:
        if NO_KEY_OF_THEIRS in str(error):
            raise CannotMirrorError(NO_KEY) from error
        raise
    return cast("KeptByWandb", api.run(path))
