"""Where the text of the convention lies: inside an installed package, or at the top of a source checkout."""

from pathlib import Path
from typing import Literal

_PACKAGED = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parents[3]


def convention_folder(name: Literal["schemas", "spec"]) -> Path:
    """Return the folder ``schemas`` or ``spec``. A wheel carries a copy, an editable install reads the checkout."""
    packaged = _PACKAGED / name
    return packaged if packaged.is_dir() else _CHECKOUT / name
