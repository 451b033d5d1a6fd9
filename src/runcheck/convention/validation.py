"""Documents against their JSON Schemas, with jsonschema-rs, which is fast and names places by JSON pointer.

The references among the schemas are resolved from the convention's own folder; nothing is ever fetched.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, NoReturn

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from runcheck.convention.layout import layout
from runcheck.convention.schemas import major_of, minor_of, schema, schema_names


class Violation(NamedTuple):
    """One place where a document is not what its schema asks for."""

    pointer: str
    message: str


class Applied(NamedTuple):
    """A schema that a tree registers, applied to its extensions: what is wrong with them, each by its name.

    ``fault`` is why the schema itself cannot be applied, at ``line`` of it.
    """

    violations: Mapping[str, tuple[Violation, ...]] = {}
    fault: str | None = None
    line: int | None = None


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"a schema of a tree stands alone; it refers to {uri}")


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([(str(schema(each)["$id"]), schema(each)) for each in schema_names()])
    return jsonschema_rs.Draft202012Validator(schema(name), registry=registry, retriever=_refuse)


def violations(name: str, document: object) -> list[Violation]:
    """Return where ``document`` breaks the schema ``name``.

    Fields that the schema does not know are passed over in a document of a newer minor version (spec, "Versions and
    extensions").
    """
    newer = is_newer_minor(document)
    return list(_described(_validator(name).iter_errors(document), ignore_unknown=newer))


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
        {name: tuple(_described(validator.iter_errors(value), ignore_unknown=False)) for name, value in values.items()}
    )


def is_known_major(document: object) -> bool:
    """Say whether ``document`` is an object of the major version known here, or does not say of which version it is."""
    if not isinstance(document, dict):
        return False
    version = document.get("schema_version")
    return not isinstance(version, str) or major_of(version) in (None, major_of(layout().schema_version))


def is_newer_minor(document: object) -> bool:
    """Say whether ``document`` is of a minor version after the one known here, and so may have fields unknown here."""
    if not isinstance(document, dict) or not isinstance(version := document.get("schema_version"), str):
        return False
    minor, ours = minor_of(version), layout().schema_version
    return major_of(version) == major_of(ours) and minor is not None and minor > (minor_of(ours) or 0)


def _described(errors: Iterator[jsonschema_rs.ValidationError], *, ignore_unknown: bool) -> Iterator[Violation]:
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
        yield from _described(iter(branch), ignore_unknown=False)


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
