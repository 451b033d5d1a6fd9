"""ONNX models that the library makes: whole ones are read without their weights, cut or changed ones are refused."""

import functools
import io
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from runcheck.probes.contents import OnnxContent, Tensor
from runcheck.probes.onnx import MESSAGES, look_into_onnx
from runcheck.probes.protobuf import MAX_FIELDS, Wire

KERNEL = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(3, 4), "kernel")
BIAS = helper.make_tensor("bias", TensorProto.FLOAT, [4], [1.0, 2.0, 3.0, 4.0])


def look(content: bytes) -> OnnxContent:
    """Return what a file of these bytes holds."""
    return look_into_onnx(io.BytesIO(content), False)


def value(name: str, width: int) -> onnx.ValueInfoProto:
    """Return a matrix with rows without a number."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])


def model(*tensors: TensorProto, nodes: list[onnx.NodeProto] | None = None, domains: tuple[str, ...] = ("",)) -> bytes:
    """Return a model with these initializers."""
    gemm = helper.make_node("Gemm", ["x", "kernel", "bias"], ["y"], alpha=0.5)
    graph = helper.make_graph([gemm] if nodes is None else nodes, "main", [value("x", 3)], [value("y", 4)], tensors)
    imports = [helper.make_opsetid(domain, 21) for domain in domains]
    found: bytes = helper.make_model(graph, opset_imports=imports).SerializeToString()
    return found


SEED = model(KERNEL, BIAS)


def test_initializers_are_named_with_shape_and_dtype() -> None:
    onnx.checker.check_model(onnx.load_from_string(SEED))
    assert look(SEED) == OnnxContent((Tensor("kernel", (3, 4), "float32"), Tensor("bias", (4,), "float32")))


def test_a_file_cut_short_anywhere_is_refused() -> None:
    for kept in range(len(SEED)):
        assert look(SEED[:kept]).error is not None, kept


def test_a_file_cut_between_the_operator_sets_that_its_nodes_need_is_refused() -> None:
    own = helper.make_node("Scale", ["x"], ["y"], domain="org.example")
    content = model(KERNEL, nodes=[own], domains=("", "org.example"))
    assert look(content).error is None
    for kept in range(len(content)):
        assert look(content[:kept]).error is not None, kept


def test_the_default_domain_has_two_names() -> None:
    own = helper.make_node("Relu", ["x"], ["y"], domain="ai.onnx")
    assert look(model(nodes=[own])).error is None


def test_no_flipped_bit_passes_here_that_the_parser_of_protobuf_refuses() -> None:
    for at in range(len(SEED)):
        for bit in range(8):
            damaged = bytearray(SEED)
            damaged[at] ^= 1 << bit
            assert_refused_where_protobuf_refuses(bytes(damaged))


def test_no_changed_bytes_pass_here_that_the_parser_of_protobuf_refuses() -> None:
    draw = random.Random(7)
    for _ in range(2000):
        damaged = bytearray(SEED)
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(damaged))
            damaged[at : at + draw.randint(0, 8)] = draw.randbytes(draw.randint(0, 8))
        assert_refused_where_protobuf_refuses(bytes(damaged))


def assert_refused_where_protobuf_refuses(content: bytes) -> None:
    """Hold the verdict on these bytes against that of protobuf's own parser."""
    if look(content).error is None:
        try:
            onnx.ModelProto.FromString(content)
        except DecodeError:
            pytest.fail(f"passes {content!r}")


def test_the_table_of_messages_is_that_of_the_library() -> None:
    messages: dict[str, Descriptor] = {}

    def collect(descriptor: Descriptor) -> None:
        if descriptor.name not in messages:
            messages[descriptor.name] = descriptor
            for each in descriptor.fields:
                if each.message_type is not None:
                    collect(each.message_type)

    collect(onnx.ModelProto.DESCRIPTOR)
    library = {
        name: {each.number: (each.name, _type(each)) for each in descriptor.fields}
        for name, descriptor in messages.items()
    }
    for name, fields in MESSAGES.items():
        assert fields == library[name], name


def _type(field: FieldDescriptor) -> str:
    """Return the type of a field in the table's words."""
    if field.message_type is not None:
        return str(field.message_type.name)
    plain = {FieldDescriptor.TYPE_FLOAT: "fixed32", FieldDescriptor.TYPE_DOUBLE: "fixed64"}
    bytes_ = (FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_STRING)
    type_ = "bytes" if field.type in bytes_ else plain.get(field.type, "varint")
    return f"{type_}s" if field.is_repeated and type_ != "bytes" else type_


SIZED = sorted(set(TensorProto.DataType.values()) - {TensorProto.UNDEFINED, TensorProto.STRING})


@pytest.mark.parametrize("type_", SIZED, ids=TensorProto.DataType.Name)
def test_every_type_has_the_size_that_the_library_gives_it_raw_or_not(type_: int) -> None:
    dtype = helper.tensor_dtype_to_np_dtype(type_)
    for tensor in (
        helper.make_tensor("kernel", type_, [3], [1, 1, 1]),
        numpy_helper.from_array(np.ones(3, dtype), "kernel"),
    ):
        assert look(model(tensor)) == OnnxContent((Tensor("kernel", (3,), str(dtype)),))
        tensor.dims[0] = 13
        assert look(model(tensor)).error is not None


def test_strings_are_counted() -> None:
    tensor = helper.make_tensor("words", TensorProto.STRING, [2], [b"a", b"b"])
    assert look(model(tensor)).error is None
    tensor.string_data.pop()
    assert look(model(tensor)).error == "holds 1 numbers for the tensor 'words', whose shape and type come to 2"


def test_a_tensor_without_elements_has_no_data_and_a_scalar_has() -> None:
    assert look(model(helper.make_tensor("none", TensorProto.FLOAT, [0, 4], []))).error is None
    assert look(model(helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]))).error is None
    assert look(model(TensorProto(name="gone", dims=[2], data_type=TensorProto.FLOAT))).error is not None


@pytest.mark.parametrize("dims", [[-1, 4], [2**62, 2**62], [3, 5]])
def test_a_shape_that_is_not_that_of_the_data_is_refused(dims: list[int]) -> None:
    tensor = TensorProto.FromString(KERNEL.SerializeToString())
    tensor.dims[:] = dims
    assert look(model(tensor)).error is not None


def test_a_type_of_a_later_version_is_no_fault() -> None:
    tensor = TensorProto(name="new", dims=[2], data_type=99, raw_data=b"abc")
    assert look(model(tensor)).tensors == (Tensor("new", (2,), "type 99"),)


def test_tensors_in_attributes_subgraphs_functions_and_sparse_ones_are_found() -> None:
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.zeros((5, 6)), "in_attribute"))
    inner = helper.make_graph([constant], "inner", [], [value("c", 6)], [numpy_helper.from_array(np.zeros(7), "deep")])
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("sparse", TensorProto.FLOAT, [1], [1.0]), helper.make_tensor("", 7, [1], [3]), [8, 9]
    )
    proto = onnx.load_from_string(model(nodes=[branch]))
    proto.graph.sparse_initializer.append(sparse)
    proto.functions.append(helper.make_function("org.example", "f", [], ["c"], [constant], []))
    proto.opset_import.append(helper.make_opsetid("org.example", 1))
    found = look(proto.SerializeToString())
    assert found.error is None
    assert [each.name for each in found.tensors or ()] == [*["in_attribute", "deep"] * 2, "sparse", "in_attribute"]
    assert Tensor("sparse", (8, 9), "float32") in (found.tensors or ())


def external(path: Path, **options: object) -> bytes:
    """Save the seed with its weights in another file, and return the model without them."""
    onnx.save(
        onnx.load_from_string(SEED), path, save_as_external_data=True, location="w.data", size_threshold=0, **options
    )
    return path.read_bytes()


def test_files_of_external_data_are_named_with_the_bytes_that_they_must_have(tmp_path: Path) -> None:
    found = look(external(tmp_path / "w.onnx"))
    assert found.error is None
    assert found.external == ("w.data",)
    assert found.external_bytes == {"w.data": (tmp_path / "w.data").stat().st_size}
    assert found.tensors == look(SEED).tensors


def changed_entry(content: bytes, key: str, value: str | None) -> bytes:
    """Return a model with another value, or none, for a key of the external data of its first tensor."""
    proto = onnx.load_from_string(content)
    tensor = proto.graph.initializer[0]
    kept = [each for each in tensor.external_data if each.key != key]
    del tensor.external_data[:]
    tensor.external_data.extend(kept)
    if value is not None:
        tensor.external_data.add(key=key, value=value)
    found: bytes = proto.SerializeToString()
    return found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("location", None),
        ("location", ""),
        ("length", "47"),
        ("length", "49"),
        ("length", "x"),
        ("offset", "-1"),
        ("offset", "٣"),
    ],
)
def test_external_data_that_cannot_be_meant_is_refused(tmp_path: Path, key: str, value: str | None) -> None:
    assert look(changed_entry(external(tmp_path / "w.onnx"), key, value)).error is not None


def test_external_data_without_a_length_reach_as_far_as_the_shape(tmp_path: Path) -> None:
    content = changed_entry(external(tmp_path / "w.onnx"), "length", None)
    moved = changed_entry(content, "offset", "1000")
    assert look(moved).external_bytes == {"w.data": 1048}


def test_paths_of_a_damaged_model_are_told_too(tmp_path: Path) -> None:
    content = changed_entry(external(tmp_path / "w.onnx"), "location", "../../secret")
    assert "../../secret" in look(content[:-3]).external


def without(content: bytes, field: str) -> bytes:
    """Return a model without one of its fields."""
    proto = onnx.load_from_string(content)
    proto.ClearField(field)
    found: bytes = proto.SerializeToString()
    return found


@pytest.mark.parametrize("field", ["ir_version", "graph", "opset_import"])
def test_what_every_model_has_must_be_there(field: str) -> None:
    assert look(without(SEED, field)).error is not None


def test_a_model_without_nodes_imports_an_operator_set_all_the_same() -> None:
    assert look(model(KERNEL, nodes=[])).error is None
    assert look(without(model(KERNEL, nodes=[]), "opset_import")).error is not None


def test_the_domains_in_a_function_are_imported_by_it() -> None:
    proto = onnx.load_from_string(model(nodes=[helper.make_node("f", ["x"], ["y"], domain="org.example")]))
    proto.opset_import.append(helper.make_opsetid("org.example", 1))
    inner = helper.make_node("Scale", ["a"], ["b"], domain="org.other")
    imports = [helper.make_opsetid("org.other", 1)]
    proto.functions.append(helper.make_function("org.example", "f", ["a"], ["b"], [inner], imports))
    assert look(proto.SerializeToString()).error is None


def test_a_graph_without_an_output_is_refused() -> None:
    proto = onnx.load_from_string(SEED)
    del proto.graph.output[:]
    assert look(proto.SerializeToString()).error == "has a graph without an output"


def test_a_part_of_a_tensor_is_refused() -> None:
    tensor = TensorProto.FromString(KERNEL.SerializeToString())
    tensor.segment.begin, tensor.segment.end = 0, 12
    assert look(model(tensor)).error is not None


@pytest.mark.parametrize("content", [b"", b"\n", b"PK\3\4", b"{}", bytes(9), b"\x80" * 99, bytes(range(256))])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    assert look(content).error is not None


def test_more_tensors_than_one_check_keeps_are_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runcheck.probes.onnx.MAX_TENSORS", 2)
    assert look(SEED).error is None
    found = look(model(KERNEL, BIAS, BIAS))
    assert (found.error, found.tensors) == (None, None)
    assert found.unverified == "ONNX models with more than 2 tensors"


def test_more_fields_than_one_check_walks_are_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runcheck.probes.onnx.Wire", functools.partial(Wire, max_fields=20))
    found = look(SEED)
    assert (found.error, found.unverified) == (None, f"ONNX models with more than {MAX_FIELDS:,} fields")


def test_weights_are_not_read() -> None:
    content = model(numpy_helper.from_array(np.zeros(1 << 22, np.float32), "large"), BIAS)

    class Counting(io.BytesIO):
        count = 0

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            self.count += len(found)
            return found

    stream = Counting(content)
    assert look_into_onnx(stream, True).error is None
    assert stream.count < 1 << 18
