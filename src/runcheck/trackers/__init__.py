"""Copies of runs at experiment trackers, made from the files of a run: while it is written, or at any time later."""
