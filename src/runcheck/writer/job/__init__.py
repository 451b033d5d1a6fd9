"""The processes of one job: one writes, and the others have the same calls."""
