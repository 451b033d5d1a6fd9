"""The points of a grid, of which there are as many as the product of its sides."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from runcheck.convention.trials import is_same
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_mapping, kind_of
from runcheck.writer.config import plain_object

_EXAMPLE = '{"learning_rate": [0.01, 0.1], "width": [16, 32]}'

Grid = Mapping[str, Sequence[object]]


def checked_grid(grid: Grid, limit: int) -> dict[str, list[object]]:
    """Return a grid as JSON has it, if its points are at most ``limit``.

    Raises:
        InvalidArgumentError: it is no grid, a side is empty or has a value twice, or there are too many points.
    """
    sides: dict[str, list[object]] = {}
    for name, values in checked_mapping(grid, "grid", _EXAMPLE).items():
        if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
            raise InvalidArgumentError(f"grid[{name!r}] is {kind_of(values)}; give a list of values, {_EXAMPLE}")
        plain = plain_object({name: list(values)}, "grid")[name]
        sides[name] = plain if isinstance(plain, list) else []
        if not sides[name]:
            raise InvalidArgumentError(f"grid[{name!r}] is empty; give at least one value")
        for at, value in enumerate(sides[name]):
            if any(is_same(value, each) for each in sides[name][:at]):
                raise InvalidArgumentError(f"grid[{name!r}] has {value!r} twice; a point is run once")
    if not sides:
        raise InvalidArgumentError(f"grid is empty; give the values of each parameter, {_EXAMPLE}")
    count = math.prod(map(len, sides.values()))
    if count > limit:
        sizes = " x ".join(f"{len(values)} of {name}" for name, values in sides.items())
        raise InvalidArgumentError(
            f"the grid has {count:,} points ({sizes}), and the limit is {limit:,}: give fewer values, "
            f"or say limit={count}"
        )
    return sides


def points(grid: Mapping[str, Sequence[object]]) -> Iterator[dict[str, object]]:
    """Yield each point of a grid; the last parameter changes first."""
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def space_of(grid: Mapping[str, Sequence[object]]) -> dict[str, dict[str, object]]:
    """Return a grid as the space of a study has it."""
    return {name: {"type": "categorical", "choices": list(values)} for name, values in grid.items()}
