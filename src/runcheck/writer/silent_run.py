"""A run in a process that does not write."""

import os

from runcheck.convention.layout import layout
from runcheck.writer.arguments import checked_name, checked_step
from runcheck.writer.attachments import checked_path, image_suffix
from runcheck.writer.run import Run
from runcheck.writer.silent import SilentLog


class SilentRun(Run):
    """The run of process 0, seen from another one: each call checks its arguments, and says where its file is.

    Checkpoints are saved by all processes together. What only process 0 can see, such as a file that is to be added,
    is judged there.
    """

    def begin(self) -> None:
        """Write nothing."""
        self.metadata["version"] = self._folder.version
        self._log = SilentLog()

    def export(self, name: str, tree: object, step: int) -> str:
        """Take part in the export; see :meth:`Run.export`."""
        self._open_log()
        file = f"{checked_name('token', 'the name of an export', name)}.safetensors"
        self._checkpoints.pin(checked_step(step))
        self._folder.processes.whole(tree)
        return os.path.join(self.path, layout().folder_of("export"), file)

    def add_file(self, path: str | os.PathLike[str], name: str | None = None) -> str | None:
        """Return where process 0 puts the file; see :meth:`Run.add_file`."""
        self._open_log()
        file = os.path.basename(path) if name is None else name
        return os.path.join(self.path, checked_path(self._folder, "extra", file))

    def plot(self, name: str, figure: object) -> str | None:
        """Return where process 0 puts the plot; see :meth:`Run.plot`. Only there it is drawn."""
        self._open_log()
        suffix = "" if name.lower().endswith((".png", ".svg")) else image_suffix(figure)
        return os.path.join(self.path, checked_path(self._folder, "plot", f"{name}{suffix}"))
