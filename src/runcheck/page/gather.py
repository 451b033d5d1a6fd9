"""What a page tells: what each unit says of itself, the curves of some runs, and what the check found."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from runcheck.asking.lineage import Graph
from runcheck.convention.documents import RegistryRow
from runcheck.convention.registry import registry_row, shared
from runcheck.errors import CannotReadError
from runcheck.findings import Report, without_certain_secrets
from runcheck.reading.curves import Curve
from runcheck.reading.labels import run_names
from runcheck.reading.opened import OpenedTree, open_tree
from runcheck.reading.records import UnitFault, UnitRecord
from runcheck.reading.resolve import resolve
from runcheck.reading.run import LoadedRun
from runcheck.tree.locate import locate

MOST_ROWS = 20_000  # of the table of units
_MOST_POINTS = 400_000  # of all curves together: some 6 MB of the page
_BUCKETS = 250  # of a curve

Check = Callable[[Sequence[str]], Sequence[Report]]
_Part = TypeVar("_Part")


class Told(NamedTuple):
    """A unit that is told in full: its record, its curves, and its exports and checkpoints.

    ``notes`` say what of it cannot be told.
    """

    record: UnitRecord
    curves: tuple[Curve, ...]
    rows: int
    checkpoints: tuple[int, ...]
    exports: tuple[str, ...]
    notes: tuple[str, ...]


class Page(NamedTuple):
    """All that a page tells.

    ``rows`` are of all units, the newest first; ``told`` are those of them that are told in full, in this order.
    ``graph`` is what was made from what in the whole tree, and ``faults`` are the units that cannot be told.
    ``left_out`` says in words what is not on the page.
    """

    root: str
    reports: tuple[Report, ...]
    rows: tuple[RegistryRow, ...]
    told: tuple[Told, ...]
    graph: Graph
    faults: dict[str, str]
    left_out: tuple[str, ...]


def gather(paths: Sequence[str], check: Check, *, most_told: int) -> Page:
    """Return what the page of a tree, or of some of its units, tells; of the newest ``most_told`` in full.

    Raises:
        CannotReadError: they are not of one tree, or there is nothing.
        CannotCheckError: there is no tree.
    """
    tree, wanted = _meant(paths)
    reports = tuple(check(paths))
    graph = Graph()
    found = sorted(shared(_rows(tree, graph)), key=lambda row: (row["created_at"] or "", row["path"]), reverse=True)
    faults = dict(tree.faults)
    rows = [row for row in found if wanted is None or row["path"] in wanted]
    if wanted is not None:
        faults = {path: why for path, why in faults.items() if path in wanted}
    told, notes = _told(tree, [row["path"] for row in rows], most_told)
    if len(rows) > MOST_ROWS:
        notes.append(f"{len(rows) - MOST_ROWS:,} older units are not in the table")
    return Page(tree.root, reports, tuple(rows[:MOST_ROWS]), told, graph, faults, tuple(notes))


def _meant(paths: Sequence[str]) -> tuple[OpenedTree, set[str] | None]:
    """Return the tree that paths are of, and which of its units are meant, None where all are."""
    if len(paths) == 1 and not locate(paths[0]).focus:
        return open_tree(paths[0]), None
    places = [resolve(path) for path in paths]
    roots = sorted({place.root for place in places})
    if len(roots) > 1:
        raise CannotReadError(f"{roots[0]} and {roots[1]} are two trees; make a report of each")
    return open_tree(roots[0]), {place.path for place in places}


def _rows(tree: OpenedTree, graph: Graph) -> Iterable[RegistryRow]:
    """Yield the row of each unit, and note what it was made from."""
    for record in tree.units():
        graph.add(record.path, record.metadata)
        row = registry_row(record.metadata, record.path, None, record.summary)
        yield {**row, "last": {}, "trackers": {}, "links": {}}  # not in a table here
    for path, reason in tree.faults.items():
        graph.add(path, UnitFault(path, reason))


def _told(tree: OpenedTree, paths: Sequence[str], most: int) -> tuple[tuple[Told, ...], list[str]]:
    told, notes, points = [], [], 0
    for path in paths[:most]:
        each = _tell(tree, path, has_curves=points < _MOST_POINTS)
        points += sum(len(curve.points) for curve in each.curves)
        told.append(each)
    if len(paths) > most:
        notes.append(
            f"{len(paths) - most:,} older units are in the table alone, without curves and details; name them, or take "
            "--details"
        )
    if points >= _MOST_POINTS:
        notes.append("some older runs are without curves: there are more points than a page should hold")
    if any(not curve.is_whole for each in told for curve in each.curves):
        notes.append(
            "long curves are drawn by the first, least, greatest and last point of each of some hundred parts of them; "
            "none of their peaks is left out"
        )
    return tuple(told), notes


def _tell(tree: OpenedTree, path: str, *, has_curves: bool) -> Told:
    record, unit = tree.record(path), tree.unit(path)
    if not isinstance(unit, LoadedRun):
        return Told(record, (), 0, (), (), ())
    notes: list[str] = []
    curves: tuple[Curve, ...] = ()
    rows = 0
    if has_curves:
        try:
            read = unit.curves(buckets=_BUCKETS)
            curves, rows = read.curves, read.rows
            notes += [f"metrics: {read.fault}; lines that are no rows are not drawn"] if read.fault else []
            notes += [f"metrics: {read.left_out:,} more series are not drawn"] if read.left_out else []
        except CannotReadError as error:
            notes.append(_without(str(error), unit.path))
    checkpoints = _parts(lambda: unit.checkpoints, notes, unit.path)
    exports = _parts(lambda: tuple(unit.exports), notes, unit.path)
    return Told(record, curves, rows, checkpoints or (), exports or (), tuple(notes))


def _parts(ask: Callable[[], tuple[_Part, ...]], notes: list[str], folder: str) -> tuple[_Part, ...]:
    try:
        return ask()
    except CannotReadError as error:
        notes.append(_without(str(error), folder))
        return ()


def _without(words: str, folder: str) -> str:
    """Return a message without the folder of the unit, which is one of this machine."""
    return words.replace(f"{folder}/", "").replace(folder, "the unit")


def names_of(units: Sequence[Told]) -> list[str]:
    """Return what tells units apart, without secrets."""
    return [without_certain_secrets(name) for name in run_names([each.record.metadata for each in units])]
