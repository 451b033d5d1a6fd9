"""Doing a run again: what it takes, where it is done, and whether the same metrics come of it.

Nothing is executed but where that is asked for, and the run itself, its dataset and its tree are never written to.
"""
