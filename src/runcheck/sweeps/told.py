"""A sweep or a study for people: a line a trial as it ends, and the table of the best at the end."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from runcheck.convention.aggregates import Direction
from runcheck.convention.documents import TrialRow
from runcheck.convention.trials import ranked
from runcheck.report.escape import printable
from runcheck.report.table import aligned
from runcheck.report.words import count_in_words

_WIDEST = 32  # characters of a value
_BEST = 5


class SweepResult(NamedTuple):
    """What came of a sweep or a study.

    ``unit`` is the path of its own unit below ``root``, None where no trial had a run. ``best`` is the best trial, None
    where nothing is ranked; ``config`` is what trains as this one did, and ``best_file`` the file that holds both.
    """

    root: str
    unit: str | None
    direction: Direction | None
    metric: str | None
    trials: tuple[TrialRow, ...]
    best: TrialRow | None
    config: dict[str, object] | None
    best_file: str | None

    def __str__(self) -> str:
        """Return the table of the best trials, and where all of it lies."""
        return "\n".join(lines_of(self))


def lines_of(told: SweepResult) -> Iterator[str]:
    """Yield the lines of the end: how many trials, the best five of them, and where the rest is found."""
    counts = {state: sum(each["state"] == state for each in told.trials) for state in ("completed", "pruned", "failed")}
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    yield f"{count_in_words(len(told.trials), 'trial')}: {states}"
    shown = _shown(told.trials, told.direction)
    if shown:
        names = list(dict.fromkeys(name for each in shown for name in each["params"]))
        value = told.metric or ("value" if told.direction else "")
        head = ["trial", *([value] if value else []), *names, "unit"]
        rows = [_cells(each, names, has_value=bool(value)) for each in shown]
        yield ""
        yield from aligned([[printable(cell) for cell in row] for row in (head, *rows)], indent="  ")
    failed = [each for each in told.trials if each["state"] == "failed"]
    if failed:
        yield ""
        for each in failed[:_BEST]:
            yield f"  trial {each['number']} failed: {printable(each.get('reason', ''))}"
        if len(failed) > _BEST:
            yield f"  and {len(failed) - _BEST} more failed"
    if told.unit is not None:
        yield ""
        yield printable(os.path.relpath(os.path.join(told.root, told.best_file or told.unit)))


def _shown(trials: Sequence[TrialRow], direction: Direction | None) -> list[TrialRow]:
    """Return the best five trials that completed, the best one first; the first five where nothing ranks them."""
    if direction is None:
        return [each for each in trials if each["state"] == "completed"][:_BEST]
    return ranked(trials, direction)[:_BEST]


def _cells(trial: TrialRow, names: Sequence[str], *, has_value: bool) -> list[str]:
    values = [_value(trial["params"].get(name, "-")) for name in names]
    return [str(trial["number"]), *([_value(trial["value"])] if has_value else []), *values, trial["unit"] or "-"]


def _value(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


class Progress:
    """Says of each trial how it ended, and which is the best so far; on a terminal in one line that is written over."""

    def __init__(self, total: int | None, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        """Say it to the standard error, by default; ``total`` is how many trials there will be."""
        self._stream = stream or sys.stderr
        self._total, self._is_quiet = total, quiet
        self._is_terminal = not quiet and self._stream.isatty()

    def ended(self, trial: TrialRow, best: TrialRow | None, count: int) -> None:
        """Say how the trial ended, as the number ``count`` of those that have."""
        if self._is_quiet:
            return
        of = f"/{self._total}" if self._total else ""
        how = _value(trial["value"]) if trial["state"] == "completed" and trial["value"] is not None else trial["state"]
        why = f": {trial.get('reason', '')}" if trial["state"] == "failed" else ""
        so_far = f"; best {_value(best['value'])}, trial {best['number']}" if best is not None else ""
        line = printable(f"{count}{of} trial {trial['number']} {how}{why}{so_far}")
        is_kept = not self._is_terminal or trial["state"] == "failed"
        start = "\r\x1b[2K" if self._is_terminal else ""
        self._stream.write(f"{start}{line}{chr(10) if is_kept else ''}")
        self._stream.flush()

    def over(self) -> None:
        """Leave the line."""
        if self._is_terminal:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
