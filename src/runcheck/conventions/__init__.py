"""Conventions of one's own: a TOML file says what is what in a tree, and the same engine judges it.

``load`` turns the file into frozen data, ``classify`` sorts entries by it, ``survey`` reads a unit, ``checks`` judge
what the file declares, the rules of the main convention what it takes over. Nothing of a convention is executed.
"""
