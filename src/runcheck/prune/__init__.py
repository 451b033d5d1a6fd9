"""Prune: what a monthly tidy of a tree would remove, moved to a trash folder and brought back from there.

Nothing that is kept loses what it refers to, nothing that is being written is touched, and a unit is whole in the tree
or whole in the trash, whenever the process dies.
"""
