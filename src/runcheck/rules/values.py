"""Whether the tensors of an export hold the values of the checkpoint that it was made from.

Compared is what an exporter only copied: a tensor with the name, the shape and the dtype of a parameter. Even of these
one may hold other values with good reason, since exporters average, prune, fold and merge, and turn a square matrix.
What no exporter does is to give all that differs the values of another step.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from runcheck.convention.parameters import tail
from runcheck.probes.contents import Tensor
from runcheck.rules.shapes import Difference

_MATRIX = 2
_SHOWN = 100
_MOST_ENDINGS = 64  # of a name; a hostile one is all dots

_Values: TypeAlias = tuple[tuple[int, ...], str, str | None]


def compare_values(
    step: int, parameters: Mapping[int, Sequence[Tensor]], leaves: Iterable[Tensor], tensors: Sequence[Tensor]
) -> Difference | None:
    """Say how the values of an export are not those of ``step``, or None where they are as far as they were copied.

    ``parameters`` are those of every checkpoint by its step, ``leaves`` all that the checkpoint of ``step`` holds:
    an export may be of an average that the optimizer keeps under the names of the parameters.
    """
    own = _by_tail(parameters[step])
    copied = [(each, name) for each in tensors if (name := _copied_from(each, own))]
    other = [(each, name) for each, name in copied if _values(each) not in own[name]]
    if not other:
        return None
    anywhere = _by_endings(leaves)
    other = [(each, name) for each, name in other if _values(each) not in anywhere.get(name, ())]
    if not other:
        return None
    first = repr(other[0][0].name[:_SHOWN]) + (f" and {len(other) - 1:,} more" if len(other) > 1 else "")
    if any(sum(length > 1 for length in each.shape) >= _MATRIX for each, _ in other):  # statistics may be reset
        for another in sorted(parameters.keys() - {step}):
            theirs = _by_tail(parameters[another])
            if all(_values(each) in theirs.get(name, ()) for each, name in other):
                words = f"holds in {first} the values of the checkpoint of step {another}, not those of step {step}"
                return Difference(words, is_certain=True)
    return Difference(f"holds in {first} other values than the checkpoint of step {step}", is_certain=False)


def _by_tail(parameters: Iterable[Tensor]) -> dict[str, set[_Values]]:
    """Return the values of parameters by their names below ``params``."""
    found: dict[str, set[_Values]] = {}
    for each in parameters:
        if each.digest is not None:
            found.setdefault(_dotted(tail(each.name)), set()).add(_values(each))
    return found


def _by_endings(leaves: Iterable[Tensor]) -> dict[str, set[_Values]]:
    """Return the values of arrays by all that their names end in."""
    found: dict[str, set[_Values]] = {}
    for each in leaves:
        for name in _endings(_dotted(each.name)):
            found.setdefault(name, set()).add(_values(each))
    return found


def _copied_from(tensor: Tensor, parameters: Mapping[str, Iterable[_Values]]) -> str | None:
    """Return the name of the parameter that a tensor seems a copy of: the longest that its own ends in."""
    if tensor.digest is None:
        return None
    for name in _endings(_dotted(tensor.name)):
        if any((shape, dtype) == (tensor.shape, tensor.dtype) for shape, dtype, _ in parameters.get(name, ())):
            return name
    return None


def _values(tensor: Tensor) -> _Values:
    return tensor.shape, tensor.dtype, tensor.digest


def _endings(name: str) -> Iterator[str]:
    """Yield a name, and what is left of it behind each dot, the longest first."""
    for _ in range(_MOST_ENDINGS):
        if name:
            yield name
        name = name.partition(".")[2]


def _dotted(name: str) -> str:
    return name.replace("/", ".")
