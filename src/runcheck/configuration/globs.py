"""Patterns of paths as Git has them in ``.gitignore``: https://git-scm.com/docs/gitignore, "PATTERN FORMAT".

By hand, as Python's own have no ``**`` before 3.13 and know nothing of anchors. A path is walked segment by segment
beside the pattern, so that no pattern takes more than the product of the two lengths. ``!`` is not known: each pattern
stands for itself.
"""

import fnmatch
import re
from functools import lru_cache
from typing import NamedTuple

from runcheck.errors import ConfigurationError

_ANY = "**"
_TOKEN = re.compile(r"\\(.)|(\[(?:[!^])?\]?(?:\\.|[^\]\\])*\])|(.)", re.DOTALL)


class Glob(NamedTuple):
    """A pattern as its text, and as a regular expression for each segment, None for any number of segments."""

    text: str
    segments: tuple[re.Pattern[str] | None, ...]

    def fits(self, path: str) -> bool:
        """Say whether ``path``, relative and with /, or a folder above it, is one that the pattern means."""
        return self._walked(path) is None

    def leads_into(self, path: str) -> bool:
        """Say whether it may fit something in the folder ``path``; the one that all are relative to is "" or "."."""
        return path in ("", ".") or self._walked(path) != set()

    def _walked(self, path: str) -> set[int] | None:
        """Return the places in the pattern that are reached behind ``path``, None where it fits before or there."""
        end, last = len(self.segments), len(self.segments) - 1
        reached = self._closed({0})
        for name in path.split("/"):
            stays = {at for at in reached if self.segments[at] is None}
            moves = {at + 1 for at in reached if (each := self.segments[at]) is not None and each.fullmatch(name)}
            if end in moves or last in stays:  # ``**`` at the end is what is in a folder, and not the folder
                return None
            reached = self._closed(stays | moves)
        return reached

    def _closed(self, reached: set[int]) -> set[int]:
        """Return the places that are reached without a further name: behind ``**`` that stands for nothing."""
        for at in range(len(self.segments) - 1):
            if at in reached and self.segments[at] is None:
                reached.add(at + 1)
        return reached


@lru_cache
def glob(pattern: str) -> Glob:
    """Return the pattern that a text is. A slash at the end is passed over: who ignores a folder ignores its findings.

    Raises:
        ConfigurationError: it is none.
    """
    if pattern.startswith("!"):
        raise ConfigurationError(f"{pattern!r}: patterns that begin with ! are not known here; \\! stands for the sign")
    text = pattern.rstrip("/")
    names = text.removeprefix("/").split("/")
    if not text or not {"", ".", ".."}.isdisjoint(names):
        raise ConfigurationError(f"{pattern!r}: is no pattern of paths below the folder of the configuration")
    if "/" not in text:
        names.insert(0, _ANY)
    return Glob(pattern, tuple(None if name == _ANY else re.compile(_translated(name)) for name in names))


def _translated(name: str) -> str:
    """Return the regular expression of one segment, by the standard library: that knows ! and no backslashes."""
    return fnmatch.translate("".join(_plain(*token.groups()) for token in _TOKEN.finditer(name)))


def _plain(escaped: str | None, among: str | None, other: str | None) -> str:
    if escaped:
        return f"[{escaped}]" if escaped in "*?[" else escaped
    if among:
        sign = "!" if among[1] in "!^" else ""
        characters = re.sub(r"\\(.)", r"\1", among[1 + len(sign) : -1])
        return f"[{sign}{characters}]"
    return other or ""
