"""Where the files of a unit hold words that do not belong there: by line in a text, by pointer in a document."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.units import Unit
from runcheck.convention.words import Word, WordKind, names_of_items, words_in, words_of_value
from runcheck.probes.contents import DocumentContent
from runcheck.probes.words import SeenWord, WordsContent

_SHOWN = 20  # of each kind in one document


class Place(NamedTuple):
    """A word in a file of the unit; ``document`` names the file as the places of redactions do.

    ``inside`` says where it is in a file that is packed.
    """

    path: str
    document: str
    kind: WordKind
    what: str
    text: str
    is_certain: bool
    line: int | None = None
    pointer: str | None = None
    inside: str | None = None


def places_of(
    unit: Unit, documents: Mapping[str, DocumentContent], words: Mapping[str, WordsContent]
) -> tuple[tuple[Place, ...], Mapping[tuple[str, WordKind], int]]:
    """Return each place, and how many more there are of each kind in each file."""
    places: list[Place] = []
    more: dict[tuple[str, WordKind], int] = {}
    places += _of_names(unit)
    for path in sorted({*documents, *words}):
        name = document_name(unit, path)
        value = documents[path].value if path in documents else None
        if isinstance(value, dict):
            _of_document(path, name, value, places, more)
        seen = words.get(path, WordsContent())
        if isinstance(value, dict) and seen.words:
            seen = WordsContent(tuple(_of_comments(path, value, seen)))
        places += [_of_text(path, name, each) for each in seen.words if not (each.member and each.kind == "redacted")]
        more.update({(path, kind): count for kind, count in seen.more.items()})
    return tuple(places), more


def _of_names(unit: Unit) -> Iterator[Place]:
    """Yield the secrets that files and folders are named after; below a folder that is, the first file."""
    paths = sorted(unit.members)
    names = "\n".join(path.replace("\n", " ") for path in paths)
    seen: set[str] = set()
    for word in words_in(names):
        text = names[word.start : word.end]
        if word.kind == "secret" and text not in seen:
            seen.add(text)
            path = paths[names.count("\n", 0, word.start)]
            yield Place(path, path, word.kind, word.what, text, word.is_certain, inside="in its name")


def _of_text(path: str, name: str, word: SeenWord) -> Place:
    if word.note is not None:
        where = f"in its metadata, under {word.note!r}" if word.note else "in a text of it"
        return Place(path, name, word.kind, word.what, word.text, word.is_certain, inside=where)
    if word.member is None:
        return Place(path, name, word.kind, word.what, word.text, word.is_certain, word.line)
    inside = f"in {word.member}:{word.line}" if word.member else f"in line {word.line} of what it unpacks to"
    # An archive may hold what others wrote; a key in it is one all the same.
    is_certain = word.is_certain and (not word.member or word.kind in ("secret", "address"))
    return Place(path, name, word.kind, word.what, word.text, is_certain, inside=inside)


def document_name(unit: Unit, path: str) -> str:
    """Return the name of a file among the places of redactions: its role where that has one file, else its path."""
    role = unit.members[path].role
    return path if role is None or role.several else role.name


def _of_document(
    path: str, name: str, value: object, places: list[Place], more: dict[tuple[str, WordKind], int]
) -> None:
    counts: dict[tuple[WordKind, bool], int] = {}
    for pointer, text, word in _words_in(value, "", "", ""):
        if pointer.startswith("/governance/redactions/") and word.kind == "redacted":
            continue
        counts[word.kind, word.is_certain] = counts.get((word.kind, word.is_certain), 0) + 1
        if counts[word.kind, word.is_certain] <= _SHOWN:
            part = text[word.start : word.end]
            places.append(Place(path, name, word.kind, word.what, part, word.is_certain, pointer=pointer))
        elif word.is_certain:
            more[path, word.kind] = more.get((path, word.kind), 0) + 1


def _words_in(value: object, pointer: str, name: str, surroundings: str) -> Iterator[tuple[str, str, Word]]:
    """Yield pointer, string and word for each in a value under ``name``, in an object named ``surroundings``."""
    if isinstance(value, str):
        for word in words_of_value(value, name, surroundings):
            yield pointer, value, word
    elif isinstance(value, dict):
        yield from _words_in_object(value, pointer, name)
    elif isinstance(value, list):
        for index, (each, of) in enumerate(zip(value, names_of_items(value, name), strict=True)):
            if isinstance(each, dict | list | str):
                yield from _words_in(each, f"{pointer}/{index}", of, surroundings)


def _words_in_object(value: Mapping[str, object], pointer: str, name: str) -> Iterator[tuple[str, str, Word]]:
    """Yield them for the members of an object; where those hold none, which is mostly so, no pointer is made."""
    for key, each in value.items():
        for word in words_of_value(key, "", ""):
            yield _below(pointer, key), key, word
        if isinstance(each, str):
            for word in words_of_value(each, key, name):
                yield _below(pointer, key), each, word
        elif isinstance(each, dict | list):
            yield from _words_in(each, _below(pointer, key), key, name)


def _below(pointer: str, key: str) -> str:
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def _of_comments(path: str, value: object, seen: WordsContent) -> Iterator[SeenWord]:
    """Yield the words of a YAML document that stand in no value of it; JSON has no comments."""
    if path.endswith((".yaml", ".yml")):
        strings = "\n".join(_strings(value))
        for each in seen.words:
            if each.text not in strings:
                yield each


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def is_own_format(path: str) -> bool:
    """Say whether a file belongs to a format of its own, whose texts no person wrote: what lies in a checkpoint."""
    return path.startswith(f"{layout().folder_of('checkpoint')}/")
