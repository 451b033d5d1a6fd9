"""How units differ: a table of the same questions, a column a unit."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from runcheck.asking.series import last_of, summaries_of
from runcheck.asking.show import agreement, duration_of
from runcheck.asking.values import canonical, flattened
from runcheck.convention.aggregates import Direction
from runcheck.convention.documents import Git, Metadata, SeriesSummary
from runcheck.convention.words import without_secrets
from runcheck.errors import CannotReadError
from runcheck.probes.git_command import GitFailedError, git_says, is_in_repository
from runcheck.reading.files import UnitFiles
from runcheck.reading.records import UnitRecord
from runcheck.reading.resolve import Place, record_at, resolve

_LEAST = 2


class Row(NamedTuple):
    """One question, and what each unit answers; None of a unit in ``absent``, which says nothing of it."""

    name: str
    values: tuple[object, ...]
    absent: tuple[int, ...]
    differs: bool


class MetricRow(NamedTuple):
    """A series side by side: best values with their steps, and last ones; None of a unit that lacks it.

    ``best_of`` are the units, by their number, whose best value is the best of all. There are none where the units do
    not agree on which end is the better one.
    """

    split: str
    metric: str
    direction: Direction | None
    best: tuple[float | None, ...]
    best_step: tuple[int | None, ...]
    last: tuple[float | None, ...]
    absent: tuple[int, ...]
    best_of: tuple[int, ...]
    differs: bool

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"{self.split}/{self.metric}"


class Compared(NamedTuple):
    """Units side by side, each question a row.

    ``commits`` says for each unit how many commits lie between that of the first one and its own, where the repository
    is here: those that its own has more, and those that it lacks.
    """

    units: tuple[str, ...]
    unit: tuple[Row, ...]
    config: tuple[Row, ...]
    metrics: tuple[MetricRow, ...]
    data: tuple[Row, ...]
    code: tuple[Row, ...]
    commits: tuple[tuple[int, int] | None, ...]
    environment: tuple[Row, ...]
    packages: tuple[Row, ...]
    faults: tuple[tuple[str, str], ...]


def compare(units: Sequence[str | os.PathLike[str]], root: str | os.PathLike[str] = "artefacts") -> Compared:
    """Return units side by side, at least two: :func:`runcheck.reading.resolve.resolve` says which ones are meant.

    Secrets in their documents are replaced.

    Raises:
        CannotReadError: there are fewer than two, no such unit, or the metadata of one cannot be told.
    """
    if len(units) < _LEAST:
        raise CannotReadError("one unit alone cannot be compared: name another one")
    places = [resolve(unit, root) for unit in units]
    records = [record_at(place) for place in places]
    commits = [record.metadata["git"] for record in records]
    between = tuple(_between(places[0].root, commits[0], each) for each in commits)
    return side_by_side(places, records)._replace(commits=between)


def side_by_side(places: Sequence[Place], records: Sequence[UnitRecord]) -> Compared:
    """Return units, at least one, side by side as :func:`compare` does: where they lie, and what they say.

    How their commits lie to each other is not asked of Git: there are none.
    """
    metadata = [record.metadata for record in records]
    return Compared(
        units=tuple(place.path for place in places),
        unit=_rows([dict(_of_unit(record)) for record in records]),
        config=_rows([flattened(record.config or {}) for record in records]),
        metrics=_metrics([_summaries(place, record) for place, record in zip(places, records, strict=True)]),
        data=_rows([dict(_of_data(place, each)) for place, each in zip(places, metadata, strict=True)]),
        code=_rows([dict(_of_code(place, each)) for place, each in zip(places, metadata, strict=True)]),
        commits=(),
        environment=_rows([dict(_of_environment(each)) for each in metadata]),
        packages=_rows([each["env"]["packages"] if each["env"] else {} for each in metadata]),
        faults=tuple(_faults(places, records)),
    )


def _faults(places: Sequence[Place], records: Sequence[UnitRecord]) -> Iterator[tuple[str, str]]:
    for place, record in zip(places, records, strict=True):
        if record.kind == "model" and record.config is None:
            yield f"{place.path}/{record.metadata['config']['path']}", "is no configuration that can be read"


def _rows(answers: Sequence[Mapping[str, object]]) -> tuple[Row, ...]:
    """Return the questions that any unit answers, in the order in which they come up."""
    rows = []
    for name in dict.fromkeys(name for each in answers for name in each):
        values = tuple(each.get(name) for each in answers)
        absent = tuple(at for at, each in enumerate(answers) if name not in each)
        rows.append(Row(name, values, absent, differs=bool(absent) or len(set(map(canonical, values))) > 1))
    return tuple(rows)


def _of_unit(record: UnitRecord) -> Iterator[tuple[str, object]]:
    metadata = cast("Metadata", without_secrets(record.metadata))
    yield "status", metadata["status"]
    yield "created_at", metadata["created_at"]
    yield "duration_seconds", duration_of(metadata, record.summary)
    yield "command", metadata["command"]
    for name, seed in metadata.get("seeds", {}).items():
        yield f"seed {name}", seed
    for name, tag in metadata["tags"].items():
        yield f"tag {name}", tag
    if architecture := metadata.get("architecture"):
        yield "model", architecture["text"]
        yield "parameters", architecture["parameters"]
    if restarts := metadata.get("restarts"):
        yield "restarts", len(restarts)
    for relation, path in metadata.get("links", {}).items():
        yield f"link {relation}", path
    for name, split in metadata.get("splits", {}).items():
        yield f"rows of {name}", split["rows"]


def _of_data(place: Place, metadata: Metadata) -> Iterator[tuple[str, object]]:
    data = metadata["data_provenance"]
    yield from flattened({**data}).items()
    if data["kind"] == "artefact":
        yield "now", agreement(place, data)
    if "fingerprint" in metadata:
        yield "fingerprint of the files", metadata["fingerprint"]


def _of_code(place: Place, metadata: Metadata) -> Iterator[tuple[str, object]]:
    git = metadata["git"]
    yield "commit", git and git["sha"]
    if git is None:
        return
    yield "branch", without_secrets(git["branch"])
    yield "remote", without_secrets(git["remote"])
    yield "changes", _changes(place, git)


def _changes(place: Place, git: Git) -> str:
    """Return what is known of how the files differed from the commit; the digest tells differences apart."""
    if git["dirty"] is None:
        return "not known"
    if not git["dirty"]:
        return "none"
    if git["diff"] is None:
        return "not kept"
    digest, files = hashlib.sha256(), UnitFiles(place.folder)
    try:
        files.file(git["diff"])
        for chunk in files.chunks(git["diff"]):
            digest.update(chunk)
    except CannotReadError as error:
        return str(error).removeprefix(f"{place.folder}/")
    return f"{'beginning kept' if git.get('diff_is_cut') else 'kept'}, {digest.hexdigest()[:12]}"


def _between(root: str, first: Git | None, other: Git | None) -> tuple[int, int] | None:
    """Return how many commits one has more than another, and how many it lacks; None where that cannot be told."""
    if first is None or other is None or not is_in_repository(os.path.realpath(root)):
        return None
    if first["sha"] == other["sha"]:
        return 0, 0
    try:
        # the names of commits are digits, by their schema: no options
        said = git_says(root, "rev-list", "--count", "--left-right", f"{other['sha']}...{first['sha']}", "--")
        more, lacks = map(int, said.split())
    except (GitFailedError, ValueError):
        return None
    return more, lacks


def _of_environment(metadata: Metadata) -> Iterator[tuple[str, object]]:
    env = cast("Metadata", without_secrets(metadata))["env"]
    if env is None:
        return
    yield "python", env["python"]
    yield "platform", env["platform"]
    yield from env["hardware"].items()
    yield "devices", env["devices"]
    yield "processes", env.get("processes", 1)
    maps: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("driver", env.get("drivers", {})),
        ("variable", env.get("variables", {})),
        ("jax", env.get("jax", {})),
        ("lock file", env.get("lock_files", {})),
    )
    for what, values in maps:
        for name, value in values.items():
            yield f"{what} {name}", value


def _summaries(place: Place, record: UnitRecord) -> Mapping[tuple[str, str], SeriesSummary]:
    if record.kind != "model":
        return {}
    return summaries_of(UnitFiles(place.folder), record.metadata, record.summary)


def _metrics(summaries: Sequence[Mapping[tuple[str, str], SeriesSummary]]) -> tuple[MetricRow, ...]:
    return tuple(_metric(name, summaries) for name in sorted({name for each in summaries for name in each}))


def _metric(name: tuple[str, str], summaries: Sequence[Mapping[tuple[str, str], SeriesSummary]]) -> MetricRow:
    found = [each.get(name) for each in summaries]
    directions = {each["direction"] for each in found if each}
    direction = directions.pop() if len(directions) == 1 else None
    best = tuple(each["best"] if each else None for each in found)
    last = tuple(last_of(each) if each else None for each in found)
    steps = tuple(each["best_step"] if each else None for each in found)
    return MetricRow(
        *name,
        direction,
        best,
        steps,
        last,
        absent=tuple(at for at, each in enumerate(found) if each is None),
        best_of=tuple(_winners(direction, best)),
        differs=len({(repr(value), repr(end)) for value, end in zip(best, last, strict=True)}) > 1,
    )


def _winners(direction: Direction | None, best: Sequence[float | None]) -> Iterable[int]:
    there = [value for value in best if value is not None]
    if direction is None or not there:
        return []
    winner = min(there) if direction == "min" else max(there)
    return [at for at, value in enumerate(best) if value == winner]
