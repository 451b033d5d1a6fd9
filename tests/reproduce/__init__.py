"""Tests of :mod:`runcheck.reproduce`."""
