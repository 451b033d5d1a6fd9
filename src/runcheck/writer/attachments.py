"""Files that people add to a run: copies under ``extra/``, and plots."""

import os
import shutil
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from io import BytesIO
from typing import BinaryIO

from runcheck.convention.layout import layout
from runcheck.errors import InvalidArgumentError, warn
from runcheck.writer.arguments import kind_of
from runcheck.writer.atomic import whole
from runcheck.writer.places import checked_path, make_folders
from runcheck.writer.provenance.redaction import Redactor
from runcheck.writer.unit import UnitFolder

_TEXT_BYTES = 8000  # in which a text has no NUL (spec, chapter 9)
_MAX_TEXT = 64 << 20  # is searched in memory
LARGEST_ARTIFACT = 100_000_000  # bytes, of what comes from a tracker or is given to one, where nobody says
_PNG, _SVG = b"\x89PNG\r\n\x1a\n", b"<svg"
_SVG_BYTES = 4096  # in which the element begins, after comments and a document type


def add_copy(folder: UnitFolder, source: str | os.PathLike[str], name: str | None) -> str | None:
    """Copy a file into ``extra/``; see :meth:`runcheck.writer.run.Run.add_file`."""
    if not os.path.isfile(source):
        raise InvalidArgumentError(f"{os.fspath(source)!r} is no file; name one that is there")
    path = place_in(folder, "extra", os.path.basename(source) if name is None else name)
    try:
        stream = open(source, "rb")  # noqa: SIM115 - one that cannot be read is an argument that does not fit
    except OSError as error:
        raise InvalidArgumentError(f"{os.fspath(source)!r} cannot be read: {error.strerror}") from error
    with stream:
        return _written(folder, path, stream)


def add_plot(folder: UnitFolder, name: str, figure: object) -> str | None:
    """Write a figure into ``plots/``; see :meth:`runcheck.writer.run.Run.plot`."""
    suffix = os.path.splitext(name)[1].lower()
    wanted = suffix if suffix in (".png", ".svg") else ""
    image = _image(figure)
    found = (wanted or ".png") if image is None else _suffix_of(image)
    if found is None:
        raise InvalidArgumentError(f"the plot {name!r} is neither PNG nor SVG by how it begins")
    if wanted and wanted != found:
        raise InvalidArgumentError(f"the plot {name!r} is {found[1:].upper()} by how it begins; call it *{found}")
    path = place_in(folder, "plot", name if wanted else f"{name}{found}")
    content = _drawn(figure, found) if image is None else image
    return None if content is None else _written(folder, path, BytesIO(content))


def image_suffix(figure: object) -> str:
    """Return the suffix of the plot that ``figure`` becomes where its name has none, as far as that shows here."""
    if isinstance(figure, bytes | bytearray | memoryview):
        return _suffix_of(bytes(figure)) or ".png"
    is_svg = isinstance(figure, str | os.PathLike) and os.fspath(figure).lower().endswith(".svg")
    return ".svg" if is_svg else ".png"


def place_in(folder: UnitFolder, role: str, name: str) -> str:
    """Return the path in the unit of what is to be called ``name`` in the folder of a role.

    Raises:
        InvalidArgumentError: there can be no such path.
    """
    return checked_path(folder.path, folder.kind.name, role, name, layout().folder_of(role))


def _written(folder: UnitFolder, path: str, source: BinaryIO) -> str | None:
    """Write what a stream holds to ``path`` of the unit, whole or not at all; a text without what is not for others.

    Nothing goes through a link that lies in the unit. What the disk refuses is a warning: training goes on.
    """
    content = clean_text(folder.redactor, path, source)
    target = os.path.join(folder.path, path)
    try:
        make_folders(folder.path, os.path.dirname(path))
        with whole(target) as temporary, open(temporary, "xb") as stream:
            if content is None:
                shutil.copyfileobj(source, stream, 1 << 20)
            else:
                stream.write(content)
    except OSError as error:
        warn(f"{path} of {folder.path} was not written: {error.strerror or error}")
        return None
    return target


def clean_text(redactor: Redactor, path: str, source: BinaryIO) -> bytes | None:
    """Return a text without secrets and paths; None of what is no text, of which nothing was read then.

    Raises:
        InvalidArgumentError: it is a text of more than 64 MiB.
    """
    start = source.read(_TEXT_BYTES)
    is_wide = start.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    if b"\0" in start and not is_wide:
        source.seek(0)
        return None
    content = start + source.read(_MAX_TEXT + 1 - len(start))
    if len(content) > _MAX_TEXT:
        raise InvalidArgumentError(
            f"{path} is a text of more than {_MAX_TEXT >> 20} MiB, too large to search it for secrets; add parts of it"
        )
    if not is_wide:
        return redactor.bytes(content, path)
    narrow = content.decode("utf-16", "replace").encode("utf-8", "replace")
    clean = redactor.bytes(narrow, path)
    return content if clean == narrow else clean


def _image(figure: object) -> bytes | None:
    """Return the bytes of an image that is given as such or by its path; None of a figure that is to be drawn."""
    if isinstance(figure, bytes | bytearray | memoryview):
        return bytes(figure)
    if not isinstance(figure, str | os.PathLike):
        return None
    if not os.path.isfile(figure):
        raise InvalidArgumentError(f"{os.fspath(figure)!r} is no file; give an image that is there, or a figure")
    try:
        with open(figure, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InvalidArgumentError(f"{os.fspath(figure)!r} cannot be read: {error.strerror}") from error


def _drawn(figure: object, suffix: str) -> bytes | None:
    """Return a figure of matplotlib, or the one that axes are in, as an image; None where it cannot be drawn."""
    drawable = figure if hasattr(figure, "savefig") else getattr(figure, "figure", None)
    save = getattr(drawable, "savefig", None)
    if save is None:
        raise InvalidArgumentError(f"the plot is {kind_of(figure)}; give a figure of matplotlib, or a PNG or SVG")
    image = BytesIO()
    # An SVG bears the time at which it was drawn, unless told not to; a PNG does not.
    metadata = {"metadata": {"Date": None}} if suffix == ".svg" else {}
    try:
        save(image, format=suffix[1:], **metadata)
    except Exception as error:  # noqa: BLE001 - a missing font, a bad formula: training goes on
        warn(f"a plot could not be drawn: {error}")
        return None
    return image.getvalue()


def _suffix_of(content: bytes) -> str | None:
    if content.startswith(_PNG):
        return ".png"
    return ".svg" if _SVG in content[:_SVG_BYTES] and content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else None
