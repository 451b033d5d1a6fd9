"""Where the tree is that a path means."""

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.versions import in_order
from runcheck.errors import CannotCheckError
from runcheck.probes.latest import version_in
from runcheck.tree.store import LocalStore, Remote, Store
from runcheck.tree.walk import folders_in

if TYPE_CHECKING:
    from runcheck.tree.remote import RemoteStore

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:::[A-Za-z][A-Za-z0-9+.-]+)*://")  # one letter is a drive
_SECRETS = re.compile(r"(?<=//)[^/\s]*@")
_HERE = re.compile(r"(?:file|local)://", re.IGNORECASE)


class Target(NamedTuple):
    """What is to be checked: the tree in a store, and the path below its root that is meant ("" for all of it)."""

    store: Store
    focus: str

    @property
    def root(self) -> str:
        """The path or the URL of the root."""
        return self.store.name

    @property
    def name(self) -> str:
        """The path or the URL of what is meant."""
        return f"{self.root}/{self.focus}" if self.focus else self.root


def is_url(path: str) -> bool:
    """Say whether ``path`` is the URL of a store that is not this machine's file system."""
    return bool(_URL.match(path)) and not _HERE.match(path)


def without_passwords(text: str) -> str:
    """Return a text without the ``user:password@`` of the URLs in it."""
    return _SECRETS.sub("", text)


def here(path: str) -> str:
    """Return a path of this machine, which may be given as a URL, without the scheme."""
    return _HERE.sub("", path, count=1)


def locate(path: str, remote: Remote = Remote()) -> Target:  # noqa: B008 - it does not change
    """Return the tree that ``path`` is, or lies in; ``remote`` says how one at a URL is read.

    Raises:
        CannotCheckError: there is nothing at ``path``, or it is not in a tree of artefacts.
    """
    if is_url(path):
        return _locate_url(path, remote)
    path = here(path)
    if not os.path.lexists(path):
        hint = "" if os.path.isabs(path) else _tree_around()
        raise CannotCheckError(f"{path}: {why_absent(path)}{hint}")
    absolute = os.path.abspath(path)
    if os.path.isdir(absolute):
        absolute = os.path.realpath(absolute)
        if not os.access(absolute, os.R_OK | os.X_OK):
            raise CannotCheckError(f"{path}: cannot be read; its permissions do not let you")
        if is_root(LocalStore(absolute)):
            return Target(LocalStore(absolute), "")
    folder, name = os.path.split(absolute)
    if os.path.isfile(absolute) and is_root(LocalStore(folder)):
        return Target(LocalStore(os.path.realpath(folder)), "")
    parts = [*os.path.realpath(folder).split(os.sep), name]
    for at in range(len(parts) - 1, 0, -1):
        root = LocalStore(os.sep.join(parts[:at]) or os.sep)
        if layout().kind_of_folder(parts[at]) and is_root(root):
            return Target(root, _named(root, "/".join(parts[at:-1]), name))
    below = LocalStore(absolute).folders("")
    hint = next((f"; did you mean {path}/{name}?" for name in below if is_root(LocalStore(f"{absolute}/{name}"))), "")
    raise _no_tree(path, hint)


def why_absent(path: str) -> str:
    """Return in words what is not there; beside a ``latest`` that is not, the newest version is named."""
    slug, name = os.path.split(path.rstrip("/"))
    above = os.path.basename(os.path.dirname(os.path.abspath(slug)))
    if name != layout().latest or layout().kind_of_folder(above) is None:  # versions lie in a slug, and nowhere else
        return "there is no such file or folder"
    if not os.path.isdir(slug or os.curdir):
        return f"there is no folder {slug}"
    versions = folders_in(slug or os.curdir)
    found = (in_order(versions) or versions)[-1:]
    hint = f"; the newest version is {os.path.join(slug, found[0])}: give this" if found else ""
    return f"there is no {name}, which is written when a version is completed{hint}"


def _tree_around() -> str:
    """Return a hint at the tree that the working directory is in, or nothing."""
    folder = os.getcwd()
    while not is_root(LocalStore(folder)):
        if folder == (folder := os.path.dirname(folder)):
            return ""
    return f"; there is a tree at {os.path.relpath(folder)}"


def _locate_url(url: str, remote: Remote) -> Target:
    from runcheck.tree.remote import open_remote  # noqa: PLC0415 - an extra that a tree on this machine lacks

    asked = open_remote(url, remote)
    asked.require()
    try:
        return _in_store(asked)
    except OSError as error:
        raise CannotCheckError(f"{asked.name}: cannot be read: {error}") from error


def _in_store(asked: "RemoteStore") -> Target:
    if is_root(asked):
        return Target(asked, "")
    parts = asked.base.split("/")
    for at in range(len(parts) - 1, 0, -1):
        store = asked.above(len(parts) - at)
        if layout().kind_of_folder(parts[at]) and is_root(store):
            return Target(store, _named(store, "/".join(parts[at:-1]), parts[-1]))
        if at == len(parts) - 1 and store.is_file(parts[at]) and is_root(store):
            return Target(store, "")
    raise _no_tree(asked.name, "")


def _no_tree(path: str, hint: str) -> CannotCheckError:
    folders = " or ".join(f"{kind.folder}/<slug>/<version>" for kind in layout().kinds.values())
    return CannotCheckError(f"{path}: holds no dataset and no run; a tree has {folders}{hint}")


def _named(store: Store, folder: str, name: str) -> str:
    """Return the path below the root; that of the version where the file ``latest`` of a slug names one."""
    path = f"{folder}/{name}" if folder else name
    if name != layout().latest or folder.count("/") != 1:
        return path
    entry = store.entry(path)
    if entry is None or not entry.is_file:
        return path
    try:
        with store.open(entry) as stream:
            version = version_in(stream)
    except OSError as error:
        raise CannotCheckError(f"{store.name}/{path}: cannot be read: {error.strerror or error}") from error
    return f"{folder}/{version or name}"


def is_root(store: Store) -> bool:
    """Say whether units lie in a store: a kind's folder, a slug, and in it a folder that looks like a unit.

    The name of a kind's folder is not enough: ``model/`` and ``data/`` are in every other project.
    """
    registry = store.entry(layout().registry)
    if registry is not None and registry.is_file:
        return True
    return any(
        _looks_like_unit(store, f"{kind}/{slug}", version)
        for kind in store.folders("")
        if layout().kind_of_folder(kind)
        for slug in store.folders(kind)
        for version in store.folders(f"{kind}/{slug}")
    )


def _looks_like_unit(store: Store, slug: str, version: str) -> bool:
    if is_name("version", version):
        return True
    telling = (path for role in layout().roles.values() if role.format for path in role.paths if "/" not in path)
    return any(store.entry(f"{slug}/{version}/{path}") for path in telling if path != layout().path("readme"))
