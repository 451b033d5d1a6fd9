"""The comparisons: a tree, and who does which work on it."""

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import inside, peers
from benchmarks.measure import Command, evict
from benchmarks.paired import Contender
from benchmarks.results import of_size

LARGE_FILES, LARGE_MIB = 8, 512
SMALL_FILES = 50_000
DOCUMENTS = 2_000
ROWS = 10_000_000
GROWTH = (1_000, 10_000, 50_000, 100_000)
FAR = (10_000, 1_000_000)
WORKERS = 8
_LEAST = 25  # the files of one unit

REGISTERED = "runcheck, with the registry"
ALONE_WORKERS = f"runcheck, checksums alone, {WORKERS} workers"

# The check in its variants, by the options that each needs: the first whose options this version has, if any.
VARIANTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "runcheck": (("--no-cache",), ()),
    REGISTERED: (("--no-cache",), ()),
    "runcheck, as typed": ((),),
    "runcheck, all hashed again": (("--rehash",),),
    "runcheck, checksums alone": (("--select=RC3", "--no-cache"), ("--select=RC3",)),
    ALONE_WORKERS: ((f"--jobs={WORKERS}", "--select=RC3", "--no-cache"),),
    f"runcheck, {WORKERS} workers": ((f"--jobs={WORKERS}", "--no-cache"), (f"--jobs={WORKERS}",)),
}

SHA256_LIMIT = "SHA-256, two threads"
SHA256SUM = "sha256sum -c"
SHA256SUM_EACH = "sha256sum -c, a process a unit"
BAGIT = "bagit, two processes"
SIGNING = "model-signing"
SCHEMA = "check-jsonschema"
BOTH = "sha256sum -c, then check-jsonschema"
GIT = "git status"
PYTHON = "python -c pass"
VERSION = "runcheck --version"
CALLS = "Python's calls alone"  # no rule, no message
TYPED = "msgspec, typed, a line at a time"
ALONE = "runcheck, standard library alone"  # but for what every check needs
JSON_LOOP = "json, a line at a time"

_REGISTRY = "runs.parquet"
_WITHOUT_MSGSPEC = "import sys; sys.modules['msgspec'] = None; from runcheck.cli import main; sys.exit(main())"
_COUNT_TYPED = """
import sys
from typing import Literal
import msgspec
class Row(msgspec.Struct, forbid_unknown_fields=True):
    step: int
    split: str
    metric: str
    value: float | None
    nonfinite: Literal["nan", "inf", "-inf"] | None = None
decode = msgspec.json.Decoder(Row).decode
print(sum(1 for line in open(sys.argv[1], "rb") if decode(line)))
"""
_COUNT_ROWS = "import json, sys; print(sum(1 for line in open(sys.argv[1], 'rb') if json.loads(line)))"


@dataclass(frozen=True)
class Case:
    """Contenders on one piece of work, and the one that the others are compared with: of several sizes on the same."""

    title: str
    reference: str
    contenders: dict[str, Contender]
    times: int = 1  # as many rounds as others have


@dataclass(frozen=True)
class Workplace:
    """A folder for the trees, the programs of the peers, and the sizes: a scale of 1 for the real ones."""

    folder: Path
    programs: Path
    scale: float = 1.0

    def tree(self, name: str, count: int) -> Path:
        """Return a tree of so many things, made where it is not there yet, by a process of its own for its memory."""
        root = self.folder / f"{name}-{count}"
        if not root.exists():
            subprocess.run([sys.executable, "-m", "benchmarks.trees", name, str(root), str(count)], check=True)
            (root / _REGISTRY).rename(self._registry_of(root))
        return root

    def registered(self, root: Path) -> Path:
        """Return the tree of second names of the files of a tree, with its registry, which takes a library to read."""
        other = root.with_name(f"{root.name}-registered")
        if not other.exists():
            shutil.copytree(root, other, symlinks=True, copy_function=os.link)
            shutil.copy(self._registry_of(root), other / _REGISTRY)
        return other

    def _registry_of(self, root: Path) -> Path:
        return root.with_name(f"{root.name}.{_REGISTRY}")

    def sized(self, count: int) -> int:
        """Return a number of things in the scale of this session."""
        return max(_LEAST, int(count * self.scale))


def runcheck(
    name: str, path: Path, *, count: int = 1, before: Callable[[], object] | None = None
) -> dict[str, Contender]:
    """Return a variant of the check as a contender by its name; nothing where this version does not have it."""
    options = _options_of(name)
    if options is None:
        return {}
    return {name: Contender(Command([sys.executable, "-m", "runcheck", "check", *options, path]), count, before)}


def variants() -> dict[str, str]:
    """Return the command of each variant that this version has."""
    found = {name: _options_of(name) for name in VARIANTS}
    return {name: " ".join(["runcheck check", *options]) for name, options in found.items() if options is not None}


def _options_of(name: str) -> tuple[str, ...] | None:
    known = _known_options()
    return next((each for each in VARIANTS[name] if all(one.partition("=")[0] in known for one in each)), None)


@functools.cache
def _known_options() -> frozenset[str]:
    said = subprocess.run(
        [sys.executable, "-m", "runcheck", "check", "--help"], capture_output=True, text=True, check=True
    )
    return frozenset(word.strip("[],") for word in said.stdout.split())


def start(place: Workplace) -> Case:
    """The interpreter alone, and the shortest command."""
    python = Contender(Command([sys.executable, "-c", "pass"]))
    version = Contender(Command([sys.executable, "-m", "runcheck", "--version"]))
    return Case("start", PYTHON, {PYTHON: python, VERSION: version}, times=10)


def large(place: Workplace) -> Case:
    """Eight large files."""
    size = place.sized(LARGE_MIB)
    tree = place.tree("large", size)
    joined = peers.joined_list(tree, place.folder / "large.sums")
    bag = peers.bag(tree, place.folder / "large.bag", joined)
    files = sorted(tree.glob("*/*/*/extra/*"))[:LARGE_FILES]
    limit = Command([sys.executable, Path(__file__).parent / "sha256.py", "2", *files])
    contenders = {
        SHA256_LIMIT: Contender(limit),
        **runcheck("runcheck", tree),
        **runcheck(REGISTERED, place.registered(tree)),
        SHA256SUM: Contender(peers.sha256sum(tree, joined)),
        BAGIT: Contender(peers.bagit(place.programs, bag)),
        SIGNING: Contender(peers.signed(place.programs, bag / "data", place.folder / "large.keys")),
    }
    return Case(f"T1: {LARGE_FILES} files of {size} MiB", SHA256_LIMIT, contenders)


def small(place: Workplace) -> Case:
    """Many small files in units, each with its list."""
    files = place.sized(SMALL_FILES)
    tree = place.tree("small", files)
    joined = peers.joined_list(tree, place.folder / "small.sums")
    bag = peers.bag(tree, place.folder / "small.bag", joined)
    schema = peers.schema_of_metadata(place.folder / "metadata.schema.json")
    verify = peers.sha256sum(tree, joined)
    validate = peers.check_jsonschema(place.programs, tree, schema)
    contenders = {
        SHA256SUM: Contender(verify, files),
        **runcheck("runcheck", tree, count=files),
        **runcheck(REGISTERED, place.registered(tree), count=files),
        **runcheck("runcheck, checksums alone", tree, count=files),
        _of_workers(2): Contender(_calls(2, tree), files),
        SHA256SUM_EACH: Contender(peers.sha256sum_each(tree), files),
        BAGIT: Contender(peers.bagit(place.programs, bag), files),
        SIGNING: Contender(peers.signed(place.programs, bag / "data", place.folder / "small.keys"), files),
        BOTH: Contender(peers.sha256sum_then(verify, validate), files),
    }
    return Case(_small_title(files), SHA256SUM, contenders)


def _of_workers(workers: int) -> str:
    return f"{CALLS}, {workers} processes"


def _calls(workers: int, tree: Path) -> Command:
    return Command([sys.executable, Path(__file__).parent / "calls.py", str(workers), tree])


def _small_title(files: int) -> str:
    return f"T2: {files:,} files of 0.2 to 20 kB, 25 a unit"


def unchanged(place: Workplace) -> Case:
    """The same tree once more, after a first check."""
    files = place.sized(SMALL_FILES)
    tree = place.tree("small", files)
    contenders = {
        GIT: Contender(peers.git_status(tree, place.folder / "small.git"), files),
        **runcheck("runcheck, as typed", tree, count=files),
        **runcheck("runcheck, all hashed again", tree, count=files),
    }
    return Case(f"{_small_title(files)}, unchanged", GIT, contenders)


def evicted(place: Workplace) -> Case:
    """The data of the files have left the page cache, their names have not."""
    files = place.sized(SMALL_FILES)
    tree = place.tree("small", files)
    joined = peers.joined_list(tree, place.folder / "small.sums")
    forget = functools.partial(evict, [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()])
    contenders = {
        SHA256SUM: Contender(peers.sha256sum(tree, joined), files, forget),
        **runcheck("runcheck", tree, count=files, before=forget),
        **runcheck(f"runcheck, {WORKERS} workers", tree, count=files, before=forget),
        **runcheck(ALONE_WORKERS, tree, count=files, before=forget),
        _of_workers(WORKERS): Contender(_calls(WORKERS, tree), files, forget),
    }
    return Case(f"{_small_title(files)}, file data evicted", SHA256SUM, contenders)


def hook(place: Workplace) -> Case:
    """One file of one unit of that tree is another one, and its list says so: what a hook is run for."""
    files = place.sized(SMALL_FILES)
    tree = place.tree("small", files)
    unit = peers.lists_of(tree)[0].parent
    contenders = {
        PYTHON: Contender(Command([sys.executable, "-c", "pass"])),
        **runcheck("runcheck, as typed", unit, before=functools.partial(change, unit)),
    }
    return Case(f"{_small_title(files)}, one unit changed and checked", PYTHON, contenders)


def change(unit: Path) -> None:
    """Add a byte to a file of a unit, and put its new digest into the list."""
    path = min(unit.glob("extra/*.bin"))
    content = path.read_bytes() + bytes(1)
    path.write_bytes(content)
    sums = unit / "SHA256SUMS"
    name = path.relative_to(unit).as_posix()
    new = f"{hashlib.sha256(content).hexdigest()}  {name}\n"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(new if line[66:] == f"{name}\n" else line for line in lines))


def documents(place: Workplace) -> Case:
    """Metadata and nothing else."""
    count = place.sized(DOCUMENTS)
    tree = place.tree("documents", count)
    schema = peers.schema_of_metadata(place.folder / "metadata.schema.json")
    contenders = {
        SCHEMA: Contender(peers.check_jsonschema(place.programs, tree, schema), count),
        **runcheck("runcheck", tree, count=count),
    }
    return Case(f"{count:,} metadata.json", SCHEMA, contenders)


def rows(place: Workplace) -> Case:
    """One long file of metrics."""
    count = place.sized(ROWS)
    tree = place.tree("metrics", count)
    (path,) = tree.glob("*/*/*/metrics.jsonl")
    contenders = {
        JSON_LOOP: Contender(Command([sys.executable, "-c", _COUNT_ROWS, path]), count),
        TYPED: Contender(Command([sys.executable, "-c", _COUNT_TYPED, path]), count),
        **runcheck("runcheck", tree, count=count),
        ALONE: Contender(Command([sys.executable, "-c", _WITHOUT_MSGSPEC, "check", "--no-cache", tree]), count),
    }
    return Case(f"{count:,} rows of metrics.jsonl", JSON_LOOP, contenders)


def growth(place: Workplace) -> Case:
    """Trees of small files, one larger than the other."""
    return Case("growth, small files, 25 a unit", SHA256SUM, _of_sizes(place, GROWTH))


def million(place: Workplace) -> Case:
    """A tree that takes half an hour, beside a small one."""
    return Case("a million small files, 25 a unit", SHA256SUM, _of_sizes(place, FAR))


def _of_sizes(place: Workplace, sizes: Iterable[int]) -> dict[str, Contender]:
    contenders: dict[str, Contender] = {}
    for files in map(place.sized, sizes):
        tree = place.tree("small", files)
        joined = peers.joined_list(tree, place.folder / f"small-{files}.sums")
        contenders[of_size(SHA256SUM, files)] = Contender(peers.sha256sum(tree, joined), files)
        for name, contender in runcheck("runcheck", tree, count=files).items():
            contenders[of_size(name, files)] = contender
    return contenders


def events(place: Workplace) -> Case:
    """Points of an event file, read within one process."""
    contenders = inside.read_events(place.folder / "events", place.sized(inside.STEPS))
    return Case("reading the points of an event file", next(iter(contenders)), contenders)


def log(place: Workplace) -> Case:
    """Scalars, logged within one process to the end of a run."""
    contenders = inside.write_log(place.folder / "log", place.sized(inside.STEPS))
    return Case("logging scalars", next(iter(contenders)), contenders)


# In this order: a hook changes a tree, and what runs within this process makes it large. What ON_REQUEST names takes
# long, and is run by its name alone.
CASES: dict[str, Callable[[Workplace], Case]] = {
    each.__name__: each
    for each in (start, small, unchanged, evicted, growth, hook, documents, rows, large, million, events, log)
}
ON_REQUEST = frozenset({"million"})
