"""Metrics as CSV with a row a step, and as an event file of TensorBoard."""

import csv
import os
from itertools import groupby

from runcheck.convention.timestamps import parse_timestamp
from runcheck.reading.run import LoadedRun
from runcheck.writer.log.tensorboard import EventFile


def write_csv(run: LoadedRun, path: str) -> None:
    """Write a row for each step and a column for each series, ``<split>/<metric>``, in the order of the first rows.

    What a series has not at a step is empty; of two values at one step the last counts. ``nan``, ``inf`` and ``-inf``
    are what other readers take them for. A file with a row for each value is in the unit already.
    """
    columns: dict[str, int] = {}
    steps: dict[int, dict[int, float]] = {}
    for row in run.rows():
        column = columns.setdefault(f"{row.split}/{row.metric}", len(columns))
        steps.setdefault(row.step, {})[column] = row.value
    with open(path, "x", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["step", *columns])
        for step in sorted(steps):
            writer.writerow(
                [step, *("" if (value := steps[step].get(at)) is None else repr(value) for at in range(len(columns)))]
            )


def write_events(run: LoadedRun, folder: str) -> None:
    """Write one event file with the tags ``<split>/<metric>``, as the writer does. Values are float32 there.

    The rows have no times; each event bears that at which the run was created.
    """
    created = parse_timestamp(run.metadata["created_at"])
    at = created.timestamp() if created is not None else 0.0
    os.mkdir(folder)
    events = EventFile(folder, at)
    for (step, split), rows in groupby(run.rows(), lambda row: (row.step, row.split)):
        events.write(step, split, [(row.metric, row.value) for row in rows], at)
    events.close()
