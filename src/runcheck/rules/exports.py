"""RC5, exports: the formats, and the tensors against the checkpoint."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from runcheck.convention.documents import SIDECAR_SUFFIX, ExportSidecar
from runcheck.convention.exports import EXPORT_SUFFIXES
from runcheck.convention.parameters import parameters
from runcheck.convention.paths import resolve
from runcheck.convention.patterns import late
from runcheck.convention.units import Unit
from runcheck.probes import Content
from runcheck.probes.contents import (
    NumpyContent,
    OnnxContent,
    OrbaxContent,
    SafetensorsContent,
    SavedModelContent,
    Tensor,
    TorchContent,
)
from runcheck.rules.rule import Problem, unit_rule
from runcheck.rules.shapes import compare
from runcheck.rules.values import compare_values


class _Export(Protocol):
    """What the probe of each format of exports returns."""

    @property
    def tensors(self) -> tuple[Tensor, ...] | None:
        """The tensors, or None where they cannot be told."""

    @property
    def error(self) -> str | None:
        """Why it is no whole export of the format."""


class _Format(NamedTuple):
    """A format of exports.

    Its name in a sentence, what its probe returns, the suffixes of its files, and whether it holds a program too.
    """

    name: str
    content: type[_Export]
    suffixes: tuple[str, ...] = ()
    is_program: bool = False


# By the format that a sidecar names.
_FORMATS: Mapping[str, _Format] = {
    "safetensors": _Format("a safetensors file", SafetensorsContent, EXPORT_SUFFIXES["safetensors"]),
    "numpy": _Format("a NumPy file", NumpyContent, EXPORT_SUFFIXES["numpy"]),
    "onnx": _Format("an ONNX model", OnnxContent, EXPORT_SUFFIXES["onnx"], is_program=True),
    "torch": _Format("a PyTorch file", TorchContent, EXPORT_SUFFIXES["torch"]),
    "saved_model": _Format("a SavedModel", SavedModelContent, is_program=True),
}
_FOLDER_FORMAT = "saved_model"
_SHARD = late(r"(?P<before>.*-)(?P<number>\d{5})-of-(?P<count>\d{5})(?P<after>\.[^/]*)")
_SHOWN = 200


@unit_rule
def export_format(
    unit: Unit, sidecars: Mapping[str, ExportSidecar], looked_into: Mapping[str, Content | None]
) -> Iterator[Problem]:
    """Each export is a whole file of its format; where it is a folder, so is each file of the format in it."""
    for path, sidecar in sidecars.items():
        exported, format_ = path.removesuffix(SIDECAR_SUFFIX), _FORMATS.get(sidecar["format"])
        if format_ is None:
            continue
        for each in _parts(exported, sidecar["format"], looked_into):
            yield from _judge(unit, each, format_, looked_into)
        if sidecar["format"] != _FOLDER_FORMAT and exported not in unit.files:
            yield from _judge_folder(unit, exported, format_, looked_into)


@unit_rule
def export_agrees(
    unit: Unit,
    sidecars: Mapping[str, ExportSidecar],
    looked_into: Mapping[str, Content | None],
    checkpoints: Mapping[int, OrbaxContent],
) -> Iterator[Problem]:
    """The parameters of the checkpoint have tensors of their shapes in the export, and their values where it copied."""
    by_step = {step: _parameters(each) for step, each in checkpoints.items()} if sidecars else {}
    for path, sidecar in sidecars.items():
        exported, checkpoint = path.removesuffix(SIDECAR_SUFFIX), checkpoints.get(sidecar["source_step"])
        format_ = _FORMATS.get(sidecar["format"])
        wanted = by_step.get(sidecar["source_step"], [])
        if checkpoint is None or format_ is None or not wanted or _lacks_parts(unit, exported, format_, looked_into):
            continue
        tensors = _tensors(_parts(exported, sidecar["format"], looked_into), format_, looked_into)
        if not tensors:
            continue
        shapes = compare(wanted, checkpoint.leaves, tensors, is_program=format_.is_program)
        if shapes is not None:
            yield Problem(exported, shapes.message, is_certain=shapes.is_certain and not checkpoint.unsized)
        values = compare_values(sidecar["source_step"], by_step, checkpoint.leaves, tensors)
        if values is not None:
            yield Problem(exported, values.message, is_certain=values.is_certain)


def _parameters(checkpoint: OrbaxContent) -> list[Tensor]:
    """Return the parameters of a checkpoint, none where it is broken or the shape of one of them is unknown."""
    names = set(parameters((*(each.name for each in checkpoint.leaves), *checkpoint.unsized)))
    if checkpoint.uncommitted or checkpoint.broken_tree or names.intersection(checkpoint.unsized):
        return []
    return [each for each in checkpoint.leaves if each.name in names]


def _parts(exported: str, format_: str, looked_into: Mapping[str, Content | None]) -> list[str]:
    """Return what of an export was looked into: itself, or the files of its format in the folder that it is."""
    if exported in looked_into and (format_ == _FOLDER_FORMAT or not _is_folder(exported, looked_into)):
        return [exported]
    wanted = _FORMATS[format_]
    return [
        path
        for path, each in looked_into.items()
        if path.startswith(f"{exported}/")
        and (isinstance(each, wanted.content) or path.endswith(wanted.suffixes))
        and format_ != _FOLDER_FORMAT
    ]


def _lacks_parts(unit: Unit, exported: str, format_: _Format, looked_into: Mapping[str, Content | None]) -> bool:
    """Say whether some of the tensors of an export may lie in a file that nobody could look into."""
    inside = [path for path in unit.files if path.startswith(f"{exported}/") and path.endswith(format_.suffixes)]
    return bool(format_.suffixes) and any(path not in looked_into for path in inside)


def _is_folder(exported: str, looked_into: Mapping[str, Content | None]) -> bool:
    return any(path.startswith(f"{exported}/") for path in looked_into)


def _judge(unit: Unit, path: str, format_: _Format, looked_into: Mapping[str, Content | None]) -> Iterator[Problem]:
    content = looked_into[path]
    if not isinstance(content, format_.content):
        other = next((each.name for each in _FORMATS.values() if isinstance(content, each.content)), None)
        unknown = "is something else" if content else "neither begins as one nor has the name of one"
        what = getattr(content, "error", None) or (f"is {other}" if other else unknown)
        yield Problem(path, f"is {format_.name} to its sidecar, and {what}")
    elif content.error:
        yield Problem(path, content.error)
    elif isinstance(content, OnnxContent):
        yield from _judge_external(unit, path, content, looked_into)


def _judge_external(
    unit: Unit, path: str, model: OnnxContent, looked_into: Mapping[str, Content | None]
) -> Iterator[Problem]:
    """Find the files that a model keeps tensors in. Paths that lead out of the unit have a clause of their own."""
    for location, needed in model.external_bytes.items():
        target = resolve(path, location)
        if target is None:
            continue
        if target not in unit.files:
            yield Problem(path, f"keeps tensors in {target[:_SHOWN]}, which is not there")
        elif target in looked_into and unit.files[target].entry.size < needed:
            size = unit.files[target].entry.size
            yield Problem(target, f"has {size:,} bytes; {path} keeps tensors in the first {needed:,} of it")


def _judge_folder(
    unit: Unit, folder: str, format_: _Format, looked_into: Mapping[str, Content | None]
) -> Iterator[Problem]:
    """Find a folder that holds nothing of its format, and parts of a sharded export that are gone."""
    inside = [path for path in unit.files if path.startswith(f"{folder}/")]
    known = [path for path in inside if isinstance(looked_into.get(path), format_.content)]
    if inside and not known and all(path in looked_into for path in inside):
        yield Problem(folder, f"is {format_.name} to its sidecar, and a folder without any")
    series: dict[tuple[str, int, str], set[int]] = {}
    there = (path for path in inside if path in known or path not in looked_into)  # of a pointer only the name is known
    for shard in filter(None, map(_SHARD.fullmatch, there)):
        series.setdefault((shard["before"], int(shard["count"]), shard["after"]), set()).add(int(shard["number"]))
    for (before, count, after), numbers in series.items():
        first = next(number for number in range(1, len(numbers) + 2) if number not in numbers)
        if first <= count:
            name = f"{before}{first:05d}-of-{count:05d}{after}"
            yield Problem(folder, f"lacks {name}: there are {len(numbers)} of {count} shards")


def _tensors(parts: list[str], format_: _Format, looked_into: Mapping[str, Content | None]) -> list[Tensor]:
    """Return the tensors of all parts of an export, none where one of them could not be read."""
    found: list[Tensor] = []
    for path in parts:
        content = looked_into[path]
        tensors = content.tensors if isinstance(content, format_.content) else None
        if tensors is None:
            return []
        found += tensors
    return found
