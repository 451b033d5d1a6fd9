"""A file layer that counts the calls by which a process changes a tree, and dies or fails at one of them.

It stands in the place of the functions of ``os`` and of ``open``. What native code writes (pyarrow, the registry's
temporary) is not seen; the rename that puts it in its place is.
"""

import builtins
import errno
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

_CHANGES = ("mkdir", "replace", "rename", "unlink", "rmdir", "symlink", "ftruncate", "fsync", "write", "open")
_FREE = ("unlink", "rmdir", "ftruncate")  # which a full disk does not refuse
_DESCRIPTOR = ("ftruncate", "fsync", "write")
_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Fault:
    """What happens at call number ``at``: the process dies (``error`` is 0), or the call fails.

    A write may be half done by then. A fault that lasts is one of every later call too.
    """

    name: str
    error: int = 0
    half: bool = False
    lasts: bool = False
    at: int = 0  # none


KILLED = Fault("killed before the call")
KILLED_HALF = Fault("killed in the midst of a write", half=True)
FULL = Fault("the disk is full from there on", errno.ENOSPC, half=True, lasts=True)
FULL_ONCE = Fault("the disk is full once", errno.ENOSPC, half=True)
FAILED = Fault("one call fails", errno.EIO)
READ_ONLY = Fault("the disk is read-only from there on", errno.EROFS, lasts=True)
QUOTA = Fault("the quota is used up from there on", errno.EDQUOT, lasts=True)
FAULTS = (KILLED, KILLED_HALF, FULL, FULL_ONCE, FAILED, READ_ONLY, QUOTA)


class Layer:
    """Takes the place of the functions that change files below ``root``, in this process and for good."""

    def __init__(self, root: str, fault: Fault) -> None:
        self._root = root
        self._fault = fault
        self._lock = threading.RLock()
        self._descriptors: set[int] = set()
        self.calls: list[str] = []
        self._kill = os.kill
        self._close = os.close

    def install(self) -> None:
        for name in _CHANGES:
            setattr(os, name, self._guarded(name, getattr(os, name)))
        vars(os)["close"] = self._closed
        builtins.open = self._opened(builtins.open)

    def meet(self, name: str, what: object, do: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401
        """Do a call, unless it is the one at which the fault is."""
        with self._lock:
            self.calls.append(f"{name} {what}")
            number, fault = len(self.calls), self._fault
            is_met = fault.at and (number == fault.at or (fault.lasts and number > fault.at))
        if not is_met:
            return do()
        done = half() if fault.half and half is not None and number == fault.at else None
        if not fault.error:
            self._kill(os.getpid(), signal.SIGKILL)
        if done is not None:  # a write that finds room for a part says how much it wrote
            return done
        if name in _FREE and fault.error in (errno.ENOSPC, errno.EDQUOT):
            return do()
        raise OSError(fault.error, os.strerror(fault.error), str(what))

    def _guarded(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
            first = arguments[0]
            if name in _DESCRIPTOR:
                is_ours = first in self._descriptors
            else:
                is_ours = str(first).startswith(self._root) or "dir_fd" in keywords or name == "symlink"
            if name == "open":
                is_ours = is_ours and bool(arguments[1] & _FLAGS)
            if not is_ours:
                return call(*arguments, **keywords)
            content = arguments[1] if name == "write" else b""
            half = (lambda: call(first, content[: len(content) // 2])) if len(content) > 1 else None
            result = self.meet(name, first, lambda: call(*arguments, **keywords), half)
            if name == "open":
                self._descriptors.add(result)
            return result

        return guarded

    def _closed(self, descriptor: int) -> None:
        self._descriptors.discard(descriptor)
        self._close(descriptor)

    def _opened(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
            if not (str(file).startswith(self._root) and set(mode) & set("wax+")):
                return call(file, mode, *arguments, **keywords)
            stream = self.meet("open", file, lambda: call(file, mode, *arguments, **keywords))
            self._descriptors.add(stream.fileno())
            return _Stream(self, stream, str(file))

        return opened


class _Stream:
    """A stream whose buffer is here, so that what it hands to the system can be met by a fault."""

    def __init__(self, layer: Layer, stream: IO[Any], path: str) -> None:
        self._layer = layer
        self._stream = stream
        self._path = path
        self._waiting: list[Any] = []

    def write(self, content: Any) -> int:  # noqa: ANN401
        self._waiting.append(content)
        return len(content)

    def flush(self) -> None:
        if self._waiting:
            content = self._waiting[0][:0].join(self._waiting)
            self._waiting = []
            half = content[: len(content) // 2]
            self._layer.meet("write", self._path, lambda: self._put(content), lambda: self._put(half))

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._layer._descriptors.discard(self._stream.fileno())
            self._stream.close()

    def __enter__(self) -> "_Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)

    def _put(self, content: Any) -> None:  # noqa: ANN401
        self._stream.write(content)
        self._stream.flush()
