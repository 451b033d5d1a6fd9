"""Folders of one format with Git LFS pointers in them: judged as far as the other files tell, which is said."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.depth import Depth
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.probes.folder import POINTERS_INSIDE
from runcheck.tree.quarantine import Quarantine
from tests.checking import check

FIXTURES = Path(__file__).parents[1] / "fixtures"
FOLDERS = ("model/*/2*/checkpoints/[0-9]*", "model/*/2*/exports/w", "dataset/*/v*/*.zarr")
GOOD = (
    "RC502-checkpoint-committed/pass-a-checkpoint-of-an-older-orbax",
    "RC502-checkpoint-committed/pass-a-step-of-a-manager-with-a-metric-that-is-nan",
    "RC503-checkpoint-tree/pass-an-empty-node",
    "RC506-checkpoint-step/pass-a-checkpoint-of-the-last-step",
    "RC509-export-checksum/pass-a-folder-of-a-model-and-its-weights",
    "RC511-export-format/pass-a-saved-model",
    "RC511-export-format/pass-shards-in-a-folder",
    "RC612-zarr-readable/pass-a-shard-and-an-edge",
    "RC612-zarr-readable/pass-consolidated-metadata-that-agree",
    "RC613-zarr-chunk-missing/pass-an-array-of-nothing-but-fill-value",
    "RC614-zarr-checksums/pass-a-compression-with-its-own-checksum",
)
DOCUMENTS = ("_", "zarr.json", ".z", "process_0", "commit_success.txt", "saved_model.pb")


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    """Copy the tree of a fixture."""
    return lambda name: Path(shutil.copytree(FIXTURES / name / "tree", tmp_path / "tree", symlinks=True))


def point(path: Path, size: int | None = None) -> None:
    """Replace a file by its Git LFS pointer, which says its own size or another."""
    content = path.read_bytes()
    oid = hashlib.sha256(content).hexdigest()
    length = len(content) if size is None else size
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {length}\n")


def files(root: Path) -> list[Path]:
    """Return the files in folders of one format; of an array without a number there may be none."""
    return sorted(path for where in FOLDERS for each in root.glob(where) for path in each.rglob("*") if path.is_file())


def point_binaries(root: Path) -> list[Path]:
    """Replace what is no document by pointers, as a repository's attributes do, and return what that was."""
    binaries = [path for path in files(root) if not path.name.startswith(DOCUMENTS) or path.suffix == ".ocdbt"]
    for path in binaries:
        point(path)
    return binaries


def codes(report: Report) -> set[str]:
    """Return the codes of the errors."""
    return {finding.code for finding in report.findings if finding.is_error} - {"RC304", "RC509"}


def says_so(report: Report) -> bool:
    """Say whether the report tells that files in folders were not looked into."""
    return any(each.reason == POINTERS_INSIDE for each in report.unverified)


def seal(root: Path) -> None:
    """Take the lists away, so that only what the files say of each other tells."""
    for path in root.rglob("SHA256SUMS"):
        path.unlink()


@pytest.mark.parametrize("depth", ["content", "deep"])
@pytest.mark.parametrize("fixture", GOOD)
def test_nothing_is_said_of_a_good_tree_whatever_of_it_is_a_pointer(
    copy: Callable[[str], Path], quarantine: Quarantine, fixture: str, depth: Depth
) -> None:
    before = {
        (each.code, each.path) for each in check(FIXTURES / fixture / "tree", depth=depth, pedantic=True).findings
    }
    rng = random.Random(fixture)
    for _ in range(6):
        root = copy(fixture)
        everything = files(root)
        pointed = rng.sample(everything, rng.randrange(1, len(everything))) if len(everything) > 1 else []
        for path in pointed:
            point(path)
        report = check_in(quarantine, root, Judgement(depth=depth, pedantic=True))
        assert {(each.code, each.path) for each in report.findings} <= before, [each.name for each in pointed]
        assert says_so(report) or not pointed
        shutil.rmtree(root)


def test_the_shapes_of_a_checkpoint_are_judged_where_its_arrays_are_pointers(copy: Callable[[str], Path]) -> None:
    root = copy("RC507-parameter-count/fail-the-parameters-of-another-model")
    assert point_binaries(root)
    for depth in ("content", "deep"):
        report = check(root, depth=depth)
        assert codes(report) == {"RC507"}
        assert says_so(report)


@pytest.mark.parametrize(
    ("fixture", "code"),
    [
        ("RC502-checkpoint-committed/fail-the-manifest-of-a-process-is-gone", "RC502"),
        ("RC502-checkpoint-committed/fail-a-save-that-began-and-did-not-end", "RC502"),
        ("RC503-checkpoint-tree/fail-a-tree-that-is-cut-short", "RC503"),
        ("RC503-checkpoint-tree/fail-another-shape-in-the-tree", "RC503"),
        ("RC504-checkpoint-arrays/fail-a-chunk-that-is-gone", "RC504"),
        ("RC504-checkpoint-arrays/fail-an-array-of-another-shape", "RC504"),
        ("RC511-export-format/fail-a-saved-model-without-its-variables", "RC511"),
        ("RC511-export-format/fail-a-shard-that-is-gone", "RC511"),
        ("RC613-zarr-chunk-missing/fail-a-chunk-removed", "RC613"),
    ],
)
def test_what_the_documents_and_names_tell_is_found(copy: Callable[[str], Path], fixture: str, code: str) -> None:
    root = copy(fixture)
    point_binaries(root)
    assert code in codes(check(root))


def test_the_size_that_a_pointer_tells_is_that_of_the_chunk(copy: Callable[[str], Path]) -> None:
    root = copy("RC612-zarr-readable/pass-consolidated-metadata-that-agree")
    seal(root)
    chunk = next(path for path in files(root) if not path.name.startswith(DOCUMENTS))
    point(chunk, chunk.stat().st_size)
    assert "RC612" not in codes(check(root))
    shutil.copy(
        FIXTURES / "RC612-zarr-readable/pass-consolidated-metadata-that-agree" / chunk.relative_to(root.parent), chunk
    )
    point(chunk, 1)
    assert "RC612" in codes(check(root))


def test_variables_of_a_saved_model_lie_within_the_object_of_a_pointer(copy: Callable[[str], Path]) -> None:
    root = copy("RC511-export-format/pass-a-saved-model")
    data = next(root.rglob("variables.data*"))
    point(data, data.stat().st_size - 1)
    assert "RC511" in codes(check(root))


def test_a_damaged_pointer_leaves_its_folder_to_its_own_clause(copy: Callable[[str], Path]) -> None:
    root = copy("RC506-checkpoint-step/pass-a-checkpoint-of-the-last-step")
    next(root.rglob("manifest.ocdbt")).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:\n")
    report = check(root, depth="deep")
    assert codes(report) == {"RC309"}
    assert says_so(report)


def test_a_checkpoint_without_sizes_hides_no_other(copy: Callable[[str], Path]) -> None:
    root = copy("RC507-parameter-count/fail-the-parameters-of-another-model")
    (checkpoint,) = root.glob("model/*/2*/checkpoints/3")
    unsized = Path(shutil.copytree(checkpoint, checkpoint.with_name("2")))
    point(unsized / "_sharding")
    point(unsized / "manifest.ocdbt")
    report = check(root)
    assert [each.message for each in report.findings if each.code == "RC507"] == [
        "says 6500 parameters; the checkpoint of step 3 has 650"
    ]
    path = unsized.relative_to(root).as_posix()
    assert [each.paths for each in report.unverified if each.reason == POINTERS_INSIDE] == [(path,)]


def test_the_counts_of_all_are_judged_where_only_arrays_are_pointers(copy: Callable[[str], Path]) -> None:
    root = copy("RC507-parameter-count/pass-a-count-that-nobody-gave")
    (run,) = root.glob("model/*/2*")
    metadata = json.loads((run / "metadata.json").read_text())
    metadata["architecture"]["parameters"] = 7
    (run / "metadata.json").write_text(json.dumps(metadata))
    point_binaries(root)
    assert "RC507" in codes(check(root))
