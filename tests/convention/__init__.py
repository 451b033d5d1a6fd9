"""Tests of :mod:`runcheck.convention`."""
