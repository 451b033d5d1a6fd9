"""A run that the writer writes, to be copied by ``trees.py``: ``python train.py ROOT SEED``."""

import math
import random
import sys

import runcheck


def main(root: str, seed: int) -> None:
    """Log some metrics; how many depends on the seed."""
    draw = random.Random(seed)
    with runcheck.start_run(
        root,
        dataset="digits",
        model="mlp",
        variant="template",
        config={
            "optimizer": {"name": "adamw", "learning_rate": 0.001, "weight_decay": 0.0001, "schedule": "cosine"},
            "layers": [64, 128, 10],
            "dropout": 0.1,
            "batch_size": 128,
            "steps": 1000,
        },
        seeds={"init": seed},
        tags={"experiment": "benchmark", "run_type": "train"},
        data={"kind": "synthetic", "seed": seed},
        description="One of many runs of a benchmark.",
        risks="None.",
    ) as run:
        for step in range(1, draw.randint(10, 40)):
            run.log(step, {"loss": math.exp(-step / 10) + draw.random() / 10, "accuracy": draw.random()})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
