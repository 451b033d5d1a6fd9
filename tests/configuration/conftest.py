"""A tree with a configuration above it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.configuration.judgement import Asked, judgement_for
from runcheck.findings import Report
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine

Check = Callable[..., Report]


@pytest.fixture
def configured(tree: Path, quarantine: Quarantine) -> Check:
    """Check the tree, or a part of it, with a text for configuration and with options."""

    def check(text: str = "", path: Path = tree, **asked: object) -> Report:
        (tree.parent / "runcheck.toml").write_text(text)
        judgement = judgement_for(str(path), Asked(**asked))  # type: ignore[arg-type]
        return check_in(quarantine, path, judgement)

    return check


def codes(report: Report) -> list[str]:
    """Return the codes of the findings, in order, but for RC208: the good tree was written outside of a repository."""
    return [each.code for each in report.findings if each.code != "RC208"]


def edit(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change a JSON document, and seal it no more: its checksum is not what the test is about."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    (path.parent / "SHA256SUMS").unlink(missing_ok=True)
