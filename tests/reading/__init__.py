"""Tests of :mod:`runcheck.reading`."""
