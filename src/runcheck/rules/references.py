"""RC7: the registry, and references between units."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from runcheck.card import Card
from runcheck.convention.documents import TrialRow
from runcheck.convention.layout import layout
from runcheck.convention.registry import COLUMNS_OF, parts_of
from runcheck.convention.trials import is_same
from runcheck.convention.units import Tree
from runcheck.convention.words import without_secrets
from runcheck.probes.contents import RegistryContent
from runcheck.rules.rule import Problem, tree_rule

METADATA = layout().path("metadata")
TRIALS = layout().path("trials")
REGISTRY = layout().registry
_LONGEST = 80  # characters of a value of a configuration in a message


@tree_rule
def registry_readable(registry: RegistryContent) -> Iterator[Problem]:
    """The registry is a file, opens and has its columns."""
    if registry.error:
        yield Problem(REGISTRY, registry.error)


@tree_rule
def registry_row_missing(sound_registry: RegistryContent, cards: Mapping[str, Card]) -> Iterator[Problem]:
    """Units without a row."""
    rows = {row["path"] for row in sound_registry.rows}
    for path, card in cards.items():
        if card.row and path not in rows:
            yield Problem(REGISTRY, f"has no row for {path}", concerns=path)


@tree_rule
def registry_row_extra(sound_registry: RegistryContent, tree: Tree) -> Iterator[Problem]:
    """Rows without a unit, and units with two rows."""
    units = {unit.path for unit in tree.units}
    for path, count in Counter(row["path"] for row in sound_registry.rows).items():
        if path not in units:
            yield Problem(REGISTRY, f"has a row for {path}, which is not in the tree", concerns=path)
        elif count > 1:
            yield Problem(REGISTRY, f"has {count} rows for {path}", concerns=path)


@tree_rule
def registry_row_stale(sound_registry: RegistryContent, cards: Mapping[str, Card]) -> Iterator[Problem]:
    """Rows that say something else than the documents of their unit."""
    for row in sound_registry.rows:
        card = cards.get(row["path"])
        if card is None or card.row is None:
            continue
        for column, key, said, expected in _differences(dict(row), dict(card.row)):
            source = next((f"its {role}" for role, columns in COLUMNS_OF.items() if column in columns), METADATA)
            place = column if key is None else f"{column}[{key}]"
            left, right = _shown(column, key, said), _shown(column, key, expected)
            yield Problem(
                REGISTRY, f"says {place} of {row['path']} is {left}; {source} says {right}", concerns=row["path"]
            )


@tree_rule
def registry_missing(tree: Tree) -> Iterator[Problem]:
    """A tree with units has a registry."""
    if tree.registry is None and tree.units:
        count = len(tree.units)
        yield Problem(REGISTRY, f"is missing; the tree has {count} unit{'' if count == 1 else 's'}")


@tree_rule
def data_missing(cards: Mapping[str, Card], tree: Tree) -> Iterator[Problem]:
    """What a unit was made from is in the tree, and is a dataset."""
    datasets = {unit.path for unit in tree.units if unit.kind.name == "dataset"}
    for path, card in cards.items():
        if card.source is not None and card.source.path not in datasets:
            yield Problem(
                f"{path}/{METADATA}",
                f"was made from {card.source.path}, which is no dataset of the tree",
                pointer="/data_provenance/path",
            )


@tree_rule
def data_changed(cards: Mapping[str, Card]) -> Iterator[Problem]:
    """That dataset is still the one that the unit was made from."""
    for path, card in cards.items():
        actual = cards[card.source.path].fingerprint if card.source and card.source.path in cards else None
        if card.source and actual and card.source.fingerprint != actual:
            said = f"was made from {card.source.path} with fingerprint {card.source.fingerprint[:12]}..."
            message = f"{said}; it has {actual[:12]}... now"
            yield Problem(f"{path}/{METADATA}", message, pointer="/data_provenance/fingerprint")


@tree_rule
def data_incomplete(cards: Mapping[str, Card]) -> Iterator[Problem]:
    """That dataset is complete."""
    for path, card in cards.items():
        status = cards[card.source.path].status if card.source and card.source.path in cards else None
        if card.source and status not in (None, "completed"):
            message = f"was made from {card.source.path}, which is {status}"
            yield Problem(f"{path}/{METADATA}", message, pointer="/data_provenance/path")


@tree_rule
def link_missing(cards: Mapping[str, Card], tree: Tree) -> Iterator[Problem]:
    """Linked units are in the tree, and are other units."""
    units = {unit.path for unit in tree.units}
    for path, card in cards.items():
        for relation, target in card.links.items():
            if target == path:
                yield Problem(f"{path}/{METADATA}", f"links to itself as {relation}", pointer=f"/links/{relation}")
            elif target not in units:
                yield Problem(
                    f"{path}/{METADATA}",
                    f"links to {target} as {relation}; it is not in the tree",
                    pointer=f"/links/{relation}",
                )


@tree_rule
def link_cycle(cards: Mapping[str, Card]) -> Iterator[Problem]:
    """No unit is its own ancestor. Each cycle is named once, at its first unit."""
    edges = {path: [each for each in card.refers_to if each != path] for path, card in cards.items()}
    done: set[str] = set()
    for start in sorted(edges):
        trail: dict[str, Iterator[str]] = {}
        current: str | None = start
        while current is not None:
            if current not in trail:
                trail[current] = iter(edges.get(current, []))
            following = next((each for each in trail[current] if each not in done), None)
            if following in trail:
                cycle = list(trail)[list(trail).index(following) :]
                yield Problem(f"{min(cycle)}/{METADATA}", f"leads back to itself: {' -> '.join([*cycle, following])}")
            elif following is not None:
                current = following
            else:
                done.add(current)
                del trail[current]
                current = next(reversed(trail), None)


@tree_rule
def trial_unit(cards: Mapping[str, Card], tree: Tree) -> Iterator[Problem]:
    """The runs that the trials of a study name: they are there, and say the same of themselves."""
    units = {unit.path for unit in tree.units}
    for path, card in cards.items():
        for line, trial in enumerate(card.study.trials if card.study else (), start=1):
            problem: str | None = None
            named = trial["unit"]
            if card.study is None or named is None:
                continue
            if named not in units:
                problem = f"names {named}, which is not in the tree"
            elif named in cards and cards[named].status is not None:
                problem = _disagrees(trial, card.study.metric, cards[named])
            if problem:
                yield Problem(f"{path}/{TRIALS}", f"line {line} {problem}", line, concerns=named)


def _disagrees(trial: TrialRow, metric: str | None, run: Card) -> str | None:
    """Return where a trial and its run say different things, None where they agree."""
    named, number = trial["unit"], trial["number"]
    if run.trial is None:
        return f"is trial {number}, and {named} does not say that it is one"
    if run.trial["number"] != number:
        return f"is trial {number}; {named} says it is trial {run.trial['number']}"
    for name in sorted({*trial["params"], *run.trial["params"]}):
        said, own = (each.get(name, "not there") for each in (trial["params"], run.trial["params"]))
        if not is_same(said, own):
            return f"says {name} is {without_secrets(said, name)!r}; {named} says {without_secrets(own, name)!r}"
    if metric is not None and trial["state"] == "completed" and run.metrics.get(metric) != trial["value"]:
        return f"says the value is {trial['value']!r}; {named} says {metric} is {run.metrics.get(metric)!r}"
    return None


def _differences(
    row: dict[str, object], expected: dict[str, object]
) -> Iterator[tuple[str, str | None, object, object]]:
    """Yield each column, or each member by its key of a column that is a map, that is not what is expected."""
    for column, right in expected.items():
        said = row.get(column)
        if (type(said), said) == (type(right), right):  # 0 is not False, 650.0 not 650
            continue
        members = tuple(_members_that_differ(_members(column, said), _members(column, right)))
        yield from ((column, *each) for each in members)
        if not members:
            yield column, None, said, right


def _members_that_differ(said: object, right: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(said, dict) and isinstance(right, dict):
        for key in sorted({**said, **right}):
            if (key in said, said.get(key)) != (key in right, right.get(key)):
                yield key, said.get(key), right.get(key)


def _members(column: str, value: object) -> object:
    """Return the members of a column that is a map, or of the configuration, which is a text; each of these as one."""
    if column not in COLUMNS_OF["config"] or not isinstance(value, str):
        return value
    try:
        config: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return {key: json.dumps(each) for key, each in config.items()} if isinstance(config, dict) else value


def _shown(column: str, key: str | None, value: object) -> str:
    """Return a value for a message, without the secrets that a configuration may hold."""
    if column not in COLUMNS_OF["config"] or not isinstance(value, str):
        return repr(value)
    if key is None:
        return f"a text of {len(value):,} characters"
    above, name = ["", *parts_of(key)][-2:]
    text = json.dumps(without_secrets(json.loads(value), name, above))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
