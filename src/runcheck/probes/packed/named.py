"""Files whose names say that they are pickles: most are plain weights, and their first byte says that they are none."""

import io
from typing import BinaryIO

from runcheck.probes.contents import ArchiveContent, PackedContent
from runcheck.probes.packed import BEGINS, OLD_LZMA, ZLIB_STARTS
from runcheck.probes.packed.forward import Window
from runcheck.probes.packed.tar_members import is_tar
from runcheck.probes.packed.zip_members import END, END_SIZE

START = 600  # bytes that tell what something is: the magic of tar lies at 257

# Every opcode of the pickle machine (pickletools.opcodes), which is not loaded to find that there is none.
OPCODES = bytes((*range(0x80, 0x99), *b"().012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu}"))
# But for tar, which may begin with anything.
_FIRST_BYTES = frozenset((*OPCODES, *(each[0] for each in (*BEGINS, *ZLIB_STARTS, OLD_LZMA))))


def look_into_pickle(stream: BinaryIO, deep: bool) -> PackedContent:  # noqa: FBT001 - the form of every probe
    """Return what a file holds whose name says that it is a pickle: the oldest protocols begin with no magic."""
    window = Window(stream, 0, stream.seek(0, io.SEEK_END))
    start = window.at(0, START)
    if not start or start[0] in _FIRST_BYTES or is_tar(start) or window.at(window.size - END_SIZE, 4) == END:
        from runcheck.probes.packed.archive import look_into_maybe_pickle  # noqa: PLC0415 - a dozen modules

        return look_into_maybe_pickle(stream, deep)
    return ArchiveContent(error=no_opcode(start[0]))


def no_opcode(code: int) -> str:
    """Return what is wrong with a pickle that goes on with a byte that is no opcode."""
    return f"has no opcode {code:#04x}"
