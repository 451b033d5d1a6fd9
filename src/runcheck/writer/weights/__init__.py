"""Checkpoints, which of them stay, and exports to other frameworks."""
