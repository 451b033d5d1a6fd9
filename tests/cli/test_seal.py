"""``runcheck seal``: a unit that is finished and has no list."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.test_main import runcheck
from tests.conftest import DATASET, RUN
from tests.fixes.test_fixes import edit_json, everything, run_of


def unsealed(unit: Path) -> bytes:
    """Take the list of a unit away, and return it."""
    content = (unit / "SHA256SUMS").read_bytes()
    (unit / "SHA256SUMS").unlink()
    return content


@pytest.mark.parametrize("kind", ["run", "dataset"])
def test_a_finished_unit_is_sealed_as_the_writer_does_it(tree: Path, kind: str) -> None:
    unit = run_of(tree) if kind == "run" else tree / DATASET / "v1"
    written = unsealed(unit)
    (unit.parent / "latest").unlink()
    (tree / "runs.parquet").unlink()
    done = runcheck("seal", unit)
    assert (done.returncode, done.stderr) == (0, "")
    assert (unit / "SHA256SUMS").read_bytes() == written
    assert (unit.parent / "latest").readlink() == Path(unit.name)
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=unit, check=True)
    assert runcheck("index", tree).returncode == 0
    assert runcheck(tree).returncode == 0


def test_a_sealed_unit_is_left_as_it_is(tree: Path) -> None:
    before = everything(tree)
    done = runcheck("seal", run_of(tree))
    assert done.returncode == 0
    assert done.stdout.endswith("nothing to do: it is sealed\n")
    assert everything(tree) == before


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("plots/list")])
def test_what_is_no_list_is_no_seal(tree: Path, make: Callable[[Path], None]) -> None:
    unsealed(run_of(tree))
    make(run_of(tree) / "SHA256SUMS")
    before = everything(tree)
    done = runcheck("seal", run_of(tree))
    assert done.returncode == 2
    assert "SHA256SUMS: is " in done.stderr
    assert done.stdout == ""
    assert everything(tree) == before


def test_a_broken_unit_is_refused_with_what_is_wrong(tree: Path) -> None:
    unsealed(run_of(tree))
    (run_of(tree) / "summary.yaml").unlink()
    before = everything(tree)
    done = runcheck("seal", run_of(tree))
    assert done.returncode == 1
    assert "summary.yaml: error RC105 required-file" in done.stdout
    assert "SHA256SUMS: " not in done.stdout
    assert done.stderr.endswith("was not sealed; mend these errors first\n")
    assert everything(tree) == before


@pytest.mark.parametrize("status", ["running", "preempted"])
def test_a_unit_that_is_not_finished_is_refused(tree: Path, status: str) -> None:
    unsealed(run_of(tree))
    edit_json(run_of(tree) / "metadata.json", lambda each: each.update(status=status))
    before = everything(tree)
    done = runcheck("seal", run_of(tree))
    assert done.returncode == 2
    assert f"says that it is {status}" in done.stderr
    assert everything(tree) == before


def test_a_pointer_of_git_lfs_is_not_sealed_as_its_object(tree: Path) -> None:
    unit = tree / DATASET / "v1"
    unsealed(unit)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    (unit / "train.parquet").write_text(pointer)
    done = runcheck("seal", unit)
    assert done.returncode == 2
    assert "is a Git LFS pointer" in done.stderr
    assert not (unit / "SHA256SUMS").exists()


def test_a_dataset_whose_files_changed_since_it_was_finished_is_refused(tree: Path) -> None:
    unit = tree / DATASET / "v1"
    unsealed(unit)
    (unit / "README.md").write_text((unit / "README.md").read_text() + "\nMore.\n")
    done = runcheck("seal", unit)
    assert done.returncode == 2
    assert "one of them changed since it was finished" in done.stderr


def test_a_dataset_without_a_fingerprint_gets_one(tree: Path) -> None:
    unit = tree / DATASET / "v1"
    unsealed(unit)
    said = json.loads((unit / "metadata.json").read_text())["fingerprint"]
    edit_json(unit / "metadata.json", lambda each: each.pop("fingerprint"))
    assert runcheck("seal", unit).returncode == 0
    assert json.loads((unit / "metadata.json").read_text())["fingerprint"] == said
    assert runcheck(tree).returncode == 0


def test_of_several_units_each_is_told(tree: Path) -> None:
    unsealed(run_of(tree))
    done = runcheck("seal", tree / "nowhere", run_of(tree), tree / RUN / "latest")
    assert done.returncode == 2
    assert "there is no such folder" in done.stderr
    assert "sealed it: SHA256SUMS lists" in done.stdout


def test_a_unit_at_a_url_is_refused() -> None:
    done = runcheck("seal", "s3://bucket/artefacts/model/a_b_c/v1")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
