"""A dataset version: ``new_dataset`` and what it returns."""

import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import Metadata, Status
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.versions import next_number_version, scheme_of
from runcheck.errors import CannotWriteError, InvalidArgumentError, RuncheckError, warn
from runcheck.writer.arguments import checked_mapping, checked_name, checked_root, checked_tags
from runcheck.writer.atomic import whole
from runcheck.writer.config import plain_object
from runcheck.writer.datasets.columns import Arrays
from runcheck.writer.datasets.hdf5 import write_hdf5
from runcheck.writer.datasets.parquet import Rows, write_parquet
from runcheck.writer.datasets.zarr import write_zarr
from runcheck.writer.exceptions import checked_exception, state_exception
from runcheck.writer.job.silent import unit_folder
from runcheck.writer.places import portable_path
from runcheck.writer.provenance.code import script_description
from runcheck.writer.provenance.data import provenance_of, with_digests
from runcheck.writer.readme import readme_of_dataset
from runcheck.writer.unit import UnitFolder


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
    folder = unit_folder(checked_root(root), layout().kinds["dataset"], slug)
    given = (
        folder.redacted(with_digests(provenance, "provenance"), "metadata#/data_provenance")
        if isinstance(provenance, Mapping)
        else provenance
    )
    origin = provenance_of(given, root, "provenance")
    if origin["kind"] == "synthetic" and generator is None:
        raise InvalidArgumentError("a synthetic dataset names its generator; give generator=__file__")
    if generator is not None and not _is_file(generator):
        raise InvalidArgumentError(f"generator is {str(generator)!r}, which is no file; give generator=__file__")
    params = checked_mapping({} if params is None else params, "params", '{"rows": 1000}')
    tags = checked_mapping({} if tags is None else tags, "tags", '{"experiment": "digits"}')
    about = script_description() if description is None else description
    text = folder.text(about, "description", "metadata#/description")
    metadata = folder.metadata(text, origin, checked_tags({**tags, "dataset": slug}, "dataset"))
    metadata["splits"] = {}
    metadata["generator"] = None
    if generator is not None:
        clean = folder.redacted(plain_object(params, "params"), "metadata#/generator/params")
        metadata["generator"] = {"script": layout().path("generator"), "params": clean}
    dataset = _class_of_dataset(folder)(folder, metadata, folder.text(risks, "risks", "readme"))
    wanted = _checked_version(version, folder)
    if not folder.create_first([wanted]):
        path = f"{folder.slug_path}/{wanted}"
        raise CannotWriteError(f"{path}: is there already; a version never changes, publish the next one")
    metadata["version"] = folder.version
    with folder.whole_or_gone():
        if generator is not None:
            folder.copy_script(generator, layout().path("generator"))
        folder.write_json(layout().path("metadata"), metadata)
    folder.register(metadata)
    return dataset


def _class_of_dataset(folder: UnitFolder) -> "type[Dataset]":
    if folder.processes.is_writer:
        return Dataset
    from runcheck.writer.job.silent_dataset import SilentDataset  # noqa: PLC0415 - where there are several processes

    return SilentDataset


def _is_file(path: object) -> bool:
    return isinstance(path, str | os.PathLike) and os.path.isfile(path)


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

    def write_parquet(self, split: str, data: Rows | Iterable[Rows]) -> str:
        """Write a split as ``<split>.parquet`` with page checksums, and return the path.

        Args:
            split: The name of the split.
            data: An Arrow table or record batch, a pandas frame, whatever else Arrow can stream, or columns by name:
                sequences, or arrays whose first axis is the rows, and of which a row becomes a list of fixed size.
                An index of pandas is a column if it has a name; what NumPy masks in a column of numbers is null.
                Or an iterable of such batches, of which one row group is held in memory at a time.

        Raises:
            InvalidArgumentError: the split's name is none, it is written already, batches have different columns, or
                Arrow has nothing for one. Nothing of the split is there then.
            MissingLibraryError: pyarrow is not installed.
        """
        return self._write(split, ".parquet", lambda path: write_parquet(path, data))

    def write_hdf5(self, split: str, arrays: Arrays) -> str:
        """Write a split as ``<split>.h5``, a dataset an array, with checksums, and return the path.

        Args:
            split: The name of the split.
            arrays: Arrays by name, in groups where they nest, all with rows along the first axis: of NumPy, in memory
                or mapped, of JAX, HDF5 or Zarr, or lists. Or an iterable of such batches of rows, which all have the
                same names, dtypes and shapes of rows. What is larger than memory is written by and by.

        Raises:
            InvalidArgumentError: the split's name is none, it is written already, the arrays have different numbers of
                rows, or a name or dtype is none of the format's: numbers, booleans and texts are held, ``bfloat16`` is
                not. Nothing of the split is there then.
            MissingLibraryError: h5py is not installed.
        """
        return self._write(split, ".h5", lambda path: write_hdf5(path, arrays))

    def write_zarr(self, split: str, arrays: Arrays) -> str:
        """Write a split as ``<split>.zarr``, a Zarr 3 group of arrays with checksums, and return the path.

        Takes what :meth:`write_hdf5` takes, and raises as it does.

        Raises:
            MissingLibraryError: zarr is not installed.
        """
        return self._write(split, ".zarr", lambda path: write_zarr(path, arrays))

    def _write(self, split: str, suffix: str, write: Callable[[str], int]) -> str:
        """Have a split written whole or not at all, and note its rows."""
        name = self._checked_place(split, suffix)
        path = os.path.join(self.path, name)
        with whole(path) as temporary:
            rows = write(temporary)
        self.metadata["splits"][split] = {"files": [name], "rows": rows}
        return path

    def _checked_place(self, split: str, suffix: str) -> str:
        """Return the name of the file of a split that is to be written."""
        if self._status != "running":
            raise RuncheckError(f"{self.path}: the dataset is {self._status}; publish another version")
        name = portable_path(self._folder.path, f"{checked_name('split', 'split', split)}{suffix}")
        if split in self.metadata["splits"] or os.path.lexists(os.path.join(self.path, name)):
            raise InvalidArgumentError(f"the split {split!r} is written already")
        return name

    def except_from(self, clause: str, reason: str, *, path: str | None = None, until: str | None = None) -> None:
        """State that the dataset breaks a clause on purpose: a check counts that, and does not fail.

        Args:
            clause: Its code, such as ``RC415``. From damage and harm no unit can be excepted.
            reason: Why, in a sentence.
            path: The file or folder of the dataset that it is about; by default all of it.
            until: The last day that it holds, ``YYYY-MM-DD``; by default it holds for good.

        Raises:
            InvalidArgumentError: it is no clause, or none that a unit can be excepted from; or no reason, path or day.
            RuncheckError: the dataset is finished.
        """
        if self._status != "running":
            raise RuncheckError(f"{self.path}: the dataset is {self._status} already")
        state_exception(self._folder, self.metadata, checked_exception(clause, reason, path, until))

    def finish(self) -> None:
        """Seal the dataset: README, metadata with the fingerprint, checksums, ``latest``, registry.

        Raises:
            RuncheckError: it is finished already, or has no split.
        """
        if self._status == "running" and not self.metadata["splits"]:
            self._end("failed", "no split was written")
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
            warn(f"the dataset could not be finished: {fault}")
