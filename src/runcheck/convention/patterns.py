"""Regular expressions that are compiled when they are first tried: few texts need most of them.

What is repeated possessively is one character or a set: of a group, Python 3.11.2, which Debian 12 has, goes on behind
what it tried in vain. ``(?>(?:...)*)`` says the same, and is right there; it remembers each turn until its end, so a
turn takes as much as it can.
"""

import re
from typing import AnyStr, cast


class _Late:
    """Has the methods of a pattern, once one of them is asked for; they are its own from then on, as fast as ever."""

    __slots__ = ("_flags", "_form", "findall", "finditer", "fullmatch", "match", "search", "sub")

    def __init__(self, form: str | bytes, flags: int) -> None:
        self._form, self._flags = form, flags

    def __getattr__(self, name: str) -> object:
        compiled = re.compile(self._form, self._flags)
        for method in _Late.__slots__[2:]:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def late(form: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return the pattern of a regular expression, which is compiled with its first use."""
    return cast("re.Pattern[AnyStr]", _Late(form, flags))
