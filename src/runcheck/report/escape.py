"""Text from a checked tree, made safe to print.

The name of a file must not move the cursor, forge a line or colour the report.
"""

import unicodedata


def printable(text: str) -> str:
    """Return ``text`` with control characters, lone surrogates and direction marks as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character
