"""Whether the process that wrote a heartbeat still lives, told without its name: machine, boot, process.

A number of a process comes again, so the moment at which it started counts too; and a container has numbers of its own,
so its namespace does. What cannot be asked here, a process of another machine, is told by the age of the heartbeat.
"""

import hashlib
import os
import platform
import sys
from datetime import datetime

from runcheck.convention.documents import Heartbeat
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import parse_timestamp

_STATE, _START = 0, 19  # fields of /proc/PID/stat, counted behind the name of the program (proc_pid_stat(5))
_DEAD = ("Z", "X", "x")


def host() -> str:
    """Return a digest that tells this machine, or this container, from others.

    Machines that were made from one image may share the number in ``machine-id``, so the name of the node is in it.
    """
    return _digest(f"{_first_line('/etc/machine-id')}\0{platform.node()}")


def boot() -> str | None:
    """Return a digest that tells this boot of the machine from others, None where the system does not say."""
    text = _first_line("/proc/sys/kernel/random/boot_id")
    return _digest(text) if text else None


def namespace() -> str | None:
    """Return a digest that tells the numbers of processes here from those of other containers, None where unknown."""
    try:
        return _digest(os.readlink("/proc/self/ns/pid"))
    except OSError:
        return None


def started(process: int) -> int | None:
    """Return when a process started, in ticks of the clock since the boot; None where there is none or it is unknown.

    A process that ended and was not yet waited for is none.
    """
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            fields = stream.read().rpartition(b")")[2].split()
        return None if fields[_STATE].decode() in _DEAD else int(fields[_START])
    except (OSError, IndexError, ValueError):
        return None


def sign_of_life(heartbeat: Heartbeat, moment: datetime) -> str | None:
    """Return in words what shows that the process of a heartbeat lives or may live, None where it is dead."""
    if is_gone(heartbeat):
        return None
    if _is_of_here(heartbeat):
        return f"process {heartbeat['process']} of this machine writes it"
    at = parse_timestamp(heartbeat["at"])
    if at is None or (age := (moment - at).total_seconds()) > layout().limits.heartbeat_seconds:
        return None
    return f"it may be written by another machine or container: its heartbeat is {max(0, int(age)):,} seconds old"


def is_gone(heartbeat: Heartbeat) -> bool:
    """Say whether the process of a heartbeat is known to have ended, since it ran on this machine."""
    if heartbeat["host"] == host() and None not in (heartbeat["boot"], boot()) and heartbeat["boot"] != boot():
        return True
    return _is_of_here(heartbeat) and not _lives(heartbeat["process"], heartbeat.get("started"))


def _is_of_here(heartbeat: Heartbeat) -> bool:
    """Say whether the number of the process is one of this machine, or this container."""
    is_own = heartbeat["host"] == host() and heartbeat.get("namespace") in (None, namespace())
    return is_own and sys.platform != "win32"


def _lives(process: int, start: int | None) -> bool:
    if os.path.exists(f"/proc/{process}/stat"):
        found = started(process)
        return found is not None and start in (None, found)
    try:  # a system may show nobody the processes of others
        os.kill(process, 0)  # no signal: only whether there is such a process
    except (OverflowError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.readline().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _digest(identity: str) -> str:
    """Hash an identity under a name of our own, so that the digest matches nobody else's."""
    return hashlib.sha256(f"runcheck heartbeat\0{identity}".encode()).hexdigest()
