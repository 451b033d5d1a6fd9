"""A run as DVCLive leaves one: a table for each series, the last value of each, and the parameters.

DVC shows them by ``dvc metrics``, ``dvc plots``, ``dvc params`` and ``dvc exp show``. Form: dvclive 3.
"""

import json
import math
import os
from collections.abc import Mapping

from runcheck.convention.names import is_name
from runcheck.errors import CannotReadError
from runcheck.reading.run import LoadedRun
from runcheck.writer.atomic import write_whole
from runcheck.writer.yaml import format_yaml

_Points = dict[int, float]


def write_dvclive(run: LoadedRun, folder: str) -> int:
    """Write ``plots/metrics/<split>/<metric>.tsv``, ``metrics.json`` and ``params.yaml``; return how many series.

    The bytes depend on the rows and the configuration alone: they name no time and no machine. Of two values of a
    series at one step the last counts.

    Raises:
        CannotReadError: metrics or configuration are damaged, or a metric has a name that is none of a file.
    """
    series: dict[str, _Points] = {}
    for row in run.rows():
        name = f"{row.split}/{row.metric}"
        if name not in series and not is_name("path", name):  # a metric may be called a/../b
            raise CannotReadError(f"{run.path}: the metric {name} cannot be the name of a file; --to csv takes any")
        series.setdefault(name, {})[row.step] = row.value
    os.mkdir(folder)
    for name, points in series.items():
        _write_table(os.path.join(folder, "plots", "metrics", f"{name}.tsv"), name.rpartition("/")[2], points)
    write_whole(os.path.join(folder, "params.yaml"), format_yaml(run.config))
    write_whole(os.path.join(folder, "metrics.json"), json.dumps(_last_values(series), indent=4) + "\n")
    return len(series)


def _write_table(path: str, name: str, points: _Points) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x", encoding="utf-8", newline="") as stream:
        stream.write(f"step\t{name}\n")
        stream.writelines(f"{step}\t{points[step]!r}\n" for step in sorted(points))


def _last_values(series: Mapping[str, _Points]) -> dict[str, object]:
    """Return the last value of each series, nested by the parts of its name, and the last step of all.

    Where ``train/loss`` is a series and ``train/loss/encoder`` too, the latter stays flat: ``train`` has ``loss`` and
    ``loss/encoder``. DVCLive breaks off there.
    """
    values: dict[str, object] = {}
    for name, points in series.items():
        last = max(points)
        *groups, leaf = _nested(name, series)
        inner = values
        for group in groups:
            below = inner.setdefault(group, {})
            if isinstance(below, dict):
                inner = below
        inner[leaf] = _told(points[last])
    if series:
        values.setdefault("step", max(max(points) for points in series.values()))
    return values


def _nested(name: str, series: Mapping[str, _Points]) -> list[str]:
    """Return the parts of a name, those below another series as one."""
    parts = name.split("/")
    for end in range(1, len(parts)):
        if "/".join(parts[:end]) in series:
            return [*parts[: end - 1], "/".join(parts[end - 1 :])]
    return parts


def _told(value: float) -> float | str:
    """Return a value as DVCLive does: JSON has no NaN, and of a null DVC shows nothing at all."""
    return value if math.isfinite(value) else str(value)
