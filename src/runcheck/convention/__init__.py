"""The convention: what a path is, what a document holds, which clauses there are.

Everything here is read from ``schemas/`` and ``spec/``. The writer and the rules meet in this package and nowhere
else, so a file name, a pattern or a field stands in one place. Nothing here reads an artefact.
"""
