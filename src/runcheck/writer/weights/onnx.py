"""ONNX models that a converter made, such as jax2onnx or tf2onnx: checked, and without what belongs to this machine."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from runcheck.errors import InvalidArgumentError, MissingLibraryError
from runcheck.writer.provenance.redaction import Redactor

if TYPE_CHECKING:
    import onnx
    from google.protobuf.message import Message

_NOTES = {"doc_string": None, "value": "StringStringEntryProto"}  # where exporters put stack traces


def is_model(what: object) -> bool:
    """Say whether this stands for a model: an ``onnx.ModelProto``, or its bytes or path."""
    return isinstance(what, bytes | bytearray | memoryview | str | os.PathLike) or hasattr(what, "SerializeToString")


def checked_model(redactor: Redactor, what: object, where: str) -> tuple[bytes, str]:
    """Return the bytes of a model, and what made it, with its version.

    They are those that were given, but where a note in it holds a secret or a path of this machine.

    Raises:
        InvalidArgumentError: it is no valid model, or keeps tensors in other files.
        MissingLibraryError: onnx is not installed.
    """
    try:
        import onnx  # noqa: PLC0415
        from google.protobuf.message import DecodeError, EncodeError  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("onnx", None, "check an ONNX model") from error
    try:
        content = _content(what)
        model = onnx.load_model_from_string(content)
        _refuse_external(model)
        onnx.checker.check_model(model)
        if _clean(model, redactor, where):
            content = model.SerializeToString()
    except (DecodeError, EncodeError, ValueError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InvalidArgumentError(f"the model for {where} is no whole ONNX model: {reason}") from error
    return content, f"{model.producer_name} {model.producer_version}".strip()


def _content(what: object) -> bytes:
    if isinstance(what, str | os.PathLike):
        if not os.path.isfile(what):
            raise InvalidArgumentError(f"{os.fspath(what)!r} is no file; give an ONNX model that is there")
        with open(what, "rb") as stream:
            return stream.read()
    if isinstance(what, bytes | bytearray | memoryview):
        return bytes(what)
    return cast("bytes", cast("onnx.ModelProto", what).SerializeToString())


def _refuse_external(model: "onnx.ModelProto") -> None:
    import onnx  # noqa: PLC0415

    for message in _messages(model):
        if isinstance(message, onnx.TensorProto) and message.data_location == onnx.TensorProto.EXTERNAL:
            raise ValueError(f"its tensor {message.name} lies in another file; save the model as one file")


def _clean(model: "onnx.ModelProto", redactor: Redactor, where: str) -> bool:
    """Take secrets and paths of this machine out of the notes in a model; return whether there were any."""
    is_changed = False
    for message in _messages(model):
        for name, of in _NOTES.items():
            if name in message.DESCRIPTOR.fields_by_name and of in (None, message.DESCRIPTOR.name):
                note = getattr(message, name)
                clean = redactor.text(note, where)
                if clean != note:
                    setattr(message, name, clean)
                    is_changed = True
    return is_changed


def _messages(message: "Message") -> Iterator["Message"]:
    from google.protobuf.message import Message  # noqa: PLC0415

    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in (value,) if isinstance(value, Message) else value:
                yield from _messages(each)
