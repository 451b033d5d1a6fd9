"""Say how far the claimed scales are off on the test sweep, before the correction and after it."""

import csv
import json
from pathlib import Path
from statistics import fmean

TABLE = Path("sweeps/noise-test/aggregate.csv")

if __name__ == "__main__":
    correction = json.loads(Path("corrections.json").read_text())
    with TABLE.open(newline="") as stream:
        pairs = [(float(row["scale"]), float(row["spread"])) for row in csv.DictReader(stream)]
    before = fmean(abs(spread / scale - 1) for scale, spread in pairs)
    after = fmean(abs(spread / (correction["gain"] * scale + correction["floor"]) - 1) for scale, spread in pairs)
    Path("evaluation.json").write_text(json.dumps({"deviation": {"before": before, "after": after}}, indent=2) + "\n")
