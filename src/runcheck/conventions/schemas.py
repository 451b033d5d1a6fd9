"""The JSON Schemas that a convention brings: checked to be schemas of bounded work, and applied to documents and rows.

A schema of a few lines that refers to itself can ask for more work than comes to an end. So one that does is refused,
as is one that is vast once its references are followed, and expressions are matched in linear time.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import NoReturn

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from runcheck.convention.schemas import Violation, schema
from runcheck.convention.validation import described
from runcheck.conventions.forms import LINEAR
from runcheck.conventions.pointers import escaped
from runcheck.probes.metric_rows import short

_NAMES = "urn:runcheck:1:names"
_LARGEST = 20_000  # subschemas and keywords, references followed
MOST_VIOLATIONS = 100
_SHOWN = 10  # members of an object that has too many
# By these what a reference means is another thing than the definition of that name at the top.
_ELSEWHERE = ("$id", "$schema", "$anchor", "$dynamicAnchor")
_BACK = ("$dynamicRef", "$recursiveRef")


class SchemaError(Exception):
    """Why something is no schema that can be applied."""


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"refers to {uri}; a schema of a convention refers to itself and to {_NAMES} alone")


@cache
def _validator(text: str) -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([(_NAMES, schema("names"))])
    loaded = json.loads(text)
    return jsonschema_rs.Draft202012Validator(loaded, registry=registry, retriever=_refuse, pattern_options=LINEAR)


def violations_of(text: str, value: object) -> tuple[Violation, ...]:
    """Return where a value breaks the schema whose JSON text is given; of more places than anybody reads, the first."""
    validator = _validator(text)
    return () if validator.is_valid(value) else tuple(islice(_violations(validator, text, value), MOST_VIOLATIONS + 1))


def _violations(validator: jsonschema_rs.Validator, text: str, value: object) -> Iterator[Violation]:
    for error in validator.iter_errors(value):
        said = _said(error, text)
        if said is None:
            yield from described(iter([error]), ignore_unknown=False)
        else:
            pointer = "".join(f"/{escaped(str(part))}" for part in error.instance_path)
            yield Violation(pointer, said)


def _said(error: jsonschema_rs.ValidationError, text: str) -> str | None:
    """Return what is wrong in words that name the value and what it should be; None where the usual ones do."""
    match error.kind:
        case ValidationErrorKind.Constant():
            return f"is {short(error.instance)}, and {json.dumps(error.kind.expected_value)} is asked for"
        case ValidationErrorKind.Enum():
            return f"is {short(error.instance)}, none of {', '.join(map(json.dumps, error.kind.options))}"
        case ValidationErrorKind.Type():
            return f"is {short(error.instance)}, not of type {' or '.join(sorted(error.kind.types))}"
        case ValidationErrorKind.Pattern():
            words = _description(json.loads(text), [str(part) for part in error.schema_path[:-1]])
            return f"is {short(error.instance)}, not {words or 'of the form ' + error.kind.pattern}"
        case ValidationErrorKind.MaxProperties() if isinstance(error.instance, dict):
            names = ", ".join(short(name)[1:-1] for name in islice(error.instance, _SHOWN))
            more = ", ..." if len(error.instance) > _SHOWN else ""
            return f"has {len(error.instance):,} members ({names}{more}); at most {error.kind.limit}"
        case _:
            return None


def _description(node: object, path: list[str]) -> str | None:
    """Return the description of the subschema at ``path``, in the middle of a sentence."""
    for part in path:
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isdigit():
            node = node[int(part)]
    description = node.get("description") if isinstance(node, dict) else None
    return f"{description[:1].lower()}{description[1:].rstrip('.')}" if isinstance(description, str) else None


def require_schema(text: str) -> None:
    """Require a JSON text to be a schema that can be applied to whatever comes.

    Raises:
        SchemaError: it is none, and why.
    """
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"is not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise SchemaError("is no schema: it is not an object")
    if _size(loaded, loaded, ()) > _LARGEST:
        raise SchemaError(f"is of more than {_LARGEST:,} parts once its references are followed")
    try:
        _validator(text)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaError(f"is no schema: {str(error).partition(chr(10))[0]}") from error


def _size(node: object, whole: Mapping[str, object], within: tuple[str, ...]) -> int:
    """Return of how many parts a schema is, with what it refers to; more than the limit is as good as the limit."""
    if isinstance(node, list):
        below: list[object] = node
    elif isinstance(node, dict):
        others = _BACK if node is whole else (*_BACK, *_ELSEWHERE)
        if word := next((each for each in others if isinstance(node.get(each), str)), None):
            raise SchemaError(
                f"holds {word}, by which a reference means something else; only $ref to #/$defs/ is followed"
            )
        below = [each for key, each in node.items() if key != "$defs"]
    else:
        return 1
    total = 1
    reference = node.get("$ref") if isinstance(node, dict) else None
    if isinstance(reference, str) and not reference.startswith(f"{_NAMES}#"):
        if reference in within:
            raise SchemaError(f"refers to itself by {reference}")
        total += _size(_at(whole, reference), whole, (*within, reference))
    for each in below:
        total += _size(each, whole, within)
        if total > _LARGEST:
            break
    return total


def _at(whole: Mapping[str, object], reference: str) -> object:
    start, _, name = reference.rpartition("/")
    definitions = whole.get("$defs")
    if start != "#/$defs" or not isinstance(definitions, dict) or name not in definitions:
        raise SchemaError(f"refers to {reference}; a schema of a convention refers to #/$defs/ and {_NAMES} alone")
    found: object = definitions[name]
    return found
