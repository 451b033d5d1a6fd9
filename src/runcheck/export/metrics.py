"""Metrics as CSV with a row a step."""

import csv

from runcheck.reading.run import LoadedRun


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
