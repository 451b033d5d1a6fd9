"""What surveys come to: nothing is lost where they are taken apart as they come."""

from collections.abc import Iterable, Mapping
from typing import cast

import pytest

from runcheck.card import Card
from runcheck.convention.clauses import clause
from runcheck.convention.documents import RegistryRow
from runcheck.convention.layout import layout
from runcheck.convention.registry import is_same, shared
from runcheck.convention.units import Address
from runcheck.findings import Finding, Survey, Unverified
from runcheck.total import Total
from runcheck.tree.entry import Entry

KIND = layout().kinds["model"]


class Written:
    """A cache that knows what was written to it at a time."""

    def __init__(self) -> None:
        self.times: list[list[str]] = []
        self.is_blank = True

    def key(self, question: str, entries: Iterable[Entry]) -> bytes | None:
        return None

    def get(self, path: str, key: bytes) -> str | None:
        return None

    def keep(self, rows: Mapping[str, tuple[bytes, str]]) -> None:
        self.times.append(list(rows))

    def close(self) -> None:
        """Do nothing."""


def unit(number: int) -> Address:
    return Address(f"model/m/v{number}", KIND, "m", f"v{number}")


def kept_at(address: Address) -> str:
    return f"deep/{address.path}"


def row(**changed: object) -> RegistryRow:
    return cast(
        "RegistryRow", {"path": "model/m/v1", "git_dirty": False, "parameters": 650, "tags": {"a": "b"}} | changed
    )


def test_findings_counts_and_reasons_are_put_together() -> None:
    total = Total(kept_at, Written(), lambda path: None)
    for number in (1, 2):
        finding = Finding(clause("RC304"), f"v{number}", "message", "help")
        total.take(
            unit(number),
            Survey(
                (finding,),
                (Unverified("why", (f"v{number}",)),),
                Card(),
                3,
                5,
                is_recalled=number == 2,
                vouched_bytes=7,
            ),
        )
    total.note([Unverified("another", ("x",)), Unverified("why", ("a",))])
    assert [each.path for each in total.findings] == ["v1", "v2"]
    assert total.unverified == (Unverified("another", ("x",)), Unverified("why", ("a", "v1", "v2")))
    assert (total.files, total.hashed_bytes, total.recalled, total.vouched_bytes) == (6, 10, 1, 14)
    assert list(total.cards) == ["model/m/v1", "model/m/v2"]


def test_what_is_kept_is_written_a_thousand_at_a_time_and_the_rest_at_the_end() -> None:
    cache = Written()
    total = Total(kept_at, cache, lambda path: None)
    for number in range(2345):
        total.take(unit(number), Survey((), (), Card(), 0, 0, kept=(b"key", "text")))
    total.keep({"runs.parquet": (b"key", "text")})
    assert [len(each) for each in cache.times] == [1000, 1000, 346]
    assert cache.times[0][0] == "deep/model/m/v0"
    assert cache.times[2][-1] == "runs.parquet"


def test_a_card_holds_the_row_of_the_registry_where_they_are_the_same_and_its_own_where_not() -> None:
    known = row()
    total = Total(kept_at, Written(), lambda path: known)
    for number, own in enumerate((row(), row(parameters=650.0), row(git_dirty=0), row(tags={"a": "c"}), None)):
        total.take(unit(number), Survey((), (), Card(row=own), 0, 0))
        held = total.cards[unit(number).path].row
        assert (held is known) == (number == 0)
        assert held is own or number == 0


def test_a_card_holds_no_row_where_there_is_no_registry_to_compare_it_with() -> None:
    total = Total(kept_at, Written(), None)
    total.take(unit(1), Survey((), (), Card(status="completed", row=row()), 0, 0))
    assert total.cards[unit(1).path] == Card(status="completed")


@pytest.mark.parametrize("changed", [{"parameters": 650.0}, {"git_dirty": 0}, {"tags": {}}, {"more": None}])
def test_rows_are_the_same_only_with_values_of_the_same_types(changed: dict[str, object]) -> None:
    assert is_same(row(), row())
    assert not is_same(row(), row(**changed))
    assert not is_same(row(**changed), row())


def test_rows_that_share_their_values_say_what_they_said() -> None:
    hostile = [row(tags={"a": ["b"]}), row(tags={"a": 1}), row(tags={"a": True}), row(tags=None), row(path=["x"])]
    rows = [row(), row(path="model/m/v2", tags={"a": "".join(["b"])}), *hostile]
    lean = list(shared(rows))
    assert list(map(repr, lean)) == list(map(repr, rows))
    assert lean[0]["tags"] is lean[1]["tags"]


def test_what_cards_do_not_say_is_held_once_and_what_they_say_is_kept() -> None:
    total = Total(kept_at, Written(), None)
    said = Card(links={"replaces": "model/m/v0"}, extensions={"lab": {}}, large={"weights": {"w": 1}}, metrics={"a": 1})
    blank = Card(links=dict[str, str](), extensions=dict[str, object]())
    for number, card in enumerate((said, blank, blank)):
        total.take(unit(number), Survey((), (), card, 1, 1))
    assert total.cards["model/m/v0"] == said
    assert total.cards["model/m/v1"] == blank
    assert total.cards["model/m/v1"].links is total.cards["model/m/v2"].links is not blank.links
