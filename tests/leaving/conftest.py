"""The runs and the real server of MLflow that the mirrors are tested with."""

from tests.trackers.conftest import finished, mirror_to_mlflow, server, start, surroundings

__all__ = ["finished", "mirror_to_mlflow", "server", "start", "surroundings"]
