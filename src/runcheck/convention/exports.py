"""How the files of each format of exports are named."""

from collections.abc import Mapping

from runcheck.convention.documents import ExportFormat

# By the format that a sidecar names.
EXPORT_SUFFIXES: Mapping[ExportFormat, tuple[str, ...]] = {
    "safetensors": (".safetensors",),
    "numpy": (".npy", ".npz"),
    "onnx": (".onnx",),
    "torch": (".pt", ".pth"),
    "saved_model": (),
}

SAFETENSORS_NOTES = "__metadata__"  # stands among the names of tensors, and is none
