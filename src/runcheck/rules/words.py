"""RC9, texts: secrets, and what belongs to one machine."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Metadata
from runcheck.convention.machine import host_of_events
from runcheck.convention.secrets import REDACTED
from runcheck.convention.units import Unit
from runcheck.convention.words import WordKind
from runcheck.rules.places import Place, is_own_format
from runcheck.rules.rule import Problem, unit_rule

_WORTH_A_HINT = 16  # characters; of a shorter secret nothing is shown
_HINT = 4
# Documents in which a replaced value is one of ours; a difference holds the source of programs, which may say anything.
_ROLES_OF_TEXT = frozenset({"readme", "diff"})


@unit_rule
def secret(places: tuple[Place, ...], more_places: Mapping[tuple[str, WordKind], int]) -> Iterator[Problem]:
    """Keys, tokens, passwords and private keys, in any text, also in a packed one."""
    for place in _of_kind("secret", places):
        yield _problem(place, f"holds {place.what}{_hint(place.text)}")
    yield from _more("secret", more_places, "secrets")


@unit_rule
def machine_path(places: tuple[Place, ...], more_places: Mapping[tuple[str, WordKind], int]) -> Iterator[Problem]:
    """Absolute paths and home folders."""
    for place in _of_kind("path", places):
        if not is_own_format(place.path):
            yield _problem(place, f"names the path {place.text[:80]!r} of one machine")
    yield from _more("path", more_places, "paths")


@unit_rule
def machine_name(unit: Unit, places: tuple[Place, ...]) -> Iterator[Problem]:
    """Hosts and users, in documents and in the names of event files."""
    for place in _of_kind("name", places):
        if not is_own_format(place.path):
            yield _problem(place, f"names the machine or user {place.text[:80]!r}")
    for path in unit.files:
        host = host_of_events(path)
        if host is not None:
            yield Problem(path, f"bears the host name {host!r}")


@unit_rule
def remote_credentials(places: tuple[Place, ...], more_places: Mapping[tuple[str, WordKind], int]) -> Iterator[Problem]:
    """Addresses with a user name or a password."""
    for place in _of_kind("address", places):
        name, _, password = place.text.rstrip("@").partition(":")
        whose = f"the user {name[:40]!r} and a password" if password and name else "a password"
        is_token = not password and len(name) >= _WORTH_A_HINT
        alone = f"a token{_hint(name)}" if is_token else f"the user {name[:40]!r}"
        yield _problem(place, f"holds an address with {whose if password else alone}")
    yield from _more("address", more_places, "addresses with a user")


@unit_rule
def redaction_unrecorded(unit: Unit, metadata: Metadata, places: tuple[Place, ...]) -> Iterator[Problem]:
    """Values that were replaced, and that the metadata do not list."""
    listed = {each["where"] for each in metadata.get("governance", {}).get("redactions", [])}
    for place in _of_kind("redacted", places):
        where = place.document if place.pointer is None else f"{place.document}#{place.pointer}"
        role = unit.members[place.path].role
        if where in listed or (place.pointer is None and (role is None or role.name not in _ROLES_OF_TEXT)):
            continue
        is_certain = role is not None and role.name != "diff"
        yield Problem(
            place.path,
            f"holds {REDACTED}, and the metadata do not list {where!r}",
            line=place.line,
            pointer=place.pointer,
            is_certain=is_certain,
        )


def _of_kind(kind: WordKind, places: tuple[Place, ...]) -> Iterator[Place]:
    return (place for place in places if place.kind == kind)


def _problem(place: Place, message: str) -> Problem:
    message += f", {place.inside}" if place.inside else ""
    return Problem(place.path, message, line=place.line, pointer=place.pointer, is_certain=place.is_certain)


def _more(kind: WordKind, more: Mapping[tuple[str, WordKind], int], what: str) -> Iterator[Problem]:
    for (path, of), count in more.items():
        if of == kind and not (kind == "path" and is_own_format(path)):
            yield Problem(path, f"holds {count:,} more {what}")


def _hint(text: str) -> str:
    return f": {text[:_HINT]}\u2026" if len(text) >= _WORTH_A_HINT else ""
