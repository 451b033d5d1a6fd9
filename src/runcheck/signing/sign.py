"""Signs a sealed unit: its list with a key of OpenSSH, or all its files with a key in PEM."""

import hashlib
from collections.abc import Callable
from getpass import getpass
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.errors import CannotWriteError
from runcheck.findings import Report
from runcheck.probes.checksums import ChecksumsProbe
from runcheck.reading.files import UnitFiles
from runcheck.signing.bundle import bundle_over, is_pem_key, read_key
from runcheck.signing.made import Made
from runcheck.signing.openssh import signature_over
from runcheck.tree.walk import walk
from runcheck.writer.atomic import write_whole
from runcheck.writer.lock import locked
from runcheck.writer.recovery.recover import stored_unit

CHECKSUMS, SIGNATURE, BUNDLE = layout().path("checksums"), layout().path("signature"), layout().path("bundle")
_Make = Callable[[bytes, bytes | None], Made]


class Signing(NamedTuple):
    """What came of it: the unit, a line for each act, and the report that it was refused for, if it was."""

    path: str
    done: tuple[str, ...]
    refused: Report | None


def sign(
    path: str,
    key: str,
    check: Callable[[str], Report],
    certificates: str | None = None,
    ask: Callable[[str], str] = getpass,
) -> Signing:
    """Sign the unit at ``path`` with a key, if ``check``, which is given its folder, finds no error in it.

    Args:
        path: The folder of a sealed unit.
        key: The file of a private key, or of a public one of OpenSSH whose private one an agent has.
        check: Checks a folder.
        certificates: Of a key in PEM: the file of its certificate, and of those between it and one that others trust.
        ask: Is asked for the passphrase of a key in PEM.

    Raises:
        CannotReadError: there is no unit, or it is not sealed.
        CannotWriteError: the key cannot sign, or the unit cannot be written.
        MissingLibraryError: nothing here signs with such a key.
    """
    unit = stored_unit(path)
    signature = BUNDLE if is_pem_key(key) else SIGNATURE
    make = _bundling(unit.files, key, certificates, ask) if signature == BUNDLE else _signing(key, certificates)
    target = unit.files.absolute(signature)
    try:
        with locked(unit.root, unit.lock):
            listed = _content(unit.files, CHECKSUMS)
            report = check(unit.files.folder)
            broken = tuple(
                each for each in report.findings if _is_against(each.path, unit.path, signature) and each.is_error
            )
            if broken:
                return Signing(unit.files.folder, (), report._replace(findings=broken))
            there = _content(unit.files, signature) if unit.files.has(signature) else None
            made = make(listed, there)
            if made.content == there:
                return Signing(unit.files.folder, (), None)
            if _content(unit.files, CHECKSUMS) != listed:
                raise CannotWriteError(f"{unit.files.absolute(CHECKSUMS)}: changed while it was to be signed")
            write_whole(target, made.content)
    except OSError as error:
        raise CannotWriteError(f"{target}: cannot be written: {error.strerror or error}") from error
    what = "all files, in a bundle of model-signing," if signature == BUNDLE else CHECKSUMS
    return Signing(unit.files.folder, (f"signed {what} with {made.by}",), None)


def _signing(key: str, certificates: str | None) -> _Make:
    if certificates is not None:
        raise CannotWriteError(f"{key}: is no private key of an elliptic curve in PEM, to which a certificate belongs")
    return lambda listed, there: signature_over(listed, key, there)


def _bundling(files: UnitFiles, path: str, certificates: str | None, ask: Callable[[str], str]) -> _Make:
    key = read_key(path, certificates, ask)
    name = files.folder.rstrip("/").rpartition("/")[2]

    def make(listed: bytes, there: bytes | None) -> Made:
        probe = ChecksumsProbe()
        probe.feed(listed)
        sums = {**probe.content().sums(), CHECKSUMS: hashlib.sha256(listed).hexdigest()}
        beside = (each.path for each in walk(files.folder) if each.is_file and each.path not in sums)
        return bundle_over(name, sums, beside, key, there)

    return make


def _is_against(path: str, unit: str, signature: str) -> bool:
    """Say whether an error at ``path`` forbids to sign: one of the unit, but for the signature that is made anew."""
    return path == unit or (path.startswith(f"{unit}/") and path != f"{unit}/{signature}")


def _content(files: UnitFiles, path: str) -> bytes:
    files.file(path)
    return b"".join(files.chunks(path))
