"""The dataset of a run: whether it is still the one that was used, and how it gets to where the script looks for it."""

import os
import shutil

from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import Artefact
from runcheck.convention.layout import layout
from runcheck.errors import CannotReproduceError
from runcheck.tree.entry import EntryType
from runcheck.tree.walk import walk
from runcheck.writer.latest import update_latest
from runcheck.writer.seal import fingerprint_of_unit, hash_files


def fault_of(root: str, data: Artefact) -> str | None:
    """Return why a dataset of the tree at ``root`` is not the one that was used, by its list; None where it is."""
    folder = os.path.join(root, data["path"])
    if not os.path.isdir(folder):
        return f"the dataset {data['path']} is not in the tree {root}"
    if fingerprint_of_unit(folder) != data["fingerprint"]:
        return f"the dataset {folder} is not the one that was used: its fingerprint is another"
    return None


def verify(root: str, data: Artefact) -> None:
    """Read every file of the dataset.

    Raises:
        CannotReproduceError: it is not there, or its files are not those that were used.
    """
    fault = fault_of(root, data)
    folder = os.path.join(root, data["path"])
    if fault is None and fingerprint(hash_files(folder, without=layout().path("metadata"))) != data["fingerprint"]:
        fault = f"files of the dataset {folder} are not those that were used; `runcheck {folder}` says which"
    if fault is not None:
        raise CannotReproduceError(fault)


def place(root: str, data: Artefact, tree: str) -> None:
    """Make a dataset of the tree at ``root`` one of that at ``tree``: folders of its own, and hard links for files.

    Files are copied where the disk is another one. ``latest`` beside the dataset names it, whichever version is the
    newest now.
    """
    source, target = os.path.realpath(os.path.join(root, data["path"])), os.path.join(tree, data["path"])
    _remove(target)
    os.makedirs(target)
    for entry in walk(source):
        there = os.path.join(target, entry.path)
        if entry.is_folder:
            os.makedirs(there, exist_ok=True)
        elif entry.type is EntryType.FILE:
            os.makedirs(os.path.dirname(there), exist_ok=True)
            _link(os.path.join(source, entry.path), there)
    slug = os.path.dirname(target)
    _remove(os.path.join(slug, layout().latest))
    update_latest(slug, os.path.basename(target))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except (OSError, NotImplementedError):  # another disk, or a file system without them
        shutil.copyfile(source, target)


def _remove(path: str) -> None:
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)
