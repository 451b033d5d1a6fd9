"""A dataset version in a process that does not write."""

import os
from collections.abc import Callable

from runcheck.writer.datasets.dataset import Dataset


class SilentDataset(Dataset):
    """The dataset version of process 0, seen from another one: each call checks names, and says where its file is.

    Rows are looked at and counted by process 0 alone.
    """

    def _write(self, split: str, suffix: str, write: Callable[[str], int]) -> str:  # noqa: ARG002 - process 0 does
        name = self._checked_place(split, suffix)
        self.metadata["splits"][split] = {"files": [name], "rows": 0}
        return os.path.join(self.path, name)
