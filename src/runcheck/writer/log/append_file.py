"""A file that grows by whole pieces: a line or a record that does not fit on the disk is taken back."""

import contextlib
import os


class AppendFile:
    """A file that is only appended to, without a buffer: what was appended survives the process."""

    def __init__(self, path: str) -> None:
        """Open the file at ``path``, made where it is not there."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)

    def append(self, content: bytes) -> None:
        """Append all of ``content`` or, where that fails, nothing.

        Raises:
            OSError: it could not be written.
        """
        done = os.write(self._descriptor, content)
        if done != len(content):
            self._append_rest(content, done)

    def ends_with(self, content: bytes) -> bool:
        """Say whether ``content`` is the end of the file."""
        try:
            size = os.fstat(self._descriptor).st_size
            return os.pread(self._descriptor, len(content), max(0, size - len(content))) == content
        except OSError:
            return False

    def sync(self) -> None:
        """Wait until what was appended is on the disk, so that it survives the machine."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _append_rest(self, content: bytes, done: int) -> None:
        try:
            while done < len(content):
                done += os.write(self._descriptor, content[done:])
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - done)
            raise
