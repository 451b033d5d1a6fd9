"""Checkpoints, written by Orbax in the background."""

import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from runcheck.convention.documents import SIDECAR_SUFFIX
from runcheck.convention.layout import layout
from runcheck.convention.parameters import number_of_all
from runcheck.errors import CannotWriteError, InvalidArgumentError, MissingLibraryError
from runcheck.writer.atomic import sync_folder, sync_tree, write_whole
from runcheck.writer.complaints import Complaints
from runcheck.writer.ending import finish_before_others
from runcheck.writer.job.processes import Processes
from runcheck.writer.weights.refusals import refuse_what_orbax_does_not_save
from runcheck.writer.weights.retention import Keep, Ranking, surplus
from runcheck.writer.weights.trees import count_parameters

if TYPE_CHECKING:
    from orbax.checkpoint import StandardCheckpointer


_COMMIT_SENTENCE = "commit_success.txt"
_REMOVED = ".removed.tmp"
_THREADS_SECONDS = 10.0  # that the threads of a save that failed are waited for
_MOST_ERRORS = 3  # that Orbax tells of one save: of its threads, of its metadata, and one more
_TOLD = 10  # the newest steps, in a message
# These start no thread once the script is over (CPython's issue 113964), which Orbax needs to commit.
_LOSES_AT_EXIT = (3, 12, 0) <= sys.version_info[:3] <= (3, 12, 2)


class _Save:
    """One checkpoint on its way to the disk, followed by a thread of its own."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.settled = threading.Event()
        self.thread: threading.Thread | None = None


class CheckpointWriter:
    """Saves trees of arrays, a folder a step, and removes those that need not stay.

    Orbax writes in the background, one checkpoint at a time. A thread a checkpoint waits for the commit, and then
    removes what need not stay any more: after those before it did, and while the next one may be written already.

    Of several processes each writes its shards, as Orbax has it, which commits once all have. Process 0 decides whether
    a checkpoint is begun, for who begins one alone waits for the others; and it alone removes.
    """

    def __init__(
        self, keep: Keep | None = None, ranking: Ranking | None = None, processes: Processes | None = None
    ) -> None:
        """Start without a checkpoint; by default all stay. ``ranking`` is there where ``keep`` ranks."""
        self._processes = processes or Processes()
        self._keep = keep or Keep()
        self._ranking = ranking
        self._unit = ""
        self._checkpointer: StandardCheckpointer | None = None
        self._last: _Save | None = None
        self._lock = threading.Lock()
        self._saving = threading.RLock()  # one thread begins a checkpoint at a time; the handler of a signal may too
        self._parameters: dict[int, int | None] = {}  # of each step whose save was begun
        self._committed: list[int] = []  # in the order of the commits
        self._exported: set[int] = set()  # and others that stay, whatever the rules say
        self._complaints = Complaints()
        self._is_unranked_told = False

    @property
    def steps(self) -> list[int]:
        """The steps whose checkpoint is committed and there, in ascending order."""
        with self._lock:
            committed = sorted(self._committed)
        if self._processes.is_writer:
            return committed
        return [step for step in committed if os.path.isdir(self._path(step))]  # process 0 removes

    @property
    def parameters(self) -> int | None:
        """How many parameters each checkpoint that is there has; None where there is none, or they differ."""
        with self._lock:
            return number_of_all(self._parameters[step] for step in self._committed)

    def save(self, unit: str, step: int, tree: object, metrics: Mapping[str, object] | None = None) -> None:
        """Start saving ``tree`` as the checkpoint of ``step`` in the run at ``unit``.

        Arrays are copied before this returns, and written afterwards. As Orbax does, this waits until an earlier save
        is committed, but not for what is removed; Python 3.12.0 to 3.12.2 waits until this one is. What fails here or
        in the background is warned of.

        Raises:
            InvalidArgumentError: the tree is none that Orbax saves, or the metric in ``metrics`` is no number.
            MissingLibraryError: Orbax is not installed.
            RuncheckError: ``jax.distributed`` was initialised after the run was started.
        """
        refuse_what_orbax_does_not_save(tree)
        self._processes.check()
        with self._saving:
            if self._checkpointer is None:
                self._checkpointer = _checkpointer()
                finish_before_others()
            self._unit = os.path.abspath(unit)
            self._settle()
            if obstacle := self._agreed_obstacle(step):
                self._complaints.add(obstacle)
            else:
                if self._ranking is not None:
                    self._ranking.expect(step, metrics)
                if self._begin(self._checkpointer, step, tree):
                    self._last = self._followed(self._checkpointer, step)
                    if _LOSES_AT_EXIT:
                        self._settle()
        self._complaints.tell()

    def adopt(self, unit: str, steps: Sequence[int], parameters: int | None, values: Mapping[int, float]) -> None:
        """Take on the checkpoints that earlier sessions of the run at ``unit`` left, in ascending order.

        ``values`` are those of the metric that ranks. Where it was never logged nobody knows how good a checkpoint is,
        so it stays.
        """
        self._unit = os.path.abspath(unit)
        for step in steps:
            self._parameters[step] = parameters
            self._committed.append(step)
            if self._ranking is not None and step in values:
                self._ranking.adopt(step, values[step])
            elif self._ranking is not None:
                self._exported.add(step)

    def pin(self, step: int) -> None:
        """Keep the checkpoint of ``step``, since an export is made from it. Waits until it is committed.

        Raises:
            InvalidArgumentError: there is none.
        """
        with self._saving:
            if self._last is not None and self._last.step == step:
                self._settle()
        refusal = self._processes.agree(f"export {os.path.basename(self._unit)}/{step}", lambda: self._pinned(step))
        if refusal:
            raise InvalidArgumentError(refusal)

    def _pinned(self, step: int) -> str:
        """Pin the checkpoint of ``step``, or say why not."""
        with self._lock:
            if step not in self._committed:
                there = ", ".join(map(str, sorted(self._committed)[-_TOLD:])) or "none"
                return f"step {step} has no checkpoint to export; there are {there}"
            self._exported.add(step)
        return ""

    def close(self, limit: float = threading.TIMEOUT_MAX) -> None:
        """Wait until every checkpoint is committed and what need not stay is removed, at most ``limit`` seconds."""
        if self._last is not None and self._last.thread is not None:
            self._last.thread.join(limit)
            if self._last.thread.is_alive():
                self._complaints.add(f"the checkpoint of step {self._last.step} was not committed within {limit:.0f} s")
                self._complaints.tell()
                return
        if self._checkpointer is not None:
            self._close_orbax(self._checkpointer, limit)
            self._checkpointer = None
        unfollowed = [step for step in self._parameters if step not in self._committed]
        self._committed += [step for step in unfollowed if os.path.isdir(self._path(step))]
        for path in self._swept(self._parameters):
            self._complaints.add(f"{path} is left over, and could not be removed")
        self._complaints.tell()

    def _close_orbax(self, checkpointer: "StandardCheckpointer", limit: float) -> None:
        def close() -> None:  # waits for a save that an interrupt kept from being followed
            with contextlib.suppress(Exception):
                checkpointer.close()

        closing = threading.Thread(target=close, name="runcheck-checkpoint-close", daemon=True)
        try:
            closing.start()
        except RuntimeError:  # the interpreter ends
            close()
        else:
            closing.join(limit)

    def _agreed_obstacle(self, step: int) -> str:
        """Return why no process begins a checkpoint of ``step``, or nothing."""
        try:
            return self._processes.agree(f"save {os.path.basename(self._unit)}/{step}", lambda: self._obstacle(step))
        except CannotWriteError as error:
            return f"step {step} has no checkpoint: {error}"

    def _obstacle(self, step: int) -> str:
        with self._lock:  # none is removed just now
            if os.path.lexists(self._path(step)):
                return f"step {step} has a checkpoint, which is kept; another one of it is not saved"
        try:
            os.makedirs(os.path.dirname(self._path(step)), exist_ok=True)
        except OSError as error:
            return f"step {step} has no checkpoint: {_in_a_line(error)}"
        return ""

    def _begin(self, checkpointer: "StandardCheckpointer", step: int, tree: object) -> bool:
        """Have Orbax copy the arrays and start; return whether it did."""
        self._parameters[step] = count_parameters(tree)
        try:
            checkpointer.save(self._path(step), tree)
        except (TypeError, ValueError) as error:
            self._clear_up(checkpointer, step)
            raise InvalidArgumentError(f"the tree of step {step} cannot be saved: {error}") from error
        except Exception as error:  # noqa: BLE001 - the disk, the device, or what Orbax makes of them
            self._complaints.add(f"step {step} has no checkpoint: {_in_a_line(error)}")
            self._clear_up(checkpointer, step)
            return False
        return True

    def _followed(self, checkpointer: "StandardCheckpointer", step: int) -> _Save:
        save = _Save(step)
        args = (checkpointer, save, self._last)
        save.thread = threading.Thread(target=self._follow, args=args, name="runcheck-checkpoint", daemon=True)
        save.thread.start()
        return save

    def _follow(self, checkpointer: "StandardCheckpointer", save: _Save, before: _Save | None) -> None:
        """Wait for the commit, then remove what it makes superfluous. Runs in the thread of the checkpoint."""
        committed = False
        try:
            committed = self._await_commit(checkpointer, save)
        finally:
            save.settled.set()
        if before is not None and before.thread is not None:
            before.thread.join()
            before.thread = None
        try:
            if committed and self._processes.is_writer:
                _forget_machine(self._path(save.step))
                self._remove_surplus(save.step)
        except OSError as error:
            self._complaints.add(f"a checkpoint that need not stay could not be removed: {error}")

    def _await_commit(self, checkpointer: "StandardCheckpointer", save: _Save) -> bool:
        try:
            checkpointer.wait_until_finished()
            os.stat(self._path(save.step))  # the folder gets this name once it is whole
        except Exception as error:  # noqa: BLE001 - whatever Orbax raises: there is no checkpoint
            self._complaints.add(f"step {save.step} has no checkpoint: {_in_a_line(error)}")
            self._clear_up(checkpointer, save.step)  # before the same step may be saved again
            return False
        with self._lock:
            self._committed.append(save.step)
        return True

    def _clear_up(self, checkpointer: "StandardCheckpointer", step: int) -> None:
        """Delete what a save of ``step`` that failed left, once Orbax does nothing more for it.

        Else its threads would make the folder anew, and the next save would be told of their errors.
        """
        until = time.monotonic() + _THREADS_SECONDS
        for thread in threading.enumerate():
            if type(thread).__module__.partition(".")[0] == "orbax":
                thread.join(max(until - time.monotonic(), 0))
        for _ in range(_MOST_ERRORS):
            with contextlib.suppress(Exception):  # it has told one already
                checkpointer.wait_until_finished()
                break
        self._swept({step})

    def _remove_surplus(self, newest: int) -> None:
        with self._lock:
            steps, exported = list(self._committed), set(self._exported)
        ranking = self._ranking
        values = {step: None if ranking is None else ranking.value(step) for step in steps}
        if ranking is not None and len(steps) > 1 and all(value is None for value in values.values()):
            self._complaints.add(f"no {ranking.by} was logged at the step of a checkpoint so far, so all of them stay")
            return
        gone = surplus(list(values.items()), self._keep, "min" if ranking is None else ranking.direction)
        if gone:
            exported |= _sources(os.path.join(self._unit, layout().folder_of("export")))
        gone = [step for step in gone if step not in exported]
        if gone:
            sync_tree(self._path(newest))  # a power cut must not take both
            sync_folder(os.path.dirname(self._path(newest)))
        for step in gone:
            self._remove(step)
            if ranking is not None and values[step] is None and not self._is_unranked_told:
                self._is_unranked_told = True
                self._complaints.add(
                    f"the checkpoint of step {step} ranked last and was removed, since no {ranking.by} was logged there"
                )

    def _remove(self, step: int) -> None:
        """Remove a checkpoint: first its name, so that half of one never looks like one."""
        path = self._path(step)
        with self._lock:
            if step in self._exported:
                return
            os.rename(path, path + _REMOVED)
            self._committed.remove(step)
            if self._ranking is not None:
                self._ranking.forget(step)
        sync_folder(os.path.dirname(path))
        shutil.rmtree(path + _REMOVED, ignore_errors=True)  # what resists is tried again at the end, and told

    def _swept(self, steps: Collection[int]) -> list[str]:
        """Delete what bears the name of a temporary of one of ``steps``. Return the paths in the unit that resist."""
        if not self._processes.is_writer:
            return []
        folder = layout().folder_of("checkpoint")
        names: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            names = [name for name in os.listdir(os.path.join(self._unit, folder)) if layout().is_leftover(name)]
        own = {str(step) for step in steps}
        paths = [f"{folder}/{name}" for name in names if name.partition(".")[0] in own]
        for path in paths:
            shutil.rmtree(os.path.join(self._unit, path), ignore_errors=True)
        return [path for path in paths if os.path.lexists(os.path.join(self._unit, path))]

    def _settle(self) -> None:
        if self._last is not None:
            self._last.settled.wait()

    def _path(self, step: int) -> str:
        return os.path.join(self._unit, layout().folder_of("checkpoint"), str(step))


def _checkpointer() -> "StandardCheckpointer":
    try:
        import orbax.checkpoint as ocp  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("orbax-checkpoint", "orbax", "save checkpoints") from error
    return ocp.StandardCheckpointer()


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _sources(exports: str) -> set[int]:
    """Return the steps that the sidecars in a folder of exports name as their sources."""
    steps: set[int] = set()
    with contextlib.suppress(FileNotFoundError), os.scandir(exports) as entries:
        for entry in entries:
            if entry.name.endswith(SIDECAR_SUFFIX) and entry.is_file():
                with open(entry.path, "rb") as stream:
                    content = stream.read(layout().limits.document_bytes)
                with contextlib.suppress(ValueError, RecursionError):
                    document = json.loads(content)
                    step = document.get("source_step") if isinstance(document, dict) else None
                    steps |= {step} if type(step) is int else set()
    return steps


def _forget_machine(checkpoint: str) -> None:
    """Take the absolute path out of the sentence that Orbax leaves in a committed checkpoint.

    That the file is there counts, not its words.
    """
    path = os.path.join(checkpoint, _COMMIT_SENTENCE)
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8") as stream:
        sentence = stream.read()
    with contextlib.suppress(OSError):  # no space: the sentence stays as it is
        write_whole(path, sentence.replace(checkpoint, os.path.basename(checkpoint)))
