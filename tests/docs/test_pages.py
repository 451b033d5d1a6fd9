"""The pages that are written from something else are up to date."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

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


def test_what_is_committed_is_what_the_script_writes() -> None:
    for path, text in build.generated().items():
        assert path.read_text() == text, f"{path.name}: write it anew with 'just docs'"


def test_there_is_no_page_of_a_clause_that_is_none() -> None:
    assert {path.name for path in (DOCS / "rules").iterdir()} == set(build.pages())


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
