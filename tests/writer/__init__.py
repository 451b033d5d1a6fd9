"""Tests of :mod:`runcheck.writer`."""
