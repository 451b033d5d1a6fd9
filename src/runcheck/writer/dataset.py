"""A dataset version: ``new_dataset`` and what it returns."""

import os
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import Metadata, Status
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.versions import next_number_version, scheme_of
from runcheck.errors import CannotWriteError, InvalidArgumentError, MissingLibraryError, RuncheckError
from runcheck.writer.arguments import checked_name, checked_tags
from runcheck.writer.config import plain_object
from runcheck.writer.data import provenance_of, with_digests
from runcheck.writer.provenance import script_description
from runcheck.writer.readme import readme_of_dataset
from runcheck.writer.silent import unit_folder
from runcheck.writer.unit import UnitFolder

if TYPE_CHECKING:
    import pyarrow as pa

_MATRIX = 2  # axes of an array whose rows are vectors


def new_dataset(
    root: str | os.PathLike[str],
    slug: str,
    *,
    provenance: Mapping[str, object] | str | os.PathLike[str],
    version: str | None = None,
    generator: str | os.PathLike[str] | None = None,
    params: Mapping[str, object] | None = None,
    description: str | None = None,
    risks: str = "",
    tags: Mapping[str, str] | None = None,
) -> "Dataset":
    """Start a new version of a dataset in the tree at ``root`` and return it; use it in a ``with``.

    Under ``jax.distributed`` all processes call this and what follows, or process 0 alone, which writes.

    Args:
        root: The tree, usually ``artefacts``; made where it is not there.
        slug: The name of the dataset, one token.
        provenance: ``{"kind": "synthetic", "seed": 7}``, ``{"kind": "external", "hashes": {...}}`` with hashes as
            :func:`runcheck.start_run` takes them, or the path of the dataset it was made from.
        version: ``v<N>`` or a Semantic Version; by default the next ``v<N>``.
        generator: The script that makes the files, usually ``__file__``; it is copied into the unit.
        params: The parameters of the generation.
        description: What the data are, in a sentence or two; by default the first paragraph of the script's docstring.
        risks: What a reader should beware of, for the README.
        tags: ``experiment``, if it belongs to one. ``dataset`` is the slug.

    Raises:
        InvalidArgumentError: an argument does not fit the convention; nothing was written.
        CannotWriteError: the version is there already, or its folder cannot be made.
    """
    checked_name("dataset-slug", "slug", slug)
    folder = unit_folder(os.fspath(root), layout().kinds["dataset"], slug)
    given = (
        folder.redacted(with_digests(provenance), "metadata#/data_provenance")
        if isinstance(provenance, Mapping)
        else provenance
    )
    origin = provenance_of(given, root)
    if origin["kind"] == "synthetic" and generator is None:
        raise InvalidArgumentError("a synthetic dataset names its generator; give generator=__file__")
    if generator is not None and not os.path.isfile(generator):
        raise InvalidArgumentError(f"generator is {os.fspath(generator)!r}, which is no file")
    about = script_description() if description is None else description
    text = folder.text(about, "description", "metadata#/description")
    metadata = folder.metadata(text, origin, checked_tags({**(tags or {}), "dataset": slug}, "dataset"))
    metadata["splits"] = {}
    metadata["generator"] = None
    if generator is not None:
        clean = folder.redacted(plain_object(params or {}, "params"), "metadata#/generator/params")
        metadata["generator"] = {"script": layout().path("generator"), "params": clean}
    dataset = _class_of_dataset(folder)(folder, metadata, folder.text(risks, "risks", "readme"))
    wanted = _checked_version(version, folder)
    if not folder.create_first([wanted]):
        path = f"{folder.slug_path}/{wanted}"
        raise CannotWriteError(f"{path}: is there already; a version never changes, publish the next one")
    metadata["version"] = folder.version
    if generator is not None:
        folder.copy_script(generator, layout().path("generator"))
    folder.write_json(layout().path("metadata"), metadata)
    return dataset


def _class_of_dataset(folder: UnitFolder) -> "type[Dataset]":
    if folder.processes.is_writer:
        return Dataset
    from runcheck.writer.silent_dataset import SilentDataset  # noqa: PLC0415 - where there are several processes

    return SilentDataset


def _checked_version(version: str | None, folder: UnitFolder) -> str:
    if version is None:
        return next_number_version(os.listdir(folder.slug_path) if os.path.isdir(folder.slug_path) else [])
    if scheme_of(version) not in ("number-version", "semantic-version"):
        raise InvalidArgumentError(f"version is {version!r}; a dataset has v<N> or a Semantic Version")
    return version


class Dataset:
    """A dataset version that is being written. :func:`new_dataset` makes one."""

    def __init__(self, folder: UnitFolder, metadata: Metadata, risks: str) -> None:
        """Take what :func:`new_dataset` checked."""
        self._folder = folder
        self._risks = risks
        self._status: Status = "running"
        self.metadata = metadata

    @property
    def path(self) -> str:
        """The folder of the dataset version."""
        return self._folder.path

    def write_parquet(self, split: str, data: "pa.Table | Mapping[str, object]") -> str:
        """Write a split as ``<split>.parquet`` with page checksums, and return the path.

        Args:
            split: The name of the split.
            data: An Arrow table, a pandas frame, or columns by name: sequences or NumPy arrays whose first axis is
                the rows; a column of a two-dimensional array becomes a fixed-size list.

        Raises:
            InvalidArgumentError: the split's name is none, or it is written already.
            MissingLibraryError: pyarrow is not installed.
        """
        if self._status != "running":
            raise RuncheckError(f"{self.path}: the dataset is {self._status}; publish another version")
        if checked_name("split", "split", split) in self.metadata["splits"]:
            raise InvalidArgumentError(f"the split {split!r} is written already")
        try:
            import pyarrow.parquet as pq  # noqa: PLC0415
        except ImportError as error:
            raise MissingLibraryError("pyarrow", "parquet", "write Parquet") from error
        table, name = _table(data), f"{split}.parquet"
        path = os.path.join(self.path, name)
        pq.write_table(table, path, compression="zstd", write_page_checksum=True)
        self.metadata["splits"][split] = {"files": [name], "rows": table.num_rows}
        return path

    def finish(self) -> None:
        """Seal the dataset: README, metadata with the fingerprint, checksums, ``latest``, registry.

        Raises:
            RuncheckError: it is finished already, or has no split.
        """
        if not self.metadata["splits"]:
            raise RuncheckError(f"{self.path}: the dataset has no split; write one before it is finished")
        self._end("completed")

    def _end(self, status: Status, error: str | None = None) -> None:
        if self._status != "running":
            raise RuncheckError(f"{self.path}: the dataset is {self._status} already")
        self._status = status
        if error:
            self.metadata["error"] = self._folder.error(error)
        self._folder.write_readme(readme_of_dataset(self.metadata, self._risks))
        self._folder.finish(self.metadata, status, now(), fingerprint)

    def __enter__(self) -> Self:
        """Return the dataset."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the dataset, or say in its metadata that it failed. The error that ended it goes on."""
        if error is None:
            if self._status == "running":
                self.finish()
            return
        try:
            self._end(
                "aborted" if isinstance(error, KeyboardInterrupt) else "failed", f"{type(error).__name__}: {error}"
            )
        except (RuncheckError, OSError) as fault:
            warnings.warn(f"runcheck: the dataset could not be finished: {fault}", RuntimeWarning, stacklevel=2)


def _table(data: "pa.Table | Mapping[str, object]") -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    if isinstance(data, pa.Table):
        return data
    if isinstance(data, Mapping):
        return pa.table({name: _column(column) for name, column in data.items()})
    return pa.Table.from_pandas(data, preserve_index=False)


def _column(column: object) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415

    shape: tuple[int, ...] = getattr(column, "shape", ())
    if len(shape) == _MATRIX and hasattr(column, "ravel"):
        return pa.FixedSizeListArray.from_arrays(pa.array(column.ravel()), shape[-1])
    return pa.array(column)
