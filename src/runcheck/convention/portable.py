"""Names of files that every file system takes, and tells from one another (spec, RC109 and RC110)."""

import unicodedata
from functools import lru_cache

from runcheck.convention.layout import layout
from runcheck.convention.patterns import late

_DEVICE = late(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])")
_FORBIDDEN = frozenset('<>:"\\|?*')
_REMEMBERED = 1 << 14  # names; the same ones come up in unit after unit


@lru_cache(_REMEMBERED)
def why_not_portable(name: str) -> str | None:
    """Return why some file system does not take a name, as the end of a sentence about it, or None."""
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "is not UTF-8"
    if size > layout().limits.name_bytes:
        return f"has {size} bytes, more than {layout().limits.name_bytes}"
    wrong = sorted(
        {character for character in name if character in _FORBIDDEN or unicodedata.category(character) == "Cc"}
    )
    if wrong:
        return f"holds {' '.join(map(repr, wrong))}"
    if _DEVICE.fullmatch(name.partition(".")[0]):
        return "is that of a device on Windows"
    return "ends with a dot or a space" if name.endswith((".", " ")) else None


def folded(name: str) -> str:
    """Return what two names have in common that are one where case and Unicode form do not count."""
    return unicodedata.normalize("NFC", name).lower()
