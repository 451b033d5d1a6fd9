"""Which of two versions is newer."""

import itertools
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from runcheck.convention.names import is_name
from runcheck.convention.versions import (
    experiment_id,
    newest,
    next_number_version,
    parts_of_experiment_id,
    scheme_of,
)

# Semantic Versioning 2.0.0, section 11.4.
SEMVER_CHAIN = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
]
NUMBER_CHAIN = ["v0", "v1", "v2", "v9", "v10", "v11", "v100"]
ID_CHAIN = [
    "2026-05-27T12-34-56Z_fffffff",
    "2026-05-27T12-34-56Z_0000000-2",
    "2026-05-27T12-34-56Z_0000000-10",
    "2026-05-27T12-34-57Z_0000000",
    "2026-05-28T00-00-00Z_aaaaaaa",
]


@pytest.mark.parametrize("chain", [SEMVER_CHAIN, NUMBER_CHAIN, ID_CHAIN], ids=["semver", "number", "id"])
def test_of_two_versions_the_later_in_the_chain_is_newer(chain: list[str]) -> None:
    for older, newer in itertools.combinations(chain, 2):
        assert newest([older, newer]) == newest([newer, older]) == newer


@pytest.mark.parametrize("chain", [SEMVER_CHAIN, NUMBER_CHAIN, ID_CHAIN], ids=["semver", "number", "id"])
def test_the_newest_does_not_depend_on_the_order_of_the_folders(chain: list[str]) -> None:
    for seed in range(5):
        shuffled = chain.copy()
        random.Random(seed).shuffle(shuffled)
        assert newest(shuffled) == chain[-1]


@pytest.mark.parametrize(
    "versions", [[], ["v1", "1.0.0"], ["v1", ID_CHAIN[0]], ["1.0.0", ID_CHAIN[0]], ["final"], ["v1", "final"]]
)
def test_where_there_is_no_order_there_is_no_newest(versions: list[str]) -> None:
    assert newest(versions) is None


@pytest.mark.parametrize(
    ("version", "scheme"),
    [("v1", "number-version"), ("1.0.0", "semantic-version"), (ID_CHAIN[1], "experiment-id"), ("final", None)],
)
def test_the_scheme_of_a_version(version: str, scheme: str | None) -> None:
    assert scheme_of(version) == scheme


def test_an_experiment_id_names_second_and_commit() -> None:
    moment = datetime(2026, 5, 27, 12, 34, 56, 999_999, tzinfo=UTC)
    version = experiment_id(moment, "0123456789abcdef0123456789abcdef01234567")
    assert version == "2026-05-27T12-34-56Z_0123456"
    assert parts_of_experiment_id(version) == ("2026-05-27T12:34:56", "0123456")


def test_an_experiment_id_is_in_utc_wherever_the_machine_stands() -> None:
    moment = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert experiment_id(moment, None) == "2025-12-31T23-00-00Z_0000000"


@pytest.mark.parametrize("attempt", [1, 2, 3, 10, 999])
def test_ids_of_one_second_are_numbered_and_valid(attempt: int) -> None:
    version = experiment_id(datetime(2026, 5, 27, tzinfo=UTC), "f" * 40, attempt)
    assert is_name("experiment-id", version)
    assert version.endswith("fffffff" if attempt == 1 else f"fffffff-{attempt}")
    assert parts_of_experiment_id(version) == ("2026-05-27T00:00:00", "fffffff")


@pytest.mark.parametrize(
    ("there", "following"),
    [([], "v1"), (["v1"], "v2"), (["v2", "v10", "latest"], "v11"), (["final", "1.0.0"], "v1"), (["v0"], "v1")],
)
def test_the_next_counted_version(there: list[str], following: str) -> None:
    assert next_number_version(there) == following
