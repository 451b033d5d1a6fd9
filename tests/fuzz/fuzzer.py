"""Break a file of a good tree, check the tree, and see whether the check itself broke."""

import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runcheck.errors import CannotCheckError
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine

from .havoc import havoc


@dataclass(frozen=True)
class Case:
    """A file of a tree, to be broken by a seed."""

    root: Path
    path: str
    seed: int

    def content(self) -> bytes:
        """Return the broken content."""
        return havoc((self.root / self.path).read_bytes(), random.Random(f"{self.path} {self.seed}"))


def cases(roots: dict[str, Path]) -> list[tuple[Path, str]]:
    """Return every file of every tree: all are hostile in turn."""
    return [
        (root, path.relative_to(root).as_posix())
        for root in roots.values()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.is_symlink() for part in (path, *path.parents))
    ]


def check_broken(case: Case, quarantine: Quarantine) -> str | None:
    """Check a copy of the tree with the broken file; return what the check itself failed with, or None."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "artefacts"
        shutil.copytree(case.root, root, symlinks=True)
        (root / case.path).write_bytes(case.content())
        try:
            report = check_in(quarantine, root, Judgement(depth="deep", pedantic=True))
        except CannotCheckError:
            return None
        except Exception as error:  # noqa: BLE001 - that any exception comes through is what is looked for
            return f"{type(error).__name__}: {error}"
    return _failure(report)


def _failure(report: Report) -> str | None:
    """Return the fault of a reader that no probe foresaw."""
    return next((each.message for each in report.findings if "its reader " in each.message), None)
