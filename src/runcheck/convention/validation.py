"""Documents against their JSON Schemas, with jsonschema-rs, which is fast and names places by JSON pointer.

The references among the schemas are resolved from the convention's own folder; nothing is ever fetched.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NoReturn

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from runcheck.convention.names import names_by_pattern, words
from runcheck.convention.schemas import Applied, Violation, is_newer_minor, schema, schema_names


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"a schema of a tree stands alone; it refers to {uri}")


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(str(schema(each)["$id"]), schema(each)) for each in schema_names()])


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(schema(name), registry=_registry(), retriever=_refuse)


def violations(name: str, document: object) -> list[Violation]:
    """Return where ``document`` breaks the schema ``name``.

    Fields that the schema does not know are passed over in a document of a newer minor version (spec, "Versions and
    extensions").
    """
    newer = is_newer_minor(document)
    return list(described(_validator(name).iter_errors(document), ignore_unknown=newer))


def apply_extension_schema(extension_schema: object, values: Mapping[str, object]) -> Applied:
    """Return where the objects of an extension, each by a name, break the schema that its namespace registered.

    A schema of a few lines can ask for more work than comes to an end; ask for this apart.
    """
    if not isinstance(extension_schema, dict):
        return Applied(fault="is no schema: it is not an object")
    try:
        validator = jsonschema_rs.Draft202012Validator(extension_schema, retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        return Applied(fault=f"is no schema: {str(error).splitlines()[0]}")
    return Applied(
        {name: tuple(described(validator.iter_errors(value), ignore_unknown=False)) for name, value in values.items()}
    )


def described(errors: Iterator[jsonschema_rs.ValidationError], *, ignore_unknown: bool) -> Iterator[Violation]:
    """Yield each error of a validator as a place and the words for it."""
    for error in errors:
        kind = error.kind
        pointer = "".join(f"/{_escape(str(part))}" for part in error.instance_path)
        match kind:
            case ValidationErrorKind.AdditionalProperties() | ValidationErrorKind.UnevaluatedProperties():
                if not ignore_unknown:
                    for field in sorted(kind.unexpected):
                        yield Violation(f"{pointer}/{_escape(field)}", "is a field that the schema does not know")
            case ValidationErrorKind.Required():
                yield Violation(pointer, f"lacks the field {kind.property}")
            case ValidationErrorKind.Pattern() if name := names_by_pattern().get(kind.pattern):
                yield Violation(pointer, f"is {_shortened(json.dumps(error.instance))}, which is not {words(name)}")
            case ValidationErrorKind.Enum():
                known = _shortened(", ".join(map(json.dumps, kind.options)))
                yield Violation(pointer, f"is {_shortened(json.dumps(error.instance))}, which is none of {known}")
            case ValidationErrorKind.AnyOf() | ValidationErrorKind.OneOfNotValid():
                yield from _nearest_branch(kind.context, pointer, error.message)
            case _:
                yield Violation(pointer, _shortened(error.message))


def _nearest_branch(
    context: list[list[jsonschema_rs.ValidationError]], pointer: str, message: str
) -> Iterator[Violation]:
    """Describe the alternative that the document comes nearest to.

    That is one without an error in type or kind, and with the fewest errors.
    """

    def distance(branch: list[jsonschema_rs.ValidationError]) -> tuple[bool, int]:
        shape = (ValidationErrorKind.Type, ValidationErrorKind.Constant)
        return any(isinstance(error.kind, shape) for error in branch), len(branch)

    branch = min(context, key=distance, default=[])
    if mistaken := _no_kind(context):
        yield mistaken
    elif not branch or distance(branch)[0]:
        yield Violation(pointer, _shortened(message))
    else:
        yield from described(iter(branch), ignore_unknown=False)


def _no_kind(context: list[list[jsonschema_rs.ValidationError]]) -> Violation | None:
    """Return what is wrong with the member that tells the alternatives apart, where it fits none of them."""
    expected = [
        (error, error.kind.expected_value)
        for branch in context
        for error in branch
        if isinstance(error.kind, ValidationErrorKind.Constant)
    ]
    if not len(expected) == len(context) > 1 or len({str(error.instance_path) for error, _ in expected}) > 1:
        return None
    error, known = expected[0][0], ", ".join(json.dumps(value) for _, value in expected)
    pointer = "".join(f"/{_escape(str(part))}" for part in error.instance_path)
    return Violation(pointer, f"is {_shortened(json.dumps(error.instance))}, which is none of {known}")


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _shortened(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:200]} ... {message[-80:]}"  # noqa: PLR2004
