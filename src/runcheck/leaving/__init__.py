"""The way out of an experiment tracker: a run that is kept there becomes a unit of a tree.

A run that a mirror sent has its unit among its files, and that comes back byte for byte. Any other is adopted.
"""
