"""Paths with placeholders: ``sweeps/<sweep>/configs/<config>``, and what each placeholder stands for in a path.

``<name>`` stands for a name of a declared form, which crosses segments where the form allows a slash, ``*`` for part
of one segment, ``**`` for any part of a path. A form is
a regular expression that somebody else wrote, so it is matched in linear time, by Rust's engine and one placeholder at
a time; no two of them can make each other try again and again.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

import jsonschema_rs

from runcheck.convention.names import REMEMBERED

MOST_PLACES = 24
LINEAR = jsonschema_rs.RegexOptions(size_limit=1 << 20)
_PLACE = re.compile(r"<(?P<name>[a-z][a-z0-9-]*)>|(?P<any>\*\*)|(?P<part>\*)")


class NameForm(NamedTuple):
    """The form of a placeholder: an expression that the whole of it matches, and the same in words."""

    pattern: str
    words: str

    def fits(self, text: str) -> bool:
        """Say whether a text is of the form."""
        return bool(_validator(self.pattern).is_valid(text))


class _Token(NamedTuple):
    """A piece of a path: a text, or a place for a name, for a part of a segment, or for anything."""

    text: str
    form: NameForm | None = None
    crosses: bool = False  # from one segment into the next
    is_place: bool = False


class PathForm(NamedTuple):
    """A path with placeholders."""

    text: str
    tokens: tuple[_Token, ...]

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return what each placeholder stands for in ``path``, or None where this is no path of the form."""
        return _match(self.tokens, path)

    @property
    def has_places(self) -> bool:
        """Whether more than one path may be of the form."""
        return any(token.is_place for token in self.tokens)

    @property
    def names(self) -> tuple[str, ...]:
        """The placeholders."""
        return tuple(token.text for token in self.tokens if token.form)

    @property
    def crosses(self) -> bool:
        """Whether one of its places may stand for several segments."""
        return any(token.crosses for token in self.tokens)

    def above(self) -> Iterator["PathForm"]:
        """Yield the forms of the folders above, from the outermost on; none of them crosses segments."""
        segments = self.text.split("/")
        for count in range(1, len(segments)):
            forms = {token.text: token.form for token in self.tokens if token.form}
            yield path_form("/".join(segments[:count]), forms)


def path_form(text: str, forms: Mapping[str, NameForm]) -> PathForm:
    """Return the form of a path whose placeholders have these forms.

    Raises:
        KeyError: a placeholder has none.
    """
    tokens: list[_Token] = []
    end = 0
    for place in _PLACE.finditer(text):
        if place.start() > end:
            tokens.append(_Token(text[end : place.start()]))
        end = place.end()
        form = forms[place["name"]] if place["name"] else None
        crosses = form.fits("a/b") if form else bool(place["any"])
        tokens.append(_Token(place["name"] or "", form, crosses=crosses, is_place=True))
    if end < len(text):
        tokens.append(_Token(text[end:]))
    return PathForm(text, tuple(tokens))


def filled(template: str, words: Mapping[str, str]) -> str:
    """Return a template with each placeholder that is among ``words`` replaced by what it stands for."""
    return _PLACE.sub(lambda place: words.get(place["name"] or "", place[0]), template)


def places_in(template: str) -> int:
    """Return how many places for names a template has; a path is taken apart one by one."""
    return sum(1 for _ in _PLACE.finditer(template))


def placeholders_in(template: str) -> list[str]:
    """Return the names in a template."""
    return [place["name"] for place in _PLACE.finditer(template) if place["name"]]


@cache
def _validator(pattern: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator({"pattern": f"^(?:{pattern})$"}, pattern_options=LINEAR)


def fault_of_pattern(pattern: str) -> str | None:
    """Return why a pattern is none; None where it is one."""
    try:
        _validator(pattern)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        return str(error).partition("\n")[0]
    return None


@lru_cache(REMEMBERED)
def _match(tokens: tuple[_Token, ...], path: str) -> Mapping[str, str] | None:
    failed: set[tuple[int, int]] = set()

    def rest(number: int, at: int) -> dict[str, str] | None:
        if number == len(tokens):
            return {} if at == len(path) else None
        if (number, at) in failed:
            return None
        token = tokens[number]
        following = tokens[number + 1] if number + 1 < len(tokens) else None
        for end in _ends(token, following, path, at):
            if token.form and not token.form.fits(path[at:end]):
                continue
            found = rest(number + 1, end)
            if found is not None:
                return {token.text: path[at:end], **found} if token.form else found
        failed.add((number, at))
        return None

    return rest(0, 0)


def _ends(token: _Token, following: _Token | None, path: str, at: int) -> Iterator[int]:
    """Yield where a token that begins at ``at`` may end, the farthest first."""
    if not token.is_place:
        if path.startswith(token.text, at):
            yield at + len(token.text)
        return
    slash = path.find("/", at)
    limit = len(path) if token.crosses or slash < 0 else slash
    if following is None:
        if limit == len(path):
            yield limit
        return
    for end in range(limit, at - 1, -1):
        if following.is_place or path.startswith(following.text, end):
            yield end
