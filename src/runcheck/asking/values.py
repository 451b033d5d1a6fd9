"""Values of documents, as they are told: flat, without secrets, in a line."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from runcheck.convention import registry
from runcheck.convention.words import without_secrets
from runcheck.report.escape import printable

_LONGEST = 60  # characters of a value in a line
_WIDE, _WIDEST = 120, 400  # where values differ behind that


class Member(NamedTuple):
    """A value of a document, the ``key`` that it stands under, and that of the object that has this one."""

    value: object
    key: str
    above: str

    @property
    def safe(self) -> object:
        """The value without the secrets in it."""
        return without_secrets(self.value, self.key, self.above)


def members(document: Mapping[str, object]) -> dict[str, Member]:
    """Return the values of a document by one level of keys, in order, as the registry has a configuration."""
    found = {}
    for path, value in sorted(registry.flattened(document).items()):
        above, key = ["", *registry.parts_of(path)][-2:]
        found[path] = Member(value, key, above)
    return found


def flattened(document: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a document as :func:`members` does, without the secrets in them."""
    return {path: member.safe for path, member in members(document).items()}


def canonical(value: object) -> str:
    """Return what two values have in common if and only if they are the same: 1 is neither true nor 1.0."""
    return json.dumps(value, sort_keys=True, default=str)


def told(value: object, longest: int = _LONGEST, *, exact: bool = False) -> str:
    """Return a value in a line, safe to print; a number that is not told exactly is rounded to six digits."""
    if isinstance(value, str):
        text = value if value and value.strip() == value else json.dumps(value, ensure_ascii=False)
    elif isinstance(value, float) and not exact:
        text = f"{value:.6g}"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return short(text, longest)


def told_apart(values: Sequence[object], longest: int = _LONGEST) -> list[str]:
    """Return values in a line each, as short as they can be told apart, if they can."""
    texts = [told(value, longest) for value in values]
    wanted = len(set(map(canonical, values)))
    for width in (longest, _WIDE, _WIDEST):
        if len({*texts}) == wanted:
            break
        texts = [told(value, width, exact=True) for value in values]
    return texts


def short(text: str, longest: int = _LONGEST) -> str:
    """Return the beginning of a text, safe to print."""
    if len(text) > longest:
        text = f"{text[: longest - 3]}..."
    return printable(text)


def duration_told(seconds: float) -> str:
    """Return a duration for people."""
    if seconds < 60:  # noqa: PLR2004 - of a minute
        return f"{seconds:.3g} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def as_json(value: object) -> str:
    """Return named tuples, documents and values as JSON, without what JSON does not have."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in cast("Mapping[str, object]", value._asdict()).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
