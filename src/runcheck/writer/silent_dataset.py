"""A dataset version in a process that does not write."""

import os
from collections.abc import Mapping, Sized
from typing import TYPE_CHECKING

from runcheck.errors import InvalidArgumentError, RuncheckError
from runcheck.writer.arguments import checked_name
from runcheck.writer.dataset import Dataset

if TYPE_CHECKING:
    import pyarrow as pa


class SilentDataset(Dataset):
    """The dataset version of process 0, seen from another one: each call checks names, and says where its file is."""

    def write_parquet(self, split: str, data: "pa.Table | Mapping[str, object]") -> str:
        """Return where process 0 writes the split; see :meth:`Dataset.write_parquet`."""
        if self._status != "running":
            raise RuncheckError(f"{self.path}: the dataset is {self._status}; publish another version")
        if checked_name("split", "split", split) in self.metadata["splits"]:
            raise InvalidArgumentError(f"the split {split!r} is written already")
        name = f"{split}.parquet"
        self.metadata["splits"][split] = {"files": [name], "rows": _rows(data)}
        return os.path.join(self.path, name)


def _rows(data: "pa.Table | Mapping[str, object]") -> int:
    if isinstance(data, Mapping):
        return next((len(column) for column in data.values() if isinstance(column, Sized)), 0)
    return len(data)
