"""Good trees of every shape have no finding at all, at any depth."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine

from .good_trees import TREE, write_tree
from .specimens import in_a_repository

# Trees are written to disk: making a failing one smaller would take minutes.
EXAMPLES = int(os.environ.get("RUNCHECK_GOOD_TREES", "25"))
SETTINGS = settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.fixture(scope="module", autouse=True)
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A repository with one commit, to work in: outside of one the writer's metadata name no commit."""
    with in_a_repository(tmp_path_factory.mktemp("work") / "repository"):
        yield


@SETTINGS
@given(drawn=TREE)
def test_a_good_tree_has_no_finding(quarantine: Quarantine, drawn: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "artefacts"
        write_tree(root, drawn)
        report = check_in(quarantine, root, Judgement(depth="deep"))
        assert [(each.code, each.path, each.message) for each in report.findings] == []
        assert report.units == len(drawn["datasets"]) + len(drawn["runs"])
        unseen = [each.reason for each in report.unverified if "Git LFS" not in each.reason]
        assert unseen == []
