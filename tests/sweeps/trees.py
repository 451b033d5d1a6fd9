"""Training functions for sweeps, and what is asked of the trees that they leave."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import runcheck


def train(config: dict[str, Any]) -> None:
    """Write a run whose loss is least at a rate of 0.2 and a width of 8, as a script does."""
    with start(config) as run:
        for step in range(3):
            run.log(step, {"loss": loss(config) + 1 / (step + 1)}, split="test")


def loss(config: dict[str, Any]) -> float:
    return float((config["rate"] - 0.2) ** 2 + config.get("width", 8) / 1000)


def start(config: dict[str, Any], resume: str | None = None) -> runcheck.Run:
    return runcheck.start_run(
        "artefacts",
        dataset="line",
        model="linear",
        variant="tried",
        config=config,
        seeds={"init": 0},
        tags={"experiment": "sweeps", "run_type": "train"},
        description="A run to be one of a sweep.",
        data={"kind": "synthetic", "seed": 0},
        resume=resume,
    )


def train_unless_it_is_03(config: dict[str, Any]) -> None:
    """Raise at the rate 0.3 until a file says that the fault is mended."""
    with start(config, resume="latest") as run:
        run.log(0, {"loss": loss(config)}, split="test")
        if config["rate"] == 0.3 and not Path("mended").exists():
            raise ValueError("the rate is too high, see /home/somebody/notes.txt\nsecond line")


def train_or_be_killed(config: dict[str, Any]) -> None:
    """End by SIGKILL at the rate 0.3 until a file says that the fault is mended."""
    with start(config) as run:
        run.log(0, {"loss": loss(config)}, split="test")
        if config["rate"] == 0.3 and not Path("mended").exists():
            os.kill(os.getpid(), signal.SIGKILL)


def train_on_a_full_disk(config: dict[str, Any]) -> None:
    """Write to a device that is full, at the rate 0.3."""
    with start(config) as run:
        run.log(0, {"loss": loss(config)}, split="test")
        if config["rate"] == 0.3:
            with open("/dev/full", "w", buffering=1) as stream:
                stream.write("a line\n")


def errors(root: str | Path = "artefacts") -> list[str]:
    """Return the errors that a check of the tree has, and the warnings but for what these tests do not have: Git."""
    return [f"{each.code} {each.path} {each.message}" for each in runcheck.check(root).findings if each.code != "RC208"]


def trials_of(unit: str | None, root: str | Path = "artefacts") -> list[dict[str, Any]]:
    """Return the rows of the trials of a study."""
    text = (Path(root) / str(unit) / "trials.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def units(run_type: str, root: str | Path = "artefacts") -> list[str]:
    """Return the paths of the units of a type of run."""
    return [each.path for each in runcheck.open(root).units("model") if each.metadata["tags"]["run_type"] == run_type]
