"""A training run, given back."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, cast

from runcheck.convention.documents import SIDECAR_SUFFIX, ExportSidecar, Summary
from runcheck.convention.layout import layout
from runcheck.errors import MissingLibraryError
from runcheck.reading.checkpoints import checkpoint_steps, restore
from runcheck.reading.curves import Curves, Wanted, everything, read_curves
from runcheck.reading.metrics import Row, iterate_rows, read_metrics
from runcheck.reading.unit import LoadedUnit

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class LoadedRun(LoadedUnit):
    """A training run that was written, of whatever status. :func:`runcheck.load` makes one."""

    @cached_property
    def config(self) -> dict[str, object]:
        """The configuration, with ``[redacted]`` where the writer left something out.

        Raises:
            CannotReadError: it is not there, or is no JSON or YAML that all readers agree on.
        """
        return self._files.document(self.metadata["config"]["path"], "document")

    @cached_property
    def summary(self) -> Summary:
        """The best and last value of each series, and when training stopped; seconds for the duration.

        Raises:
            CannotReadError: it is not there, as in a run that is still running, or it is no summary.
        """
        path = layout().path("summary")
        if not self._files.has(path):
            words = f"is not there; the run is {self.status}, and it is written when a run is finished"
            self._files.fault(path, words)
        return cast("Summary", self._files.document(path, "document", "summary"))

    def metrics(self) -> "pa.Table":
        """Return the rows of the metrics as an Arrow table, in the order in which they were logged.

        The columns are ``step`` (int64), ``split`` and ``metric`` (string) and ``value`` (double, NaN and infinities
        included). A last line that was cut off, as in a run that was killed, is left out.

        Raises:
            CannotReadError: there are none, or a line is no row.
            MissingLibraryError: pyarrow is not installed.
        """
        return read_metrics(self._files, self._metrics_path())

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the metrics one by one, in the order in which they were logged, without pyarrow.

        Raises:
            CannotReadError: there are none, or a line is no row.
        """
        return iterate_rows(self._files, self._metrics_path())

    def curves(self, wanted: Wanted = everything, *, buckets: int = 1000, smoothing: float = 0.0) -> Curves:
        """Return the metrics as curves to be drawn, in bounded memory however many rows there are, without pyarrow.

        Lines that are no rows are passed over, and ``fault`` of the result tells of them.

        Args:
            wanted: Which series: a function of metric and split.
            buckets: How many a curve is cut into at most, of which each gives up to four points.
            smoothing: The weight of what was before in a moving average, from 0, which is none, up to 1.

        Raises:
            CannotReadError: there are none.
        """
        return read_curves(self._files, self._metrics_path(), wanted=wanted, buckets=buckets, smoothing=smoothing)

    def frame(self) -> "pd.DataFrame":
        """Return the rows of the metrics as a pandas frame, with the columns of :meth:`metrics`.

        Raises:
            CannotReadError: there are none, or a line is no row.
            MissingLibraryError: pandas or pyarrow is not installed.
        """
        try:
            import pandas as pd  # noqa: F401, PLC0415 - what pyarrow says without it is about a module
        except ImportError as error:
            raise MissingLibraryError("pandas", "pandas", "give a frame") from error
        return self.metrics().to_pandas()

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The steps that have a checkpoint, in order."""
        return checkpoint_steps(self._files)

    def restore(self, step: int | None = None, like: object = None) -> object:
        """Return the tree of arrays of a checkpoint, restored by Orbax.

        Args:
            step: Which checkpoint; by default the newest that was committed.
            like: A tree of arrays or of ``jax.ShapeDtypeStruct``, as ``jax.eval_shape`` gives it: its structure, its
                dtypes and its shardings are those of the result, as are its numbers of Python and scalars of NumPy. By
                default the result is of dictionaries and lists, on the devices that the arrays were saved from, and a
                scalar of NumPy is an array without axes.

        Raises:
            CannotReadError: there is no such checkpoint, it is not whole or not here, or it does not fit ``like``.
            MissingLibraryError: Orbax is not installed.
        """
        return restore(self._files, step, like)

    @cached_property
    def exports(self) -> dict[str, ExportSidecar]:
        """What the sidecar of each export says, by the name of the exported file or folder.

        Raises:
            CannotReadError: a sidecar is no document, or breaks its schema.
        """
        folder = layout().folder_of("export")
        sidecars = [name for name in self._files.names(folder) if name.endswith(SIDECAR_SUFFIX)]
        return {
            name.removesuffix(SIDECAR_SUFFIX): cast(
                "ExportSidecar", self._files.document(f"{folder}/{name}", "json", "export-sidecar")
            )
            for name in sidecars
            if self._files.has(f"{folder}/{name.removesuffix(SIDECAR_SUFFIX)}")
        }

    def export_path(self, name: str) -> str:
        """Return the path of an export on this machine, by its name in :attr:`exports`.

        Raises:
            CannotReadError: there is no such export, or its object is not here.
        """
        if name not in self.exports:
            known = ", ".join(self.exports) or "none"
            self._files.fault(layout().folder_of("export"), f"has no export {name!r}; there is {known}")
        path = f"{layout().folder_of('export')}/{name}"
        if self._files.is_folder(path):
            return self._files.subfolder(path).location
        return self._files.file(path)

    def _metrics_path(self) -> str:
        paths = [path for path in layout().roles["metrics"].paths if self._files.has(path)]
        if len(paths) != 1:
            words = f"and {paths[1]} are both there; which one counts?" if paths else "is not there: nothing was logged"
            self._files.fault(paths[0] if paths else layout().path("metrics"), words)
        return paths[0]
