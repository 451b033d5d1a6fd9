"""The whole pipeline over trees that the writer made: clean as they are, and each damage named by its clause."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import runcheck
from runcheck.convention.units import Address, Unit, unit_of
from runcheck.errors import CannotCheckError
from runcheck.pipeline import check_in
from runcheck.tree.entry import Entry
from runcheck.tree.locate import locate
from runcheck.tree.quarantine import Quarantine
from tests.checking import check

WARNINGS_OF_A_TREE_OUTSIDE_GIT = {"RC208"}


def codes(path: Path) -> set[str]:
    """Return the codes of the errors below ``path``."""
    return {finding.code for finding in check(path).findings if finding.is_error}


def test_what_the_writer_writes_is_clean(good_tree: Path) -> None:
    report = check(good_tree)
    assert {finding.code for finding in report.findings} <= WARNINGS_OF_A_TREE_OUTSIDE_GIT
    assert report.is_clean
    assert report.units == 2
    assert report.unverified == ()


def test_checking_leaves_every_byte_and_time_as_it_was(tree: Path) -> None:
    def state() -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in sorted(tree.rglob("*"))
        }

    before = state()
    check(tree)
    assert state() == before


def test_a_schema_whose_work_comes_to_no_end_is_a_finding_and_the_check_ends(tree: Path) -> None:
    tenfold = {f"a{level}": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}] * 10} for level in range(12)}
    (tree / "schemas").mkdir()
    (tree / "schemas/team.schema.json").write_text(
        json.dumps({"$ref": "#/$defs/a0", "$defs": {**tenfold, "a12": {"type": "object"}}})
    )
    (path,) = tree.glob("model/*/2*/metadata.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "extensions": {"team": {}}}))
    with Quarantine(least_seconds=2) as quarantine:
        findings = check_in(quarantine, tree).findings
    assert [finding.message for finding in findings if finding.path == "schemas/team.schema.json"] == [
        "cannot be applied: its reader came to no end in 2 s"
    ]


def changed_byte(run: Path, tree: Path) -> None:
    path = run / "metrics.jsonl"
    content = bytearray(path.read_bytes())
    content[content.index(b"0.5")] = ord("9")
    path.write_bytes(bytes(content))


def missing_file(run: Path, tree: Path) -> None:
    (run / "summary.yaml").unlink()


def unknown_tag(run: Path, tree: Path) -> None:
    edit_json(run / "metadata.json", lambda metadata: metadata["tags"].update(team="vision"))


def bad_run_name(run: Path, tree: Path) -> None:
    edit_json(run / "metadata.json", lambda metadata: metadata.update(name="final"))


def row_out_of_schema(run: Path, tree: Path) -> None:
    with (run / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": "6", "split": "train", "metric": "loss", "value": 0.1}\n')


def summary_disagrees(run: Path, tree: Path) -> None:
    path = run / "summary.yaml"
    path.write_text(path.read_text().replace("best: 0.2\n", "best: 0.1\n"))


def stale_latest(run: Path, tree: Path) -> None:
    newer = run.parent / "2099-01-01T00-00-00Z_0000000"
    shutil.copytree(run, newer)
    edit_json(newer / "metadata.json", lambda metadata: metadata.update(version=newer.name))


def registry_row_too_many(run: Path, tree: Path) -> None:
    path = tree / "runs.parquet"
    table = pq.read_table(path)
    row = table.slice(0, 1).set_column(0, "path", pa.array(["dataset/digits/v9"]))
    pq.write_table(pa.concat_tables([table, row]), path)


def edit_json(path: Path, edit: Callable[[dict], object]) -> None:  # type: ignore[type-arg]
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (changed_byte, "RC304"),
        (missing_file, "RC105"),
        (unknown_tag, "RC803"),
        (bad_run_name, "RC801"),
        (row_out_of_schema, "RC402"),
        (summary_disagrees, "RC408"),
        (stale_latest, "RC113"),
        (registry_row_too_many, "RC703"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_each_damage_is_named_by_its_clause(
    tree: Path, run_folder: Path, damage: Callable[[Path, Path], None], code: str
) -> None:
    damage(run_folder, tree)
    assert code in codes(tree)


def test_a_unit_is_checked_by_itself(tree: Path, run_folder: Path) -> None:
    (tree / "dataset/digits/v1/train.parquet").write_bytes(b"x")
    assert check(run_folder).is_clean
    assert check(run_folder).units == 1
    assert codes(tree / "dataset") == {"RC304", "RC607"}


def test_a_file_stands_for_its_unit(tree: Path, run_folder: Path) -> None:
    bad_run_name(run_folder, tree)
    assert "RC801" in codes(run_folder / "config.json")


def test_latest_leads_to_its_unit(tree: Path, run_folder: Path) -> None:
    bad_run_name(run_folder, tree)
    report = check(run_folder.parent / "latest")
    assert report.units == 1
    assert "RC801" in {finding.code for finding in report.findings}


def test_a_run_on_a_changed_dataset_is_found_from_the_run_alone(tree: Path, run_folder: Path) -> None:
    sums = tree / "dataset/digits/v1/SHA256SUMS"
    sums.write_text(sums.read_text().replace(sums.read_text()[:8], "00000000", 1))
    assert "RC707" in codes(run_folder)


def test_depth_structure_says_that_checksums_were_not_verified(tree: Path, run_folder: Path) -> None:
    (tree / "dataset/digits/v1/train.parquet").write_bytes(b"x")
    report = check(tree, depth="structure")
    assert report.is_clean
    assert any("not computed" in each.reason for each in report.unverified)


def test_a_pointer_of_git_lfs_stands_for_its_object(tree: Path) -> None:
    path = tree / "dataset/digits/v1/train.parquet"
    listed = next(
        line for line in (path.parent / "SHA256SUMS").read_text().splitlines() if line.endswith("train.parquet")
    )
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1234\n"
    path.write_text(pointer.format(listed[:64]))
    report = check(tree)
    assert report.is_clean
    assert [each.paths for each in report.unverified] == [("dataset/digits/v1/train.parquet",)]
    path.write_text(pointer.format("0" * 64))
    assert codes(tree) == {"RC308"}


def test_a_registry_as_pointer_is_not_verified_rather_than_broken(tree: Path) -> None:
    (tree / "runs.parquet").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n")
    report = check(tree)
    assert report.is_clean
    assert any("runs.parquet" in each.paths for each in report.unverified)


@contextlib.contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Give up what root may do; root reads every file, whatever its mode."""
    if os.geteuid() != 0:
        yield
        return
    nobody = 65534
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX modes")
@pytest.mark.parametrize("unreadable", ["model/digits_logreg_baseline/latest/config.json", "dataset/digits/v1"])
def test_what_cannot_be_read_is_a_finding(good_tree: Path, unreadable: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        root = Path(shutil.copytree(good_tree, f"{folder}/artefacts", symlinks=True))
        check(root)  # loads every module while they can be read
        (root / unreadable).chmod(0)
        with as_an_ordinary_user():
            found = codes(root)
        (root / unreadable).chmod(0o755)
    assert "RC118" in found


@pytest.mark.parametrize("content", [b"", b"{", b"\x00\xff" * 50, b"[" * 100_000, b"[1]"])
@pytest.mark.parametrize("name", ["metadata.json", "config.json", "summary.yaml"])
def test_a_document_that_is_none_is_a_finding(tree: Path, run_folder: Path, name: str, content: bytes) -> None:
    (run_folder / name).write_bytes(content)
    assert "RC201" in codes(tree)


@pytest.mark.parametrize("name", ["README.md", "SHA256SUMS", "metrics.jsonl", "runs.parquet"])
def test_binary_where_text_or_parquet_should_be_is_a_finding(tree: Path, run_folder: Path, name: str) -> None:
    path = tree / name if name == "runs.parquet" else run_folder / name
    path.write_bytes(bytes(range(256)) * 8)
    assert codes(tree)


def test_a_missing_path_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="no such file"):
        check(tmp_path / "nothing")


def test_a_folder_that_is_no_tree_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CannotCheckError, match="holds no dataset and no run"):
        check(tmp_path)


@pytest.mark.parametrize("folders", [["model"], ["dataset", "model"], ["model/digits_logreg_baseline"]])
def test_an_empty_tree_cannot_be_checked(tmp_path: Path, folders: list[str]) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(CannotCheckError, match="holds no dataset and no run"):
        check(tmp_path)


def test_latest_as_a_text_file_stands_for_the_version_that_it_names(tree: Path, run_folder: Path) -> None:
    latest = run_folder.parent / "latest"
    latest.unlink()
    latest.write_text(f"{run_folder.name}\n")
    assert locate(str(latest)).focus == run_folder.relative_to(tree).as_posix()
    assert check(latest).units == 1
    latest.write_text("../../..\n")
    with pytest.raises(CannotCheckError, match="holds no dataset and no run"):
        check(latest)


def test_a_folder_around_the_unit_that_is_asked_for_is_judged_with_it(tree: Path, run_folder: Path) -> None:
    slug = run_folder.parent.rename(run_folder.parent.with_name("Digits LogReg"))
    found = {(each.code, each.path) for each in check(slug / run_folder.name).findings}
    assert ("RC103", "model/Digits LogReg") in found


@pytest.mark.parametrize(("status", "expected"), [("running", []), ("failed", ["RC118"])])
def test_a_file_that_vanishes_is_an_error_but_in_a_running_run(
    tree: Path, run_folder: Path, status: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (run_folder / "SHA256SUMS").unlink()
    edit_json(run_folder / "metadata.json", lambda metadata: metadata.update(status=status, finished_at=None))
    going = run_folder / "extra/going.txt"
    going.parent.mkdir()
    going.write_text("x")

    def walk_and_remove(address: Address, entries: Iterable[Entry]) -> Unit:
        unit = unit_of(address, entries)
        if address.kind.name == "model":
            going.unlink()
        return unit

    monkeypatch.setattr("runcheck.unit_reading.unit_of", walk_and_remove)
    assert [each.code for each in check(tree).findings if each.path.endswith("going.txt")] == expected


def test_of_a_unit_that_cannot_be_listed_only_that_is_said(
    tree: Path, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    def closed(path: str) -> object:
        if os.path.realpath(path) == str(run_folder):
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(path)

    monkeypatch.setattr("runcheck.tree.walk.os.scandir", closed)
    unit = run_folder.relative_to(tree).as_posix()
    assert [each.code for each in check(tree).findings if each.path.startswith(unit)] == ["RC118"]


def test_plural_folders_are_a_tree_with_a_finding(tree: Path) -> None:
    (tree / "model").rename(tree / "models")
    (tree / "dataset").rename(tree / "datasets")
    (tree / "runs.parquet").unlink()
    report = check(tree)
    assert "RC101" in {finding.code for finding in report.findings}
    assert report.units == 2


def test_an_ordinary_project_is_not_taken_for_a_tree(tmp_path: Path) -> None:
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/raw/x.csv").write_text("1")
    with pytest.raises(CannotCheckError):
        locate(str(tmp_path))


def test_a_package_called_model_is_not_taken_for_a_tree(tmp_path: Path) -> None:
    (tmp_path / "model/layers/__pycache__").mkdir(parents=True)
    (tmp_path / "model/layers/dense.py").write_text("x = 1")
    with pytest.raises(CannotCheckError):
        locate(str(tmp_path))


def test_a_tree_one_folder_down_is_pointed_out(tree: Path) -> None:
    with pytest.raises(CannotCheckError, match=r"did you mean .*/artefacts\?"):
        check(tree.parent)


def test_a_version_named_by_hand_is_judged(tree: Path, run_folder: Path) -> None:
    run_folder.rename(run_folder.parent / "final")
    shutil.rmtree(tree / "dataset")
    (tree / "runs.parquet").unlink()
    assert "RC104" in codes(tree)


def test_the_public_face_loads_each_name() -> None:
    for name in runcheck.__all__:
        assert getattr(runcheck, name) is not None
    with pytest.raises(AttributeError):
        _ = runcheck.nothing


def test_no_name_of_the_public_face_is_a_module_of_the_library() -> None:
    modules = {path.stem for path in Path(runcheck.__file__).parent.iterdir()}
    assert modules.isdisjoint(runcheck.__all__)


def test_a_later_minor_version_is_said_to_be_not_wholly_verified(tree: Path, run_folder: Path) -> None:
    edit_json(run_folder / "metadata.json", lambda metadata: metadata.update(schema_version="1.7", novelty=True))
    report = check(run_folder, depth="structure")
    assert "RC202" not in {finding.code for finding in report.findings}
    assert any("later version" in each.reason for each in report.unverified)


def test_semantic_versions_are_ordered_as_such(tmp_path: Path) -> None:
    root, drawn = tmp_path / "artefacts", {"kind": "synthetic", "seed": 0}
    for version in ("1.9.0", "1.10.0", "1.10.0-rc.1"):
        with runcheck.new_dataset(root, "d", version=version, provenance=drawn, generator=__file__) as made:
            made.write_parquet("train", {"x": [1]})
    assert os.readlink(root / "dataset/d/latest") == "1.10.0"
    assert codes(root) == set()


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\x80\x04N.", b"\x89HDF\r\n\x1a\n"])
def test_data_that_begins_as_another_format_than_its_name_says_is_no_data(tree: Path, start: bytes) -> None:
    path = next((tree / "dataset").rglob("*.parquet"))
    path.write_bytes(start + path.read_bytes()[len(start) :])
    assert {"RC304", "RC607"} <= codes(tree)


def test_a_pointer_does_not_stand_for_checksums_that_were_not_computed(tree: Path) -> None:
    path = next((tree / "dataset").rglob("*.parquet"))
    content = path.read_bytes()
    oid = hashlib.sha256(content).hexdigest()
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n")
    unit = path.parent.relative_to(tree).as_posix()
    assert any("checksums" in each.reason and unit in each.paths for each in check(tree, depth="structure").unverified)


def test_a_shard_that_is_a_pointer_is_not_missing(tmp_path: Path) -> None:
    shards = Path(__file__).parents[1] / "fixtures/RC511-export-format/pass-shards-in-a-folder/tree"
    shutil.copytree(shards, tmp_path / "tree", symlinks=True)
    path = next(tmp_path.rglob("model-00002-of-00002.safetensors"))
    content = path.read_bytes()
    oid = hashlib.sha256(content).hexdigest()
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n")
    assert codes(tmp_path / "tree") == set()
