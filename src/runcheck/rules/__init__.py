"""Rules: facts to findings, one module a family. Pure functions that open no file.

A rule bears the name of its clause, with underscores, and declares by its parameters what it needs to see
(:mod:`runcheck.rules.unit_inputs`). It is called for each unit, or once for the tree, where all of that is there, and
yields a :class:`Problem` for each place that breaks the clause.
"""
