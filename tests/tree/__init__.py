"""Tests of :mod:`runcheck.tree`."""
