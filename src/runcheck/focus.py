"""Parts of a tree: what is walked for them, what they are judged with, and which findings are about them."""

from collections.abc import Callable, Collection, Iterable, Mapping

from runcheck.card import Card
from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.convention.units import Address, Tree, classify, is_above_units
from runcheck.convention.versions import in_order
from runcheck.findings import Finding
from runcheck.tree.entry import Entry
from runcheck.tree.store import Store


class Focus:
    """The parts at ``paths`` of the tree in ``store``; all of it where there is no path.

    A path need not be there any more. Of the units ``beside`` only what the rest of the tree says of them is judged.
    Of the registry each row is judged where ``has_rows``, and else those of the units in the focus.
    """

    def __init__(
        self, store: Store, paths: Iterable[str] = (), beside: Iterable[str] = (), *, has_rows: bool = False
    ) -> None:
        """Look at these parts."""
        self.store, self.has_rows = store, has_rows
        self.paths, self.beside = frozenset(filter(None, paths)), frozenset(beside)
        self._above = {above for path in (*self.paths, *self.beside) for above in _above(path)}
        about = {_start(path, UNIT_DEPTH) for path in (*self.paths, *self.beside)}
        self._about, self._above_about = about, {above for path in about for above in _above(path)}
        self._latest = {f"{_start(path, UNIT_DEPTH - 1)}/{layout().latest}" for path in self.paths}

    def touches(self, path: str) -> bool:
        """Say whether what is at ``path`` is in the focus, or the focus in it."""
        return not self.paths or path in self._above or not self.paths.isdisjoint((path, *_above(path)))

    def tree(self, slugs: Collection[str] = ()) -> Tree:
        """Walk what lies above the units: of the versions only those in the focus, and in ``slugs``."""
        before = layout().extension_schemas.partition("<")[0]

        def enter(folder: Entry) -> bool:
            if not self.paths or self.has_rows or not is_above_units(folder):
                return is_above_units(folder)
            kind, _, slug = folder.path.partition("/")
            if layout().kind_of_folder(kind) is None:
                return before.startswith(f"{folder.path}/")
            return not slug or self.touches(folder.path) or folder.path in slugs

        return classify(self.store.walk(enter=enter))

    def is_about(self, finding: Finding) -> bool:
        """Say whether a finding is in the focus, about it elsewhere, on a folder around it, or in its ``latest``."""
        about = finding.concerns or finding.path
        return (
            not self.paths
            or about in self._above_about
            or not self._about.isdisjoint((about, *_above(about)))
            or finding.path in self._latest
            or (self.has_rows and finding.path == layout().registry)
        )


def _above(path: str) -> list[str]:
    """Return the folders that a path lies in."""
    return [path[:at] for at, letter in enumerate(path) if letter == "/"]


def _start(path: str, segments: int) -> str:
    return "/".join(path.split("/")[:segments])


def surroundings(
    focus: Focus,
    tree: Tree,
    cards: Mapping[str, Card],
    latest_texts: Mapping[str, str],
    look: Callable[[Address], Card],
) -> tuple[Tree, dict[str, Card]]:
    """Return what a part of a tree is judged with: the tree as far as it matters, and the cards of units in it.

    These are the units that it refers to, and those that they refer to, as far as it goes; and of the versions beside
    it the one that ``latest`` names, and the newest ones down to one that is completed, which it should name.
    """
    found = dict(cards)
    for unit in tree.units:
        if focus.has_rows or unit.path in focus.beside:
            _card(unit, found, look)
    _look_beside(focus, tree, found, latest_texts, look)
    slugs: set[str] = set()
    while True:
        _look_at_referred(tree, found, [*cards, *focus.beside], look)
        referred = {"/".join(path.split("/")[:2]) for card in found.values() for path in card.refers_to} - slugs
        if not focus.paths or not referred:
            return tree, dict(sorted(found.items()))
        slugs |= referred
        tree = focus.tree(slugs)


def _look_beside(
    focus: Focus,
    tree: Tree,
    found: dict[str, Card],
    latest_texts: Mapping[str, str],
    look: Callable[[Address], Card],
) -> None:
    for slug in [each for each in tree.slugs if focus.touches(each.path)]:
        units = {unit.version: unit for unit in slug.units}
        ordered = in_order(list(units))
        target = (slug.latest.target or latest_texts.get(slug.latest.path)) if slug.latest else None
        if target in units:
            _card(units[target], found, look)
        for version in units if ordered is None else reversed(ordered):
            if _card(units[version], found, look).status == "completed" and ordered is not None:
                break


def _look_at_referred(
    tree: Tree, found: dict[str, Card], start: Iterable[str], look: Callable[[Address], Card]
) -> None:
    units = {unit.path: unit for unit in tree.units}
    pending = list(start)
    seen: set[str] = set()
    while pending:
        path = pending.pop()
        if path in units and path not in seen:
            seen.add(path)
            pending += _card(units[path], found, look).refers_to


def _card(unit: Address, found: dict[str, Card], look: Callable[[Address], Card]) -> Card:
    if unit.path not in found:
        found[unit.path] = look(unit)
    return found[unit.path]
