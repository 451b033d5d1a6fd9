"""Tests of :mod:`runcheck.report`."""
