"""ONNX models: whole or not, their tensors, and the files that they refer to.

By hand, on :mod:`runcheck.probes.protobuf`: ``onnx.load`` holds the whole model in memory and follows the paths of
external data, and the library is 60 MB. Source: onnx.proto of ONNX 1.23 (IR version 14) and docs/IR.md.

A message of protobuf does not know its length. Where a file is cut exactly behind a field at its top, and what is lost
may be absent in a model (its metadata, functions, operator sets of no node in the graph), only the checksum tells.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from runcheck.probes.contents import OnnxContent, Tensor
from runcheck.probes.notes import NOTE_BYTES, Notes
from runcheck.probes.protobuf import BeyondBoundError, DamagedError, Field, FieldType, Walker, Wire, messages

MAX_TENSORS = 100_000
MAX_RANK = 64
_TEXT = 4096  # bytes of a name or a path that are read
_SHOWN = 100  # characters of them, in words about them

# The messages that a model consists of. What a later version adds is walked over.
MESSAGES = messages("""
ModelProto: 1 ir_version varint, 2 producer_name bytes, 3 producer_version bytes, 4 domain bytes
ModelProto: 5 model_version varint, 6 doc_string bytes, 7 graph GraphProto, 8 opset_import OperatorSetIdProto
ModelProto: 14 metadata_props StringStringEntryProto, 20 training_info TrainingInfoProto, 25 functions FunctionProto
ModelProto: 26 configuration DeviceConfigurationProto
DeviceConfigurationProto: 1 name bytes, 2 num_devices varint, 3 device bytes
OperatorSetIdProto: 1 domain bytes, 2 version varint
StringStringEntryProto: 1 key bytes, 2 value bytes
TrainingInfoProto: 1 initialization GraphProto, 2 algorithm GraphProto
TrainingInfoProto: 3 initialization_binding StringStringEntryProto, 4 update_binding StringStringEntryProto
FunctionProto: 1 name bytes, 4 input bytes, 5 output bytes, 6 attribute bytes, 7 node NodeProto, 8 doc_string bytes
FunctionProto: 9 opset_import OperatorSetIdProto, 10 domain bytes, 11 attribute_proto AttributeProto
FunctionProto: 12 value_info ValueInfoProto, 13 overload bytes, 14 metadata_props StringStringEntryProto
GraphProto: 1 node NodeProto, 2 name bytes, 5 initializer TensorProto, 10 doc_string bytes, 11 input ValueInfoProto
GraphProto: 12 output ValueInfoProto, 13 value_info ValueInfoProto, 14 quantization_annotation TensorAnnotation
GraphProto: 15 sparse_initializer SparseTensorProto, 16 metadata_props StringStringEntryProto
NodeProto: 1 input bytes, 2 output bytes, 3 name bytes, 4 op_type bytes, 5 attribute AttributeProto
NodeProto: 6 doc_string bytes, 7 domain bytes, 8 overload bytes, 9 metadata_props StringStringEntryProto
NodeProto: 10 device_configurations NodeDeviceConfigurationProto
NodeDeviceConfigurationProto: 1 configuration_id bytes, 2 sharding_spec ShardingSpecProto, 3 pipeline_stage varint
ShardingSpecProto: 1 tensor_name bytes, 2 device varints, 3 index_to_device_group_map IntIntListEntryProto
ShardingSpecProto: 4 sharded_dim ShardedDimProto
IntIntListEntryProto: 1 key varint, 2 value varints
ShardedDimProto: 1 axis varint, 2 simple_sharding SimpleShardedDimProto
SimpleShardedDimProto: 1 dim_value varint, 2 dim_param bytes, 3 num_shards varint
AttributeProto: 1 name bytes, 2 f fixed32, 3 i varint, 4 s bytes, 5 t TensorProto, 6 g GraphProto, 7 floats fixed32s
AttributeProto: 8 ints varints, 9 strings bytes, 10 tensors TensorProto, 11 graphs GraphProto, 13 doc_string bytes
AttributeProto: 14 tp TypeProto, 15 type_protos TypeProto, 20 type varint, 21 ref_attr_name bytes
AttributeProto: 22 sparse_tensor SparseTensorProto, 23 sparse_tensors SparseTensorProto
TensorProto: 1 dims varints, 2 data_type varint, 3 segment Segment, 4 float_data fixed32s, 5 int32_data varints
TensorProto: 6 string_data bytes, 7 int64_data varints, 8 name bytes, 9 raw_data bytes, 10 double_data fixed64s
TensorProto: 11 uint64_data varints, 12 doc_string bytes, 13 external_data StringStringEntryProto
TensorProto: 14 data_location varint, 16 metadata_props StringStringEntryProto
Segment: 1 begin varint, 2 end varint
SparseTensorProto: 1 values TensorProto, 2 indices TensorProto, 3 dims varints
TensorAnnotation: 1 tensor_name bytes, 2 quant_parameter_tensor_names StringStringEntryProto
ValueInfoProto: 1 name bytes, 2 type TypeProto, 3 doc_string bytes, 4 metadata_props StringStringEntryProto
TypeProto: 1 tensor_type Tensor, 4 sequence_type Sequence, 5 map_type Map, 6 denotation bytes, 7 opaque_type Opaque
TypeProto: 8 sparse_tensor_type SparseTensor, 9 optional_type Optional
Tensor: 1 elem_type varint, 2 shape TensorShapeProto
SparseTensor: 1 elem_type varint, 2 shape TensorShapeProto
Sequence: 1 elem_type TypeProto
Optional: 1 elem_type TypeProto
Map: 1 key_type varint, 2 value_type TypeProto
Opaque: 1 domain bytes, 2 name bytes
TensorShapeProto: 1 dim Dimension
Dimension: 1 dim_value varint, 2 dim_param bytes, 3 denotation bytes
""")


class _DataType(NamedTuple):
    """A type of TensorProto: NumPy's name, bits, and in which field and how many numbers an element is, if not raw."""

    name: str
    bits: int
    field: str
    numbers: int = 1


# By the number of TensorProto.DataType.
_TYPES: Mapping[int, _DataType] = {
    1: _DataType("float32", 32, "float_data"),
    2: _DataType("uint8", 8, "int32_data"),
    3: _DataType("int8", 8, "int32_data"),
    4: _DataType("uint16", 16, "int32_data"),
    5: _DataType("int16", 16, "int32_data"),
    6: _DataType("int32", 32, "int32_data"),
    7: _DataType("int64", 64, "int64_data"),
    8: _DataType("str", 0, "string_data"),
    9: _DataType("bool", 8, "int32_data"),
    10: _DataType("float16", 16, "int32_data"),
    11: _DataType("float64", 64, "double_data"),
    12: _DataType("uint32", 32, "uint64_data"),
    13: _DataType("uint64", 64, "uint64_data"),
    14: _DataType("complex64", 64, "float_data", 2),
    15: _DataType("complex128", 128, "double_data", 2),
    16: _DataType("bfloat16", 16, "int32_data"),
    17: _DataType("float8_e4m3fn", 8, "int32_data"),
    18: _DataType("float8_e4m3fnuz", 8, "int32_data"),
    19: _DataType("float8_e5m2", 8, "int32_data"),
    20: _DataType("float8_e5m2fnuz", 8, "int32_data"),
    21: _DataType("uint4", 4, "int32_data"),
    22: _DataType("int4", 4, "int32_data"),
    23: _DataType("float4_e2m1fn", 4, "int32_data"),
    24: _DataType("float8_e8m0fnu", 8, "int32_data"),
    25: _DataType("uint2", 2, "int32_data"),
    26: _DataType("int2", 2, "int32_data"),
    27: _DataType("float6_e2m3fn", 6, "int32_data"),
    28: _DataType("float6_e3m2fn", 6, "int32_data"),
}
_TYPED_FIELDS = {each.field for each in _TYPES.values()}
_EXTERNAL = 1  # of TensorProto.DataLocation
_IR_WITH_OPSETS = 3
_BYTE = 8


def look_into_onnx(stream: BinaryIO, _deep: bool) -> OnnxContent:  # noqa: FBT001 - as every seeking probe
    """Return what the model in ``stream`` holds, without reading its weights."""
    model = _Model(stream)
    try:
        model.read()
    except DamagedError as error:
        return OnnxContent(external=tuple(model.external), error=str(error), words=model.notes.content())
    except BeyondBoundError as error:
        reason = f"ONNX models with {error}"
        return OnnxContent(external=tuple(model.external), unverified=reason, words=model.notes.content())
    return OnnxContent(tuple(model.tensors), tuple(model.external), model.external, words=model.notes.content())


@dataclass(slots=True)
class _TensorRead:
    """What was read of a TensorProto."""

    name: str = ""
    dims: list[int] = field(default_factory=list)
    type: int = 0
    raw_bytes: int | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    is_external: bool = False
    external: dict[str, str] = field(default_factory=dict)


class _Model:
    def __init__(self, stream: BinaryIO) -> None:
        self._size = stream.seek(0, os.SEEK_END)
        self._walker = Walker(Wire(stream, self._size), MESSAGES)
        self._domains: set[str] = set()
        self._imported: set[str] = set()
        self._has_graph = False
        self.tensors: list[Tensor] = []
        self.external: dict[str, int] = {}
        self.notes = Notes()

    def read(self) -> None:
        version = 0
        for name, type_, each in self._walker.fields("ModelProto", 0, self._size):
            if name == "ir_version":
                version = each.value
            elif name == "graph":
                self._has_graph = True
                self._main_graph(each)
            elif name == "opset_import":
                self._imported.add(self._look_into(type_, each))
            else:
                self._note(name, each)
                self._look(type_, each)
        if not version:
            raise DamagedError("has no ir_version, which every ONNX model has")
        if not self._has_graph:
            raise DamagedError("has no graph")
        if version >= _IR_WITH_OPSETS and not self._imported:
            raise DamagedError("imports no operator set; it may be cut short behind its graph")
        missing = sorted(self._domains - self._imported)
        if version >= _IR_WITH_OPSETS and missing:
            raise DamagedError(f"has nodes of the domain {missing[0][:_SHOWN]!r} and imports no operator set of it")

    def _main_graph(self, graph: Field) -> None:
        outputs = 0
        for name, type_, each in self._walker.fields("GraphProto", graph.start, graph.end):
            outputs += name == "output"
            self._look(type_, each)
        if not outputs:
            raise DamagedError("has a graph without an output")

    def _look(self, type_: FieldType, each: Field) -> None:
        """Walk over a field; keep the tensors in it, and the domains of its nodes."""
        if type_ == "TensorProto":
            self._keep(self._tensor(each))
        elif type_ == "SparseTensorProto":
            self._sparse(each)
        elif type_ == "StringStringEntryProto":
            self.notes.add(*self._entry(each, 0 if self.notes.is_full else NOTE_BYTES))
        elif type_ in MESSAGES:
            domain = self._look_into(type_, each)
            if type_ == "NodeProto":
                self._domains.add(domain)
        else:
            self._walker.check(type_, each)

    def _note(self, name: str, described: Field) -> None:
        if name == "doc_string" and not self.notes.is_full:
            self.notes.add(name, self._walker.text(described, NOTE_BYTES))

    def _look_into(self, type_: FieldType, message: Field) -> str:
        """Walk over a message, and return the domain that it names."""
        domain, outside = "", self._domains
        if type_ == "FunctionProto":  # it imports operator sets of its own
            self._domains = set()
        for name, inner_type, inner in self._walker.fields(type_, message.start, message.end):
            if name == "domain":
                domain = self._walker.text(inner, _TEXT)
            self._note(name, inner)
            self._look(inner_type, inner)
        self._domains = outside
        return "" if domain == "ai.onnx" else domain

    def _sparse(self, sparse: Field) -> None:
        """Keep a sparse tensor as the dense one that it stands for, under the name of its values."""
        dims: list[int] = []
        values: _TensorRead | None = None
        for name, _, each in self._walker.fields("SparseTensorProto", sparse.start, sparse.end):
            if name == "dims":
                dims += self._walker.numbers(each, MAX_RANK)
            else:
                read = self._tensor(each)
                values = read if name == "values" else values
        if values is None:
            raise DamagedError(f"has a sparse tensor without values at byte {sparse.start}")
        values.dims = dims
        self._keep(values)

    def _keep(self, read: _TensorRead) -> None:
        if len(self.tensors) == MAX_TENSORS:
            raise BeyondBoundError(f"more than {MAX_TENSORS:,} tensors")
        type_ = _TYPES.get(read.type)
        self.tensors.append(Tensor(read.name, tuple(read.dims), type_.name if type_ else f"type {read.type}"))

    def _tensor(self, tensor: Field) -> _TensorRead:
        read = _TensorRead()
        for name, type_, each in self._walker.fields("TensorProto", tensor.start, tensor.end):
            if name in _TYPED_FIELDS:
                read.numbers[name] = read.numbers.get(name, 0) + self._walker.count(type_, each)
            else:
                self._describe(read, name, type_, each)
            if len(read.dims) > MAX_RANK or len(read.external) > MAX_RANK:
                raise DamagedError(f"has more than {MAX_RANK} dimensions or external fields in {read.name[:_SHOWN]!r}")
        self._judge_size(read)
        return read

    def _describe(self, read: _TensorRead, name: str, type_: FieldType, each: Field) -> None:
        """Take a field of a tensor that is not its numbers."""
        match name:
            case "dims":
                read.dims += self._walker.numbers(each, MAX_RANK)
            case "data_type":
                read.type = each.value
            case "name":
                read.name = self._walker.text(each, _TEXT)
            case "raw_data":
                read.raw_bytes = each.end - each.start
            case "data_location":
                read.is_external = each.value == _EXTERNAL
            case "external_data":
                key, value = self._entry(each, _TEXT)
                read.external[key] = value
            case "segment":
                raise DamagedError(f"has a part of a tensor at byte {each.start}, which no reader of ONNX takes")
            case _:
                self._walker.check(type_, each)

    def _entry(self, entry: Field, limit: int) -> tuple[str, str]:
        """Walk over a pair of strings, and return so many bytes of each."""
        found = {"key": "", "value": ""}
        for name, _, each in self._walker.fields("StringStringEntryProto", entry.start, entry.end):
            found[name] = self._walker.text(each, limit)
        return found["key"], found["value"]

    def _judge_size(self, read: _TensorRead) -> None:
        """Hold the data of a tensor against its dimensions."""
        label = f"the tensor {read.name[:_SHOWN]!r}"
        if not read.type:
            raise DamagedError(f"has no data type for {label}")
        if any(dim >= 1 << 63 for dim in read.dims):
            raise DamagedError(f"has a negative dimension in {label}")
        type_, elements = _TYPES.get(read.type), math.prod(read.dims)
        if read.is_external:
            self._refer(read, -(-elements * type_.bits // _BYTE) if type_ else None)
            return
        if type_ is None:  # of a later version
            return
        if read.raw_bytes is not None and type_.bits:
            wanted = -(-elements * type_.bits // _BYTE)
            if read.raw_bytes != wanted:
                raise DamagedError(
                    f"holds {read.raw_bytes:,} bytes for {label}, whose shape and type come to {wanted:,}"
                )
            return
        per_number = _BYTE // type_.bits if 0 < type_.bits < _BYTE else 1
        wanted, held = -(-elements // per_number) * type_.numbers, read.numbers.get(type_.field, 0)
        if held != wanted:
            raise DamagedError(f"holds {held:,} numbers for {label}, whose shape and type come to {wanted:,}")

    def _refer(self, read: _TensorRead, needed: int | None) -> None:
        location = read.external.get("location", "")
        if not location:
            raise DamagedError(f"keeps the tensor {read.name[:_SHOWN]!r} in another file and does not name it")
        numbers = {}
        for key in ("offset", "length"):
            value = read.external.get(key, "0")
            if not (value.isascii() and value.isdecimal()):
                raise DamagedError(f"has the {key} {value[:40]!r} for the external data of {read.name[:_SHOWN]!r}")
            numbers[key] = int(value[:20])
        self.external.setdefault(location, 0)
        if needed is not None and "length" in read.external and numbers["length"] != needed:
            raise DamagedError(
                f"says that {numbers['length']:,} bytes in {location[:_SHOWN]} are the tensor "
                f"{read.name[:_SHOWN]!r}, whose shape and type come to {needed:,}"
            )
        end = numbers["offset"] + (numbers["length"] if needed is None else needed)
        self.external[location] = max(self.external[location], end)
