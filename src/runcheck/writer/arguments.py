"""What callers give to the writer, checked and turned into what documents hold."""

import operator
import os
import reprlib
import unicodedata
from collections.abc import Mapping
from typing import SupportsIndex, TypeVar, get_args

from runcheck.convention.aggregates import Direction
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name, words
from runcheck.convention.steps import MAX_STEP
from runcheck.errors import CannotWriteError, InvalidArgumentError

MAX_INTEGER = 10**4000  # as many digits as Python reads back
METRICS = '{"loss": 0.5}'  # what a call of log may be given
_Value = TypeVar("_Value")


def checked_name(name: str, what: str, text: str) -> str:
    """Return ``text`` if it is what the convention's definition ``name`` describes.

    Raises:
        InvalidArgumentError: it is not; the message says what ``what`` may be.
    """
    if not is_name(name, text):
        raise InvalidArgumentError(f"{what} is {text!r}; give {words(name)}")
    return text


def checked_root(root: str | os.PathLike[str]) -> str:
    """Return the path of a tree.

    Raises:
        InvalidArgumentError: it is no path.
        CannotWriteError: the working directory is gone.
    """
    if not isinstance(root, str | os.PathLike):
        raise InvalidArgumentError(f"root is {told(root)}; give the folder of the tree, 'artefacts'")
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise CannotWriteError("the working directory was removed; change into one that is there") from error
    return os.fspath(root)


def checked_mapping(mapping: Mapping[str, _Value], what: str, example: str) -> dict[str, _Value]:
    """Return a mapping, or what only has its methods, as a dictionary.

    Raises:
        InvalidArgumentError: it is none; the message shows ``example``.
    """
    if isinstance(mapping, type) or not (hasattr(mapping, "keys") and hasattr(mapping, "__getitem__")):
        raise InvalidArgumentError(f"{what} is {told(mapping)}; give a mapping, {example}")
    return dict(mapping)


def told(value: object) -> str:
    """Return a value of any type in one short line."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python shows no integer of that many digits
        return f"{kind_of(value)} of thousands of digits"


def kind_of(value: object) -> str:
    """Return in words what kind of thing a value is: ``a string``, ``an array of shape (3,)``, ``a list``."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape and not isinstance(value, type):
        return f"an array of shape {tuple(shape)}"
    name = "string" if isinstance(value, str) else type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def checked_text(text: str, what: str) -> str:
    """Return a text for people as a document can hold it: a line feed ends its lines, other controls become U+FFFD.

    Raises:
        InvalidArgumentError: it is no string, or holds what is no character.
    """
    if not isinstance(text, str):
        raise InvalidArgumentError(f"{what} is {kind_of(text)}, not a string")
    lines = checked_characters(text, what).replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if unicodedata.category(each) == "Cc" and each not in "\t\n" else each for each in lines)


def checked_step(step: object) -> int:
    """Return ``step`` as an integer.

    Raises:
        InvalidArgumentError: it is none, is negative, or is beyond the integers that every reader of JSON holds.
    """
    if type(step) is int and 0 <= step <= MAX_STEP:  # what steps are; to ask for a protocol takes 60 us
        return step
    index = _integer(step)
    if index is None or not 0 <= index <= MAX_STEP:
        raise InvalidArgumentError(f"step is {told(step)}; it must be an integer from 0 to {MAX_STEP}")
    return index


def checked_seed(name: str, seed: object) -> int:
    """Return ``seed`` as an integer.

    Raises:
        InvalidArgumentError: it is none that documents hold, or ``name`` is no string.
    """
    if not isinstance(name, str):
        raise InvalidArgumentError(f"seeds has the key {told(name)}; keys are strings")
    index = _integer(seed)
    if index is None or abs(index) >= MAX_INTEGER:
        raise InvalidArgumentError(f"seeds[{name!r}] is {told(seed)}; a seed is an integer")
    return index


def _integer(value: object) -> int | None:
    """Return what is an integer as one, None of what is not: an array has the protocol, whatever it holds."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def checked_tags(tags: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return ``tags`` if they are those of a unit of ``kind``.

    Raises:
        InvalidArgumentError: a mandatory tag is missing, a tag is unknown, or a value is none of the tag's.
    """
    mandatory, optional = layout().mandatory_tags[kind], layout().optional_tags[kind]
    for tag in mandatory:
        if tag not in tags:
            raise InvalidArgumentError(f"tags lack {tag!r}; a {kind} has {', '.join(mandatory)}")
    for tag, value in tags.items():
        if tag not in (*mandatory, *optional):
            known = ", ".join((*mandatory, *optional))
            raise InvalidArgumentError(f"the tag {tag!r} is unknown; a {kind} has {known}, and extensions for all else")
        checked_name("tag", f"tags[{tag!r}]", value)
        allowed = layout().tag_values.get(tag)
        if allowed and value not in allowed:
            raise InvalidArgumentError(f"the tag {tag} is {value!r}, not one of {', '.join(allowed)}")
    return dict(tags)


def checked_directions(directions: Mapping[str, Direction]) -> Mapping[str, Direction]:
    """Return ``directions`` if each is ``min`` or ``max``.

    Raises:
        InvalidArgumentError: one is neither.
    """
    directions = checked_mapping(directions, "directions", '{"accuracy": "max"}')
    for metric, direction in directions.items():
        if direction not in get_args(Direction):
            raise InvalidArgumentError(f"the direction of {metric} is {direction!r}, neither min nor max")
    return directions


def checked_links(links: Mapping[str, str]) -> dict[str, str]:
    """Return units by what they are to a run, if they are paths of units.

    Raises:
        InvalidArgumentError: they are none, or a relation is no name.
    """
    return {
        checked_name("relation", "a relation in links", relation): checked_name(
            "unit-path", f"links[{relation!r}]", unit
        )
        for relation, unit in checked_mapping(links, "links", '{"initialised_from": "model/<slug>/<version>"}').items()
    }


def links_within(root: str, links: Mapping[str, str]) -> dict[str, str]:
    """Return units by what they are to a run, if they are in the tree at ``root``.

    Raises:
        InvalidArgumentError: they are not, or a relation is no name.
    """
    checked = checked_links(links)
    for relation, unit in checked.items():
        if not os.path.isdir(os.path.join(root, unit)):
            raise InvalidArgumentError(f"links[{relation!r}] is {unit!r}, which is not in the tree {root}")
    return checked


def checked_characters(text: str, where: str) -> str:
    """Return ``text`` if it holds nothing but characters.

    Raises:
        InvalidArgumentError: it holds a lone surrogate.
    """
    if not text.isascii() and any(unicodedata.category(character) == "Cs" for character in text):
        raise InvalidArgumentError(f"{where} holds a lone surrogate, which is no character")
    return text
