"""A bounded run: each file of each specimen broken once, in the same way for the same commit."""

import os
from pathlib import Path

import pytest

from runcheck.tree.quarantine import Quarantine
from tests.mutation.specimens import SPECIMENS, build

from .fuzzer import Case, cases, check_broken

ROUNDS = int(os.environ.get("RUNCHECK_FUZZ_ROUNDS", "1"))


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build(tmp_path_factory.mktemp("specimens"))


@pytest.mark.parametrize("specimen", SPECIMENS)
def test_a_broken_file_is_a_finding_and_never_a_fault_of_the_check(
    specimen: str, roots: dict[str, Path], quarantine: Quarantine
) -> None:
    broken = [Case(root, path, seed) for root, path in cases({specimen: roots[specimen]}) for seed in range(ROUNDS)]
    assert {f"{case.path} {case.seed}": fault for case in broken if (fault := check_broken(case, quarantine))} == {}
