"""RC9: pickles, objects, and paths that lead out of the unit."""
