"""What is judged of several checkpoints where one of them cannot be told."""

from typing import Any

from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.units import Address, Unit
from runcheck.probes.contents import OrbaxContent, Tensor
from runcheck.probes.contents import OrbaxFault as Fault
from runcheck.rules.absent import ABSENT, NotVerified, Partly
from runcheck.rules.judge import _judged
from runcheck.rules.rule import rules
from runcheck.rules.unit_inputs import SHAPES, UnitInputs

KERNEL = Tensor("params/kernel", (3, 4), "float32")
FOLDER = "model/m/v1"


class Inputs(UnitInputs):
    """The inputs of a run of which only the checkpoints and the metadata are there."""

    def __init__(self, said: int | None, checkpoints: dict[int, OrbaxContent]) -> None:
        super().__init__(Unit(Address(FOLDER, layout().kinds["model"], "m", "v1"), {}), {}, now(), lambda _: False)
        metadata: Any = {"architecture": {"description": None, "parameters": said}}
        self.__dict__.update(metadata=metadata, checkpoints=checkpoints)


def test_the_counts_of_the_others_are_judged_where_one_has_no_shapes() -> None:
    checkpoints = {
        1: OrbaxContent(leaves=(KERNEL,)),
        2: OrbaxContent(leaves=(KERNEL,), unsized=("params/bias",)),
        3: OrbaxContent(unsized=("params/kernel",), unverified="needs tensorstore"),
        4: OrbaxContent(leaves=(KERNEL, Tensor("params/bias", (4,), "float32"))),
    }
    unverified: dict[str, set[str]] = {}
    found = list(_judged(rules()["RC507"], Inputs(16, checkpoints), FOLDER, unverified))
    assert [each.message for each in found] == ["says 16 parameters; the checkpoint of step 1 has 12"]
    assert unverified == {SHAPES: {f"{FOLDER}/checkpoints/2"}, "needs tensorstore": {f"{FOLDER}/checkpoints/3"}}


def test_of_what_is_broken_or_no_parameter_no_count_is_asked() -> None:
    fault = (Fault("", "is missing"),)
    checkpoints = {
        1: OrbaxContent(unsized=("params/kernel",), broken_tree=fault),
        2: OrbaxContent(unsized=("params/kernel",), uncommitted=fault),
        3: OrbaxContent(leaves=(KERNEL,), unsized=("opt_state/count",)),
        4: OrbaxContent(),
    }
    assert Inputs(12, checkpoints).parameter_counts == Partly({3: 12}, ())
    assert Inputs(None, checkpoints).parameter_counts == ABSENT


def test_an_input_of_which_nothing_is_known_is_not_judged() -> None:
    inputs = Inputs(12, {})
    inputs.__dict__["metadata"] = NotVerified(FOLDER, "a pointer")
    unverified: dict[str, set[str]] = {}
    assert list(_judged(rules()["RC507"], inputs, FOLDER, unverified)) == []
    assert unverified == {"a pointer": {FOLDER}}
