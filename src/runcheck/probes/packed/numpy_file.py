"""``.npy`` files, and ``.npz`` archives of them."""

import hashlib

from runcheck.probes.contents import NumpyContent, Tensor
from runcheck.probes.packed import NUMPY_MAGIC, NUMPY_SUFFIX
from runcheck.probes.packed.forward import BrokenError, Forward
from runcheck.probes.packed.found import Found, Thing
from runcheck.probes.packed.numpy_header import read_header
from runcheck.probes.packed.pickled import look_at_pickles


def look_at_array(found: Found, thing: Thing, source: Forward) -> None:
    """Note an array, and others that follow it in the same file.

    Raises:
        BrokenError: it is cut short, or no array.
        BoundError: it is too long to be decompressed.
    """
    name = thing.name.removesuffix(NUMPY_SUFFIX)
    is_first = True
    while is_first or source.peek(len(NUMPY_MAGIC)) == NUMPY_MAGIC:
        is_first = False
        header = read_header(source)
        if not thing.name:
            found.kind = NumpyContent
        tensor = Tensor(name, header.shape, header.dtype.name)
        if found.kind is NumpyContent:
            found.array(tensor)
        for field in header.dtype.objects:
            found.object_array(f"{name}.{field}" if name and field else name or field)
        if header.dtype.objects:
            look_at_pickles(found, thing, source)
            return
        is_read = found.deep or thing.size is None
        digest = hashlib.sha256() if found.deep and header.is_plain else None
        if digest is not None:
            there = source.feed(header.size, digest.update)
        else:
            there = source.skip(header.size) if is_read else (thing.size or 0) - source.position
        if there < header.size:
            raise BrokenError(f"is cut short: {max(0, there):,} of {header.size:,} bytes of its array")
        if digest is not None:
            found.digested(tensor, digest.hexdigest())
        if not is_read and (thing.window is None or source.skip(header.size) < header.size):
            return
