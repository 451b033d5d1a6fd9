"""What was published and pulled in tests, and what is at a URL."""

from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from runcheck.findings import Report
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine
from tests.conftest import DATASET, RUN
from tests.object_store import BUCKET, object_store

Check = Callable[[str], Report]


def check_with(quarantine: Quarantine) -> Check:
    """Return what checks as the command does, with readers that are started once."""
    return lambda path: check_in(quarantine, path)


def run_in(tree: Path) -> Path:
    """Return the folder of the run of a good tree."""
    return (tree / RUN / "latest").resolve()


def dataset_in(tree: Path) -> Path:
    """Return the folder of the dataset of a good tree."""
    return tree / DATASET / "v1"


def files_of(unit: Path) -> dict[str, bytes]:
    """Return the files of a unit."""
    return {path.relative_to(unit).as_posix(): path.read_bytes() for path in unit.rglob("*") if path.is_file()}


def files_at(url: str) -> dict[str, bytes]:
    """Return what is at a URL, but for the state of the tools."""
    files, base = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    found = {path[len(base) + 1 :]: files.cat_file(path) for path in files.find(base)}
    return {path: content for path, content in found.items() if not path.startswith(".runcheck/")}


def notes_at(url: str) -> list[str]:
    """Return what the state folder at a URL holds."""
    files, base = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    return [path for path in files.find(base) if "/.runcheck/" in path]


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest) -> str:
    """The root of a tree in a store in which nothing is yet."""
    if request.param == "s3":
        object_store().clear()
        return f"s3://{BUCKET}/kept/artefacts"
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    return "memory://kept/artefacts"
