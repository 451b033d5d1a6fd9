"""The trees of the benchmarks conform, and the peers verify the same files."""

import json
import subprocess
from pathlib import Path

import pytest
from benchmarks.cases import change
from benchmarks.measure import measure

import runcheck
from benchmarks import peers, trees

UNITS = 2


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small") / "tree"
    trees.small(root, UNITS * trees.FILES_OF_A_UNIT)
    return root


def findings(root: Path) -> list[str]:
    report = runcheck.check(root, pedantic=True)
    return [f"{each.path}: {each.message}" for each in report.findings]


def test_a_tree_of_small_files_conforms(small: Path) -> None:
    assert findings(small) == []
    lists = peers.lists_of(small)
    assert [len(path.read_text().splitlines()) for path in lists] == [trees.FILES_OF_A_UNIT] * UNITS
    sizes = [path.stat().st_size for each in lists for path in each.parent.rglob("*") if path.is_file()]
    assert min(sizes) >= 200
    assert max(sizes) <= 20_000


def test_a_tree_is_the_same_each_time(small: Path, tmp_path: Path) -> None:
    trees.small(tmp_path / "again", UNITS * trees.FILES_OF_A_UNIT)
    for one, two in zip(peers.lists_of(small), peers.lists_of(tmp_path / "again"), strict=True):
        # The event file, its moments and its name, and the duration in the summary are of the moment of writing.
        same = [
            [line for line in path.read_text().splitlines() if "tfevents" not in line and "summary" not in line]
            for path in (one, two)
        ]
        assert same[0] == same[1]


@pytest.mark.parametrize(("name", "count"), [("large", 1), ("documents", 5), ("metrics", 500)])
def test_the_other_trees_conform(name: str, count: int, tmp_path: Path) -> None:
    trees.TREES[name](tmp_path / "tree", count)
    assert findings(tmp_path / "tree") == []


def test_one_list_stands_for_all(small: Path, tmp_path: Path) -> None:
    joined = peers.joined_list(small, tmp_path / "sums")
    assert len(joined.read_text().splitlines()) == UNITS * trees.FILES_OF_A_UNIT
    measure(peers.sha256sum(small, joined))
    measure(peers.sha256sum_each(small))


def test_the_peers_see_a_file_that_was_changed(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    trees.small(root, trees.FILES_OF_A_UNIT)
    joined = peers.joined_list(root, tmp_path / "sums")
    (unit,) = (path.parent for path in peers.lists_of(root))
    (unit / "README.md").write_text("other")
    for command in (peers.sha256sum(root, joined), peers.sha256sum_each(root)):
        with pytest.raises(RuntimeError, match=r"README.md: FAILED"):
            measure(command)


def test_a_bag_has_every_file_of_the_units_once(small: Path, tmp_path: Path) -> None:
    # A bag shares its files with the tree, so it lies beside it.
    folder = peers.bag(small, small.parent / "bag", peers.joined_list(small, tmp_path / "sums"))
    manifest = (folder / "manifest-sha256.txt").read_text().splitlines()
    assert len(manifest) == UNITS * (trees.FILES_OF_A_UNIT + 1)
    done = subprocess.run(["sha256sum", "--check", "--quiet", "manifest-sha256.txt"], cwd=folder)
    assert done.returncode == 0


def test_a_changed_unit_conforms_again(small: Path) -> None:
    unit = peers.lists_of(small)[0].parent
    before = (unit / "SHA256SUMS").read_text()
    change(unit)
    assert (unit / "SHA256SUMS").read_text() != before
    assert findings(small) == []


def test_the_schema_for_the_peer_says_what_ours_say(small: Path, tmp_path: Path) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    validator = jsonschema_rs.validator_for(json.loads(peers.schema_of_metadata(tmp_path / "schema.json").read_text()))
    good = json.loads((peers.lists_of(small)[0].parent / "metadata.json").read_text())
    assert validator.is_valid(good)
    assert not validator.is_valid({**good, "created_at": "yesterday"})
