"""Exports: what safetensors, PyTorch and ONNX read is what was given, each file with a sidecar that holds."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from runcheck import LoadedRun, load
from runcheck.errors import InvalidArgumentError, MissingLibraryError
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]
KEY = "ghp_" + "x7Kq2mVb9Rt4Wz8Yc1Nd6Hf3Js5Lp0Ga1eQu"
KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def run(start: StartRun) -> Run:
    """A run with a checkpoint of step 2."""
    run = start()
    run.log(2, {"loss": 1.0})
    run.save_checkpoint(2, {"kernel": KERNEL})
    return run


def finished(run: Run) -> dict[str, Any]:
    """Finish the run, see that its tree conforms at every depth, and return the metadata."""
    run.finish()
    report = check(Path(run.path).parents[2], depth="deep")
    assert [(each.code, each.path, each.message) for each in report.findings if each.code != "RC208"] == []
    metadata: dict[str, Any] = json.loads(Path(run.path, "metadata.json").read_text())
    return metadata


def model(doc: str = "", **properties: str) -> onnx.ModelProto:
    """Return a model of one product, with a kernel of the checkpoint's values."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "kernel"], ["y"], doc_string=doc)],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(KERNEL, "kernel")],
    )
    made = helper.make_model(graph, producer_name="converter", producer_version="1.2")
    helper.set_model_props(made, properties)
    return made


def sidecar_of(path: str | None) -> dict[str, Any]:
    """Return the sidecar of an export."""
    document: dict[str, Any] = json.loads(Path(f"{path}.json").read_text())
    return document


# --- trees ------------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    left: Any
    right: Any


@jax.tree_util.register_dataclass
@dataclass
class Dense:
    kernel: Any


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        ({"b": {"c": KERNEL}, "a": [KERNEL, (KERNEL,)]}, {"b.c", "a.0", "a.1.0"}),
        (Pair(KERNEL, {"x": KERNEL}), {"left", "right.x"}),
        ({"dense": Dense(KERNEL), "none": None}, {"dense.kernel"}),
    ],
)
def test_every_array_of_a_tree_is_exported_by_its_path(run: Run, tree: object, names: set[str]) -> None:
    path = run.export("weights", tree, 2)
    assert path is not None
    arrays = load_file(path)
    assert set(arrays) == names
    for array in arrays.values():
        np.testing.assert_array_equal(array, KERNEL)
    finished(run)


def test_a_scalar_stays_one_and_axes_that_were_turned_are_as_they_are_indexed(run: Run) -> None:
    path = run.export("weights", {"scale": jnp.float32(2), "turned": jnp.asarray(KERNEL).T, "view": KERNEL.T[1:]}, 2)
    assert path is not None
    arrays = load_file(path)
    assert arrays["scale"].shape == ()
    np.testing.assert_array_equal(arrays["turned"], KERNEL.T)
    np.testing.assert_array_equal(arrays["view"], KERNEL.T[1:])


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({}, "holds no array"),
        ({"w": KERNEL, "act": np.tanh}, "act is a ufunc, not an array"),
        ({"w": KERNEL, "scale": 2.0}, "scale is a float"),
        (KERNEL, "has no name"),
        ({"a.b": KERNEL, "a": {"b": KERNEL}}, r"two arrays are called a\.b"),
        ({"w": np.array([object()])}, "w is object, which safetensors does not have"),
        ({"w": np.zeros(2, np.complex128)}, "w is complex128"),
        ({"w": jax.random.key(0)}, "w cannot be fetched"),
        ({"__metadata__": KERNEL}, "an array is called __metadata__, which safetensors keeps for itself"),
        ({"a\ud800": KERNEL}, "the name of an array holds a lone surrogate"),
    ],
)
def test_what_is_no_tree_of_arrays_is_refused(run: Run, tree: object, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        run.export("weights", tree, 2)
    assert not Path(run.path, "exports").exists()
    finished(run)


def test_a_second_export_of_a_name_replaces_the_first_with_its_sidecar(run: Run) -> None:
    run.export("weights", {"kernel": np.zeros(3)}, 2)
    path = run.export("weights", {"kernel": KERNEL}, 2)
    assert sorted(each.name for each in Path(run.path, "exports").iterdir()) == [
        "weights.safetensors",
        "weights.safetensors.json",
    ]
    finished(run)
    loaded = load(run.path)
    assert isinstance(loaded, LoadedRun)
    assert list(loaded.exports) == ["weights.safetensors"]
    assert loaded.export_path("weights.safetensors") == path


def test_what_the_disk_refuses_is_a_warning_and_leaves_nothing(run: Run) -> None:
    Path(run.path, "exports").write_text("in the way")
    with pytest.warns(RuntimeWarning, match=r"exports/weights\.safetensors of .* was not written") as told:
        assert run.export("weights", {"kernel": KERNEL}, 2) is None
    assert told[0].filename == __file__
    Path(run.path, "exports").unlink()
    Path(run.path, "exports/weights.safetensors").mkdir(parents=True)
    with pytest.warns(RuntimeWarning, match="was not written"):
        assert run.export("weights", {"kernel": KERNEL}, 2) is None
    Path(run.path, "exports/weights.safetensors").rmdir()
    assert list(Path(run.path, "exports").iterdir()) == []
    finished(run)


@pytest.mark.parametrize(
    ("name", "what", "words"),
    [
        ("weights.onnx", {"w": KERNEL}, "made from an ONNX model, its bytes or its path, not from a dict"),
        ("weights.safetensors", b"", "made from a tree of arrays, not from a bytes"),
        ("weights.npz", {"w": KERNEL}, "a format that is not written"),
        ("con", {"w": KERNEL}, "a device on Windows"),
        ("Weights", {"w": KERNEL}, "give lower-case letters and digits"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(run: Run, name: str, what: object, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        run.export(name, what, 2)
    finished(run)


# --- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["weights.pt", "weights.pth"])
def test_pytorch_loads_a_dictionary_of_tensors_without_trust(run: Run, name: str) -> None:
    torch = pytest.importorskip("torch")
    tree = {
        "dense": {"kernel": jnp.asarray(KERNEL), "bias": jnp.arange(3, dtype=jnp.bfloat16)},
        "scale": jnp.float32(2),
        "small": np.array([1, -2], ml_dtypes.float8_e4m3fn),
        "foreign": KERNEL.astype(">f4"),
        "ids": np.arange(3, dtype=np.uint16),
        "on": np.array([True]),
    }
    path = run.export(name, tree, 2)
    loaded = torch.load(path, weights_only=True)
    assert {key: (tensor.dtype, tuple(tensor.shape)) for key, tensor in loaded.items()} == {
        "dense.bias": (torch.bfloat16, (3,)),
        "dense.kernel": (torch.float32, (2, 3)),
        "foreign": (torch.float32, (2, 3)),
        "ids": (torch.uint16, (3,)),
        "on": (torch.bool, (1,)),
        "scale": (torch.float32, ()),
        "small": (torch.float8_e4m3fn, (2,)),
    }
    np.testing.assert_array_equal(loaded["dense.kernel"].numpy(), KERNEL)
    np.testing.assert_array_equal(loaded["foreign"].numpy(), KERNEL)
    assert loaded["dense.bias"].float().tolist() == [0, 1, 2]
    assert loaded["small"].float().tolist() == [1, -2]
    sidecar = sidecar_of(path)
    assert (sidecar["format"], sidecar["framework"]) == ("torch", f"torch {torch.__version__}")
    finished(run)


def test_the_same_tensors_are_the_same_file(run: Run) -> None:
    pytest.importorskip("torch")
    paths = [run.export(f"{name}.pt", {"kernel": KERNEL}, 2) for name in ("first", "second")]
    first, second = (Path(path).read_bytes() for path in paths if path)
    assert first == second


def test_a_dtype_that_pytorch_lacks_is_refused(run: Run) -> None:
    pytest.importorskip("torch")
    for dtype in (ml_dtypes.int4, np.dtype("U3"), np.dtype("M8[s]")):
        with pytest.raises(InvalidArgumentError, match="which PyTorch does not have"):
            run.export("weights.pt", {"w": np.zeros(2, dtype)}, 2)
    assert not Path(run.path, "exports").exists()


@pytest.mark.parametrize(
    ("library", "name", "what"),
    [("torch", "w.pt", {"w": KERNEL}), ("safetensors", "w", {"w": KERNEL}), ("onnx", "w", model())],
)
def test_a_library_that_is_missing_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, library: str, name: str, what: object
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibraryError, match=rf"^{library} is needed to .*: pip install "):
        run.export(name, what, 2)
    assert not Path(run.path, "exports").exists()


# --- ONNX -------------------------------------------------------------------------------------------------------------


def test_a_model_is_kept_byte_for_byte_however_it_is_given(run: Run, tmp_path: Path) -> None:
    content = model().SerializeToString()
    (tmp_path / "given.onnx").write_bytes(content)
    for what in (model(), content, tmp_path / "given.onnx", str(tmp_path / "given.onnx")):
        path = run.export("model", what, 2)
        assert path == f"{run.path}/exports/model.onnx"
        assert Path(path).read_bytes() == content
    onnx.checker.check_model(path, full_check=True)
    sidecar = sidecar_of(path)
    assert (sidecar["format"], sidecar["framework"], sidecar["source_step"]) == ("onnx", "converter 1.2", 2)
    assert finished(run)["governance"]["redactions"] == []


def test_secrets_and_paths_are_taken_out_of_the_notes_of_a_model(run: Run) -> None:
    given = model('File "/home/ada/project/net.py", line 3, in forward', token=KEY, note="fine")
    path = run.export("model", given, 2)
    assert path is not None
    kept = onnx.load(path)
    assert b"ada" not in Path(path).read_bytes()
    assert KEY.encode() not in Path(path).read_bytes()
    assert kept.graph.initializer[0].raw_data == KERNEL.tobytes()
    assert {each.key: each.value for each in kept.metadata_props}["note"] == "fine"
    assert [each["where"] for each in finished(run)["governance"]["redactions"]] == ["exports/model.onnx"]


@pytest.mark.parametrize("what", [b"", b"\xff" * 9, "nothing.onnx", model().SerializeToString()[:-40]])
def test_what_is_no_whole_model_is_refused(run: Run, what: object) -> None:
    with pytest.raises(InvalidArgumentError):
        run.export("model.onnx", what, 2)
    assert not Path(run.path, "exports").exists()
    finished(run)


def test_a_model_with_tensors_in_another_file_is_refused(run: Run, tmp_path: Path) -> None:
    onnx.save(model(), str(tmp_path / "w.onnx"), save_as_external_data=True, location="w.data", size_threshold=0)
    with pytest.raises(InvalidArgumentError, match=r"its tensor kernel lies in another file; save the model as one"):
        run.export("model", tmp_path / "w.onnx", 2)
    finished(run)
