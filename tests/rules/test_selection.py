"""Which clauses are judged, and that no more is read than they need."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.convention.clauses import clauses
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.rules.reading import Reading, has_cards, inputs_of_tree, reading_for
from runcheck.rules.rule import _OF_TREES, _OF_UNITS, rules, rules_of
from runcheck.rules.selection import EVERYTHING, Selection, UnknownClauseError, select
from runcheck.tree.entry import Entry
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.read import Reader


def test_a_prefix_stands_for_every_clause_that_begins_so() -> None:
    family = select(["RC3"])
    assert {code for code in clauses() if family.has(code)} == {code for code in clauses() if code[:3] == "RC3"}
    assert [code for code in clauses() if select(["RC304", "RC118"]).has(code)] == ["RC118", "RC304"]
    assert all(EVERYTHING.has(code) for code in clauses())


def test_the_order_and_the_number_of_the_prefixes_do_not_matter() -> None:
    assert select(["RC6", "RC304", "RC6"]) == select(["RC304", "RC6"])


@pytest.mark.parametrize("prefix", ["", "RC0", "RC3045", "rc3", "checksum-mismatch"])
def test_a_prefix_of_no_clause_is_an_error_that_names_the_families(prefix: str) -> None:
    with pytest.raises(UnknownClauseError, match=r"RC1, RC2.*'runcheck rules'"):
        select([prefix])


def test_the_codes_of_a_module_begin_as_is_said_of_it() -> None:
    for code, rule in rules().items():
        module = rule.judge.__module__.removeprefix("runcheck.rules.")
        assert module in (*_OF_TREES.get(code[:3], ()), *_OF_UNITS.get(code[:3], ()))


def test_only_the_rules_of_the_selected_clauses_are_called() -> None:
    assert {rule.clause.code for rule in rules_of("unit", select(["RC30"]))} == {
        code for code in clauses() if code[:4] == "RC30"
    }
    assert rules_of("tree", select(["RC3"])) == ()


@pytest.mark.parametrize(
    ("prefixes", "reading"),
    [
        ((), Reading()),
        (("RC901",), Reading(is_hashed=False)),
        (("RC607",), Reading(is_hashed=False, is_scanned=False)),
        (("RC303",), Reading(frozenset({"checksums"}), is_whole=False, is_hashed=False, is_scanned=False)),
        (("RC304",), Reading(frozenset({"checksums"}), is_whole=True, is_scanned=False)),
        (
            ("RC704",),
            Reading(
                frozenset({"checksums", "config", "metadata", "study", "summary", "trials"}),
                is_whole=False,
                is_hashed=False,
                is_scanned=False,
            ),
        ),
        (
            ("RC3",),
            Reading(frozenset({"bundle", "checksums", "metadata", "signature"}), is_whole=True, is_scanned=False),
        ),
        (("RC109",), Reading(frozenset(), is_whole=False, is_hashed=False, is_scanned=False)),
    ],
)
def test_what_is_read_is_what_the_rules_are_given(prefixes: tuple[str, ...], reading: Reading) -> None:
    assert reading_for(Selection(prefixes)) == reading


def test_the_tree_is_asked_for_what_its_rules_are_given() -> None:
    assert not has_cards(select(["RC3"]))
    assert has_cards(select(["RC702"]))
    assert "git" not in inputs_of_tree(select(["RC7"]))


def test_files_that_no_selected_clause_is_about_are_not_opened(
    tree: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def noting(real: Callable[..., object]) -> Callable[..., object]:
        def read(reader: Reader, entry: Entry, *arguments: object, **options: object) -> object:
            opened.append(entry.name)
            return real(reader, entry, *arguments, **options)

        return read

    monkeypatch.setattr(Reader, "file", noting(Reader.file))
    monkeypatch.setattr(Reader, "identity", noting(Reader.identity))
    check_in(quarantine, tree, Judgement(selection=select(["RC303"])))
    assert set(opened) == {"SHA256SUMS"}


def test_a_large_file_has_the_same_digest_whichever_way_it_is_read(
    tree: Path, run_folder: Path, quarantine: Quarantine
) -> None:
    content = bytes(5 << 20)
    (run_folder / "extra").mkdir(exist_ok=True)
    (run_folder / "extra" / "large.bin").write_bytes(content)
    with (run_folder / "SHA256SUMS").open("a") as stream:
        stream.write(f"{'0' * 64}  extra/large.bin\n")
    alone = check_in(quarantine, tree, Judgement(selection=select(["RC304"])))
    (among,) = [each for each in check_in(quarantine, tree).findings if each.code == "RC304"]
    assert alone.findings == (among,)
