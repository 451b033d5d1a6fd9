"""The folder of a tree that is the tools' own: locks, temporaries, and what is remembered of earlier checks."""

import os

from runcheck.convention.layout import layout


def state_folder(root: str) -> str:
    """Return the state folder of the tree at ``root``, made where it is not there. Git ignores it by itself.

    Raises:
        OSError: it cannot be made.
    """
    folder = os.path.join(root, layout().state)
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignore):
        with open(ignore, "w", encoding="utf-8") as stream:
            stream.write("*\n")
    return folder
