"""The calls of other metric writers over a run: of TensorBoard's ``SummaryWriter`` and of CLU's ``MetricWriter``."""
# ruff: noqa: ARG002 - the arguments are those of others

import re
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from runcheck.convention.names import USUAL_SPLITS, is_name
from runcheck.errors import InvalidArgumentError, warn
from runcheck.writer.run import Run

_NO_NAME = re.compile(r"[^A-Za-z0-9_.@:+-]")


class NamedSeries(NamedTuple):
    """The series that a tag is, whether it names a split, and whether its characters had to be changed."""

    split: str
    metric: str
    names_split: bool
    is_changed: bool


def series_of_tag(tag: str, split: str = "train", splits: Collection[str] = USUAL_SPLITS) -> NamedSeries:
    """Return the series that a tag of TensorBoard is: one of ``split`` where its first or last part is none.

    Raises:
        InvalidArgumentError: it is no name of a metric, nor can it be made one.
    """
    parts = [_NO_NAME.sub("_", part) for part in str(tag).split("/") if part]
    clean, named = "/".join(parts), ""
    if len(parts) > 1 and parts[0] in splits:
        named = parts.pop(0)
    elif len(parts) > 1 and parts[-1] in splits:
        named = parts.pop()
    rest = "/".join(parts)
    metric = rest if is_name("metric", rest) else f"_{rest}"  # a digit does not begin a name
    if not parts or not is_name("metric", metric):
        raise InvalidArgumentError(f"the tag {tag!r} is no name of a metric, nor can it be made one")
    return NamedSeries(named or split, metric, bool(named), clean != tag or metric != rest)


class _Tags:
    """Says which series a tag is, once for each."""

    def __init__(self, split: str, splits: Collection[str]) -> None:
        if not is_name("split", split):
            raise InvalidArgumentError(f"split is {split!r}; use letters, digits, '.', '_' and '-'")
        self._split = split
        self._splits = frozenset(splits)
        self._series: dict[str, tuple[str, str]] = {}

    def by_split(self, values: Mapping[str, object]) -> dict[str, dict[str, object]]:
        """Return values by split and metric instead of by tag."""
        found: dict[str, dict[str, object]] = {}
        for tag, value in values.items():
            split, metric = self._series.get(tag) or self._of(tag)
            found.setdefault(split, {})[metric] = value
        return found

    def _of(self, tag: str) -> tuple[str, str]:
        named = series_of_tag(tag, self._split, self._splits)
        series = named.split, named.metric
        twin = next((other for other, known in self._series.items() if known == series), None)
        if twin is not None:
            raise InvalidArgumentError(
                f"the tags {twin!r} and {tag!r} are both {named.metric} of {named.split}; rename one"
            )
        if named.is_changed:
            warn(f"the tag {tag!r} is logged as {named.metric} of {named.split}")
        self._series[tag] = series
        return series


class SummaryWriter:
    """TensorBoard's calls for scalars over a run: ``writer.add_scalar("loss/train", loss, step)``.

    A tag whose first or last part is a split is of that split: ``loss/train`` and ``train/loss`` are ``loss`` of
    ``train``, and every other tag is of ``split``. What a metric's name cannot hold, as blanks and parentheses, becomes
    ``_``, as in TensorBoard, with one warning a tag.

    Args:
        run: The run that is written to. It is neither finished nor closed here.
        split: The split of a tag that names none.
        splits: What counts as a split in a tag.
    """

    def __init__(self, run: Run, split: str = "train", splits: Collection[str] = USUAL_SPLITS) -> None:
        """Write to ``run``."""
        self._run = run
        self._tags = _Tags(split, splits)

    def add_scalar(
        self, tag: str, scalar_value: object, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Log one value; ``walltime`` is not kept.

        Raises:
            InvalidArgumentError: there is no step, the value is no number, or two tags come to one name.
        """
        self._log({tag: scalar_value}, global_step)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, object],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log several values, each under ``<main_tag>/<its key>``, as :meth:`add_scalar` does."""
        self._log({f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}, global_step)

    def flush(self) -> None:
        """Do nothing: what was logged is on the disk."""

    def close(self) -> None:
        """Do nothing: the run goes on until it is finished."""

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    def _log(self, values: Mapping[str, object], step: int | None) -> None:
        if step is None:
            raise InvalidArgumentError(f"{', '.join(values)} has no step; give global_step")
        for split, metrics in self._tags.by_split(values).items():
            self._run.log(step, metrics, split)


class MetricWriter:
    """The interface of CLU's metric writers over a run: ``writer.write_scalars(step, {"loss": loss})``.

    Names are taken as :class:`SummaryWriter` takes tags. It can stand in a ``MultiWriter`` beside others; of images,
    texts and the like nothing is kept, and a warning says so once.

    Args:
        run: The run that is written to. It is neither finished nor closed here.
        split: The split of a name that names none.
        splits: What counts as a split in a name.
    """

    def __init__(self, run: Run, split: str = "train", splits: Collection[str] = USUAL_SPLITS) -> None:
        """Write to ``run``."""
        self._run = run
        self._tags = _Tags(split, splits)
        self._told: set[str] = set()

    def write_scalars(self, step: int, scalars: Mapping[str, object]) -> None:
        """Log the values of one step.

        Raises:
            InvalidArgumentError: a value is no number, or two names come to one.
        """
        for split, metrics in self._tags.by_split(scalars).items():
            self._run.log(step, metrics, split)

    def write_hparams(self, hparams: Mapping[str, object]) -> None:
        """Keep nothing: the configuration is what ``start_run`` was given."""
        self._leave_out("hyperparameters", "give them to start_run as config")

    def write_summaries(
        self, step: int, values: Mapping[str, object], metadata: Mapping[str, object] | None = None
    ) -> None:
        """Keep nothing."""
        self._leave_out("summaries")

    def write_images(self, step: int, images: Mapping[str, object]) -> None:
        """Keep nothing."""
        self._leave_out("images", "run.plot keeps figures")

    def write_videos(self, step: int, videos: Mapping[str, object]) -> None:
        """Keep nothing."""
        self._leave_out("videos")

    def write_audios(self, step: int, audios: Mapping[str, object], *, sample_rate: int) -> None:
        """Keep nothing."""
        self._leave_out("audios")

    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        """Keep nothing."""
        self._leave_out("texts", "run.note keeps them")

    def write_histograms(
        self, step: int, arrays: Mapping[str, object], num_buckets: Mapping[str, int] | None = None
    ) -> None:
        """Keep nothing."""
        self._leave_out("histograms")

    def flush(self) -> None:
        """Do nothing: what was logged is on the disk."""

    def close(self) -> None:
        """Do nothing: the run goes on until it is finished."""

    def _leave_out(self, what: str, instead: str = "run.add_file keeps files") -> None:
        if what not in self._told:
            self._told.add(what)
            warn(f"{what} are not kept here; {instead}")
