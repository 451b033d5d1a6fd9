"""The series of the main convention that the tags of others become."""

from collections.abc import Iterable
from typing import NamedTuple

from runcheck.convention.words import words_in
from runcheck.errors import InvalidArgumentError
from runcheck.writer.shims import series_of_tag

_SHOWN = 3


class Series(NamedTuple):
    """The split and the metric of each tag; what was made of them, and which could be made none."""

    named: dict[str, tuple[str, str]]
    notes: list[str]
    missing: list[str]


def series_of(tags: Iterable[str]) -> Series:
    """Return the series that the tags of a run are, each another one."""
    made = Series({}, [], [])
    taken: set[tuple[str, str]] = set()
    without_split: list[str] = []
    for tag in tags:
        if any(word.kind == "secret" for word in words_in(tag)):
            made.missing.append("metrics: one bears a name that looks like a secret, and was left out")
            continue
        try:
            series = series_of_tag(tag)
        except InvalidArgumentError:
            made.missing.append(f"metrics: {tag!r} can be made no name of a metric, and was left out")
            continue
        split, metric = series.split, series.metric
        if (split, metric) in taken:
            metric = "/".join((split, metric, str(len(made.named))))
        if (split, metric) != (series.split, series.metric) or series.is_changed:
            made.notes.append(f"{tag!r} is {metric} of {split}")
        elif not series.names_split:
            without_split.append(tag)
        taken.add((split, metric))
        made.named[tag] = split, metric
    if without_split:
        shown = ", ".join(without_split[:_SHOWN]) + (", ..." if len(without_split) > _SHOWN else "")
        made.notes.append(f"nothing says of which split {shown} is; it stands under train, as the writer has it")
    return made
