"""Arrays that may be gone before they are fetched, since a later step is given their memory or the caller deletes them.

``jax.jit`` deletes what it is told to donate: the loss scale or the step of a state that each step takes and returns.
Such an array is copied on its device, behind what computes it and without waiting. That keeps the loop a while, so
those are spared that turn out to stay.
"""

import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeGuard, TypeVar, cast

if TYPE_CHECKING:
    import jax

_CALLS = 8  # a state that is used in turn with others is donated some calls later
_Value = TypeVar("_Value")


class KeptArrays:
    """Copies the arrays of calls that come again, until those of many calls were not deleted; for ever if one was.

    Attributes:
        are_safe: Whether they may be kept as they are.
    """

    def __init__(self) -> None:
        """Start without knowing."""
        self._given: deque[list[jax.Array]] = deque()
        self._stayed = 0
        self._are_deleted = False
        self.are_safe = False

    def kept(self, values: Sequence[_Value]) -> Sequence[_Value]:
        """Return the values, or copies of those that are arrays and may be deleted."""
        if self.are_safe:
            return values
        if not self._are_deleted:
            self._watch([each for each in values if _is_here(each)])
        return copies_of(values, _copying() if self._are_deleted else _copied_at_once)

    def found_deleted(self) -> None:
        """Take that one was deleted before it was fetched: later ones are copied."""
        self._are_deleted, self.are_safe = True, False
        self._given.clear()

    def _watch(self, arrays: "list[jax.Array]") -> None:
        self._given.append(arrays)
        if any(each.is_deleted() for given in (*self._given,)[:-1] for each in given):
            self.found_deleted()
        elif len(self._given) > _CALLS:
            self._given.popleft()
            self._stayed += 1
            if self._stayed == _CALLS:
                self.are_safe = True
                self._given.clear()


def is_deleted(value: object) -> bool:
    """Say whether a value is an array whose memory is given away."""
    return _is_array(value) and value.is_deleted()


def _copied_at_once(arrays: "list[jax.Array]") -> "list[jax.Array]":
    """Return copies for which nothing is compiled."""
    copies: list[jax.Array] = sys.modules["jax"].device_put(arrays, may_alias=False)
    return copies


def copies_of(
    values: Sequence[_Value], copy: "Callable[[list[jax.Array]], list[jax.Array]]" = _copied_at_once
) -> Sequence[_Value]:
    """Return the values with copies in the place of arrays; as they are where JAX does not copy them."""
    places = [at for at, each in enumerate(values) if _is_here(each)]
    if not places:
        return values
    try:
        made = copy([cast("jax.Array", values[at]) for at in places])
    except (FloatingPointError, RuntimeError, TypeError, ValueError):  # of several devices, or NaN is to be an error
        return values
    if any(isinstance(each, sys.modules["jax"].core.Tracer) for each in made):  # they stand for the copies of later
        return values
    copied = dict(zip(places, made, strict=True))
    return [cast("_Value", copied.get(at, each)) for at, each in enumerate(values)]


def _is_array(value: object) -> "TypeGuard[jax.Array]":
    jax = sys.modules.get("jax")  # who has an array has imported it
    return jax is not None and isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)


def _is_here(value: object) -> "TypeGuard[jax.Array]":
    """Say whether a value is an array that one process alone may copy, and that is still there."""
    return _is_array(value) and value.is_fully_addressable and not value.is_deleted()


@cache
def _copying() -> "Callable[[list[jax.Array]], list[jax.Array]]":
    """Return what is compiled to copy arrays, in a fifth of that time."""
    import jax  # noqa: PLC0415 - only who has arrays has it
    import jax.numpy as jnp  # noqa: PLC0415

    return jax.jit(lambda arrays: [jnp.copy(each) for each in arrays])
