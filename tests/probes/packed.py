"""What the tests of pickles and archives build from: opcodes by hand, members, and a look into bytes."""

import io
import struct
import tarfile
import zipfile

from runcheck.probes import Content, format_of, look_into_file
from runcheck.probes.contents import PackedContent
from runcheck.rules.unsafe import unsafe_pickle


def look(content: bytes, name: str = "a.pkl", *, deep: bool = False) -> PackedContent:
    """Look into a file of this name as the pipeline would; nothing is seen in a file of no format."""
    found = look_into(content, name, deep=deep) or PackedContent()
    assert isinstance(found, PackedContent)
    return found


def look_into(content: bytes, name: str, *, deep: bool) -> Content | None:
    """The same for a file that its first bytes may make one of another format."""
    format_ = format_of(name, content[:1024])
    return look_into_file(format_, io.BytesIO(content), deep=deep) if format_ else None


def messages(found: PackedContent) -> list[str]:
    """Return what RC906 says of it."""
    return [problem.message for problem in unsafe_pickle({"a": found.pickles} if found.pickles else {})]


def text(word: str) -> bytes:
    """Return the opcode of a string."""
    encoded = word.encode()
    return (
        b"\x8c" + bytes([len(encoded)]) + encoded
        if len(encoded) < 256
        else b"X" + struct.pack("<I", len(encoded)) + encoded
    )


def proto(body: bytes, version: int = 4) -> bytes:
    """Return a pickle with a header and an end."""
    return b"\x80" + bytes([version]) + body + b"."


CALL = b"cposix\nsystem\n" + text("true") + b"\x85R"  # what a real attack does, and never loaded here
EVIL = proto(CALL)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    """Return a tar archive of these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()
