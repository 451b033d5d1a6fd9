"""What datasets and runs have in common: a folder of their own, metadata, and the order in which a unit is finished."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import cast

from runcheck.convention.documents import Env, Git, Governance, Metadata, Provenance, Status, label_of, name_of
from runcheck.convention.layout import Kind, layout
from runcheck.convention.markdown import with_closed_blocks
from runcheck.convention.secrets import REDACTED
from runcheck.convention.timestamps import date_of, format_timestamp, now
from runcheck.convention.unit_paths import unit_path
from runcheck.convention.versions import NO_COMMIT
from runcheck.errors import CannotWriteError, MissingLibraryError, warn
from runcheck.writer.arguments import checked_text
from runcheck.writer.atomic import json_text, write_whole
from runcheck.writer.job.processes import Processes
from runcheck.writer.latest import update_latest
from runcheck.writer.made import tell_made
from runcheck.writer.provenance.code import (
    Repository,
    command_line,
    read_repository,
    script_folder,
    working_folder,
)
from runcheck.writer.provenance.environment import read_environment
from runcheck.writer.provenance.redaction import Redactor
from runcheck.writer.registry import upsert_row
from runcheck.writer.seal import hash_file, hash_files, write_checksums

_MAX_ERROR = 300  # characters


class UnitFolder:
    """The folder of one unit while it is written."""

    def __init__(self, root: str, kind: Kind, slug: str, processes: Processes | None = None) -> None:
        """Prepare a unit of ``kind`` and ``slug`` in the tree at ``root``; :meth:`create` makes it."""
        self.processes = processes or Processes()
        self.root = os.path.abspath(root)
        self.kind = kind
        self.slug = slug
        self.version = ""
        self.created = now()
        self.repository = read_repository(script_folder(), diff_path=layout().path("diff"), outside=self.root)
        self.redactor = Redactor((_top(self.repository), os.getcwd()))

    @property
    def slug_path(self) -> str:
        """The folder of the slug on this machine."""
        return os.path.join(self.root, self.kind.folder, self.slug)

    @property
    def path(self) -> str:
        """The folder of the unit on this machine."""
        return os.path.join(self.slug_path, self.version)

    @property
    def path_in_tree(self) -> str:
        """The path of the unit below the root."""
        return unit_path(self.kind, self.slug, self.version)

    @property
    def sha(self) -> str | None:
        """The commit that the code is at."""
        return self.repository.git["sha"] if self.repository else None

    def create(self, version: str) -> bool:
        """Make the folder of ``version``, with the difference of a dirty tree in it; False where it is there already.

        Raises:
            CannotWriteError: the folder cannot be made.
        """
        self.version = version
        try:
            os.makedirs(self.slug_path, exist_ok=True)
            os.mkdir(self.path)
        except FileExistsError:
            return False
        except OSError as error:
            raise CannotWriteError(f"{self.path}: cannot be made: {error.strerror}") from error
        with self.whole_or_gone():
            if self.repository and self.repository.diff:
                path = os.path.join(self.path, layout().path("diff"))
                os.makedirs(os.path.dirname(path))
                with open(path, "wb") as stream:
                    stream.write(self.redactor.bytes(self.repository.diff, "diff"))
        return True

    def create_first(self, versions: Iterable[str]) -> bool:
        """Make the folder of the first of ``versions`` that is not there, the same in all processes; False for none.

        Raises:
            CannotWriteError: it cannot be made.
        """
        self.version = self.processes.agree(
            f"version of {self.slug}", lambda: next((each for each in versions if self.create(each)), "")
        )
        return bool(self.version)

    @contextlib.contextmanager
    def whole_or_gone(self) -> Iterator[None]:
        """Take the folder away again where its first files cannot all be written: nothing of anybody is in it yet.

        Raises:
            CannotWriteError: they cannot.
        """
        try:
            yield
        except BaseException as error:
            shutil.rmtree(self.path, ignore_errors=True)
            if isinstance(error, OSError):
                raise CannotWriteError(f"{self.path}: cannot be written: {error.strerror or error}") from error
            raise

    def write(self, path: str, text: str) -> None:
        """Write a document of the unit, whole or not at all."""
        target = os.path.join(self.path, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        write_whole(target, text)

    def copy_script(self, source: str | os.PathLike[str], path: str) -> None:
        """Copy a script into the unit, byte for byte but for what does not belong there."""
        with open(source, "rb") as stream:
            content = stream.read()
        with open(os.path.join(self.path, path), "wb") as stream:
            stream.write(self.redactor.bytes(content, "generator"))

    def write_json(self, path: str, document: Mapping[str, object]) -> None:
        """Write a JSON document of the unit."""
        self.write(path, json_text(document))

    def redacted(self, document: Mapping[str, object], where: str) -> dict[str, object]:
        """Return ``document`` without secrets and paths of this machine, and remember their places below ``where``."""
        name = where.rpartition("/")[2] if "/" in where else ""
        clean = self.redactor.document(dict(document), where, name)
        return clean if isinstance(clean, dict) else {}

    def text(self, text: str, what: str, where: str) -> str:
        """Return a text for people, checked, without secrets and paths, and with no code block left open.

        Raises:
            InvalidArgumentError: it is no text.
        """
        return with_closed_blocks(self.redactor.text(checked_text(text, what), where))

    def error(self, error: str) -> str:
        """Return what ended a unit in one line of bounded length, whatever it holds, without secrets and paths."""
        text = " ".join("".join(each if each.isprintable() else " " for each in error).split())
        clean = self.redactor.text(checked_text(text, "error"), "metadata#/error")
        return with_closed_blocks(clean if len(clean) <= _MAX_ERROR else f"{clean[:_MAX_ERROR]}...")

    def write_readme(self, text: str) -> None:
        """Write the README, and remember that it repeats what was replaced elsewhere."""
        clean = self.redactor.text(text, "readme")
        if REDACTED in clean:
            self.redactor.note("readme", "repeats what was replaced")
        self.write(layout().path("readme"), clean)

    def metadata(self, description: str, data_provenance: Provenance, tags: dict[str, str]) -> Metadata:
        """Return what the metadata of every unit begins with, status ``running``."""
        created, date = format_timestamp(self.created), date_of(format_timestamp(self.created))
        command = self.redactor.document(command_line(_top(self.repository)), "metadata#/command", "command")
        git = self.redactor.document(self.repository.git, "metadata#/git") if self.repository else None
        governance: Governance = {"redactions": self.redactor.redactions}
        metadata: Metadata = {
            "schema_version": layout().schema_version,
            "kind": "dataset" if self.kind.name == "dataset" else "model",
            "slug": self.slug,
            "version": self.version,
            "name": name_of(date, self.slug),
            "label": label_of(date, self.slug, (self.sha or NO_COMMIT)[:7]),
            "description": description,
            "status": "running",
            "created_at": created,
            "finished_at": None,
            "git": cast("Git | None", git),
            "env": self._environment(),
            "command": cast("list[str]", command),
            "data_provenance": data_provenance,
            "tags": tags,
            "governance": governance,
        }
        if folder := working_folder(_top(self.repository)):
            metadata["working_folder"] = self.redactor.text(folder, "metadata#/working_folder")
        return metadata

    def _environment(self) -> Env:
        """Return what the code runs on; what people name themselves may hold what does not belong into a document."""
        top = _top(self.repository)
        env = read_environment(top, (script_folder(),))
        if "lock_files" in env:
            env["lock_files"] = cast("dict[str, str]", self.redacted(env["lock_files"], "metadata#/env/lock_files"))
        if "variables" in env:
            env["variables"] = cast("dict[str, str]", self.redacted(env["variables"], "metadata#/env/variables"))
        if self.processes.count > 1:
            env["processes"] = self.processes.count
        return env

    def finish(
        self,
        metadata: Metadata,
        status: Status,
        finished: datetime,
        fingerprint: Callable[[dict[str, str]], str] | None = None,
    ) -> None:
        """Take the last steps of a unit whose content is whole.

        Metadata with the final status, checksums, ``latest``, registry, in this order.

        Each step can be done again, and a crash between two of them leaves a tree that says how far it came.
        ``fingerprint`` computes the dataset's own field from the checksums of all other files.
        """
        self.processes.agree(self.topic_of_end, lambda: self._finish(metadata, status, finished, fingerprint))

    @property
    def topic_of_end(self) -> str:
        """What the processes agree on when the unit is finished."""
        return f"end of {self.path_in_tree}"

    def _finish(
        self,
        metadata: Metadata,
        status: Status,
        finished: datetime,
        fingerprint: Callable[[dict[str, str]], str] | None,
    ) -> str:
        metadata["status"] = status
        metadata["finished_at"] = format_timestamp(max(finished, self.created))  # the clock may have been set back
        path = layout().path("metadata")
        sums = hash_files(self.path, without=path) if status != "preempted" else {}  # which is to end at once
        if fingerprint is not None:
            metadata["fingerprint"] = fingerprint(sums)
        self.write_json(path, metadata)
        with contextlib.suppress(FileNotFoundError):  # only now: a heartbeat is there as long as anything is unfinished
            os.unlink(os.path.join(self.path, layout().path("heartbeat")))
        if status != "preempted":
            sums[path] = hash_file(os.path.join(self.path, path))
            write_checksums(self.path, sums)
        if status == "completed":
            self._update_latest()
        self.register(metadata)
        return metadata.get("fingerprint", "")

    def _update_latest(self) -> None:
        try:
            update_latest(self.slug_path, self.version)
        except OSError as error:
            warn(f"{layout().latest} of {self.slug_path} was not updated: {error.strerror}")

    def register(self, metadata: Metadata) -> None:
        """Put the unit into the registry, or say why that cannot be done; it can be built again at any time."""
        tell_made(self.path)
        try:
            upsert_row(self.root, self.path_in_tree, metadata)
        except (MissingLibraryError, OSError, RuntimeError) as error:  # at the exit no library may be loaded any more
            warn(f"the registry was not written: {error}")


def _top(repository: Repository | None) -> str:
    return repository.top if repository else script_folder()
