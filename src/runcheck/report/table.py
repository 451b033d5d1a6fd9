"""Rows of cells as lines."""

from collections.abc import Iterator, Sequence

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]], indent: str = "", at_right: Sequence[bool] = ()) -> Iterator[str]:
    """Yield a line for each row of cells that are safe to print, each column as wide as its widest cell.

    Rows may be of different lengths. The cells of a column stand at its left, or at its right where ``at_right`` says.
    """
    columns = max(map(len, rows), default=0)
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(columns)]
    sides = [*at_right, *[False] * (columns - len(at_right))]
    for row in rows:
        cells = zip(row, widths, sides, strict=False)
        padded = (cell.rjust(width) if is_right else cell.ljust(width) for cell, width, is_right in cells)
        yield indent + _GAP.join(padded).rstrip()
