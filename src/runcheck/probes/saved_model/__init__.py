"""TensorFlow's SavedModel, a folder: its program is whole, and its variables and assets are there.

By hand, since TensorFlow is 600 MB. Source: tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and
saved_object_graph.proto, tensorflow/core/framework/graph.proto, as of TensorFlow 2.21.
"""

from typing import BinaryIO

from runcheck.probes.contents import SavedModelContent, Tensor
from runcheck.probes.folder import Folder, PointerError
from runcheck.probes.protobuf import BeyondBoundError, DamagedError, Field, FieldType, Walker, Wire, messages
from runcheck.probes.saved_model.tensor_bundle import DTYPES, BadBundleError, read_bundle, shape_of

PROGRAM = "saved_model.pb"
VARIABLES = "variables/variables"
MAX_TENSORS = 100_000

_OTHER_PROGRAMS = ("saved_model.pbtxt", "saved_model.cpb")  # as text, and in chunks where it is beyond 2 GB
_ASSETS = "assets/"
_TEXT = 4096
_SHOWN = 100
_VARIABLE_OPS = ("VarHandleOp", "VariableV2", "Variable")

# The messages that hold the program and what it needs. What else there is, as debug information, is walked over.
MESSAGES = messages("""
SavedModel: 1 saved_model_schema_version varint, 2 meta_graphs MetaGraphDef
MetaGraphDef: 1 meta_info_def MetaInfoDef, 2 graph_def GraphDef, 3 saver_def SaverDef, 4 collection_def bytes
MetaGraphDef: 5 signature_def SignatureDefEntry, 6 asset_file_def AssetFileDef, 7 object_graph_def SavedObjectGraph
MetaInfoDef: 1 meta_graph_version bytes, 2 stripped_op_list OpList, 3 any_info bytes, 4 tags bytes
MetaInfoDef: 5 tensorflow_version bytes, 6 tensorflow_git_version bytes, 7 stripped_default_attrs varint
MetaInfoDef: 8 function_aliases bytes
OpList: 1 op OpDef
OpDef: 1 name bytes, 2 input_arg bytes, 3 output_arg bytes, 4 attr bytes, 5 summary bytes, 6 description bytes
OpDef: 8 deprecation bytes, 16 is_aggregate varint, 17 is_stateful varint, 18 is_commutative varint
OpDef: 19 allows_uninitialized_input varint, 20 control_output bytes, 21 is_distributed_communication varint
SaverDef: 1 filename_tensor_name bytes, 2 save_tensor_name bytes, 3 restore_op_name bytes, 4 max_to_keep varint
SaverDef: 5 sharded varint, 6 keep_checkpoint_every_n_hours fixed32, 7 version varint
SignatureDefEntry: 1 key bytes, 2 value SignatureDef
SignatureDef: 1 inputs bytes, 2 outputs bytes, 3 method_name bytes, 4 defaults bytes
AssetFileDef: 1 tensor_info bytes, 2 filename bytes
GraphDef: 1 node NodeDef, 2 library FunctionDefLibrary, 3 version varint, 4 versions bytes, 5 debug_info bytes
NodeDef: 1 name bytes, 2 op bytes, 3 input bytes, 4 device bytes, 5 attr AttrEntry
NodeDef: 6 experimental_debug_info bytes, 7 experimental_type bytes
AttrEntry: 1 key bytes, 2 value AttrValue
AttrValue: 1 list ListValue, 2 s bytes, 3 i varint, 4 f fixed32, 5 b varint, 6 type varint, 7 shape TensorShapeProto
AttrValue: 8 tensor TensorProto, 9 placeholder bytes, 10 func NameAttrList
ListValue: 2 s bytes, 3 i varints, 4 f fixed32s, 5 b varints, 6 type varints, 7 shape TensorShapeProto
ListValue: 8 tensor TensorProto, 9 func NameAttrList
NameAttrList: 1 name bytes, 2 attr AttrEntry
TensorShapeProto: 2 dim Dim, 3 unknown_rank varint
Dim: 1 size varint, 2 name bytes
TensorProto: 1 dtype varint, 2 tensor_shape TensorShapeProto, 3 version_number varint, 4 tensor_content bytes
TensorProto: 5 float_val fixed32s, 6 double_val fixed64s, 7 int_val varints, 8 string_val bytes, 9 scomplex_val fixed32s
TensorProto: 10 int64_val varints, 11 bool_val varints, 12 dcomplex_val fixed64s, 13 half_val varints
TensorProto: 14 resource_handle_val bytes, 15 variant_val bytes, 16 uint32_val varints, 17 uint64_val varints
TensorProto: 18 float8_val bytes
FunctionDefLibrary: 1 function FunctionDef, 2 gradient bytes, 3 registered_gradients bytes
FunctionDef: 1 signature OpDef, 3 node_def NodeDef, 4 ret bytes, 5 attr AttrEntry, 6 control_ret bytes
FunctionDef: 7 arg_attr bytes, 8 resource_arg_unique_id bytes
SavedObjectGraph: 1 nodes SavedObject, 2 concrete_functions bytes
SavedObject: 1 children bytes, 3 slot_variables bytes, 4 user_object bytes, 5 asset bytes, 6 function bytes
SavedObject: 7 variable SavedVariable, 8 bare_concrete_function bytes, 9 constant bytes, 10 resource bytes
SavedObject: 11 saveable_objects bytes, 12 captured_tensor bytes, 13 registered_name bytes
SavedObject: 14 serialized_user_proto bytes, 15 dependencies bytes, 16 registered_saver bytes
SavedVariable: 1 dtype varint, 2 shape TensorShapeProto, 3 trainable varint, 4 synchronization varint
SavedVariable: 5 aggregation varint, 6 name bytes, 7 device bytes
SavedVariable: 8 experimental_distributed_variable_components SavedVariable
""")


def look_into_saved_model(folder: Folder, deep: bool) -> SavedModelContent:  # noqa: FBT001 - as every folder probe
    """Return what the SavedModel in ``folder`` holds. A folder without a program is none, whatever else it is."""
    other = next((name for name in _OTHER_PROGRAMS if name in folder.files), None)
    if PROGRAM not in folder.files and other:
        return SavedModelContent(unverified=f"SavedModels with their program in {other}")
    if PROGRAM not in folder.files:
        return SavedModelContent(error=f"has no {PROGRAM}")
    try:
        with folder.open(PROGRAM) as stream:
            program = _Program(stream, folder.files[PROGRAM])
            program.read()
        _judge_assets(folder, program.assets)
        variables = []
        if f"{VARIABLES}.index" in folder.files:
            variables = read_bundle(folder, VARIABLES, deep=deep)
        elif program.has_variables:
            return SavedModelContent(error=f"has a program with variables and no {VARIABLES}.index")
    except PointerError as error:
        return SavedModelContent(unverified=str(error))
    except DamagedError as error:
        return SavedModelContent(error=f"has a {PROGRAM} that {error}")
    except BadBundleError as error:
        return SavedModelContent(error=str(error))
    except BeyondBoundError as error:
        return SavedModelContent(unverified=f"SavedModels with {error}")
    return SavedModelContent((*variables, *program.constants))


def _judge_assets(folder: Folder, assets: list[str]) -> None:
    for name in assets:
        if f"{_ASSETS}{name}" not in folder.files:
            raise BadBundleError(f"lacks the asset {_ASSETS}{name[:_SHOWN]}, which its program reads")


class _Program:
    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._size = size
        self._walker = Walker(Wire(stream, size), MESSAGES)
        self._node = ""
        self.constants: list[Tensor] = []
        self.assets: list[str] = []
        self.has_variables = False

    def read(self) -> None:
        graphs = 0
        for name, type_, each in self._walker.fields("SavedModel", 0, self._size):
            graphs += name == "meta_graphs"
            self._look(type_, each)
        if not graphs:
            raise DamagedError("holds no graph; it may be cut short")

    def _look(self, type_: FieldType, each: Field) -> None:
        """Walk over a field; keep the constants, and note what the program needs beside itself."""
        if type_ == "TensorProto":
            self._constant(each)
        elif type_ in MESSAGES:
            self.has_variables |= type_ == "SavedVariable"
            for name, inner_type, inner in self._walker.fields(type_, each.start, each.end):
                if type_ == "NodeDef" and name == "name":
                    self._node = self._walker.text(inner, _TEXT)
                elif type_ == "NodeDef" and name == "op":
                    self.has_variables |= self._walker.text(inner, _SHOWN) in _VARIABLE_OPS
                elif type_ == "AssetFileDef" and name == "filename":
                    self._asset(self._walker.text(inner, _TEXT))
                self._look(inner_type, inner)
        else:
            self._walker.check(type_, each)

    def _asset(self, name: str) -> None:
        if len(self.assets) == MAX_TENSORS:
            raise BeyondBoundError(f"more than {MAX_TENSORS:,} assets")
        self.assets.append(name)

    def _constant(self, tensor: Field) -> None:
        dtype, shape, size = 0, [0], None
        for name, type_, each in self._walker.fields("TensorProto", tensor.start, tensor.end):
            if name == "dtype":
                dtype = each.value
            elif name == "tensor_shape":
                shape = shape_of(self._walker, each)
            elif name == "tensor_content":
                size = each.end - each.start
            else:
                self._walker.check(type_, each)
        known, element = DTYPES.get(dtype, (str(dtype), 0))
        count = _count(shape)
        if size is not None and element and size != count * element:
            raise DamagedError(
                f"holds {size:,} bytes for the constant {self._node[:_SHOWN]!r}, which has {count * element:,}"
            )
        if count > 1 and element:  # a scalar is no parameter, and a text neither
            if len(self.constants) == MAX_TENSORS:
                raise BeyondBoundError(f"more than {MAX_TENSORS:,} constants")
            self.constants.append(Tensor(self._node, tuple(shape), known))


def _count(shape: list[int]) -> int:
    count = 1
    for each in shape:
        count *= max(each, 0)
    return count
