"""The pages that are written from something else are up to date."""

import importlib.util
from pathlib import Path

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
