"""Where two configurations differ, in words for a person."""

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
        elif (words := (_text(before), _text(after)))[0] != words[1]:
            yield f"{_short(f'{above}{key}')}: {_short(words[0])} -> {_short(words[1])}"


def _text(value: object) -> str:
    return "(none)" if value is _ABSENT else canonical_json(value)


def _short(text: str) -> str:
    line = "".join(each if each.isprintable() else " " for each in text)
    return line if len(line) <= _MOST else f"{line[:_MOST]}..."
