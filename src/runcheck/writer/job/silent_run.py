"""A run in a process that does not write."""

import os
from collections.abc import Mapping, Sequence

from runcheck.trackers.asked import Mirror
from runcheck.writer.arguments import checked_links, checked_step
from runcheck.writer.attachments import image_suffix, place_in
from runcheck.writer.ending import opened
from runcheck.writer.job.silent import SilentLog, nothing
from runcheck.writer.recovery.sessions import TakenUp
from runcheck.writer.run import Run
from runcheck.writer.weights.exports import named_export


class SilentRun(Run):
    """The run of process 0, seen from another one: each call checks its arguments, and says where its file is.

    Checkpoints are saved by all processes together. What only process 0 can see, such as a file that is to be added,
    is judged there.
    """

    def begin(self) -> None:
        """Write nothing."""
        self.metadata["version"] = self._folder.version
        self._log = SilentLog()
        opened(self)

    def go_on(self, resume: str | os.PathLike[str], *, allow_config_change: bool) -> bool:  # noqa: ARG002 - as told
        """Go on with the run that process 0 found, if it found one."""
        told = self._folder.processes.agree(self.topic_of_resume, nothing)
        if told:
            taken_up = TakenUp.heard(told)
            self._folder.version = taken_up.version
            self.resumed_step = taken_up.step
            self._checkpoints.adopt(self.path, taken_up.steps, taken_up.parameters, {})
            self.begin()
        return bool(told)

    def mirror(self, mirrors: Sequence[Mirror]) -> None:
        """Leave that to process 0."""

    def export(self, name: str, what: object, step: int) -> str | None:
        """Take part in the export; see :meth:`Run.export`."""
        self._open_log()
        export = named_export(self._folder, name, what)
        self._checkpoints.pin(checked_step(step))
        self._folder.processes.whole(what)
        return os.path.join(self.path, export.path)

    def add_file(self, path: str | os.PathLike[str], name: str | None = None) -> str | None:
        """Return where process 0 puts the file; see :meth:`Run.add_file`."""
        self._open_log()
        file = os.path.basename(path) if name is None else name
        return os.path.join(self.path, place_in(self._folder, "extra", file))

    def link(self, links: Mapping[str, str]) -> None:
        """Check the arguments, as far as they can be told here."""
        self._open_log()
        checked_links(links)

    def write_role(self, role: str, text: str) -> None:  # noqa: ARG002 - process 0 does
        """Leave that to process 0."""
        self._open_log()

    def plot(self, name: str, figure: object) -> str | None:
        """Return where process 0 puts the plot; see :meth:`Run.plot`. Only there it is drawn."""
        self._open_log()
        suffix = "" if name.lower().endswith((".png", ".svg")) else image_suffix(figure)
        return os.path.join(self.path, place_in(self._folder, "plot", f"{name}{suffix}"))
