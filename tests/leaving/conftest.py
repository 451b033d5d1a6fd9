"""The runs and the real server of MLflow that the mirrors are tested with."""

from tests.trackers.conftest import finished, server, start, surroundings

__all__ = ["finished", "server", "start", "surroundings"]
