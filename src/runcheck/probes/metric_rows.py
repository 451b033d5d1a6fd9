"""What the cells and members of one row of metrics must be, and the words for what they are instead."""

import json
import math
import re

from runcheck.convention.layout import layout

_PLAIN_STEP = re.compile(r"0|[1-9][0-9]{0,15}")
_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class RowError(Exception):
    """A line is no sound row: which kind of defect it has, and the words for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def text_of(line: bytes | None) -> str:
    """Return a line as text."""
    if line is None:
        raise RowError("syntax", f"is longer than {layout().limits.line_bytes} bytes")
    if line.startswith(b"\xef\xbb\xbf"):
        raise RowError("syntax", "starts with a byte order mark")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowError("syntax", f"is not UTF-8 at its byte {error.start}") from error


def value_of(row: dict[str, object]) -> float:
    """Return the value of a row, with what a null stands for."""
    value, flag = row["value"], row.get("nonfinite")
    if value is None:
        if "nonfinite" not in row:
            raise RowError("nonfinite", "has a null value and no nonfinite that says what it was")
        if not isinstance(flag, str) or flag not in _NONFINITE:
            raise RowError("schema", f"has nonfinite {short(flag)}, not nan, inf or -inf")
        return _NONFINITE[flag]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowError("schema", f"has value {short(value)}, not a number")
    if "nonfinite" in row:
        raise RowError("nonfinite", f"has the value {short(value)} and nonfinite as well")
    try:
        return float(value)
    except OverflowError as error:
        raise RowError("schema", "has a value beyond every double") from error


def typed(cells: dict[str, str]) -> dict[str, object]:
    """Give the cells of a CSV record the types of the schema; what does not convert stays text, and fails as such."""
    row: dict[str, object] = {"split": cells["split"], "metric": cells["metric"]}
    row["step"] = int(cells["step"]) if _PLAIN_STEP.fullmatch(cells["step"]) else cells["step"]
    row["value"] = None if cells["value"] == "" else _number_or_text(cells["value"])
    if cells.get("nonfinite"):
        row["nonfinite"] = cells["nonfinite"]
    return row


def _number_or_text(cell: str) -> object:
    try:
        value: object = json.loads(cell, parse_constant=refuse_constant, parse_float=finite)
    except (ValueError, RecursionError):
        return cell
    return value if isinstance(value, int | float) else cell


def object_of(line: str) -> dict[str, object]:
    """Return the JSON object that a line is, with no key twice and no number that JSON has not, or no double is."""
    if not line.strip():
        raise RowError("syntax", "is blank")
    try:
        row = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise RowError("syntax", f"is not one JSON object: {error.msg} at column {error.colno}") from error
    except (RecursionError, ValueError) as error:
        raise RowError("syntax", "is JSON beyond all bounds of depth or digits") from error
    if not isinstance(row, dict):
        raise RowError("syntax", "is JSON, but not an object")
    return row


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the members of an object of which none stands twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RowError("syntax", "has a key twice")
    return members


def refuse_constant(token: str) -> object:
    """Refuse what Python reads as JSON and JSON does not have."""
    raise RowError("syntax", f"holds {token}, which JSON does not have")


def finite(token: str) -> float:
    """Return a number that is a finite double."""
    value = float(token)
    if math.isinf(value):
        raise RowError("schema", f"holds {token}, which is beyond every double")
    return value


def short(value: object) -> str:
    """Return a value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004


_DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_constant=refuse_constant, parse_float=finite)
