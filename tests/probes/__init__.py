"""Tests of :mod:`runcheck.probes`."""
