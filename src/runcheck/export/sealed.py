"""The files of a sealed unit, each as its list has it."""

import hashlib
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, NamedTuple

from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError
from runcheck.publish.sealed import SealedUnit, sealed_unit
from runcheck.reading.unit import LoadedUnit
from runcheck.tree.store import LocalStore

_CHUNK = 1 << 20


class Document(NamedTuple):
    """A file of a sealed unit: its path within, its size and its digest."""

    path: str
    size: int
    sha256: str


def sealed(loaded: LoadedUnit, root: str) -> SealedUnit:
    """Return the sealed unit that was loaded.

    Raises:
        CannotReadError: it is not sealed, or a file that its list has is not there.
    """
    return sealed_unit(LocalStore(root), loaded.path[len(root) :].strip("/"))


def copied(unit: SealedUnit, path: str, target: str | None) -> Document:
    """Read a file, compare it with the list where that has it, and copy it to ``target`` where there is one.

    Raises:
        CannotReadError: it is a pointer of Git LFS, or not the file that the list has.
    """
    name = f"{unit.name}/{path}"
    if unit.is_pointer(path):
        raise CannotReadError(f"{name}: is a Git LFS pointer, and its object is not here; `git lfs pull` brings it")
    digest, size = hashlib.sha256(), 0
    try:
        with unit.store.open(unit.files[path]) as source, _opened(target) as stream:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if stream is not None:
                    stream.write(chunk)
    except OSError as error:
        raise CannotReadError(f"{error.filename or name}: {error.strerror or error}") from error
    if digest.hexdigest() != unit.sums.get(path, digest.hexdigest()):
        raise CannotReadError(
            f"{name}: is not the file that {layout().path('checksums')} lists; restore it from a copy"
        )
    return Document(path, size, digest.hexdigest())


def _opened(target: str | None) -> AbstractContextManager[BinaryIO | None]:
    return nullcontext() if target is None else open(target, "xb")
