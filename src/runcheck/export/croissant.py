"""A dataset version in Croissant: its files with their digests, and the columns of its Parquet files.

Format: Croissant 1.0 (http://mlcommons.org/croissant/1.0), JSON-LD over schema.org.
"""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import layout
from runcheck.convention.versions import scheme_of
from runcheck.errors import CannotReadError, MissingLibraryError
from runcheck.export.ro_crate import licence_url, mime_of
from runcheck.export.sealed import Document, copied
from runcheck.probes import format_of
from runcheck.publish.sealed import SealedUnit
from runcheck.writer.atomic import json_text

if TYPE_CHECKING:
    import pyarrow as pa

Entity: TypeAlias = dict[str, object]

_OF_CROISSANT = (
    "citeAs",
    "column",
    "extract",
    "field",
    "fileProperty",
    "fileObject",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "separator",
    "source",
    "subField",
    "transform",
)
_CONTEXT: Mapping[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "equivalentProperty": "cr:equivalentProperty",
    "samplingRate": "cr:samplingRate",
    **{name: f"cr:{name}" for name in _OF_CROISSANT},
}


def croissant(unit: SealedUnit, metadata: Metadata, target: str, licence: str | None) -> str:
    """Return the document about a sealed dataset that is to lie at ``target``, from where its files are named.

    Raises:
        CannotReadError: a file is not here, is not the one that the list has, or is no Parquet by its content.
        MissingLibraryError: pyarrow is not installed.
    """
    role = layout().role_of
    kinds = (path for path in unit.sums if (found := role(path, "dataset")) is not None and found.name == "data")
    documents = [copied(unit, path, None) for path in sorted(kinds)]
    folder = os.path.dirname(os.path.abspath(target))
    here = os.path.relpath(unit.name, folder).replace(os.sep, "/")
    document: Entity = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": metadata["slug"],
        "description": metadata["description"] or metadata["name"],
        "version": _version(metadata["version"]),
        "datePublished": metadata["finished_at"] or metadata["created_at"],
        "dateCreated": metadata["created_at"],
        "keywords": [f"{name}: {value}" for name, value in metadata["tags"].items()],
        "distribution": [_file(each, here) for each in documents],
        "recordSet": list(_record_sets(unit, metadata)),
    }
    if licence is not None:
        document["license"] = licence_url(licence) or licence
    git = metadata["git"]
    if git is not None and git["remote"]:
        document["url"] = git["remote"]
    return json_text(document)


def _version(version: str) -> str:
    """Return a version as MAJOR.MINOR.PATCH, which Croissant asks for: the third one is 3.0.0."""
    return f"{version[1:]}.0.0" if scheme_of(version) == "number-version" else version


def _file(document: Document, folder: str) -> Entity:
    return {
        "@type": "cr:FileObject",
        "@id": document.path,
        "name": document.path,
        "contentUrl": f"{folder}/{document.path}",  # as it is: mlcroissant takes %20 for a part of the name
        "contentSize": f"{document.size} B",
        "encodingFormat": mime_of(document.path),
        "sha256": document.sha256,
    }


def _record_sets(unit: SealedUnit, metadata: Metadata) -> Iterator[Entity]:
    """Yield a record set for each Parquet file: named as its split, and numbered where that has several."""
    for split, of_split in metadata["splits"].items():
        paths = [path for path in of_split["files"] if format_of(path, b"") == "parquet"]
        for number, path in enumerate(paths, 1):
            name = split if len(paths) == 1 else f"{split}-{number}"
            fields = [_field(name, path, column, type_) for column, type_ in _columns(unit, path)]
            yield {
                "@type": "cr:RecordSet",
                "@id": name,
                "name": name,
                "description": f"The rows of {path}, of the split {split}.",
                "field": [field for field in fields if field is not None],
            }


def _field(record_set: str, path: str, column: str, type_: "pa.DataType") -> Entity | None:
    """Return the field of a column, None of one whose type Croissant has no name for."""
    import pyarrow as pa  # noqa: PLC0415

    is_list = pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)
    name = _type(type_.value_type if is_list else type_)
    if name is None:
        return None
    source = {"fileObject": {"@id": path}, "extract": {"column": column}}
    about: Entity = {"@type": "cr:Field", "@id": f"{record_set}/{column}", "name": column, "dataType": name}
    return {**about, "source": source, **({"repeated": True} if is_list else {})}


def _type(type_: "pa.DataType") -> str | None:
    from pyarrow import types  # noqa: PLC0415

    kinds = {
        "sc:Boolean": (types.is_boolean,),
        "sc:Integer": (types.is_integer,),
        "sc:Float": (types.is_floating, types.is_decimal),
        "sc:Text": (types.is_string, types.is_large_string),
        "sc:Date": (types.is_date,),
        "sc:DateTime": (types.is_timestamp,),
    }
    return next((name for name, tests in kinds.items() if any(test(type_) for test in tests)), None)


def _columns(unit: SealedUnit, path: str) -> "Iterator[tuple[str, pa.DataType]]":
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("pyarrow", "parquet", "tell the columns of Parquet") from error
    try:
        with unit.store.open(unit.files[path]) as stream:
            schema = parquet.read_schema(stream)
    except (KeyError, OSError, pa.ArrowException) as error:
        raise CannotReadError(f"{unit.name}/{path}: its columns cannot be read: {error}") from error
    yield from zip(schema.names, schema.types, strict=True)
