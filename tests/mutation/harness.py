"""Apply damages to copies of the specimens and see what the linter says."""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from runcheck.errors import CannotCheckError
from runcheck.tree.quarantine import Quarantine

from . import of_bytes, of_meaning  # noqa: F401 - each adds its damages to the list
from .damages import DAMAGES, Damage, NotApplicableError
from .seal import seal_over
from .ways import FORGETFUL, Way, plainly

_TRIES = 20

# The findings of a tree: code, path and words.
Said: TypeAlias = Counter[tuple[str, str, str]]


@dataclass
class Result:
    """What became of the damages of one kind: how many were made and found, by which clauses, and which survived."""

    damage: Damage
    made: int = 0
    found: int = 0
    clauses: Counter[str] = field(default_factory=Counter)
    survivors: list[str] = field(default_factory=list)


def said_of(root: Path, quarantine: Quarantine, way: Way = plainly) -> Said:
    """Return the findings of a tree: code, path and words."""
    try:
        report = way(root, quarantine)
    except CannotCheckError as error:
        return Counter([("no tree", "", str(error).partition(": ")[2])])  # what comes before is where it lies
    return Counter((each.code, each.path, each.message) for each in report.findings)


class Harness:
    """Damages the specimens at ``roots``, with what was said of them before."""

    def __init__(self, roots: dict[str, Path], quarantine: Quarantine) -> None:
        """Check every specimen once."""
        self.roots = roots
        self.quarantine = quarantine
        self.before = {name: said_of(root, quarantine) for name, root in roots.items()}

    def run(self, damage: Damage, rounds: int, seed: int) -> Result:
        """Make one kind of damage ``rounds`` times, each at a place of its own."""
        result = Result(damage)
        for number in range(rounds):
            rng = random.Random(f"{damage.name} {seed} {number}")
            with tempfile.TemporaryDirectory() as folder:
                made = self._make(damage, Path(folder) / "artefacts", rng)
                if made is None:
                    continue
                specimen, path, root = made
                new = said_of(root, self.quarantine) - self.before[specimen]
            result.made += 1
            result.found += bool(new)
            result.clauses.update({code for code, _, _ in new})
            if not new:
                result.survivors.append(f"{specimen}: {path} (round {number})")
        return result

    def said_in(self, way: Way, damage: Damage, seed: int) -> tuple[Said, Said]:
        """Return what is said of a damaged tree in a way that saw it, or another, before, and what is said plainly."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "artefacts"
            rng = random.Random(f"{damage.name} {seed}")
            before = partial(said_of, root, self.quarantine, way) if way not in FORGETFUL else None
            if self._make(damage, root, rng, before) is None:
                raise NotApplicableError(damage.name)
            return said_of(root, self.quarantine, way), said_of(root, self.quarantine)

    def _make(
        self, damage: Damage, root: Path, rng: random.Random, before: Callable[[], object] | None = None
    ) -> tuple[str, str, Path] | None:
        """Damage a copy of a specimen at ``root``, of which ``before`` is called; None where no place was found."""
        for _ in range(_TRIES):
            specimen = rng.choice(damage.specimens)
            shutil.copytree(self.roots[specimen], root, symlinks=True)
            if before is not None:
                before()
            places = sorted(path for path in root.glob(damage.where) if not path.is_symlink())
            files = [path for path in places if path.is_file()] or places
            try:
                if files:
                    path = rng.choice(files)
                    damage.change(path, rng)
                    if damage.sealed_over:
                        seal_over(root)
                    return specimen, path.relative_to(root).as_posix(), root
            except NotApplicableError:
                pass
            shutil.rmtree(root)
        return None


def all_damages() -> list[Damage]:
    """Return every kind of damage."""
    return list(DAMAGES)
