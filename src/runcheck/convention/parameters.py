"""Which arrays of a tree are parameters: those below ``params``, or all where there is none."""

from collections.abc import Iterable

_PARAMETERS = "params"


def parameters(names: Iterable[str]) -> list[str]:
    """Return the names of the parameters among those of a tree's arrays, each the keys from the top with ``/`` between.

    Where ``params`` stands at several depths the one nearest to the top counts: what an optimizer keeps for each
    parameter often repeats the name further down.
    """
    paths = [name.split("/") for name in names]
    depth = min((path.index(_PARAMETERS) for path in paths if _PARAMETERS in path), default=None)
    wanted = paths if depth is None else (path for path in paths if path[depth : depth + 1] == [_PARAMETERS])
    return ["/".join(path) for path in wanted]


def tail(name: str) -> str:
    """Return the name of a parameter below ``params``, or all of it where it does not stand there."""
    path = name.split("/")
    return "/".join(path[path.index(_PARAMETERS) + 1 :]) if _PARAMETERS in path else name


def number_of_all(counts: Iterable[int | None]) -> int | None:
    """Return how many parameters each of the checkpoints has; None where they differ, or one of them does not say."""
    numbers = set(counts)
    return numbers.pop() if len(numbers) == 1 else None
