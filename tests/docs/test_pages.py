"""The pages of the clauses are those that the spec and the rules give."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest

from runcheck.configuration.configuration import configuration_of
from runcheck.configuration.find import Source
from runcheck.convention.exceptions import faults_of
from runcheck.convention.schemas import schema
from runcheck.convention.validation import violations

DOCS = Path(__file__).parents[2] / "docs"

_spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
assert _spec is not None
assert _spec.loader is not None
build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build)


def test_the_committed_pages_are_what_their_script_writes() -> None:
    written = {path.name: path.read_text() for path in (DOCS / "rules").iterdir()}
    assert written == build.pages()


@pytest.mark.parametrize("page", sorted((DOCS / "rules").glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_keys_of_the_configuration_are_those_of_its_schema() -> None:
    assert (DOCS / "configuration.md").read_text() == build.configuration_page()


def test_what_the_page_of_the_configuration_shows_is_a_configuration() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    assert len(blocks) > 1
    for block in blocks:
        table = tomllib.loads(block)
        table = table.get("tool", {}).get("runcheck", table)
        assert configuration_of(Source("runcheck.toml", table)).table == table


def test_the_exception_that_the_page_shows_is_one_that_holds() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    (exception,) = json.loads(block)["governance"]["exceptions"]
    example = dict(schema("metadata")["examples"][0])  # type: ignore[index]
    assert violations("metadata", example | json.loads(block)) == []
    assert list(faults_of(exception)) == []
