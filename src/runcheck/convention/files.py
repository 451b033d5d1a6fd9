"""Where the text of the convention lies: inside an installed package, or at the top of a source checkout."""

import os
from typing import Literal

_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGED = os.path.join(_HERE, "data")
_CHECKOUT = os.path.join(_HERE, "..", "..", "..")


def convention_folder(name: Literal["schemas", "spec"]) -> str:
    """Return the folder ``schemas`` or ``spec``. A wheel carries a copy, an editable install reads the checkout."""
    packaged = os.path.join(_PACKAGED, name)
    return packaged if os.path.isdir(packaged) else os.path.normpath(os.path.join(_CHECKOUT, name))


def convention_text(folder: Literal["schemas", "spec"], name: str) -> str:
    """Return the text of a file of the convention."""
    with open(os.path.join(convention_folder(folder), name), encoding="utf-8") as stream:
        return stream.read()
