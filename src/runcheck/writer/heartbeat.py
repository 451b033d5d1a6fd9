"""``heartbeat.json``: a sign of life of the process that writes a run, while it writes."""

import contextlib
import json
import os
import time

from runcheck.convention.documents import Heartbeat
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import format_timestamp, now
from runcheck.tree.liveness import boot, host, namespace, started

_SECONDS = 30.0


class HeartbeatFile:
    """Renews the heartbeat of a run, at most twice a minute."""

    def __init__(self, path: str) -> None:
        """Write the first heartbeat to ``path``."""
        self._path = path
        self._boot, self._host, self._namespace, self._started = boot(), host(), namespace(), started(os.getpid())
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
            "started": self._started,
            "boot": self._boot,
            "namespace": self._namespace,
            "host": self._host,
        }
        temporary = f"{self._path}.tmp"
        # Not synced: a heartbeat that a power cut loses was no longer true.
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(document, indent=2) + "\n")
        os.replace(temporary, self._path)
