"""Whether two sets of tensors may be one model: their shapes, modulo what exporters do to them.

An exporter renames, turns axes (a kernel of Flax is (in, out), a weight of PyTorch (out, in)), merges axes (heads of
attention), stacks layers or takes them apart, joins query, key and value, stores tied weights once, and adds buffers,
statistics and constants. It quantises, which changes dtypes and adds scales. What compilers of ONNX do besides, as
folding a normalisation into a convolution, cannot be told from damage here, and is not certain.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from runcheck.probes.contents import Tensor

_Key: TypeAlias = tuple[int, ...]

_MATRIX = 2
_MAX_RANK = 6  # beyond, any two shapes of one size count as one
_MAX_TRIED = 200  # shapes against each other; beyond, size alone counts
_SHOWN = 100


class Difference(NamedTuple):
    """That two sets of tensors are not one model, in words, and whether that is certain."""

    message: str
    is_certain: bool


def compare(
    wanted: Iterable[Tensor], leaves: Iterable[Tensor], tensors: Sequence[Tensor], *, is_program: bool
) -> Difference | None:
    """Say which of the parameters ``wanted`` has no counterpart in ``tensors``, or None where all have.

    ``leaves`` is all that the checkpoint holds. ``is_program`` says that the tensors may be constants of a program.
    """
    named = {each: key for each in wanted if (key := _key(each.shape))}
    held = Counter(key for each in tensors if (key := _key(each.shape)))
    lacking = Counter(named.values())
    lacking, left = lacking - held, held - lacking
    _strike_merged(lacking, left)
    _strike_joined(lacking, left)
    if not lacking:
        return None
    gone = [each for each, key in named.items() if key in lacking and key not in held]
    if not gone:
        key = next(iter(lacking))
        shape = next(each.shape for each, other in named.items() if other == key)
        count = list(named.values()).count(key)
        message = f"holds {held[key]} tensors of the shape {shape}; there are {count} parameters of it"
        return Difference(message, is_certain=False)
    own = {_key(each.shape) for each in leaves}
    strange = [each for each in tensors if len(key := _key(each.shape)) >= _MATRIX and key in left and key not in own]
    is_quantised = any("int" in each.dtype for each in strange)
    matrices = [each for each in gone if len(named[each]) >= _MATRIX]
    numbers = sum(map(math.prod, named.values()))
    is_most = 2 * sum(math.prod(named[each]) for each in gone) > numbers
    is_certain = bool(matrices and strange and not is_quantised and (is_most or not is_program))
    return Difference(_words(matrices or gone, len(gone), tensors), is_certain)


def _key(shape: tuple[int, ...]) -> _Key:
    """Return what turning axes, and adding or dropping axes of one, leaves as it is."""
    return tuple(sorted(each for each in shape if each != 1))


def _strike_merged(lacking: Counter[_Key], left: Counter[_Key]) -> None:
    """Take away the parameters that have a counterpart with some of their axes merged, or taken apart."""
    by_size: dict[int, list[_Key]] = {}
    for key in left:
        by_size.setdefault(math.prod(key), []).append(key)
    tried = 0
    for key in list(lacking):
        for other in by_size.get(math.prod(key), [])[:_MAX_TRIED]:
            tried += 1
            is_much = tried > _MAX_TRIED * 10
            if lacking[key] and left[other] and (is_much or _merges(key, other) or _merges(other, key)):
                both = min(lacking[key], left[other])
                lacking[key] -= both
                left[other] -= both
    _clean(lacking, left)


def _merges(fine: _Key, coarse: _Key) -> bool:
    """Say whether the numbers of ``fine`` can be multiplied in groups to those of ``coarse``."""
    if len(fine) > _MAX_RANK or len(coarse) > _MAX_RANK:
        return True
    if not coarse:
        return math.prod(fine) == 1
    *others, last = coarse
    for chosen in range(1, 1 << len(fine)):
        group = [each for index, each in enumerate(fine) if chosen >> index & 1]
        rest = tuple(each for index, each in enumerate(fine) if not chosen >> index & 1)
        if math.prod(group) == last and _merges(rest, tuple(others)):
            return True
    return False


def _strike_joined(lacking: Counter[_Key], left: Counter[_Key]) -> None:
    """Take away parameters that were joined to one tensor, and those that were taken apart."""
    for several, single in ((lacking, left), (left, lacking)):
        for key in list(several)[:_MAX_TRIED]:
            for other in list(single)[:_MAX_TRIED]:
                times, rest = divmod(math.prod(other), math.prod(key) or 1)
                while not rest and 1 < times <= several[key] and single[other]:
                    several[key] -= times
                    single[other] -= 1
    _clean(lacking, left)
    if lacking.total() == left.total():  # nothing was joined: as many as before, of other shapes
        return
    numbers = [sum(math.prod(key) * count for key, count in counter.items()) for counter in (lacking, left)]
    several_in_one = any(
        numbers[0] == math.prod(key) * count and lacking.total() > count for key, count in left.items()
    )
    if numbers[0] == numbers[1] or several_in_one:  # of several sizes, it may be beside tensors that were added
        lacking.clear()


def _clean(*counters: Counter[_Key]) -> None:
    for counter in counters:
        for key in [key for key, count in counter.items() if count <= 0]:
            del counter[key]


def _words(gone: Sequence[Tensor], count: int, tensors: Iterable[Tensor]) -> str:
    first = gone[0]

    def distance(other: Tensor) -> tuple[int, int, float]:
        shared = (Counter(_key(first.shape)) & Counter(_key(other.shape))).total()
        times = (math.prod(other.shape) or 1) / (math.prod(first.shape) or 1)
        return abs(len(first.shape) - len(other.shape)), -shared, max(times, 1 / times)

    nearest = min(tensors, key=distance)
    more = f", nor for {count - 1} more" if count > 1 else ""
    return (
        f"holds no tensor for {first.name[:_SHOWN]} of the checkpoint, which is {first.shape}{more}; the nearest is "
        f"{nearest.name[:_SHOWN]}, {nearest.shape}"
    )
