"""One id: a clause of the spec and the rule that enforces it bear one code and one name."""

import re
from pathlib import Path

import pytest

from runcheck.convention.clauses import Clause, Level, clauses, clauses_by_name
from runcheck.convention.files import convention_folder
from runcheck.rules.rule import rules

CHAPTERS = sorted(Path(convention_folder("spec")).glob("[0-9]-*.md"))


def headings() -> list[tuple[str, str, str]]:
    """Return chapter, code and name of every heading that starts like a clause, by a reader of its own."""
    found = []
    for chapter in CHAPTERS:
        for line in chapter.read_text(encoding="utf-8").splitlines():
            if line.startswith("### RC"):
                code, _, name = line.removeprefix("### ").partition(" ")
                found.append((chapter.name, code, name))
    return found


def test_every_heading_of_a_clause_parses_as_a_clause_with_all_its_parts() -> None:
    assert headings()
    assert [(clause.chapter, clause.code, clause.name) for clause in clauses().values()] == headings()


@pytest.mark.parametrize("clause", clauses().values(), ids=lambda clause: clause.code)
def test_each_part_of_a_clause_is_a_sentence_of_its_own(clause: Clause) -> None:
    for part in (clause.text, clause.why, clause.fails, clause.mend):
        assert part.rstrip().endswith(".")
        assert not re.search(r"\*(?:Why|Fails|Mend):\*|\*\*(?:MUST|SHOULD)\*\*", part)


def test_codes_rise_and_belong_to_their_chapter() -> None:
    codes = [code for _, code, _ in headings()]
    assert codes == sorted(set(codes))
    for chapter, code, _ in headings():
        assert code[2] == chapter[0]


def test_names_are_unique_and_lower_case_words() -> None:
    names = [name for _, _, name in headings()]
    assert len(set(names)) == len(names)
    assert set(clauses_by_name()) == set(names)
    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) for name in names)


def test_every_clause_is_enforced_by_a_rule() -> None:
    assert set(rules()) == {code for _, code, _ in headings()}


def test_a_rule_bears_the_name_of_its_clause() -> None:
    for code, rule in rules().items():
        assert rule.clause is clauses()[code]
        assert rule.judge.__name__ == rule.clause.name.replace("-", "_")


def test_must_is_an_error_and_should_a_warning() -> None:
    words = {
        code: level
        for chapter in CHAPTERS
        for code, level in re.findall(r"### (RC\d+) .*\n\n\*\*(\w+)\*\*", chapter.read_text(encoding="utf-8"))
    }
    assert {clause.code: clause.level.name for clause in clauses().values()} == words
    assert (Level.MUST.value, Level.SHOULD.value) == ("error", "warning")


def test_the_families_of_the_contents_page_are_the_chapters() -> None:
    contents = (Path(convention_folder("spec")) / "README.md").read_text(encoding="utf-8")
    assert [chapter.name for chapter in CHAPTERS] == re.findall(r"\| RC\d \| \[[^]]+\]\((\S+)\)", contents)


def test_a_code_that_text_or_schemas_mention_exists() -> None:
    texts = [path for folder in ("spec", "schemas") for path in Path(convention_folder(folder)).rglob("*.*")]
    assert texts
    for path in texts:
        mentioned = set(re.findall(r"\bRC\d{3}\b", path.read_text(encoding="utf-8")))
        assert mentioned <= set(clauses()), path.name
