"""RC5, the insides of checkpoints: committed, described, whole, finite, and of the model that the metadata name."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Metadata, Summary
from runcheck.convention.layout import layout
from runcheck.convention.parameters import parameters
from runcheck.probes.contents import OrbaxContent
from runcheck.probes.contents import OrbaxFault as Fault
from runcheck.rules.rule import Problem, unit_rule

_CHECKPOINTS = layout().folder_of("checkpoint")
_METADATA = layout().path("metadata")


@unit_rule
def checkpoint_committed(checkpoints: Mapping[int, OrbaxContent]) -> Iterator[Problem]:
    """Each checkpoint has the proof of its commit, and the files that Orbax writes beside it."""
    for step, checkpoint in checkpoints.items():
        yield from _problems(step, checkpoint.uncommitted)


@unit_rule
def checkpoint_tree(checkpoints: Mapping[int, OrbaxContent]) -> Iterator[Problem]:
    """The tree of each checkpoint can be read, and what it names is there."""
    for step, checkpoint in checkpoints.items():
        yield from _problems(step, checkpoint.broken_tree)
        yield from _problems(step, checkpoint.doubts, is_certain=False)


@unit_rule
def checkpoint_arrays(checkpoints: Mapping[int, OrbaxContent]) -> Iterator[Problem]:
    """Each array is whole."""
    for step, checkpoint in checkpoints.items():
        yield from _problems(step, checkpoint.broken_arrays)


@unit_rule
def checkpoint_nonfinite(summary: Summary, checkpoints: Mapping[int, OrbaxContent]) -> Iterator[Problem]:
    """The parameters of the checkpoint that stands for the run are finite."""
    step = summary["checkpoint_step"]
    checkpoint = checkpoints.get(step) if step is not None else None
    if checkpoint is None or checkpoint.nonfinite is None:
        return
    names = set(parameters(each.name for each in checkpoint.leaves))
    for array in checkpoint.nonfinite:
        if array.name in names:
            verb = "number is" if array.numbers == 1 else "numbers are"
            yield Problem(f"{_CHECKPOINTS}/{step}", f"{array.name}: {array.numbers:,} {verb} NaN or infinite")


@unit_rule
def parameter_count(metadata: Metadata, parameter_counts: Mapping[int, int]) -> Iterator[Problem]:
    """Each checkpoint holds as many parameters as the metadata say."""
    architecture = metadata.get("architecture")
    said = architecture["parameters"] if architecture else None
    for step, count in parameter_counts.items():
        if count != said:
            message = f"says {said} parameters; the checkpoint of step {step} has {count}"
            yield Problem(_METADATA, message, pointer="/architecture/parameters")


def _problems(step: int, faults: tuple[Fault, ...], *, is_certain: bool = True) -> Iterator[Problem]:
    for fault in faults:
        path = "/".join(filter(None, (_CHECKPOINTS, str(step), fault.path)))
        yield Problem(path, fault.words, is_certain=is_certain)
