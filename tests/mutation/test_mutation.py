"""Every kind of damage is found, but for the few that nothing can find, which say why."""

import pytest

from runcheck.tree.quarantine import Quarantine
from tests.object_store import NotCarriedError

from .damages import Damage
from .harness import Harness, all_damages
from .specimens import build
from .ways import WAYS


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory, quarantine: Quarantine) -> Harness:
    """The specimens, and what is said of them undamaged."""
    return Harness(build(tmp_path_factory.mktemp("specimens")), quarantine)


def test_the_specimens_themselves_break_no_clause(harness: Harness) -> None:
    assert {name: list(findings) for name, findings in harness.before.items() if findings} == {}


@pytest.mark.parametrize("damage", all_damages(), ids=lambda damage: damage.name.replace(" ", "-"))
def test_a_damage_is_found(harness: Harness, damage: Damage) -> None:
    result = harness.run(damage, rounds=1, seed=1)
    assert result.made == 1
    assert result.found == 1 or damage.survives, result.survivors


def test_each_kind_of_damage_has_a_name_of_its_own() -> None:
    names = [damage.name for damage in all_damages()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("damage", all_damages()[::16], ids=lambda damage: damage.name.replace(" ", "-"))
def test_a_damage_is_found_alike_in_every_way_of_checking(harness: Harness, damage: Damage, way: str) -> None:
    try:
        found, plainly = harness.said_in(WAYS[way], damage, seed=2)
    except NotCarriedError as error:
        pytest.skip(f"an object store has no place for {error}")
    assert found == plainly
