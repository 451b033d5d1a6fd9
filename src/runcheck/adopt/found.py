"""What a source says of a run, in the terms of the main convention; what it does not say is not there."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge

from runcheck.convention.documents import Status
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.steps import MAX_STEP
from runcheck.errors import CannotReadError
from runcheck.writer.attachments import LARGEST_ARTIFACT

_MOST_POINTS = 20_000_000  # of 16 bytes each


class Points:
    """The points of all series by their tags, each series in the order of its steps.

    A point at a step that is behind its series takes its place and that of all after it: a run that was taken up again
    did these steps anew. ``again`` counts the points that were logged anew, ``passed_over`` those without a step.
    """

    def __init__(self) -> None:
        """Begin with no point."""
        self._steps: dict[str, array[int]] = {}
        self._values: dict[str, array[float]] = {}
        self.count = 0
        self.again = self.passed_over = 0

    @property
    def tags(self) -> list[str]:
        """The tags, in order."""
        return sorted(self._steps)

    def add(self, tag: str, step: int, value: float) -> None:
        """Take a point; one whose step no row can have is passed over.

        Raises:
            CannotReadError: there are too many.
        """
        if not 0 <= step <= MAX_STEP:
            self.passed_over += 1
            return
        if tag not in self._steps and len(self._steps) >= layout().limits.metric_series:
            raise CannotReadError(f"there are more than {layout().limits.metric_series:,} series of metrics")
        steps = self._steps.setdefault(tag, array("q"))
        values = self._values.setdefault(tag, array("d"))
        while steps and steps[-1] >= step:
            steps.pop()
            values.pop()
            self.again += 1
            self.count -= 1
        steps.append(step)
        values.append(value)
        self.count += 1
        if self.count > _MOST_POINTS:
            raise CannotReadError(f"there are more than {_MOST_POINTS:,} points of metrics")

    def rows(self) -> Iterator[tuple[int, str, float]]:
        """Yield every point by its step, and of one step by tag."""

        def of(tag: str) -> Iterator[tuple[int, str, float]]:
            for step, value in zip(self._steps[tag], self._values[tag], strict=True):
                yield step, tag, value

        return merge(*(of(tag) for tag in self.tags), key=lambda row: row[:2])


@dataclass
class Found:
    """What was found of a run.

    ``git`` and ``env`` hold as much of these objects as is known, ``tags`` those that are of the convention, and
    ``extensions`` what only the tool knows, under its name. ``artifacts`` says of files of the source what they are to
    be called below ``extra/``. ``notes`` tell what was taken how, ``left`` what was not taken.
    """

    tool: str
    name: str
    description: str = ""
    experiment: str | None = None
    created: datetime | None = None
    finished: datetime | None = None
    status: Status | None = None
    config: dict[str, object] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    git: dict[str, object] = field(default_factory=dict)
    env: dict[str, object] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    data: dict[str, object] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, object] = field(default_factory=dict)
    points: Points = field(default_factory=Points)
    checkpoints: dict[int, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass
class Given:
    """What the caller says of a run that its source does not, and how many bytes an artifact of it may have."""

    dataset: str | None = None
    model: str | None = None
    variant: str | None = None
    status: Status | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    largest: int = LARGEST_ARTIFACT


def seeds_in(config: dict[str, object], path: str = "") -> dict[str, int]:
    """Return the integers in a configuration that are called seeds."""
    found: dict[str, int] = {}
    for key, value in config.items():
        name = f"{path}{key}"
        if isinstance(value, dict):
            found |= seeds_in(value, f"{name}_")
        elif isinstance(value, int) and not isinstance(value, bool) and (key == "seed" or key.endswith("_seed")):
            found[name] = value
    return found


def is_tag(name: str, value: str) -> bool:
    """Say whether a tag of a tool is one that the convention has, with a value that it allows."""
    known = (*layout().mandatory_tags["model"], *layout().optional_tags["model"])
    kind = "token" if name in ("dataset", "model") else "tag"
    return name in known and is_name(kind, value) and value in layout().tag_values.get(name, (value,))
