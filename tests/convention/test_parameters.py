"""Which arrays of a tree count as parameters."""

import pytest

from runcheck.convention.parameters import parameters


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["params/w", "params/b/c", "opt_state/0"], ["params/w", "params/b/c"]),
        (["w", "b/c"], ["w", "b/c"]),
        (["params"], ["params"]),
        (["state/params/w", "state/opt/mu/params/w"], ["state/params/w"]),
        (["params/w", "mu/params/w"], ["params/w"]),
        (["a/params/w", "b/params/w", "b/x"], ["a/params/w", "b/params/w"]),
        (["my_params/w", "paramsw"], ["my_params/w", "paramsw"]),
        ([], []),
    ],
)
def test_parameters_lie_below_the_uppermost_params(names: list[str], expected: list[str]) -> None:
    assert parameters(names) == expected
