"""Tests of the benchmarks: what they count and say, never how long anything takes."""
