"""The checks that a convention can declare: a small closed set of kinds, each a function that does no I/O."""
