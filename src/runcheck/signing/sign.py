"""Signs a sealed unit with a key of OpenSSH, by ``ssh-keygen``, as Git does: it knows agents, passphrases, tokens."""

import os
from collections.abc import Callable
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.signers import fingerprint_of
from runcheck.errors import CannotWriteError
from runcheck.findings import Report
from runcheck.probes.contents import SignatureContent
from runcheck.probes.signature import SignatureProbe, verified
from runcheck.reading.files import UnitFiles
from runcheck.writer.atomic import write_whole
from runcheck.writer.lock import locked
from runcheck.writer.recovery.recover import stored_unit

CHECKSUMS, SIGNATURE = layout().path("checksums"), layout().path("signature")


class Signing(NamedTuple):
    """What came of it: the unit, a line for each act, and the report that it was refused for, if it was."""

    path: str
    done: tuple[str, ...]
    refused: Report | None


def sign(path: str, key: str, check: Callable[[str], Report]) -> Signing:
    """Sign the unit at ``path`` with a key, if ``check``, which is given its folder, finds no error in it.

    Args:
        path: The folder of a sealed unit.
        key: The file of a private key, or of a public one whose private one an agent has.
        check: Checks a folder.

    Raises:
        CannotReadError: there is no unit, or it is not sealed.
        CannotWriteError: ``ssh-keygen`` is not there or refuses, or the unit cannot be written.
    """
    unit = stored_unit(path)
    target = unit.files.absolute(SIGNATURE)
    try:
        with locked(unit.root, unit.lock):
            listed = _content(unit.files, CHECKSUMS)
            report = check(unit.files.folder)
            broken = tuple(each for each in report.findings if _is_against(each.path, unit.path) and each.is_error)
            if broken:
                return Signing(unit.files.folder, (), report._replace(findings=broken))
            armour = _signature(listed, key)
            made = _read(armour, listed)
            if made.error is not None or made.holds is False:
                raise CannotWriteError(f"{target}: was not written: what ssh-keygen made is no signature of the list")
            there = _read(_content(unit.files, SIGNATURE), listed) if unit.files.has(SIGNATURE) else SignatureContent()
            if there.holds and there.key == made.key and there.namespace == made.namespace:
                return Signing(unit.files.folder, (), None)
            if _content(unit.files, CHECKSUMS) != listed:
                raise CannotWriteError(f"{unit.files.absolute(CHECKSUMS)}: changed while it was to be signed")
            write_whole(target, armour)
    except OSError as error:
        raise CannotWriteError(f"{target}: cannot be written: {error.strerror or error}") from error
    return Signing(unit.files.folder, (f"signed {CHECKSUMS} with the key {fingerprint_of(made.key)}",), None)


def _is_against(path: str, unit: str) -> bool:
    """Say whether an error at ``path`` forbids to sign: one of the unit, but for the signature that is made anew."""
    return path == unit or (path.startswith(f"{unit}/") and path != f"{unit}/{SIGNATURE}")


def _content(files: UnitFiles, path: str) -> bytes:
    files.file(path)
    return b"".join(files.chunks(path))


def _read(armour: bytes, listed: bytes) -> SignatureContent:
    probe = SignatureProbe()
    probe.feed(armour)
    content = probe.content()
    return content if content.error is not None else verified(content, [listed])


def _signature(listed: bytes, key: str) -> bytes:
    import subprocess  # noqa: PLC0415

    if not os.path.isfile(key):
        raise CannotWriteError(f"{key}: is no file of a key; give a private key, or a public one that an agent knows")
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", layout().namespace, "-f", key]
    try:  # its questions go to the terminal, not to this pipe
        done = subprocess.run(command, input=listed, capture_output=True, check=False)  # noqa: S603
    except OSError:
        raise CannotWriteError("ssh-keygen is not installed, and signing takes it: it comes with OpenSSH 8.1") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason"]
        raise CannotWriteError(f"{key}: ssh-keygen could not sign with it: {said[-1][:200]}")
    return done.stdout
