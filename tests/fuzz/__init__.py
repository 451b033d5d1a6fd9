"""Hostile input: every file of every format broken at random, and nothing but findings come of it."""
