"""A run with few words."""

from pathlib import Path
from typing import Any

import runcheck
from runcheck.writer.run import Run


def start_run(root: Path, **changed: Any) -> Run:  # noqa: ANN401
    """Start a run with arguments that are good unless changed."""
    arguments: dict[str, Any] = {
        "dataset": "digits",
        "model": "logreg",
        "variant": "baseline",
        "config": {"learning_rate": 0.1},
        "seeds": {"init": 0},
        "tags": {"experiment": "digits", "run_type": "train"},
        "data": {"kind": "synthetic", "seed": 7},
        "description": "A baseline.",
    }
    return runcheck.start_run(root, **{**arguments, **changed})
