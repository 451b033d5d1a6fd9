"""Text from a checked tree, made safe to print.

The name of a file must not move the cursor, forge a line, colour the report, or give a command to whatever reads a log:
runners of GitHub and Azure take ``##[...]`` anywhere in a line and ``::...::`` at its beginning for one.
"""

import re
import unicodedata

_COMMAND = re.compile(r"##(?=[a-z]*\[)|^\s*::")


def printable(text: str) -> str:
    """Return ``text`` with control characters, lone surrogates, direction marks and commands to runners as escapes."""
    if "##" in text or "::" in text:
        text = _COMMAND.sub(lambda match: f"{match[0][:-1]}\\x{ord(match[0][-1]):02x}", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character
