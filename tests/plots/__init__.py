"""Tests of :mod:`runcheck.plots`."""
