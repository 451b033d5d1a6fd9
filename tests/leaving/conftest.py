"""The runs, the real server of MLflow and the stand-in for the service of W&B that the mirrors are tested with."""

from tests.trackers.conftest import (
    finished,
    mirror_to_mlflow,
    mirror_to_wandb,
    python_with_wandb,
    server,
    service,
    start,
    surroundings,
)

__all__ = [
    "finished",
    "mirror_to_mlflow",
    "mirror_to_wandb",
    "python_with_wandb",
    "server",
    "service",
    "start",
    "surroundings",
]
