"""Where two configurations differ, in words for a person."""

import json
from collections.abc import Iterator, Mapping

from runcheck.convention.canonical import canonical_json

_MOST = 60  # characters of a name or a value
_ABSENT = object()


def differences(old: Mapping[str, object], new: Mapping[str, object], above: str = "") -> Iterator[str]:
    """Yield each value that differs, by its name with slashes, as ``optimizer/lr: 0.1 -> 0.2``."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from differences(before, after, f"{above}{key}/")
        elif _ABSENT in (before, after) or canonical_json(before) != canonical_json(after):
            yield f"{_short(f'{above}{key}')}: {_short(_text(before))} -> {_short(_text(after))}"


def _text(value: object) -> str:
    return "(none)" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    line = "".join(each if each.isprintable() else " " for each in text)
    return line if len(line) <= _MOST else f"{line[:_MOST]}..."
