"""Tests of :mod:`runcheck.page`."""
