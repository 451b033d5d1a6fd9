"""Runs that others wrote, made units of the main convention: what maps is mapped, what is missing is told.

A reader for each tool says what it found; ``unit`` writes that with the writer's own pieces. The source is only read,
and nothing that it does not say is written.
"""
