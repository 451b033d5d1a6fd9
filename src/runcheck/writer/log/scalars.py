"""What ``log`` may be given: numbers of the host, arrays of one number on a device, and nests of both."""

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeGuard

from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import kind_of

if TYPE_CHECKING:
    from numpy import generic
    from numpy.typing import NDArray


class DeviceScalar(Protocol):
    """A ``jax.Array`` of one number."""

    def is_ready(self) -> bool:
        """Say whether it is computed."""

    def __array__(self) -> "NDArray[generic]":
        """Wait for it, and return it."""


Scalar: TypeAlias = float | DeviceScalar


def flattened(metrics: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield every value by its slashed name: a float, or what is still on a device.

    Raises:
        InvalidArgumentError: a value is no number.
    """
    for key, value in metrics.items():
        name = f"{prefix}{plain(key)}"
        if isinstance(value, Mapping):
            yield from flattened(value, f"{name}/")
        else:
            yield name, checked_scalar(value, name)


def plain(name: object) -> str:
    """Return the characters of a name, where it is a member of an enumeration too: such a one is printed otherwise."""
    return str.__str__(name) if isinstance(name, str) else str(name)


def checked_scalar(value: object, name: str) -> Scalar:
    """Return ``value`` as a float, or as it is where it is on a device.

    Raises:
        InvalidArgumentError: it is no number.
    """
    if type(value) is float:
        return value
    refuse_tracer(value, name)
    if isinstance(value, str) or not hasattr(value, "__float__") or getattr(value, "shape", ()) != ():
        raise InvalidArgumentError(f"{name} is {kind_of(value)}; a metric is one number")
    if getattr(getattr(value, "dtype", None), "kind", "") == "c":
        raise InvalidArgumentError(f"{name} is complex; log its parts, or its absolute value")
    if is_on_device(value):
        return value
    try:
        return float(value)
    except (OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{name} cannot be a metric: {error}") from error


def is_on_device(value: object) -> TypeGuard[DeviceScalar]:
    """Say whether ``value`` may have to be waited for."""
    return hasattr(value, "is_ready")


def refuse_tracer(value: object, name: str) -> None:
    """Raise InvalidArgumentError if ``value`` has no number yet, since it is inside of a function that JAX traces."""
    jax = sys.modules.get("jax")  # who has a tracer has imported it
    if jax is not None and isinstance(value, jax.core.Tracer):
        raise InvalidArgumentError(
            f"{name} is traced, not computed: log is called inside of jax.jit, grad, vmap or scan; return the value "
            "and log it outside, or call log through jax.debug.callback"
        )
