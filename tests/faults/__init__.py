"""Faults of the disk and of the process, at every call by which the writer changes a tree."""
