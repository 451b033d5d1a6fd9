"""Sweeps: the points of a grid, each a run of its own, and the unit that says what came of them all."""
