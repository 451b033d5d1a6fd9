"""Trees in stores: the findings of a tree are those of its copy, for few requests, and no answer is no fault."""

import itertools
import json
import os
import pickle
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import fsspec
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr

import runcheck
from runcheck.cli import main
from runcheck.depth import Depth
from runcheck.errors import CannotCheckError
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.probes import GONE, look_into_file, look_into_folder
from runcheck.probes.contents import ZarrContent
from runcheck.probes.folder import Folder
from runcheck.tree import copied as copied_module
from runcheck.tree import remote as remote_module
from runcheck.tree.cache import open_cache
from runcheck.tree.executor import Processes, Threads
from runcheck.tree.listing import BOTH
from runcheck.tree.locate import is_url, locate, without_passwords
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.remote import RemoteStore, open_remote
from runcheck.tree.store import Remote
from runcheck.watch import Nobody
from tests.conftest import DATASET, RUN
from tests.mutation.seal import seal_over
from tests.object_store import BUCKET, ObjectStore, object_store, objects_of, to_memory, to_s3

CARRIERS: dict[str, Callable[[Path, str], str]] = {"S3": to_s3, "memory": to_memory}
DEPTHS: tuple[Depth, ...] = ("structure", "content", "deep")


@pytest.fixture(scope="session")
def s3() -> ObjectStore:
    """The server."""
    return object_store()


@pytest.fixture(scope="session")
def readers(s3: ObjectStore) -> Iterator[Quarantine]:
    """Readers that know where the server is."""
    with Quarantine() as quarantine:
        yield quarantine


def said(report: Report) -> list[tuple[str, str, str, str, int | None, str | None]]:
    """Return all that the findings say, but for that of the commit: these trees are written outside of Git."""
    return [
        (each.code, each.path, each.message, each.help, each.line, each.pointer)
        for each in report.findings
        if each.code != "RC208"
    ]


@pytest.fixture(autouse=True)
def _outside_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write runs where no repository is, whose changes would become a part of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "train.py")])


def check_url(readers: Quarantine, url: str, depth: Depth = "content", **options: Any) -> Report:  # noqa: ANN401
    """Check as the command line does; the finding that a tree was written outside of Git is left out."""
    report = check_in(readers, url, Judgement(depth=depth, pedantic=True), executor=Threads(8), **options)
    return report._replace(findings=tuple(each for each in report.findings if each.code != "RC208"))


def damage_run(run: Path) -> None:
    """Break a document, a sum, the format of a file, and leave one out."""
    (run / "README.md").write_text("# Changed\n")
    (run / "config.json").write_text("{")
    (run / "plots").mkdir()
    (run / "plots/x.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    (run / "plots/x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (run / "summary.json").unlink(missing_ok=True)


# --- the same findings ------------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["good", "damaged"])
def judged(request: pytest.FixtureRequest, tree: Path, run_folder: Path) -> Path:
    """A tree as it was written, and a damaged one."""
    if request.param:
        damage_run(run_folder)
    return tree


BeforeReads: TypeAlias = Callable[[Callable[[Any, str], None]], None]


@pytest.fixture
def before_reads(monkeypatch: pytest.MonkeyPatch) -> BeforeReads:
    """Returns what has a function called before each range that is read, with the file system and the path in it."""
    served = remote_module._range

    def call(before: Callable[[Any, str], None]) -> None:
        def read(files: Any, path: str, start: int, end: int) -> bytes:  # noqa: ANN401
            before(files, path)
            return served(files, path, start, end)

        monkeypatch.setattr(remote_module, "_range", read)

    return call


def no_answer(suffix: str, answers: int = 0) -> Callable[[Any, str], None]:
    """Return what fails before reads of the paths that end so, once some were answered."""
    left = itertools.count(answers, -1)

    def fail(files: Any, path: str) -> None:  # noqa: ANN401
        if path.endswith(suffix) and next(left) <= 0:
            raise OSError("no answer")

    return fail


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("carry", CARRIERS.values(), ids=CARRIERS)
def test_what_is_said_of_a_tree_does_not_depend_on_where_it_lies(
    judged: Path, readers: Quarantine, carry: Callable[[Path, str], str], depth: Depth
) -> None:
    here = check_in(readers, judged, Judgement(depth=depth, pedantic=True))
    there = check_url(readers, carry(judged, "a/artefacts"), depth)
    assert said(there) == said(here)
    assert bool(said(there)) is ("# Changed" in next(judged.glob("model/*/2*/README.md")).read_text())
    assert (there.unverified, there.units, there.files) == (here.unverified, here.units, here.files)


@pytest.mark.parametrize("carry", CARRIERS.values(), ids=CARRIERS)
def test_a_part_of_a_tree_may_be_named_by_its_url(
    tree: Path, run_folder: Path, readers: Quarantine, carry: Callable[[Path, str], str]
) -> None:
    (run_folder / "README.md").write_text("# Changed\n")
    url = carry(tree, "artefacts")
    unit = run_folder.relative_to(tree).as_posix()
    for focus in (unit, f"{unit}/README.md", f"{unit}/", f"{RUN}/latest"):
        assert locate(f"{url}/{focus}").focus == unit if focus.endswith("latest") else focus.strip("/")
        report = check_url(readers, f"{url}/{focus}")
        assert (report.root, report.units) == (url, 1), focus
        assert said(report) == said(check_in(readers, tree / unit, Judgement(pedantic=True))) != []
    assert said(check_url(readers, f"{url}/{DATASET}")) == []
    assert locate(f"{url}/runs.parquet").focus == ""


def test_a_tree_may_be_a_whole_bucket(tree: Path, readers: Quarantine, s3: ObjectStore) -> None:
    to_s3(tree, "x")
    for each in s3.client.list_objects_v2(Bucket=BUCKET)["Contents"]:
        key = each["Key"]
        s3.client.copy_object(Bucket=BUCKET, Key=key.removeprefix("x/"), CopySource=f"{BUCKET}/{key}")
        s3.client.delete_object(Bucket=BUCKET, Key=key)
    report = check_url(readers, f"s3://{BUCKET}")
    assert (said(report), report.units) == ([], 2)


@pytest.mark.parametrize(
    ("url", "name", "above"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b", "s3://bucket/a"),
        ("memory://a", "memory://a", "memory://"),
        ("memory://user:secret@a/b//", "memory://a/b", "memory://a"),
    ],
)
def test_a_store_is_named_by_its_url(url: str, name: str, above: str) -> None:
    store = open_remote(url, Remote())
    assert (store.name, store.above(1).name) == (name, above)


def test_a_check_that_is_given_up_asks_for_nothing_more(
    tree: Path, readers: Quarantine, before_reads: BeforeReads
) -> None:
    class GivenUpError(Exception):
        pass

    class Impatient(Nobody):
        def done(self, files: int, size: int) -> None:
            is_begun.wait()
            raise GivenUpError

    is_begun, is_over, asked = threading.Event(), threading.Event(), []

    def wait(files: Any, path: str) -> None:  # noqa: ANN401
        if f"/{RUN}/2" in path:
            asked.append(path)
            is_begun.set()
            is_over.wait()

    before_reads(wait)
    url = to_memory(tree, "artefacts")
    options = {"executor": Threads(1), "remote": Remote(1), "watch": Impatient()}
    with pytest.raises(GivenUpError):
        check_in(readers, url, **options)  # type: ignore[arg-type]
    is_over.set()
    for thread in threading.enumerate():
        if thread.name.startswith("runcheck-store"):
            thread.join()
    assert len(asked) == 1


def test_the_url_of_a_folder_of_this_machine_is_that_folder(tree: Path, readers: Quarantine) -> None:
    assert not is_url(f"file://{tree}")
    report = check_in(readers, f"file://{tree}")
    assert (report.root, said(report)) == (str(tree), [])


def test_a_program_may_check_a_url(tree: Path) -> None:
    assert runcheck.check(to_memory(tree, "artefacts")).is_clean


# --- keys that no tree has --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["../../../out.txt", "a//b.txt", "extra/..", "extra/x?versionId=1", "extra/y/"])
def test_a_key_that_is_no_path_is_a_finding_and_is_never_read(
    tree: Path, run_folder: Path, readers: Quarantine, s3: ObjectStore, key: str
) -> None:
    url = to_s3(tree, "artefacts")
    unit = run_folder.relative_to(tree).as_posix()
    s3.put(f"artefacts/{unit}/{key}", b"x")
    s3.asked.clear()
    for part in (url, f"{url}/{unit}"):
        codes = {each.code for each in check_url(readers, part).findings}
        assert "RC118" in codes
    assert f"artefacts/{unit}/{key}" not in {each.key for each in s3.asked if not each.is_listing}


def test_an_object_that_is_a_folder_too_is_a_finding_and_is_never_read(
    tree: Path, run_folder: Path, readers: Quarantine, s3: ObjectStore
) -> None:
    url = to_s3(tree, "artefacts")
    unit = run_folder.relative_to(tree).as_posix()
    s3.put(f"artefacts/{unit}/README.md/x", b"x")
    s3.asked.clear()
    found = {(each.code, each.path, each.message) for each in check_url(readers, url).findings}
    assert ("RC118", f"{unit}/README.md", f"cannot be read: {BOTH}") in found
    assert f"artefacts/{unit}/README.md" not in {each.key for each in s3.asked}


@pytest.mark.parametrize("key", ["model//x", "../x", "model/digits_logreg_baseline", "/x"])
def test_a_key_above_the_units_that_is_no_path_is_a_finding(
    tree: Path, readers: Quarantine, s3: ObjectStore, key: str
) -> None:
    url = to_s3(tree, "artefacts")
    s3.put(f"artefacts/{key}", b"x")
    assert "RC118" in {each.code for each in check_url(readers, url).findings}


def test_markers_of_folders_are_no_files(tree: Path, run_folder: Path, readers: Quarantine, s3: ObjectStore) -> None:
    url = to_s3(tree, "artefacts")
    unit = run_folder.relative_to(tree).as_posix()
    for folder in ("artefacts/", "artefacts/model/", f"artefacts/{unit}/", f"artefacts/{unit}/extra/"):
        s3.put(folder, b"")
    assert said(check_url(readers, url)) == []


# --- how much is asked for --------------------------------------------------------------------------------------------


def test_a_unit_takes_one_listing_and_a_small_file_one_request(
    tree: Path, run_folder: Path, readers: Quarantine, s3: ObjectStore
) -> None:
    url = to_s3(tree, "artefacts")
    for depth in ("content", "deep"):
        s3.asked.clear()
        check_url(readers, url, depth)
        units = [
            f"artefacts/{path.parent.relative_to(tree).as_posix()}/" for path in tree.glob("*/*/[v2]*/metadata.json")
        ]
        listings = [each.query["prefix"][0] for each in s3.asked if each.is_listing]
        assert sorted(each for each in listings if each in units) == sorted(units)
        files = [each.key for each in s3.asked if each.method == "GET" and not each.is_listing]
        assert sorted(files) == sorted(f"artefacts/{name}" for name, content in objects_of(tree) if content)
        assert [each.key for each in s3.asked if each.method == "HEAD"] == ["artefacts/runs.parquet"]


def test_a_checkpoint_takes_one_request_a_file(tmp_path: Path, readers: Quarantine, s3: ObjectStore) -> None:
    run = new_run(tmp_path / "artefacts")
    run.save_checkpoint(1, {"w": np.ones((4, 4), "f4")})
    run.finish()
    url = to_s3(tmp_path / "artefacts", "artefacts")
    assert said(check_url(readers, url)) == []
    read = [each.key for each in s3.asked if each.method == "GET" and not each.is_listing]
    assert any("checkpoints" in key for key in read)
    assert len(read) == len(set(read))


def new_run(root: Path) -> runcheck.Run:
    """Start a run with one row of metrics."""
    run = runcheck.start_run(
        root,
        dataset="digits",
        model="m",
        variant="v",
        config={"a": 1},
        seeds={"init": 0},
        tags={"experiment": "e", "run_type": "train"},
        data={"kind": "synthetic", "seed": 1},
        description="A run.",
    )
    run.log(1, {"loss": 1.0})
    return run


@pytest.fixture(scope="module")
def large_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with a Parquet file, a file of HDF5 and one of no known format, of 12 MB each. Not to be changed."""
    root = tmp_path_factory.mktemp("large") / "artefacts"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root.parent)
        patch.setattr(sys, "argv", [str(root.parent / "train.py")])
        run = new_run(root)
    extra = Path(run.path) / "extra"
    extra.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    values = rng.normal(size=1_500_000)
    pq.write_table(pa.table({"x": values}), extra / "x.parquet", use_dictionary=False, compression="none")
    with h5py.File(extra / "x.h5", "w") as file:
        file["x"] = values
    (extra / "x.raw").write_bytes(b"\0" + rng.bytes(12_000_000))
    run.finish()
    return root


@pytest.fixture
def large(large_tree: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(large_tree, tmp_path / "large/artefacts", symlinks=True))


def put_with_sums(root: Path, s3: ObjectStore) -> str:
    """Carry a tree to the server, which is told to keep a SHA-256 of every object of a run."""
    files = {path.relative_to(root).as_posix() for path in (root / "model").rglob("*") if not path.is_symlink()}
    return to_s3(root, "artefacts", files)


def sent_of(s3: ObjectStore, suffix: str) -> int:
    """Return how many bytes of a file went out."""
    return sum(each.sent for each in s3.asked if each.key.endswith(suffix) and each.method == "GET")


def test_a_large_file_whose_sum_the_store_has_is_not_fetched_whole(
    large: Path, readers: Quarantine, s3: ObjectStore
) -> None:
    url = put_with_sums(large, s3)
    report = check_url(readers, url)
    assert said(report) == []
    for suffix in ("x.parquet", "x.h5", "x.raw"):
        assert 0 < sent_of(s3, suffix) < 2_500_000, suffix
    assert report.vouched_bytes > 36_000_000
    assert report.hashed_bytes < 1_000_000


@pytest.mark.parametrize("suffix", ["x.parquet", "x.h5", "x.raw"])
def test_the_sum_of_the_store_is_held_against_the_list(
    large: Path, readers: Quarantine, s3: ObjectStore, suffix: str
) -> None:
    path = next(large.rglob(suffix))
    content = bytearray(path.read_bytes())
    content[5_000_000] ^= 1
    path.write_bytes(content)
    report = check_url(readers, put_with_sums(large, s3))
    assert [(code, path.endswith(suffix)) for code, path, *_ in said(report)] == [("RC304", True)]


def test_rehash_reads_what_the_store_has_sums_of(large: Path, readers: Quarantine, s3: ObjectStore) -> None:
    report = check_url(readers, put_with_sums(large, s3), remote=Remote(is_trusting=False))
    assert (said(report), report.vouched_bytes) == ([], 0)
    assert all(sent_of(s3, suffix) >= 12_000_000 for suffix in ("x.parquet", "x.h5", "x.raw"))


def test_the_sum_of_sums_of_an_upload_in_parts_is_not_taken(large: Path, readers: Quarantine, s3: ObjectStore) -> None:
    url = put_with_sums(large, s3)
    path = next(large.rglob("x.raw"))
    key = f"artefacts/{path.relative_to(large)}"
    upload = s3.client.create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm="SHA256")["UploadId"]
    content, parts = path.read_bytes(), []
    for number, at in enumerate(range(0, len(content), 6 << 20), 1):
        about = {"Bucket": BUCKET, "Key": key, "UploadId": upload, "PartNumber": number}
        part = s3.client.upload_part(**about, Body=content[at : at + (6 << 20)], ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    s3.client.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    assert "ChecksumSHA256" in s3.client.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    s3.asked.clear()
    assert said(check_url(readers, url)) == []
    assert sent_of(s3, "x.raw") >= 12_000_000


@pytest.mark.parametrize(
    ("changed", "is_taken"),
    [
        ({}, True),
        ({"ChecksumType": "FULL_OBJECT"}, True),
        ({"ChecksumType": "COMPOSITE"}, False),
        ({"ChecksumSHA256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=-2"}, False),
        ({"ChecksumSHA256": "AAAA"}, False),
        ({"ChecksumSHA256": "no base64!"}, False),
        ({"ETag": '"other"'}, False),
        ({"ContentLength": 1}, False),
    ],
)
def test_only_the_sum_of_a_whole_object_that_did_not_change_since_is_taken(
    tree: Path, changed: dict[str, object], is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = locate(to_s3(tree, "artefacts")).store
    assert isinstance(store, RemoteStore)
    entry = store.entry("runs.parquet")
    assert entry is not None
    head = {"ETag": entry.version, "ContentLength": entry.size}
    head["ChecksumSHA256"] = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="  # of "abc", FIPS 180-4
    monkeypatch.setattr(store._files, "call_s3", lambda *_, **__: head | changed)
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert store.sha256(entry) == (abc if is_taken else None)


def test_a_file_without_a_sum_is_read_once_and_its_footer_again(
    large: Path, readers: Quarantine, s3: ObjectStore
) -> None:
    assert said(check_url(readers, to_s3(large, "artefacts"))) == []
    for suffix in ("x.parquet", "x.h5", "x.raw"):
        assert 12_000_000 <= sent_of(s3, suffix) < 15_000_000


def test_no_more_is_read_of_a_file_at_depth_structure(large: Path, readers: Quarantine, s3: ObjectStore) -> None:
    check_url(readers, to_s3(large, "artefacts"), "structure")
    assert not [each for each in s3.asked if "/extra/x." in each.key]


# --- no answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["runs.parquet", "README.md", "metrics.jsonl", "train.parquet"])
def test_a_file_that_the_store_does_not_give_is_said_to_be_unreadable_and_nothing_else(
    tree: Path, readers: Quarantine, suffix: str, before_reads: BeforeReads
) -> None:
    url = to_memory(tree, "artefacts")
    before_reads(no_answer(suffix))
    findings = check_url(readers, url).findings
    assert {(each.code, each.message) for each in findings if each.path.endswith(suffix)} == {
        ("RC118", "cannot be read: no answer")
    }


@pytest.mark.parametrize("depth", ["content", "deep"])
def test_a_library_does_not_take_a_missing_answer_for_a_fault_of_the_file(
    large: Path, readers: Quarantine, depth: Depth, before_reads: BeforeReads
) -> None:
    """In memory, so that the readers of archives and of folders, which run here, meet it too."""
    extra = next(large.glob("model/*/2*/extra"))
    shutil.make_archive(str(extra / "y"), "zip", extra, "x.raw")
    os.truncate(extra / "x.raw", 1)
    seal_over(large)
    url = to_memory(large, "artefacts")
    before_reads(no_answer(".zip", answers=1))
    findings = check_url(readers, url, depth).findings
    assert [(each.code, each.message) for each in findings] == [("RC118", "cannot be read: no answer")]


@pytest.mark.parametrize(("name", "format_"), [("x.parquet", "parquet"), ("x.h5", "hdf5"), ("x.zip", "packed")])
@pytest.mark.parametrize("answers", [1, 2])
def test_what_a_reader_makes_of_a_missing_answer_is_dropped(
    large: Path, name: str, format_: str, answers: int, before_reads: BeforeReads
) -> None:
    extra = next(large.glob("model/*/2*/extra"))
    shutil.make_archive(str(extra / "x"), "zip", extra, "x.raw")
    store = locate(to_memory(large, "artefacts")).store
    entry = store.entry((extra / name).relative_to(large).as_posix())
    assert entry is not None
    before_reads(no_answer(name, answers))
    with pytest.raises(OSError, match="no answer"), store.open(entry) as stream:
        look_into_file(format_, stream, deep=True)


def test_a_chunk_that_the_store_does_not_give_is_not_taken_for_a_good_one(
    tmp_path: Path, before_reads: BeforeReads
) -> None:
    zarr.create_array(tmp_path / "model/m/v1/x.zarr", shape=(4,), chunks=(2,), dtype="f8")[:] = 1.0
    store = open_remote(to_memory(tmp_path, "artefacts"), Remote())
    path = "model/m/v1/x.zarr"
    members = {each.path.removeprefix(f"{path}/"): each for each in store.walk(path)}
    folder = Folder(path, {name: each.size for name, each in members.items() if each.is_file})
    folder = folder._replace(folders=frozenset({"c"}), opener=store.opener(path, members))
    content = look_into_folder("zarr", folder, deep=True)
    assert isinstance(content, ZarrContent)
    assert content.faults == ()
    before_reads(no_answer("c/1"))
    with pytest.raises(OSError, match="no answer"):
        look_into_folder("zarr", folder, deep=True)


def test_an_object_that_is_gone_since_it_was_listed_is_said_to_be(
    tree: Path, run_folder: Path, readers: Quarantine, before_reads: BeforeReads
) -> None:
    url = to_memory(tree, "artefacts")

    def lose(files: Any, path: str) -> None:  # noqa: ANN401
        if path.endswith("README.md"):
            files.rm(path)

    before_reads(lose)
    messages = {each.message for each in check_url(readers, url).findings if each.path.endswith("README.md")}
    assert messages == {f"cannot be read: {GONE}"}


def test_an_object_that_grew_since_it_was_listed_is_read_whole(
    tree: Path, run_folder: Path, readers: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run_folder / "README.md").write_text((run_folder / "README.md").read_text() + "More words.\n")
    store = locate(to_memory(tree, "artefacts")).store
    entry = store.entry((run_folder / "README.md").relative_to(tree).as_posix())
    assert entry is not None
    with store.open(entry._replace(size=10)) as stream:
        assert stream.read() == (run_folder / "README.md").read_bytes()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://no-such-bucket/artefacts", "no such file or folder"),
        (f"s3://{BUCKET}/nothing/here", "no such file or folder"),
        ("memory://nothing", "no such file or folder"),
        ("nosuch://host/artefacts", "nosuch"),
        ("s3://", "holds no dataset and no run"),
    ],
)
def test_a_url_with_no_tree_cannot_be_checked(s3: ObjectStore, readers: Quarantine, url: str, words: str) -> None:
    with pytest.raises(CannotCheckError, match=words):
        check_url(readers, url)


def test_a_bucket_that_may_not_be_listed_cannot_be_checked(tree: Path, s3: ObjectStore, readers: Quarantine) -> None:
    url = to_s3(tree, "artefacts")
    s3.is_down = True
    try:
        with pytest.raises(CannotCheckError, match="cannot be listed"):
            check_url(readers, url)
    finally:
        s3.is_down = False


def test_a_unit_that_may_not_be_listed_is_one_finding(
    tree: Path, run_folder: Path, readers: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = to_memory(tree, "artefacts")
    unit = run_folder.relative_to(tree).as_posix()
    memory = type(fsspec.filesystem("memory"))
    listing = memory.ls

    def deny(files: Any, path: str, **options: Any) -> Any:  # noqa: ANN401
        if path.endswith(unit):
            raise PermissionError("Access Denied")
        return listing(files, path, **options)

    monkeypatch.setattr(memory, "ls", deny)
    assert ("RC118", unit, "cannot be read: Access Denied") in {
        (each.code, each.path, each.message) for each in check_url(readers, url).findings
    }


def test_a_missing_library_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(import_module("fsspec.registry")._registry, "s3", raising=False)
    with pytest.raises(CannotCheckError, match=r"s3fs is needed to .*pip install 'runcheck\[s3\]'"):
        open_remote("s3://bucket", Remote())
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(CannotCheckError, match=r"fsspec is needed to .*pip install 'runcheck\[remote\]'"):
        open_remote("memory://x", Remote())


def test_no_secret_of_a_url_is_shown() -> None:
    assert without_passwords("x sftp://ada:p@ss@host/a@b y") == "x sftp://host/a@b y"
    with pytest.raises(CannotCheckError) as caught:
        locate("nosuch://ada:secret@host/artefacts")
    assert "secret" not in str(caught.value)


def test_a_unit_that_is_referred_to_and_cannot_be_read_is_said_not_to_be_verified(
    tree: Path, run_folder: Path, readers: Quarantine, before_reads: BeforeReads
) -> None:
    url = f"{to_memory(tree, 'artefacts')}/{run_folder.relative_to(tree).as_posix()}"
    assert check_url(readers, url).unverified == ()

    def fail(files: Any, path: str) -> None:  # noqa: ANN401
        if f"{DATASET}/v1" in path:
            raise OSError("no answer")

    before_reads(fail)
    [unverified] = check_url(readers, url).unverified
    assert unverified.paths == (f"{DATASET}/v1",)
    assert "could not be read" in unverified.reason


# --- readers elsewhere, and copies ------------------------------------------------------------------------------------


def test_a_store_can_be_pickled(tree: Path) -> None:
    store = locate(to_s3(tree, "artefacts")).store
    again = pickle.loads(pickle.dumps(store))
    assert list(again.walk()) == list(store.walk()) != []


@pytest.mark.parametrize("carry", CARRIERS.values(), ids=CARRIERS)
def test_a_checkpoint_is_decoded_from_a_copy_that_is_removed(
    tmp_path: Path, readers: Quarantine, carry: Callable[[Path, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path / "artefacts")
    run.save_checkpoint(1, {"w": np.full((64, 64), np.nan, "f4")})
    run.finish()
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    here = check_in(readers, tmp_path / "artefacts", Judgement(depth="deep", pedantic=True))
    there = check_url(readers, carry(tmp_path / "artefacts", "artefacts"), "deep")
    assert said(there) == said(here) != []
    assert list(copies.iterdir()) == []


def test_what_is_too_large_to_be_copied_is_not_verified(
    tmp_path: Path, readers: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path / "artefacts")
    run.save_checkpoint(1, {"w": np.full((64, 64), np.nan, "f4")})
    run.finish()
    monkeypatch.setattr(copied_module, "_BYTES", 1000)
    report = check_url(readers, to_s3(tmp_path / "artefacts", "artefacts"), "deep")
    assert [(each.reason, [path.rpartition("/")[2] for path in each.paths]) for each in report.unverified] == [
        (copied_module.TOO_LARGE, ["1"])
    ]
    assert said(report) == []


# --- what is remembered -----------------------------------------------------------------------------------------------


@pytest.fixture
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's caches are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def opened(root: str) -> Any:  # noqa: ANN401
    """Open the cache of a tree."""
    return open_cache(root, is_blind=False)


def test_what_did_not_change_in_the_store_is_not_read_again(
    tree: Path, run_folder: Path, readers: Quarantine, s3: ObjectStore, cache_home: Path
) -> None:
    url = to_s3(tree, "artefacts")
    assert check_url(readers, url, open_cache=opened).recalled == 0
    s3.asked.clear()
    assert check_url(readers, url, open_cache=opened).recalled == 2
    unit = run_folder.relative_to(tree).as_posix()
    assert not [each for each in s3.asked if each.key.startswith(f"artefacts/{unit}/")]
    s3.put(f"artefacts/{unit}/README.md", b"#" + (run_folder / "README.md").read_bytes()[1:-1] + b"!")
    report = check_url(readers, url, open_cache=opened)
    assert (report.recalled, [code for code, *_ in said(report)]) == (1, ["RC304"])
    assert not list(tree.rglob("cache*"))


def test_nothing_is_remembered_of_a_store_without_versions(tree: Path, readers: Quarantine, cache_home: Path) -> None:
    url = to_memory(tree, "artefacts")
    for _ in range(2):
        assert check_url(readers, url, open_cache=opened).recalled == 0


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_line_checks_urls_and_folders_together(
    tree: Path, run_folder: Path, cache_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    url = to_s3(tree, "artefacts")
    (run_folder / "README.md").write_text("# Changed\n")
    assert main(["check", url, "--jobs", "4"]) == 0
    capsys.readouterr()
    assert main(["check", url, str(tree), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["roots"] == [url, str(tree)]
    assert main(["cache", url]) == 0
    assert "results" in capsys.readouterr().out
    assert main(["cache", url, "--clean"]) == 0
    assert main(["cache", url]) == 0
    assert "nothing is remembered" in capsys.readouterr().out


def test_a_url_that_cannot_be_checked_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "memory://user:secret@nothing"]) == 2
    said = capsys.readouterr().err
    assert "there is no such file or folder" in said
    assert "secret" not in said


def test_a_registry_is_not_written_to_a_url(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", to_memory(tree, "artefacts")]) == 2
    assert "nothing is written to a URL" in capsys.readouterr().err


def process_of(_: int) -> int:
    """Return the process that this runs in."""
    return os.getpid()


def test_workers_are_not_forked_beside_the_thread_of_a_store(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    locate(to_s3(tree, "artefacts"))
    asked: list[str | None] = []
    get_context = multiprocessing.get_context

    def note(method: str | None = None) -> Any:  # noqa: ANN401
        asked.append(method)
        return get_context(method)

    monkeypatch.setattr(multiprocessing, "get_context", note)
    assert os.getpid() not in set(Processes(2, least_items=1).map(process_of, range(4)))
    assert asked == ["spawn"]
