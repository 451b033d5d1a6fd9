"""How two units differ, in text and as JSON."""

from collections.abc import Iterator, Sequence

from runcheck.asking.difference import Difference, DocumentChange, FileChange, KeyChange, MetricsChange
from runcheck.asking.first_differences import SeriesDifference
from runcheck.asking.values import as_json, short, told_apart
from runcheck.reading.metrics import Row
from runcheck.report.words import count_in_words, size_in_words

_FEW = 20
_LONGEST = 200
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def render(difference: Difference, *, everything: bool = False) -> str:
    """Return how two units differ in text."""
    most = None if everything else _FEW
    first, second = (short(path, _LONGEST) for path in difference.units)
    counts = (
        (len(difference.removed), "only in A"),
        (len(difference.added), "only in B"),
        (len(difference.changed), "changed"),
        (difference.same, "the same"),
    )
    total = count_in_words(sum(count for count, _ in counts), "file")
    means = "by their checksum lists" if difference.means == "checksums" else "by hashing"
    lines = [f"A  {first}", f"B  {second}", f"{total}, {means}: {', '.join(f'{n:,} {words}' for n, words in counts)}"]
    for title, changes in (("Only in A", difference.removed), ("Only in B", difference.added)):
        if changes:
            lines += ["", title, *_cut([f"  {_file(each)}" for each in changes], most)]
    if difference.changed:
        lines += ["", "Changed", *_changed(difference, most)]
    if difference.metrics is not None:
        lines += ["", "Metrics", *_metrics(difference.metrics, most)]
    if difference.faults:
        told_of = [f"  {short(path, _LONGEST)}: {short(why, _LONGEST)}" for path, why in difference.faults]
        lines += ["", "Cannot be told", *_cut(told_of, most)]
    return "\n".join((*lines, ""))


def render_json(difference: Difference) -> str:
    """Return how two units differ as JSON."""
    return as_json(difference)


def _cut(lines: Sequence[str], most: int | None, indent: str = "  ") -> Iterator[str]:
    yield from lines[:most]
    yield from _left(len(lines), most, indent)


def _left(count: int, most: int | None, indent: str = "  ") -> Iterator[str]:
    if most is not None and count > most:
        yield f"{indent}... and {count - most:,} more; --all shows them"


def _changed(difference: Difference, most: int | None) -> Iterator[str]:
    documents = {each.path: each for each in difference.documents}
    for change in difference.changed[:most]:
        yield f"  {_file(change)}"
        if change.path in documents:
            yield from _document(documents[change.path], most)
    yield from _left(len(difference.changed), most)


def _file(change: FileChange) -> str:
    sizes = " -> ".join(size_in_words(size) for size in dict.fromkeys(change.sizes) if size is not None)
    return f"{short(change.path, _LONGEST)}{sizes and f'  {sizes}'}"


def _document(document: DocumentChange, most: int | None) -> Iterator[str]:
    if document.fault is not None:
        yield f"    {short(document.fault, _LONGEST)}"
    elif not document.keys:
        yield "    every key has the same value: it is only written otherwise"
    yield from _cut([f"    {_key(each)}" for each in document.keys], most, "    ")


def _key(change: KeyChange) -> str:
    there = {"added": [change.second], "removed": [change.first], "changed": [change.first, change.second]}
    texts = told_apart(there[change.state])
    if len(texts) > 1 and texts[0] == texts[1]:
        return f"{_SIGNS[change.state]} {short(change.key, _LONGEST)}: differs, as {texts[0]} does not show"
    return f"{_SIGNS[change.state]} {short(change.key, _LONGEST)}: {' -> '.join(texts)}"


def _metrics(metrics: MetricsChange, most: int | None) -> Iterator[str]:
    if metrics.fault is not None:
        yield f"  {short(metrics.fault, _LONGEST)}"
        return
    rows = " -> ".join(f"{count:,}" for count in dict.fromkeys(metrics.rows))
    yield f"  {rows} rows, {metrics.same:,} series the same"
    lines = [f"  {_series(each)}" for each in metrics.series]
    lines += [f"  {short(name)} is only in A" for name in metrics.removed]
    lines += [f"  {short(name)} is only in B" for name in metrics.added]
    yield from _cut(lines, most)


def _series(series: SeriesDifference) -> str:
    name = short(f"{series.split}/{series.metric}")
    if series.first is None or series.second is None:
        row, unit = (series.first, "B") if series.second is None else (series.second, "A")
        return f"{name} has no row in {unit} from step {row.step if row else 0:,} on"
    values = f"{_value(series.first, series)} -> {_value(series.second, series)}"
    return f"{name} differs from step {series.step:,} on: {values}"


def _value(row: Row, series: SeriesDifference) -> str:
    """Return a value in full: two may differ in their last digit."""
    return f"{row.value!r}{f' at step {row.step:,}' if row.step != series.step else ''}"
