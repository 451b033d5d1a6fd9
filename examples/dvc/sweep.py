"""A sweep over scales of noise: how far the errors of an instrument spread, of which it claims the scale itself."""

import argparse
import csv
import json
import math
import os
import random
from pathlib import Path
from typing import Any

import yaml

import runcheck

SWEEPS = Path("sweeps")


def spread_at(scale: float, samples: int, seed: int) -> float:
    """Return the standard deviation of the errors of an instrument that claims ``scale``, and is off."""
    draw = random.Random(f"{seed} {scale}")
    errors = [draw.gauss(0.0, 1.3 * scale + 0.05) for _ in range(samples)]
    return math.sqrt(sum(error * error for error in errors) / samples)


def calibration_of(sweep: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest says of a sweep; of a test sweep also the id of the one it is to be corrected by."""
    calibration = {
        "master_seed": sweep["seed"],
        "n_configs": len(shared["scales"]),
        "scales": shared["scales"],
        "generator_family": shared["family"],
        "sweep_kind": sweep["kind"],
        "save_samples": False,
    }
    if "trained_on" in sweep:
        manifest = json.loads((SWEEPS / sweep["trained_on"] / "manifest.json").read_text())
        calibration["links"] = {"trained_correction_from": manifest["experiment_id"]}
    return calibration


def main(name: str) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    sweep, shared = params["sweeps"][name], params["calibration"]
    folder = SWEEPS / name
    folder.mkdir(parents=True)
    rows = []
    with runcheck.start_run(
        os.environ.get("ARTEFACTS", "artefacts"),
        dataset="noise",
        model=shared["family"],
        variant=sweep["kind"],
        config={**shared, **sweep},
        seeds={"master": sweep["seed"]},
        tags={"experiment": "calibration", "run_type": "train" if sweep["kind"] == "train" else "evaluate"},
        data={"kind": "synthetic", "seed": sweep["seed"]},
        directions={"deviation": "min"},
        extensions={"acme": {"calibration": calibration_of(sweep, shared)}},
    ) as run:
        runcheck.export_unit(run.path, to="sweep-manifest", into=folder / "manifest.json")
        for step, scale in enumerate(shared["scales"]):
            spread = spread_at(scale, shared["samples"], sweep["seed"])
            summary = {"scale": scale, "spread": spread, "deviation": abs(spread / scale - 1)}
            run.log(step, summary, split=sweep["kind"])
            rows.append({"config": f"scale={scale}", **summary})
            config = folder / "configs" / f"scale={scale}"
            config.mkdir(parents=True)
            (config / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    runcheck.export_unit(run.path, to="dvclive", into=folder / "dvclive")
    with (folder / "aggregate.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweep", help="the name of the sweep in params.yaml")
    main(parser.parse_args().sweep)
