"""A run whose arguments say as little as they may, for benchmarks of what comes after."""

import os

import runcheck
from runcheck.writer.run import Run


def start_run(root: str | os.PathLike[str]) -> Run:
    """Start it in the tree at ``root``."""
    return runcheck.start_run(
        root,
        dataset="points",
        model="mlp",
        variant="blank",
        config={},
        seeds={"init": 0},
        tags={"experiment": "benchmark", "run_type": "train"},
        data={"kind": "synthetic", "seed": 0},
        description="A run of a benchmark.",
        risks="None.",
    )
