"""The copy of the good tree with its moves."""

from pathlib import Path

import pytest

from tests.rules.moves import Trees


@pytest.fixture
def trees(tree: Path) -> Trees:
    """A copy of the good tree."""
    return Trees(tree)
