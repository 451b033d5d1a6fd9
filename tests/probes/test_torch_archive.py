"""Files of PyTorch, written by PyTorch (``fixtures/data/make_torch.py``)."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from runcheck.convention.pickles import is_needed
from runcheck.probes.contents import Tensor, TorchContent
from tests.probes.packed import EVIL, look, messages, proto, text, zipped

DATA = Path(__file__).parents[2] / "fixtures/data"
LINEAR = (Tensor("weight", (10, 64), "float32"), Tensor("bias", (10,), "float32"))


def read(name: str) -> bytes:
    return (DATA / name).read_bytes()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", ["linear.pt", "linear_legacy.pt"])
@pytest.mark.parametrize("under", ["a.pt", "a.bin", "pytorch_model"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_state_dictionary_is_read(name: str, under: str, deep: bool) -> None:
    found = look(read(name), under, deep=deep)
    assert isinstance(found, TorchContent)
    assert (found.tensors, found.error, found.unverified, messages(found)) == (LINEAR, None, None, [])


def test_every_dtype_has_its_name_in_numpy() -> None:
    found = look(read("types.pt"), "a.pt", deep=True)
    assert (found.error, messages(found)) == (None, [])
    by_name = {each.name: each for each in found.tensors or ()}
    assert by_name.pop("parameter") == Tensor("parameter", (2, 2), "float32")
    assert len(by_name) == 14
    for name, tensor in by_name.items():
        assert tensor == Tensor(name, (3,), name.removeprefix("types."))


def test_a_checkpoint_of_training_is_read_with_its_optimizer_and_its_views() -> None:
    found = look(read("training.pt"), "a.pt", deep=True)
    assert (found.error, messages(found)) == (None, [])
    shapes = {each.name: each.shape for each in found.tensors or ()}
    assert shapes["model.weight"] == (1, 2)
    assert shapes["optimizer.state.0.exp_avg"] == (1, 2)
    assert [shapes[f"views.{each}"] for each in range(5)] == [(3, 4), (4, 3), (2, 2), (0, 5), ()]


def test_a_script_is_no_unsafe_pickle_since_its_types_are_in_the_archive() -> None:
    found = look(read("script.pt"), "a.pt", deep=True)
    assert isinstance(found, TorchContent)
    assert (found.error, messages(found)) == (None, [])
    assert found.tensors == (Tensor("0.weight", (1, 2), "float32"), Tensor("0.bias", (1,), "float32"))


def test_a_storage_that_is_cut_short_or_missing_is_damage() -> None:
    parts = members(read("linear.pt"))
    weight = next(name for name in parts if name.endswith("data/0"))
    assert "where its tensors need 2,560" in str(look(zipped({**parts, weight: parts[weight][:-4]})).error)
    assert f"lacks the member {weight}" in str(look(zipped({k: v for k, v in parts.items() if k != weight})).error)
    assert look(zipped(parts)).error is None


def test_a_flipped_bit_is_found_by_its_checksum_when_looked_at_deeply() -> None:
    content = bytearray(read("linear.pt"))
    weight = members(read("linear.pt"))["linear/data/0"]
    content[bytes(content).index(weight) + 100] ^= 1
    assert look(bytes(content)).error is None
    assert "checksum" in str(look(bytes(content), deep=True).error)


def test_every_cut_of_a_file_is_damage() -> None:
    for name in ("linear.pt", "linear_legacy.pt"):
        content = read(name)
        for end in range(4, len(content), 37):
            found = look(content[:end], "a.pt")
            assert found.error is not None, (name, end)
        assert look(content[:-1], "a.pt").error is not None


def test_a_legacy_file_with_too_few_pickles_is_damage() -> None:
    assert "ends before its tensors" in str(look(pickle.dumps(0x1950A86A20F9469CFC6C, 2), "a.pt").error)


@pytest.mark.parametrize("where", ["data.pkl", "more.pkl", "data/0", "version"])
def test_a_pickle_that_calls_is_found_wherever_it_hides(where: str) -> None:
    parts = members(read("linear.pt"))
    found = look(zipped({**parts, f"linear/{where}": EVIL}), "a.pt")
    assert messages(found) == [f"imports posix.system (in linear/{where})"]


def test_a_call_in_a_legacy_file_is_found() -> None:
    content = read("linear_legacy.pt")
    value = content.index(b"ccollections\nOrderedDict\n")
    call = b"cposix\nsystem\n" + text("true") + b"\x85R0"
    assert messages(look(content[:value] + call + content[value:], "a.pt")) == ["imports posix.system"]


def test_a_whole_module_is_bound_to_its_code_and_found() -> None:
    module = proto(b"ctorch.nn.modules.linear\nLinear\n)\x81}" + text("x") + b"Nsb")
    found = look(zipped({"a/data.pkl": module}), "a.pt")
    assert messages(found) == ["imports torch.nn.modules.linear.Linear (in a/data.pkl)"]
    assert found.tensors is None


def test_a_tensor_beyond_its_storage_is_damage() -> None:
    storage = text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x04t"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n((" + storage + b"QK\x00%s%s\x89NtR"
    for shape, stride, sound in (
        (b"K\x04\x85", b"K\x01\x85", True),
        (b"K\x05\x85", b"K\x01\x85", False),
        (b"K\x02\x85", b"K\x04\x85", False),
    ):
        content = zipped({"a/data.pkl": proto(rebuilt % (shape, stride), 2), "a/data/0": bytes(16)})
        found = look(content, "a.pt")
        assert (found.error is None) is sound
    missing = zipped({"a/data.pkl": proto(rebuilt % (b"K\x04\x85", b"K\x01\x85"), 2)})
    assert "lacks the member a/data/0" in str(look(missing).error)


def test_a_value_too_large_to_be_held_leaves_the_tensors_untold() -> None:
    content = pickle.dumps({str(each): each for each in range(300_000)}, 2)
    found = look(zipped({"a/data.pkl": content}), "a.pt")
    assert (found.tensors, messages(found)) == (None, [])


def test_tuples_in_tuples_take_no_time() -> None:
    nested = b"K\x01" + b"2\x86" * 60
    assert look(zipped({"a/data.pkl": proto(nested, 2)}), "a.pt").tensors is None


def test_torch_needs_what_plain_data_does_not() -> None:
    for name in ("torch._utils._rebuild_tensor_v2", "torch.FloatStorage", "torch.bfloat16", "__torch__.Net"):
        assert is_needed("torch", name)
        assert not is_needed("pickle", name)
    for name in (
        "torch.load",
        "torch.storage._load_from_bytes",
        "torch._utils.os.system",
        "torch.hub.load",
        "os.system",
        "",
    ):
        assert not is_needed("torch", name)


# --- joblib -----------------------------------------------------------------------------------------------------------

joblib = pytest.importorskip("joblib")


def dumped(value: object, **options: object) -> bytes:
    stream = io.BytesIO()
    joblib.dump(value, stream, **options)
    return stream.getvalue()


ARRAYS = {
    "a": np.arange(1000.0),
    "b": np.array(["x", "yz"]),
    "d": np.asfortranarray(np.ones((3, 4), "f4")),
    "e": np.zeros(3, [("a", "i4"), ("b", "S3")]),
    "f": np.array(1),
    "g": np.zeros((0, 2)),
    "h": np.array(["2020-01-01"], "M8[D]"),
}


class Calls:
    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("true",)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_arrays_of_joblib_are_passed_over_and_what_comes_behind_is_found(compress: object) -> None:
    good = look(dumped(ARRAYS, compress=compress), "a.joblib")
    assert (messages(good), good.unverified, good.error) == ([], None, None)
    evil = look(dumped({**ARRAYS, "z": Calls()}, compress=compress), "a.joblib")
    assert messages(evil) == ["imports posix.system"]


def test_an_array_of_objects_of_joblib_is_followed_and_yet_not_verified() -> None:
    """Its pickle is one of its own to joblib, and more of the same to ``pickle.load``."""
    found = look(dumped({"a": np.array([None, {}], object), "b": np.arange(3.0)}), "a.joblib")
    assert (messages(found), found.error) == ([], None)
    assert found.unverified is not None
    evil = look(dumped({"a": np.array([Calls()], object), "b": np.arange(3.0)}), "a.joblib")
    assert messages(evil) == ["imports posix.system"]


def test_a_wrapper_of_joblib_hides_nothing_from_pickle_load() -> None:
    """``pickle.load`` takes no array out: it goes on with what would be one."""
    content = dumped({"a": np.arange(4.0)})
    place = content.index(b"b", content.index(b"numpy_array_alignment_bytes") + 30) + 1
    assert messages(look(content[:place] + EVIL[2:], "a.joblib")) == ["imports posix.system"]


def test_an_array_of_joblib_whose_end_cannot_be_told_is_not_verified() -> None:
    content = dumped({"a": np.arange(4.0)}).replace(b"shape", b"shapo")
    assert look(content, "a.joblib").unverified is not None
    old = dumped({"a": np.arange(4.0)}).replace(b"numpy_array_alignment_bytes", b"numpy_array_alignment_bytez")
    assert look(old, "a.joblib").unverified is not None
