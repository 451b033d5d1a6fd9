"""Checkpoints that the real Orbax wrote: nothing is said of whole ones, and every damage that can be seen is."""

import hashlib
import inspect
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
import tensorstore as ts

from runcheck.probes.contents import NEEDS_TENSORSTORE, NonFinite, OrbaxContent, Tensor
from runcheck.probes.folder import POINTERS_INSIDE, Folder
from runcheck.probes.orbax import NO_TREE, look_into_checkpoint
from runcheck.probes.orbax import arrays as orbax_arrays
from runcheck.probes.orbax.arrays import HOLDS_LINKS, NEEDS_PYARROW, OTHER_CODECS, open_store
from runcheck.probes.orbax.ocdbt import MANIFEST_MAGIC, crc32c, envelope_fault
from runcheck.probes.orbax.zarr import parse_array

KERNEL = np.random.default_rng(0).standard_normal((64, 10), np.float32)
PARAMS = {"dense": {"kernel": jnp.asarray(KERNEL), "bias": jnp.zeros(10)}}
STATE = {
    "params": PARAMS,
    "opt_state": [jnp.zeros(3), (jnp.int32(1), None, {})],
    "half": jnp.ones(5, jnp.bfloat16),
    "mask": np.array([True, False]),
    "step": 3,
    "rate": 0.5,
}
LEAVES = {
    "params/dense/kernel": ((64, 10), "float32"),
    "params/dense/bias": ((10,), "float32"),
    "opt_state/0": ((3,), "float32"),
    "opt_state/1/0": ((), "int32"),
    "half": ((5,), "bfloat16"),
    "mask": ((2,), "bool"),
    "step": ((), "int64"),
    "rate": ((), "float64"),
}
COMMITTED = "commit_success.txt"  # only newer versions write it, and its words count for nothing


def look(path: Path, *, deep: bool = True, pointers: frozenset[str] = frozenset()) -> OrbaxContent:
    """Look into the checkpoint at ``path``, of which some files are ``pointers``."""
    entries = [each for each in path.rglob("*") if not each.is_symlink()]
    files = {each.relative_to(path).as_posix(): each.stat().st_size for each in entries if each.is_file()}
    folders = frozenset(each.relative_to(path).as_posix() for each in entries if each.is_dir())
    return look_into_checkpoint(Folder(str(path), files, folders, pointers=pointers), deep)


def faults(content: OrbaxContent) -> list[str]:
    """Return everything that speaks against a checkpoint, in words."""
    return [
        f"{each.path} {each.words}" for each in (*content.uncommitted, *content.broken_tree, *content.broken_arrays)
    ]


def _save(folder: Path, handler: Any, args: Any) -> None:  # noqa: ANN401
    with ocp.Checkpointer(handler) as checkpointer:
        checkpointer.save(folder, args=args)


def _pytree(tree: Any = STATE, save_args: Any = None, **options: Any) -> Callable[[Path], None]:  # noqa: ANN401
    return lambda path: _save(
        path, ocp.PyTreeCheckpointHandler(**options), ocp.args.PyTreeSave(tree, save_args=save_args)
    )


def _composite(path: Path) -> None:
    items = {
        "state": ocp.args.StandardSave({"params": PARAMS}),
        "moments": ocp.args.StandardSave({"mu": jnp.ones(3)}),
        "about": ocp.args.JsonSave({"a": 1}),
        "key": ocp.args.JaxRandomKeySave(jax.random.key(1)),
    }
    with ocp.CheckpointManager(path.parent / f"{path.name}-steps") as manager:
        manager.save(7, args=ocp.args.Composite(**items))
    (path.parent / f"{path.name}-steps/7").rename(path)


def _managed(path: Path) -> None:
    options = ocp.CheckpointManagerOptions(best_fn=lambda metrics: metrics["loss"])
    with ocp.CheckpointManager(path.parent / f"{path.name}-steps", options=options) as manager:
        manager.save(7, args=ocp.args.StandardSave(STATE), metrics={"loss": float("nan")})
    (path.parent / f"{path.name}-steps/7").rename(path)


AS_IN_MEMORY = "folders as in memory"
WAYS: dict[str, Callable[[Path], None]] = {
    "standard": lambda path: _save(path, ocp.StandardCheckpointHandler(), ocp.args.StandardSave(STATE)),
    "store of zarr 3": _pytree(use_zarr3=True),
    "folders": _pytree(use_ocdbt=False),
    "folders of zarr 3": _pytree(use_ocdbt=False, use_zarr3=True),
    "chunks": _pytree(save_args=jax.tree.map(lambda _: ocp.SaveArgs(chunk_byte_size=256), STATE)),
    "chunks in folders": _pytree(
        save_args=jax.tree.map(lambda _: ocp.SaveArgs(chunk_byte_size=256), STATE), use_ocdbt=False, use_zarr3=True
    ),
    "manager": _managed,
}
if "use_compression" in inspect.signature(ocp.PyTreeCheckpointHandler).parameters:  # Orbax 0.11.20 has none
    WAYS[AS_IN_MEMORY] = _pytree(use_ocdbt=False, use_compression=False)
OTHER_WAYS: dict[str, tuple[Callable[[Path], None], dict[str, tuple[tuple[int, ...], str]]]] = {
    "list": (_pytree([jnp.ones(3), np.zeros((2, 2))]), {"0": ((3,), "float32"), "1": ((2, 2), "float64")}),
    "words": (_pytree({"name": "x", "w": jnp.ones(3)}), {"w": ((3,), "float32")}),
    "slashes": (
        _pytree({"linear/~/w": jnp.ones(3), "a.b": {"c": 1}}),
        {"linear/~/w": ((3,), "float32"), "a.b/c": ((), "int64")},
    ),
    "slashes in folders": (_pytree({"linear/~/w": jnp.ones(3)}, use_ocdbt=False), {"linear/~/w": ((3,), "float32")}),
    "nothing": (_pytree({"a": None, "b": {}}), {}),
    "array": (
        lambda path: _save(path, ocp.ArrayCheckpointHandler(), ocp.args.ArraySave(jnp.ones(4))),
        {"checkpoint": ((4,), "float32")},
    ),
    "items": (
        _composite,
        {
            "state/params/dense/kernel": ((64, 10), "float32"),
            "state/params/dense/bias": ((10,), "float32"),
            "moments/mu": ((3,), "float32"),
            "key/jax_random_key/checkpoint": ((2,), "uint32"),
        },
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every way of saving, once."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name, write in {**WAYS, **{name: each for name, (each, _) in OTHER_WAYS.items()}}.items():
        write(root / name)
    return root


@pytest.fixture
def standard(written: Path, tmp_path: Path) -> Path:
    """A copy of the checkpoint that is written by default."""
    return Path(shutil.copytree(written / "standard", tmp_path / "3"))


@pytest.fixture
def folders(written: Path, tmp_path: Path) -> Path:
    """A copy of the checkpoint whose arrays lie in folders as they are in memory."""
    if AS_IN_MEMORY not in WAYS:
        pytest.skip("this Orbax compresses every chunk")
    return Path(shutil.copytree(written / AS_IN_MEMORY, tmp_path / "3"))


@pytest.fixture
def without_tensorstore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorstore", None)


# --- whole checkpoints --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [False, True], ids=["content", "deep"])
@pytest.mark.parametrize("way", [*WAYS, *OTHER_WAYS])
def test_nothing_is_said_of_a_whole_checkpoint(written: Path, way: str, deep: bool) -> None:
    content = look(written / way, deep=deep)
    assert faults(content) == []
    assert content.unverified is None
    assert not content.nonfinite


@pytest.mark.parametrize("way", [*WAYS, *OTHER_WAYS])
def test_the_arrays_are_those_that_were_saved(written: Path, way: str) -> None:
    expected = LEAVES if way in WAYS else OTHER_WAYS[way][1]
    content = look(written / way)
    assert {each.name: (each.shape, each.dtype) for each in content.leaves} == expected
    assert content.unsized == ()


@pytest.mark.parametrize("way", WAYS)
def test_the_digest_of_an_array_is_that_of_its_numbers_in_memory(written: Path, way: str) -> None:
    """But for the kernel where it lies in chunks that divide its rows."""
    parts = jax.tree_util.tree_flatten_with_path(STATE)[0]
    memory = {jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in parts}
    found = {each.name: each.digest for each in look(written / way).leaves}
    assert found.keys() == memory.keys()
    known = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in memory.items()}
    assert {name: digest for name, digest in found.items() if digest is not None}.items() <= known.items()
    assert {name for name, digest in found.items() if digest is None} <= {"params/dense/kernel"}
    assert all(each.digest is None for each in look(written / way, deep=False).leaves)


@pytest.mark.parametrize(
    ("chunks", "is_known"), [([64, 10], True), ([3, 10], True), ([64, 4], False), ([70, 10], True)]
)
def test_chunks_that_follow_one_another_have_the_digest_of_the_array(
    tmp_path: Path, chunks: list[int], is_known: bool
) -> None:
    spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{tmp_path}/w/"}}
    metadata = {"compressor": {"id": "zstd"}, "dtype": "<f4", "shape": [64, 10], "chunks": chunks}
    ts.open({**spec, "metadata": metadata}, create=True).result().write(KERNEL).result()
    array = parse_array((tmp_path / "w/.zarray").read_bytes())
    store = open_store(Folder(str(tmp_path), {}), "", is_ocdbt=False)
    places = array.chunks("w/", store.keys)
    whole = hashlib.sha256(KERNEL.tobytes()).hexdigest()
    assert store.decode("w", array, places).digest == (whole if is_known else None)
    places.popitem()
    assert store.decode("w", array, places).digest is None


@pytest.mark.parametrize("chunks", [[64, 10], [70, 10]])
def test_a_chunk_that_is_decoded_in_little_has_the_digest_of_the_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: list[int]
) -> None:
    """Where nothing of it lies beyond the edge."""
    monkeypatch.setattr(orbax_arrays, "WHOLE_BYTES", 100)
    monkeypatch.setattr(orbax_arrays, "_STEP", 333)
    spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{tmp_path}/w/"}}
    metadata = {"compressor": {"id": "zstd"}, "dtype": "<f4", "shape": [64, 10], "chunks": chunks}
    ts.open({**spec, "metadata": metadata}, create=True).result().write(KERNEL).result()
    array = parse_array((tmp_path / "w/.zarray").read_bytes())
    store = open_store(Folder(str(tmp_path), {}), "", is_ocdbt=False)
    digest = store.decode("w", array, array.chunks("w/", store.keys)).digest
    assert digest == (hashlib.sha256(KERNEL.tobytes()).hexdigest() if chunks == [64, 10] else None)


def test_the_tree_alone_tells_shapes_of_what_jax_had_on_one_device(written: Path, without_tensorstore: None) -> None:
    content = look(written / "standard", deep=False)
    assert {each.name: each.shape for each in content.leaves} == {
        name: shape for name, (shape, _) in LEAVES.items() if name != "mask"
    }
    assert content.unsized == ("mask",)
    assert faults(content) == []
    assert content.unverified is None


def test_folders_tell_everything_without_tensorstore(written: Path, without_tensorstore: None) -> None:
    content = look(written / "folders", deep=False)
    assert {each.name: (each.shape, each.dtype) for each in content.leaves} == LEAVES


def test_without_tensorstore_arrays_are_not_decoded_and_that_is_said(written: Path, without_tensorstore: None) -> None:
    content = look(written / "standard")
    assert content.unverified == NEEDS_TENSORSTORE
    assert faults(content) == []
    assert Tensor("params/dense/kernel", (64, 10), "") in content.leaves


_ON_FOUR_DEVICES = """
import sys, jax, jax.numpy as jnp, orbax.checkpoint as ocp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
mesh = Mesh(jax.devices(), ("x",))
place = lambda array, *spec: jax.device_put(array, NamedSharding(mesh, PartitionSpec(*spec)))
tree = {"rows": place(jnp.ones((8, 6)), "x"), "everywhere": place(jnp.ones((4, 3))), "one": jnp.ones(2)}
with ocp.Checkpointer(ocp.StandardCheckpointHandler()) as checkpointer:
    checkpointer.save(sys.argv[1], args=ocp.args.StandardSave(tree))
"""


def test_shapes_of_arrays_on_several_devices_are_those_of_the_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    path = tmp_path / "3"
    subprocess.run([sys.executable, "-c", _ON_FOUR_DEVICES, str(path)], check=True, capture_output=True)
    for deep in (False, True):
        content = look(path, deep=deep)
        assert faults(content) == []
        assert {each.name: each.shape for each in content.leaves} == {"rows": (8, 6), "everywhere": (4, 3), "one": (2,)}
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    content = look(path, deep=False)
    assert {each.name: each.shape for each in content.leaves} == {"one": (2,)}
    assert set(content.unsized) == {"rows", "everywhere"}


def test_a_checkpoint_of_json_alone_is_not_verified(tmp_path: Path) -> None:
    _save(tmp_path / "3", ocp.JsonCheckpointHandler(), ocp.args.JsonSave({"a": 1}))
    content = look(tmp_path / "3")
    assert (faults(content), content.unverified) == ([], NO_TREE)


@pytest.mark.parametrize("path", ["metadata/metadata", "_CHECKPOINT_METADATA"])
def test_a_checkpoint_of_which_a_pointer_would_tell_the_items_may_have_no_tree(tmp_path: Path, path: str) -> None:
    _save(tmp_path / "3", ocp.JsonCheckpointHandler(), ocp.args.JsonSave({"a": 1}))
    for deep in (False, True):
        content = look(tmp_path / "3", deep=deep, pointers=frozenset({path}))
        assert faults(content) == []
        assert content.unverified in (NO_TREE, POINTERS_INSIDE)


def test_an_array_without_a_tree_is_what_orbax_0_11_wrote(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written / "array", tmp_path / "3")
    (tmp_path / "3/_METADATA").unlink(missing_ok=True)
    content = look(tmp_path / "3")
    assert faults(content) == []
    assert content.leaves == (Tensor("checkpoint", (4,), "float32"),)


# --- damages ------------------------------------------------------------------------------------------------------


def paths_of(folder: Path) -> list[Path]:
    """Return the files of a checkpoint that every supported version writes."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != COMMITTED)


@pytest.mark.parametrize("way", ["standard", "folders", "store of zarr 3", "items"])
def test_every_file_that_is_gone_is_missed(written: Path, tmp_path: Path, way: str) -> None:
    passed = []
    for path in paths_of(written / way):
        name = path.relative_to(written / way)
        copy = Path(shutil.copytree(written / way, tmp_path / "3"))
        (copy / name).unlink()
        if not faults(look(copy)):
            passed.append(name.as_posix())
        shutil.rmtree(copy)
    # What a random key is beside its array, and the tree of that array, without which Orbax 0.11 left it.
    key = "key/jax_random_key"
    beside = (f"{key}_metadata/metadata", f"{key}/_METADATA" if (written / way / key / "_METADATA").exists() else key)
    assert [name for name in passed if not name.startswith(beside)] == []


@pytest.mark.parametrize("way", ["standard", "folders", "store of zarr 3"])
def test_every_file_of_garbage_is_seen(written: Path, tmp_path: Path, way: str) -> None:
    passed = []
    for path in paths_of(written / way):
        name = path.relative_to(written / way)
        copy = Path(shutil.copytree(written / way, tmp_path / "3"))
        (copy / name).write_bytes(random.Random(7).randbytes(path.stat().st_size))
        if not faults(look(copy)):
            passed.append(name.as_posix())
        shutil.rmtree(copy)
    assert passed == []


def test_every_cut_of_every_file_of_a_store_is_seen(standard: Path) -> None:
    passed = []
    for path in paths_of(standard):
        content = path.read_bytes()
        for end in {0, 1, *range(5, len(content), 1 + len(content) // 7), len(content) - 1}:
            path.write_bytes(content[:end])
            if not faults(look(standard)):
                passed.append((path.name, end))
        path.write_bytes(content)
    assert passed == []


def test_bytes_after_the_end_of_the_data_change_nothing(standard: Path) -> None:
    for path in standard.rglob("d/*"):
        path.write_bytes(path.read_bytes() + b"more")
    assert faults(look(standard)) == []


@pytest.mark.parametrize("name", ["manifest.ocdbt", "ocdbt.process_0/manifest.ocdbt"])
def test_every_flipped_bit_of_a_manifest_is_seen_without_tensorstore(
    standard: Path, without_tensorstore: None, name: str
) -> None:
    path = standard / name
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes((content[at] ^ (1 << at % 8),)) + content[at + 1 :])
        found = look(standard, deep=False).uncommitted
        assert [each.path for each in found] == [name], at


def test_a_manifest_of_several_faults_is_told_apart() -> None:
    whole = MANIFEST_MAGIC + struct.pack("<Q", 20) + b"body"
    assert envelope_fault(whole + struct.pack("<I", crc32c(whole)), 20, MANIFEST_MAGIC) is None
    assert "cut short" in (envelope_fault(b"", 0, MANIFEST_MAGIC) or "")
    assert "says 20" in (envelope_fault(whole + bytes(5), 21, MANIFEST_MAGIC) or "")
    assert crc32c(b"123456789") == 0xE3069283  # the check value of the algorithm


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Edit a JSON document in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("time", [None, 0, -1, True, "1779885591000000000", 1.5])
def test_a_time_of_commit_is_a_number_of_nanoseconds(standard: Path, time: object) -> None:
    edit(standard / "_CHECKPOINT_METADATA", lambda document: document.update(commit_timestamp_nsecs=time))
    assert faults(look(standard, deep=False)) == ["_CHECKPOINT_METADATA has no time of commit"]


KEY = "('opt_state', '0')"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("_METADATA", lambda tree: tree.pop("tree_metadata"), "no tree_metadata"),
        ("_METADATA", lambda tree: tree["tree_metadata"].pop(KEY), "which is not in the tree"),
        (
            "_METADATA",
            lambda tree: tree["tree_metadata"].update(x=tree["tree_metadata"].pop(KEY)),
            "describes the leaf",
        ),
        ("_METADATA", lambda tree: tree["tree_metadata"][KEY].update(key_metadata=[{"key": 1}]), "that is none"),
        ("_METADATA", lambda tree: tree["tree_metadata"][KEY].pop("value_metadata"), "says nothing"),
        ("_METADATA", lambda tree: tree["tree_metadata"][KEY]["value_metadata"].update(write_shape=[-1]), "shape"),
        ("_METADATA", lambda tree: tree["tree_metadata"][KEY]["value_metadata"].update(write_shape=[4]), "as (3)"),
        ("array_metadatas/process_0", lambda tree: tree["array_metadatas"].pop(), "lacks"),
        ("_sharding", lambda tree: tree.update(eA="{}"), "_sharding"),
        ("_sharding", lambda tree: tree.update({"eHg=": '{"sharding_type": "a"}'}), "names xx"),
    ],
)
def test_documents_that_disagree_are_seen_without_tensorstore(
    standard: Path, without_tensorstore: None, name: str, change: Callable[[Any], object], words: str
) -> None:
    edit(standard / name, change)
    found = look(standard, deep=False)
    assert found.broken_tree
    assert any(words in each for each in faults(found)), faults(found)


def test_an_array_in_a_folder_is_held_against_the_tree_and_its_chunks(folders: Path, without_tensorstore: None) -> None:
    (folders / "mask/0").rename(folders / "mask/7")
    edit(folders / "opt_state.0/.zarray", lambda document: document.update(shape=[4], chunks=[4]))
    shutil.rmtree(folders / "half")
    assert set(faults(look(folders, deep=False))) == {
        "_METADATA names half, of which nothing is stored",
        " mask lacks 1 of its 1 chunks",
        " opt_state/0 has the shape (4); the tree says (3)",
    }


def test_chunks_that_hold_nothing_but_the_fill_value_need_not_be_stored(folders: Path) -> None:
    edit(folders / "_METADATA", lambda tree: tree.update(store_array_data_equal_to_fill_value=False))
    (folders / "opt_state.0/0").unlink()
    assert faults(look(folders)) == []


@pytest.mark.parametrize(
    ("array", "value", "count"),
    [
        ("params.dense.kernel/0.0", struct.pack("<f", float("nan")), 1),
        ("params.dense.kernel/0.0", struct.pack("<2f", float("inf"), float("-inf")), 2),
        ("half/0", b"\x80\x7f", 1),
        ("rate/0", struct.pack("<d", float("nan")), 1),
        ("step/0", b"\xff" * 8, 0),
    ],
)
def test_numbers_that_are_not_finite_are_counted(folders: Path, array: str, value: bytes, count: int) -> None:
    chunk = folders / array
    chunk.write_bytes(value + chunk.read_bytes()[len(value) :])
    name = array.rpartition("/")[0].replace(".", "/")
    assert look(folders).nonfinite == ((NonFinite(name, count),) if count else ())
    assert look(folders, deep=False).nonfinite is None


# --- chunks that are too large to be held -------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let everything be too large."""
    monkeypatch.setattr(orbax_arrays, "WHOLE_BYTES", 0)
    monkeypatch.setattr(orbax_arrays, "_STEP", 1001)  # no multiple of any number's size
    return iter(())


@pytest.mark.parametrize("way", [*WAYS, "items"])
def test_large_chunks_are_decoded_as_streams(written: Path, small: None, way: str) -> None:
    content = look(written / way)
    assert faults(content) == []
    assert content.nonfinite == ()
    assert content.unverified is None


def test_what_is_not_finite_is_counted_in_streams_too(tmp_path: Path, small: None) -> None:
    kernel = KERNEL.copy()
    kernel[::2, 3] = np.nan
    for name, options in {"a": {}, "b": {"use_zarr3": True}, "c": {"use_ocdbt": False}}.items():
        _pytree({"w": jnp.asarray(kernel)}, **options)(tmp_path / name)
        assert look(tmp_path / name).nonfinite == (NonFinite("w", 32),)


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("folders")])
def test_a_cut_or_garbled_stream_is_seen(written: Path, tmp_path: Path, small: None, way: str) -> None:
    copy = Path(shutil.copytree(written / way, tmp_path / "3"))
    chunk = next(
        copy / "params.dense.kernel" / each
        for each in ("0.0", "c/0/0")
        if (copy / "params.dense.kernel" / each).exists()
    )
    content = chunk.read_bytes()
    for damaged in (content[:-1], content[: len(content) // 2], content + bytes(1), b"", bytes(len(content) * 2)):
        chunk.write_bytes(damaged)
        assert any("params/dense/kernel" in each for each in faults(look(copy))), len(damaged)


def test_without_pyarrow_a_large_chunk_is_not_decoded_and_that_is_said(
    written: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    content = look(written / "standard")
    assert (faults(content), content.unverified) == ([], NEEDS_PYARROW)
    assert AS_IN_MEMORY not in WAYS or look(written / AS_IN_MEMORY).unverified is None


_LOOK = """
import sys
from pathlib import Path
from runcheck.probes.folder import Folder
from runcheck.probes.orbax.arrays import open_store
from runcheck.probes.orbax.zarr import parse_array
root = Path(sys.argv[1])
store = open_store(Folder(str(root), {}), "", is_ocdbt=False)
array = parse_array((root / "w/.zarray").read_bytes())
try:
    print(store.decode("w", array, array.chunks("w/", store.keys)).nonfinite)
except Exception as error:
    print(type(error).__name__)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


def measured(root: Path) -> tuple[str, int]:
    """Return what decoding the array ``w`` says in a process of its own, and the MiB that it took."""
    ran = subprocess.run([sys.executable, "-c", _LOOK, str(root)], check=True, capture_output=True, text=True)
    said, memory = ran.stdout.split()
    return said, int(memory)


def write_array(root: Path, size: int, content: "np.ndarray[Any, Any] | None" = None) -> None:
    """Write an array of one chunk as Orbax does."""
    spec: dict[str, Any] = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{root}/w/"}}
    metadata: dict[str, Any] = {
        "compressor": {"id": "zstd", "level": 1},
        "dtype": "<f4",
        "shape": [size],
        "chunks": [size],
    }
    array = ts.open({**spec, "metadata": metadata}, create=True).result()
    array.write(np.zeros(size, np.float32) if content is None else content).result()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="nothing tells how much memory a process took")
def test_an_array_larger_than_memory_may_be_is_decoded_in_little(tmp_path: Path) -> None:
    write_array(tmp_path, 100 << 20, np.ones(100 << 20, np.float32))
    said, memory = measured(tmp_path)
    assert said == "0"
    assert memory < 300


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="nothing tells how much memory a process took")
def test_a_chunk_that_swells_or_is_too_long_is_no_array(tmp_path: Path) -> None:
    write_array(tmp_path, 100 << 20, np.ones(100 << 20, np.float32))
    edit(tmp_path / "w/.zarray", lambda document: document.update(shape=[4], chunks=[4]))
    said, memory = measured(tmp_path)
    assert (said, memory < 300) == ("ArrayFaultError", True)
    with (tmp_path / "w/0").open("wb") as stream:
        stream.truncate(1 << 30)
    said, memory = measured(tmp_path)
    assert (said, memory < 300) == ("ArrayFaultError", True)


# --- hostile input ------------------------------------------------------------------------------------------------


def leaf(*keys: str) -> dict[str, object]:
    """Return an entry of ``_METADATA``."""
    path = [{"key": key, "key_type": 2} for key in keys]
    return {str(keys): {"key_metadata": path, "value_metadata": {"value_type": "np.ndarray"}}}


@pytest.mark.parametrize(
    "name", ["../outside", "/etc", "..", ".", "", "a//b", "params.dense.kernel/..", "\ud800", "\0"]
)
def test_a_name_that_leaves_the_checkpoint_is_no_array(folders: Path, name: str) -> None:
    shutil.copytree(folders / "mask", folders.parent / "outside")
    edit(folders / "_METADATA", lambda tree: tree["tree_metadata"].update(leaf(name)))
    found = faults(look(folders))
    assert len(found) == 1
    assert "of which nothing is stored" in found[0]


@pytest.mark.parametrize("name", ["../x", "/etc", "", "..", "a/../../x"])
def test_an_item_outside_of_the_checkpoint_is_none(standard: Path, name: str) -> None:
    (standard.parent / "x").mkdir()
    edit(standard / "_CHECKPOINT_METADATA", lambda tree: tree.update(item_handlers={name: "a.PyTreeCheckpointHandler"}))
    assert len(faults(look(standard))) == bool(name)


def test_tensorstore_itself_does_not_leave_the_folder_of_a_store(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("secret")
    store = ts.KvStore.open({"driver": "file", "path": f"{tmp_path}/in/"}).result()
    with pytest.raises(ValueError, match="Invalid key"):
        store.read("../secret").result()


def test_a_folder_with_a_link_or_a_pipe_is_not_opened(standard: Path) -> None:
    (standard / "d/link").symlink_to("/etc/passwd")
    content = look(standard)
    assert (faults(content), content.unverified) == ([], HOLDS_LINKS)
    (standard / "d/link").unlink()
    os.mkfifo(standard / "d/pipe")
    assert look(standard).unverified == HOLDS_LINKS


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2**62, 2**62], "chunks": [1, 1]},
        {"shape": [2**64], "chunks": [1]},
        {"shape": [64, 10], "chunks": [0, 10]},
        {"shape": [10**4000, 10], "chunks": [64, 10]},
        {"shape": [1] * 33, "chunks": [1] * 33},
        {"shape": [True, 10]},
        {"shape": "64"},
        {"shape": [64]},
        {"chunks": [2**40, 2**40]},
        {"dtype": "|O"},
        {"dtype": [["a", "<f4"]]},
        {"dtype": "<f999"},
        {"dimension_separator": ""},
        {"zarr_format": 9},
    ],
    ids=str,
)
def test_a_document_of_an_impossible_array_is_a_fault(folders: Path, change: dict[str, object]) -> None:
    edit(folders / "params.dense.kernel/.zarray", lambda document: document.update(change))
    tracemalloc.start()
    assert any("params/dense/kernel" in each for each in faults(look(folders)))
    assert tracemalloc.get_traced_memory()[1] < 50 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("codec", [{"compressor": {"id": "blosc"}}, {"dtype": ">f4"}, {"filters": [{"id": "delta"}]}])
def test_codecs_that_orbax_does_not_write_are_not_decoded(folders: Path, codec: dict[str, object]) -> None:
    edit(folders / "params.dense.kernel/.zarray", lambda document: document.update(codec))
    content = look(folders)
    assert (faults(content), content.unverified) == ([], OTHER_CODECS)


@pytest.mark.parametrize("name", ["_METADATA", "_CHECKPOINT_METADATA", "_sharding", "array_metadatas/process_0"])
@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"null", b"[]", b"{}", b"1" * 9_000, b'{"a":' * 5_000, b"\xff", b"\xef\xbb\xbf{}"]
)
def test_a_document_of_anything_is_a_fault(standard: Path, name: str, content: bytes) -> None:
    (standard / name).write_bytes(content)
    found = look(standard)
    assert any(name.partition("/")[0] in each for each in faults(found))


@pytest.mark.parametrize("way", WAYS)
def test_a_sharding_that_names_no_array_is_a_fault(written: Path, tmp_path: Path, way: str) -> None:
    copy = Path(shutil.copytree(written / way, tmp_path / "3"))
    (sharding,) = copy.rglob("_sharding")
    sharding.write_text("{}")
    assert any("names no array; the tree has 5 of JAX" in each for each in faults(look(copy)))


@pytest.mark.parametrize("way", WAYS)
def test_an_array_that_the_sharding_lacks_is_a_doubt_and_hides_nothing(written: Path, tmp_path: Path, way: str) -> None:
    copy = Path(shutil.copytree(written / way, tmp_path / "3"))
    (sharding,) = copy.rglob("_sharding")
    edit(sharding, lambda names: names.popitem())
    for deep in (False, True):
        content = look(copy, deep=deep)
        assert faults(content) == []
        assert content.unsized == ()
        assert [each.words.partition(",")[2] for each in content.doubts] == [" which the tree names"]


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_a_tree_without_arrays_of_jax_may_have_an_empty_sharding(written: Path, tmp_path: Path, way: str) -> None:
    copy = Path(shutil.copytree(written / way, tmp_path / "3"))
    for metadata in copy.rglob("_METADATA"):
        tree = json.loads(metadata.read_text())["tree_metadata"]
        if not any("write_shape" in leaf["value_metadata"] for leaf in tree.values()):
            (metadata.parent / "_sharding").write_text("{}")
    assert faults(look(copy)) == []


@pytest.mark.parametrize("way", WAYS)
def test_what_a_process_says_that_it_wrote_is_whole(written: Path, tmp_path: Path, way: str) -> None:
    copy = Path(shutil.copytree(written / way, tmp_path / "3"))
    (said,) = copy.rglob("array_metadatas/process_0")
    whole = json.loads(said.read_text())["array_metadatas"]
    for entry in whole:
        said.write_text(json.dumps({"array_metadatas": [each for each in whole if each is not entry]}))
        assert len(faults(look(copy))) == 1
    said.write_text('{"array_metadatas": []}')
    assert len(faults(look(copy))) == 5


def test_a_document_that_might_not_fit_into_memory_is_not_read(standard: Path) -> None:
    with (standard / "_METADATA").open("ab") as stream:
        stream.truncate(9 << 20)
    content = look(standard)
    assert faults(content) == []
    assert "8 MiB" in (content.unverified or "")


def test_no_damage_raises(written: Path, tmp_path: Path) -> None:
    draw = random.Random(11)
    for way in ("standard", "folders of zarr 3", "items"):
        copy = Path(shutil.copytree(written / way, tmp_path / way))
        for _ in range(60):
            path = draw.choice(paths_of(copy))
            content = path.read_bytes()
            damaged = bytearray(content)
            for _ in range(draw.randint(1, 4)):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
            path.write_bytes(damaged[: draw.choice((len(damaged), draw.randrange(len(damaged))))])
            look(copy, deep=draw.random() < 0.7)
            path.write_bytes(content)
        assert faults(look(copy)) == []
