"""Fit what a scale should have been called, from the train sweep: spread = gain * scale + floor."""

import csv
import json
from pathlib import Path
from statistics import linear_regression

TABLE = Path("sweeps/noise-train/aggregate.csv")

if __name__ == "__main__":
    with TABLE.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    scales, spreads = ([float(row[name]) for row in rows] for name in ("scale", "spread"))
    gain, floor = linear_regression(scales, spreads)
    Path("corrections.json").write_text(json.dumps({"gain": gain, "floor": floor}, indent=2) + "\n")
