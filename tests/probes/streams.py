"""Bytes as the seeking probes get them, and how much memory a look takes."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, cast

_LOOK = """
import sys
from runcheck.probes import format_of, look_into_file
with open(sys.argv[1], "rb", buffering=0) as stream:
    format_ = format_of(sys.argv[1], stream.read(1024))
    content = look_into_file(format_, stream, deep=True)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
print(content.error, content.unverified, sep="\\n")
"""


class RawBytes(io.RawIOBase):
    """Bytes in memory behind the interface of an unbuffered file."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._content.readinto(buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        return self._content.tell()


def raw(content: bytes) -> BinaryIO:
    """Return a stream of ``content``."""
    return cast("BinaryIO", RawBytes(content))


def look_alone(path: Path) -> tuple[int, str, str]:
    """Look into a file at full depth in a process of its own: peak memory in MiB, error and what was not verified."""
    done = subprocess.run([sys.executable, "-c", _LOOK, str(path)], capture_output=True, text=True, check=True)
    rss, error, unverified = done.stdout.splitlines()
    return int(rss) >> 10, error, unverified
