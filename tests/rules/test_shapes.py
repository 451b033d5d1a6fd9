"""Two sets of tensors as one model or two: whatever exporters do is no difference, another model is."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.probes.contents import Tensor
from runcheck.rules.shapes import compare

Shape = tuple[int, ...]


def tensors(*shapes: Shape, dtype: str = "float32") -> list[Tensor]:
    """Return tensors of these shapes."""
    return [Tensor(f"t{number}", shape, dtype) for number, shape in enumerate(shapes)]


def judge(
    wanted: list[Shape],
    held: list[Shape],
    *,
    is_program: bool = False,
    others: list[Shape] | None = None,
    dtype: str = "float32",
) -> str:
    """Return what is said of an export: same, perhaps other, other."""
    parameters = tensors(*wanted)
    leaves = [*parameters, *tensors(*others or [])]
    found = compare(parameters, leaves, tensors(*held, dtype=dtype), is_program=is_program)
    return "same" if found is None else "other" if found.is_certain else "perhaps"


SAME: dict[str, tuple[list[Shape], list[Shape]]] = {
    "equal": ([(64, 10), (10,)], [(64, 10), (10,)]),
    "a Linear of PyTorch": ([(64, 10), (10,)], [(10, 64), (10,)]),
    "a convolution, HWIO to OIHW": ([(3, 3, 16, 32), (32,)], [(32, 16, 3, 3), (32,)]),
    "a convolution over one axis": ([(5, 16, 32)], [(32, 16, 1, 5)]),
    "a bias with an axis more": ([(64, 10), (10,)], [(64, 10), (1, 10)]),
    "heads of attention merged": ([(512, 8, 64), (8, 64, 512), (8, 64)], [(512, 512), (512, 512), (512,)]),
    "heads of attention merged and turned": ([(32, 4, 16)], [(64, 32)]),
    "a merged axis taken apart": ([(512, 512)], [(512, 8, 64)]),
    "query, key and value joined": ([(512, 512)] * 3 + [(512,)] * 3, [(1536, 512), (1536,)]),
    "query, key and value by heads, joined": ([(512, 8, 64)] * 3, [(1536, 512)]),
    "grouped query attention, joined": ([(512, 512), (512, 128), (512, 128)], [(768, 512)]),
    "grouped query attention, joined in 2 layers, beside a mask": (
        [(512, 512), (512, 128), (512, 128)] * 2,
        [(768, 512)] * 2 + [(1, 1, 77, 77)],
    ),
    "layers that were stacked": ([(12, 64, 64)], [(64, 64)] * 12),
    "layers that are stacked now": ([(64, 64)] * 12, [(12, 64, 64)]),
    "statistics and counters beside": ([(64, 10)], [(64, 10), (64,), (64,), ()]),
    "constants of shapes beside": ([(64, 10)], [(64, 10), (4,), (2,)]),
    "a table beside": ([(64, 10)], [(64, 10), (1, 77, 77)]),
    "scalars of the checkpoint that are gone": ([(64, 10), (), (1, 1)], [(64, 10)]),
    "the same twice, as Keras exports": ([(64, 10)], [(64, 10)] * 2),
}


@pytest.mark.parametrize("is_program", [False, True])
@pytest.mark.parametrize("name", SAME)
def test_what_exporters_do_is_no_difference(name: str, is_program: bool) -> None:
    wanted, held = SAME[name]
    assert judge(wanted, held, is_program=is_program) == "same"


OTHER: dict[str, tuple[list[Shape], list[Shape]]] = {
    "wider": ([(64, 10), (10,)], [(64, 100), (100,)]),
    "of the same size": ([(64, 10)], [(16, 40)]),
    "of more inputs": ([(64, 10), (10,)], [(65, 10), (10,)]),
    "of other widths": ([(784, 128), (128,), (128, 10), (10,)], [(784, 256), (256,), (256, 10), (10,)]),
    "convolutions of another kernel": ([(3, 3, 16, 32)], [(32, 16, 5, 5)]),
}


@pytest.mark.parametrize("is_program", [False, True])
@pytest.mark.parametrize("name", OTHER)
def test_another_model_is_certainly_another(name: str, is_program: bool) -> None:
    wanted, held = OTHER[name]
    assert judge(wanted, held, is_program=is_program) == "other"


def test_another_head_on_the_same_body_is_certain_in_a_file_of_weights_only() -> None:
    body: list[Shape] = [(512, 512)] * 12
    assert judge([*body, (512, 10)], [*body, (512, 100)]) == "other"
    assert judge([*body, (512, 10)], [*body, (512, 100)], is_program=True) == "perhaps"


PERHAPS: dict[str, tuple[list[Shape], list[Shape]]] = {
    "only a part": ([(512, 512), (512, 10)], [(512, 512)]),
    "tied weights stored once": ([(1000, 64), (64, 1000)], [(1000, 64)]),
    "half of the layers": ([(64, 64)] * 12, [(64, 64)] * 6),
    "a normalisation that was folded": ([(3, 3, 16, 32), (32,), (32,)], [(32, 16, 3, 3), (32,)]),
    "another bias": ([(10,)], [(100,)]),
}


@pytest.mark.parametrize("name", PERHAPS)
def test_what_may_be_a_part_or_a_compiler_is_not_certain(name: str) -> None:
    wanted, held = PERHAPS[name]
    assert judge(wanted, held) == "perhaps"


def test_weights_packed_to_integers_are_not_certain() -> None:
    packed = tensors((512, 64), dtype="int32") + tensors((512, 4))
    found = compare(tensors((512, 512)), tensors((512, 512)), packed, is_program=False)
    assert found is not None
    assert not found.is_certain


def test_weights_quantised_in_place_are_the_same() -> None:
    assert judge([(512, 512)], [(512, 512)], dtype="int8") == "same"


def test_other_arrays_of_the_checkpoint_in_the_export_are_no_sign_of_another_model() -> None:
    assert judge([(64, 10), (7, 7)], [(64, 10), (99, 99)], others=[(99, 99)]) == "perhaps"
    assert judge([(64, 10), (7, 7)], [(64, 10), (99, 99)]) == "other"


def test_the_words_name_the_parameter_its_shape_and_the_nearest() -> None:
    found = compare(tensors((64, 10), (10,)), [], tensors((100,), (64, 100)), is_program=False)
    assert found is not None
    assert found.message == (
        "holds no tensor for t0 of the checkpoint, which is (64, 10), nor for 1 more; the nearest is t1, (64, 100)"
    )
    fewer = compare(tensors(*[(8, 8)] * 4), [], tensors(*[(8, 8)] * 3), is_program=False)
    assert fewer is not None
    assert fewer.message == "holds 3 tensors of the shape (8, 8); there are 4 parameters of it"


SHAPES = st.lists(st.lists(st.integers(1, 12), max_size=4).map(tuple), min_size=1, max_size=8)


@given(SHAPES, st.randoms(use_true_random=False))
def test_turned_axes_another_order_and_further_tensors_never_matter(shapes: list[Shape], draw: random.Random) -> None:
    held = [tuple(draw.sample(shape, len(shape))) for shape in shapes] + [(5, 5), (3,)]
    draw.shuffle(held)
    assert judge(shapes, held) == "same"


@given(SHAPES, SHAPES)
def test_no_two_sets_of_shapes_make_it_raise(wanted: list[Shape], held: list[Shape]) -> None:
    assert judge(wanted, held) in ("same", "perhaps", "other")


@given(st.lists(st.integers(2, 9), min_size=2, max_size=5))
def test_a_tensor_of_another_size_is_never_the_same(dims: list[int]) -> None:
    larger = (*dims[:-1], dims[-1] + 1)
    assert math.prod(larger) != math.prod(dims)
    assert judge([tuple(dims)], [larger]) == "other"


def test_thousands_of_shapes_of_one_size_and_many_axes_are_judged_at_once() -> None:
    many: list[Shape] = [(2**k, 2 ** (40 - k), 3**j, 3 ** (20 - j)) for k in range(41) for j in range(21)]
    alike: list[Shape] = [
        (2**k, 2**j, 2**i, 2, 2, 2 ** (60 - k - j - i)) for k in range(20) for j in range(20) for i in range(9)
    ]
    assert judge(alike, [(*shape[:-1], shape[-1] // 8, 8) for shape in alike]) in ("same", "perhaps", "other")
    assert judge([(2,) * 40 + (3,) * 20] * 50, many) in ("same", "perhaps", "other")
    assert judge(many, [(*shape, 7) for shape in many]) == "other"
    assert judge([(0, 4)], [(0, 5)]) in ("same", "perhaps", "other")
