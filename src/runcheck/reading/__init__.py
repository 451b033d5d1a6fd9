"""Reading: what the writer was given, given back. Documents mean here what they mean to the rules.

It runs on what the linter needs; pyarrow, pandas and Orbax are imported where a table, a frame or a checkpoint is
asked for. Nothing is unpickled, no link is followed out of a unit, and nothing is ever written.
"""
