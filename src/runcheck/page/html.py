"""Elements of HTML: text becomes markup by :func:`text` alone, which escapes it; types tell one from the other."""

import json
from collections.abc import Iterable
from html import escape

from runcheck.findings import without_certain_secrets
from runcheck.report.escape import printable

_VOID = frozenset({"input", "meta", "link"})
_LONGEST = 4000  # characters of a text
# What ends a script or begins a comment in HTML, and what JavaScript once took for ends of lines.
_IN_SCRIPT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


class Html(str):
    """Markup. Nothing else is put into a page as it is."""

    __slots__ = ()


def text(words: object) -> Html:
    """Return words as markup that says just them: no element, hidden sign or secret, no more than a page can show."""
    shown = without_certain_secrets(str(words))
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}... ({len(shown) - _LONGEST:,} more characters)"
    lines = shown.split("\n")
    return Html("\n".join(escape(printable(line), quote=True) for line in lines))


def element(tag: str, *children: object, **attributes: object) -> Html:
    """Return an element; children that are no markup are text.

    The names of attributes are those of HTML, with ``_`` for hyphens and behind words that Python keeps. One that is
    None or False is left out, and of one that is True only the name stands there.
    """
    given = "".join(_attribute(name, value) for name, value in attributes.items())
    return Html(f"<{tag}{given}>" if tag in _VOID else f"<{tag}{given}>{joined(children)}</{tag}>")


def joined(parts: Iterable[object]) -> Html:
    """Return parts one after the other; those that are no markup are text."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def data(name: str, value: object) -> Html:
    """Return a value as JSON that a script of the page finds by its name, and no browser runs."""
    whole = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_IN_SCRIPT)
    # a lone surrogate is no text that UTF-8 has
    return Html(f'<script type="application/json" id="{name}">{_encodable(whole)}</script>')


def _encodable(whole: str) -> str:
    return whole.encode("utf-8", "backslashreplace").decode("utf-8")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    spelt = name.rstrip("_").replace("_", "-")
    return f" {spelt}" if value is True else f' {spelt}="{text(value)}"'
