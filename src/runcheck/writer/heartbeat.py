"""``heartbeat.json``: a sign of life of the process that writes a run, while it writes."""

import contextlib
import hashlib
import json
import os
import platform
import time

from runcheck.convention.documents import Heartbeat
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import format_timestamp, now

_SECONDS = 30.0


class HeartbeatFile:
    """Renews the heartbeat of a run, at most twice a minute."""

    def __init__(self, path: str) -> None:
        """Write the first heartbeat to ``path``."""
        self._path = path
        boot = _first_line("/proc/sys/kernel/random/boot_id")
        self._boot = _digest(boot) if boot else None
        self._host = _digest(_first_line("/etc/machine-id") or platform.node())
        self._last = 0.0
        self._write()

    def beat(self) -> None:
        """Renew the heartbeat, if the last one is old enough. A disk that is full does not stop the run."""
        if time.monotonic() - self._last > _SECONDS:
            with contextlib.suppress(OSError):
                self._write()

    def _write(self) -> None:
        self._last = time.monotonic()
        document: Heartbeat = {
            "schema_version": layout().schema_version,
            "at": format_timestamp(now()),
            "process": os.getpid(),
            "boot": self._boot,
            "host": self._host,
        }
        temporary = f"{self._path}.tmp"
        # Not synced: a heartbeat that a power cut loses was no longer true.
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(document, indent=2) + "\n")
        os.replace(temporary, self._path)


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.readline().strip()
    except OSError:
        return ""


def _digest(identity: str) -> str:
    """Hash an identity under a name of our own, so that the digest matches nobody else's."""
    return hashlib.sha256(f"runcheck heartbeat\0{identity}".encode()).hexdigest()
