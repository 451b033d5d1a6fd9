"""Secrets are taken out before the first byte is written."""

from collections.abc import Sequence

from runcheck.convention.documents import Redaction
from runcheck.convention.secrets import REDACTED, is_secret, without_keys, without_user


def redact_document(value: object, where: str, redactions: list[Redaction]) -> object:
    """Return ``value`` with each secret replaced, and note each in ``redactions``.

    ``where`` is its place, as ``config#/wandb``.
    """
    match value:
        case dict():
            return {key: redact_document(each, f"{where}/{key}", redactions) for key, each in value.items()}
        case list():
            return [redact_document(each, f"{where}/{index}", redactions) for index, each in enumerate(value)]
        case str() if is_secret(where, value):
            redactions.append({"where": where, "reason": "looks like a secret"})
            return REDACTED
        case str() if (stripped := without_user(value)) != value:
            redactions.append({"where": where, "reason": "an address with a user name"})
            return stripped
    return value


def redact_text(text: str, where: str, redactions: list[Redaction]) -> str:
    """Return a text for people without keys, and without the users of addresses, and note it in ``redactions``."""
    clean = without_user(without_keys(text))
    if clean != text:
        redactions.append({"where": where, "reason": "holds a key, or an address with a user name"})
    return clean


def redact_command(arguments: Sequence[str], redactions: list[Redaction]) -> list[str]:
    """Return command-line arguments with each secret replaced.

    That is ``--token VALUE``, ``--token=VALUE``, ``logger.token=VALUE``, and any value in the form of a key.
    """
    out: list[str] = []
    for index, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if not equals:
            flag, value = (arguments[index - 1] if index else ""), argument
        if is_secret(flag, value):
            redactions.append({"where": f"command#/{index}", "reason": "looks like a secret"})
            out.append(f"{flag}={REDACTED}" if equals else REDACTED)
        else:
            out.append(without_user(argument))
    return out
