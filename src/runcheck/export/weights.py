"""The arrays of a checkpoint for other frameworks, and models that the unit has as ONNX."""

import math
import shutil

from runcheck.convention.documents import ExportFormat
from runcheck.convention.exports import EXPORT_SUFFIXES
from runcheck.convention.ranking import Best
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.reading.run import LoadedRun
from runcheck.writer.seal import hash_file
from runcheck.writer.summary import direction_of
from runcheck.writer.weights.exports import OF_TREES, arrays_by_name


def chosen_step(run: LoadedRun, step: int | None, best: Best | None) -> int:
    """Return the step of a checkpoint: the one that is named, the best by a metric, or else the newest.

    Raises:
        CannotReadError: there is no checkpoint, or none has the metric at its step.
    """
    if step is not None:
        return step
    if not run.checkpoints:
        raise CannotReadError(f"{run.path}: has no checkpoint")
    if best is None:
        return run.checkpoints[-1]
    split, _, metric = best.metric.partition("/")
    steps = frozenset(run.checkpoints)
    values = {
        row.step: row.value
        for row in run.rows()
        if row.step in steps and (row.split, row.metric) == (split, metric) and math.isfinite(row.value)
    }
    if not values:
        raise CannotReadError(f"{run.path}: has no value of {best.metric} at the step of a checkpoint; give --step")
    direction = best.direction or direction_of(run.metadata.get("directions", {}), split, metric)
    sign = 1 if direction == "min" else -1
    return min(values, key=lambda each: (sign * values[each], -each))


def write_weights(run: LoadedRun, format_: ExportFormat, path: str, step: int) -> str:
    """Write the arrays of a checkpoint by their names with dots; return with what that was done.

    Raises:
        CannotReadError: there is no such checkpoint, or it holds what the format has not.
        MissingLibraryError: Orbax or the library of the format is not installed.
    """
    try:
        ready = OF_TREES[format_](arrays_by_name(run.restore(step)), _framework(run))
    except InvalidArgumentError as error:
        raise CannotReadError(f"{run.path}: {error}") from error
    ready.write(path)
    return ready.framework


def _framework(run: LoadedRun) -> str:
    env = run.metadata["env"]
    packages = env["packages"] if env is not None else {}
    return f"jax {packages['jax']}" if "jax" in packages else "numpy"


def write_onnx(run: LoadedRun, path: str, name: str | None) -> str:
    """Copy an ONNX model that the unit has, and return its name. A checkpoint holds arrays and no graph.

    Raises:
        CannotReadError: there is none, there are several, or it is not the one that its sidecar names.
    """
    models = [each for each, sidecar in run.exports.items() if sidecar["format"] == "onnx"]
    found = [each for each in models if name in (None, each, each.removesuffix(EXPORT_SUFFIXES["onnx"][0]))]
    if len(found) != 1:
        raise CannotReadError(f"{run.path}: {_why_no_model(models, name)}")
    source = run.export_path(found[0])
    shutil.copyfile(source, path)
    if hash_file(path) != run.exports[found[0]]["sha256"]:
        raise CannotReadError(f"{source}: is not the file that its sidecar names; restore it from a copy")
    return found[0]


def _why_no_model(models: list[str], name: str | None) -> str:
    if not models:
        return (
            "has no ONNX export. A checkpoint holds arrays and no graph, so none can be made of it: the script makes "
            "one with a converter and gives it to run.export(...)"
        )
    return f"has the ONNX exports {', '.join(models)}; " + (f"none is {name}" if name else "name one by --name")
