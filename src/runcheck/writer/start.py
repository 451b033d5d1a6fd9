"""``start_run``: from what a caller says to a run that is being written."""

import os
from collections.abc import Mapping, Sequence
from typing import cast

from runcheck.convention.aggregates import Direction, known_direction
from runcheck.convention.layout import layout
from runcheck.convention.versions import experiment_id
from runcheck.errors import CannotWriteError, InvalidArgumentError, warn
from runcheck.trackers.asked import Mirror
from runcheck.trackers.processes import asked_for
from runcheck.writer.arguments import (
    checked_directions,
    checked_mapping,
    checked_name,
    checked_root,
    checked_seed,
    checked_tags,
    checked_text,
    links_within,
    told,
)
from runcheck.writer.config import plain_config, plain_object
from runcheck.writer.job.silent import unit_folder
from runcheck.writer.membership import membership
from runcheck.writer.provenance.code import script_description
from runcheck.writer.provenance.data import provenance_of, with_digests
from runcheck.writer.run import Run
from runcheck.writer.unit import UnitFolder
from runcheck.writer.weights.retention import Keep

NEWEST = "latest"  # the run of the slug to go on with
_MAX_ATTEMPTS = 1000


def start_run(
    root: str | os.PathLike[str],
    *,
    dataset: str,
    model: str,
    variant: str,
    config: object,
    seeds: Mapping[str, int],
    tags: Mapping[str, str],
    data: str | os.PathLike[str] | Mapping[str, object],
    description: str | None = None,
    architecture: str = "",
    risks: str = "",
    directions: Mapping[str, Direction] | None = None,
    links: Mapping[str, str] | None = None,
    extensions: Mapping[str, Mapping[str, object]] | None = None,
    keep: Keep | None = None,
    resume: str | os.PathLike[str] | None = None,
    allow_config_change: bool = False,
    trackers: Sequence[str | Mirror] | None = None,
) -> Run:
    """Start a training run in the tree at ``root`` and return it; use it in a ``with``, or call :meth:`Run.finish`.

    Under ``jax.distributed`` all processes call this and what follows, after ``jax.distributed.initialize``: they share
    one run, which process 0 writes; checkpoints are saved by all of them, in a file system that they share. Processes
    that ``torchrun``, ``mpirun`` or Slurm starts without ``jax.distributed`` are not known as one job: call this in one
    of them.

    Args:
        root: The tree, usually ``artefacts``; made where it is not there.
        dataset: The first token of the slug.
        model: The second token of the slug.
        variant: The third token of the slug.
        config: The configuration: a mapping, a dataclass, an ``argparse.Namespace``, absl's ``FLAGS``, an
            ``ml_collections.ConfigDict`` or an OmegaConf ``DictConfig`` (:func:`runcheck.writer.config.plain_config`).
            Secrets in it are replaced before anything is written.
        seeds: Each seed that the run depends on, by what it seeds.
        tags: ``experiment`` and ``run_type``, and ``sweep`` if it is part of one. ``dataset`` and ``model`` are those
            of the slug.
        data: The path of a completed dataset in the same tree, or a provenance, ``{"kind": "synthetic", "seed": 7}`` or
            ``{"kind": "external", "hashes": {"images": ...}}``, where a hash is a SHA-256, or the ``pathlib.Path`` or
            the array whose SHA-256 it is to be.
        description: What the run is for, in a sentence or two; by default the first paragraph of the script's
            docstring.
        architecture: The model, in a few words.
        risks: What a reader should beware of, for the README.
        directions: For a metric by name, which end is better: ``min`` or ``max``. By default losses and errors are
            ``min``, all else ``max``.
        links: Other units of the tree by what they are to this run.
        extensions: Fields of other owners, an object a namespace.
        keep: Which checkpoints stay; by default all.
        resume: A run that was stopped, to go on with it from its last checkpoint: its folder, or ``latest`` for the
            newest run of the slug, if that is not completed; where there is none a new run begins, so that a job that
            may be preempted starts with the same command each time. :attr:`Run.start_step` says where to go on,
            :meth:`Run.restore` gives the checkpoint. Rows beyond it are kept aside below ``extra/``.
        allow_config_change: Go on with another configuration than the run had; the old one is kept.
        trackers: The experiment trackers that get a copy of the run while it is written, ``["wandb", "mlflow"]`` or
            :class:`runcheck.Mirror` with settings; by default those of the configuration above the tree, and none
            where the variable ``RUNCHECK_TRACKERS`` is there and empty.

    Raises:
        InvalidArgumentError: an argument does not fit the convention, or the run to go on with, which may be completed
            or have other data or another configuration; nothing was written.
        CannotWriteError: the run's folder cannot be made, or the run to go on with is still being written.
        CannotReadError: there is no run at ``resume``, or its metadata are broken.
    """
    if resume is not None and not isinstance(resume, str | os.PathLike):
        raise InvalidArgumentError(f"resume is {told(resume)}; give 'latest', or the folder of the run to go on with")
    if keep is not None and not isinstance(keep, Keep):
        raise InvalidArgumentError(f"keep is {told(keep)}; give a rule, runcheck.Keep(last=3)")
    tags = checked_mapping(tags, "tags", '{"experiment": "digits", "run_type": "train"}')
    trial = membership()
    if trial is not None:
        tags = {**tags, "sweep": trial.name}
        resume = trial.stopped if resume == NEWEST else resume  # the newest of the slug may be of another trial
    tokens = {"dataset": dataset, "model": model, "variant": variant}
    slug = "_".join(checked_name("token", what, text) for what, text in tokens.items())
    folder = unit_folder(checked_root(root), layout().kinds["model"], slug)
    given = (
        folder.redacted(with_digests(data, "data"), "metadata#/data_provenance") if isinstance(data, Mapping) else data
    )
    run = _class_of_run(folder)(
        folder,
        config=plain_config(config),
        provenance=provenance_of(given, root, "data"),
        tags=checked_tags({**tags, "dataset": dataset, "model": model}, "model"),
        description=folder.text(
            script_description() if description is None else description, "description", "metadata#/description"
        ),
        architecture=" ".join(
            folder.text(_one_line(architecture), "architecture", "metadata#/architecture/text").split()
        ),
        risks=folder.text(risks, "risks", "readme"),
        directions=checked_directions({} if directions is None else directions),
        keep=keep or Keep(),
    )
    if trial is not None:
        run.metadata["trial"] = {
            "number": trial.number,
            "params": folder.redacted(plain_object(trial.params, "params"), "metadata#/trial/params"),
        }
    _describe(run, folder, seeds, {} if links is None else links, {} if extensions is None else extensions)
    if keep is not None and keep.by is not None:
        _tell_guess(keep.by, run.metadata.get("directions", {}))
    mirrors = asked_for(folder.root, trackers)
    if resume is None or not run.go_on(resume, allow_config_change=allow_config_change):
        _begin(run, folder)
    if trial is not None:
        trial.begin(run)
    run.mirror(mirrors)
    return run


def _begin(run: Run, folder: UnitFolder) -> None:
    """Give a new run its folder, under the first version that is free."""
    attempts = (experiment_id(folder.created, folder.sha, attempt) for attempt in range(1, _MAX_ATTEMPTS))
    if not folder.create_first(attempts):
        raise CannotWriteError(f"{folder.slug_path}: no version of this second is free")
    run.begin()


def _describe(
    run: Run,
    folder: UnitFolder,
    seeds: Mapping[str, int],
    links: Mapping[str, str],
    extensions: Mapping[str, Mapping[str, object]],
) -> None:
    """Put into the metadata what not every unit has."""
    seeds = checked_mapping(seeds, "seeds", '{"init": 0}')
    extensions = checked_mapping(extensions, "extensions", '{"calibration": {"bins": 10}}')
    checked = {name: checked_seed(name, seed) for name, seed in seeds.items()}
    run.metadata["seeds"] = cast("dict[str, int]", folder.redacted(checked, "metadata#/seeds"))
    if linked := links_within(folder.root, links):
        run.metadata["links"] = linked
    if extensions:
        run.metadata["extensions"] = {
            checked_name("extension", "a namespace in extensions", name): folder.redacted(
                plain_object(checked_mapping(value, f"extensions[{name!r}]", '{"bins": 10}'), f"extensions/{name}"),
                f"metadata#/extensions/{name}",
            )
            for name, value in extensions.items()
        }


def _tell_guess(by: str, directions: Mapping[str, str]) -> None:
    """Warn where nothing says which end of the metric is better that decides what is removed."""
    metric = by.partition("/")[2]
    if not {metric, by} & directions.keys() and known_direction(metric) is None:
        words = f"nothing says which end of {by} is better, so Keep takes the highest for the best"
        warn(f'{words}; give directions={{"{metric}": "min"}}, or "max"')


def _class_of_run(folder: UnitFolder) -> type[Run]:
    if folder.processes.is_writer:
        return Run
    from runcheck.writer.job.silent_run import SilentRun  # noqa: PLC0415 - where there are several processes

    return SilentRun


def _one_line(text: str) -> str:
    return " ".join(checked_text(text, "architecture").split())
