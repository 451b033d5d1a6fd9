"""Telling what a command makes: the path of each unit that is begun or finished, to whoever asked by the environment.

The variable names a file, so that it works over processes of any language, and costs a look into the environment.
"""

import contextlib
import json
import os

MADE = "RUNCHECK_MADE"


def tell_made(unit: str) -> None:
    """Add the folder of a unit, as a line of JSON, to the file that the environment names, if it names one."""
    file = os.environ.get(MADE)
    if file:  # who asked and gave no place to write misses it; the unit is made all the same
        with contextlib.suppress(OSError), open(file, "ab") as stream:
            stream.write(f"{json.dumps(os.path.abspath(unit))}\n".encode())


def read_made(file: str) -> list[str]:
    """Return the folders in such a file, each once, in the order in which they were begun.

    Raises:
        OSError: it cannot be read.
    """
    units: dict[str, None] = {}
    with open(file, "rb") as stream:
        for line in stream:
            with contextlib.suppress(ValueError):  # torn by a kill
                unit = json.loads(line)
                if isinstance(unit, str):
                    units[unit] = None
    return list(units)
