"""One item of an Orbax checkpoint: a tree, and the arrays that it names."""

from bisect import bisect_left
from collections.abc import Set
from typing import NamedTuple, TypeAlias

from runcheck.probes.contents import NonFinite, Tensor
from runcheck.probes.contents import OrbaxFault as Fault
from runcheck.probes.folder import POINTERS_INSIDE, Folder, PointerError
from runcheck.probes.orbax.arrays import ArrayFaultError, Store, open_store, roots_of
from runcheck.probes.orbax.ocdbt import ENVELOPE_BYTES, MANIFEST, MANIFEST_MAGIC, NODE_MAGIC, envelope_fault
from runcheck.probes.orbax.tree import (
    ARRAY_METADATAS,
    METADATA,
    SHARDING,
    STRINGS,
    ItemTree,
    Leaf,
    NotReadError,
    TreeError,
    parse_array_metadatas,
    parse_json,
    parse_sharding,
    parse_tree,
    read_document,
)
from runcheck.probes.orbax.zarr import DOCUMENT_BYTES, DOCUMENTS, ZarrArray, parse_array

_PROCESS = "ocdbt.process_"
_DATA = "d"


class _Files(NamedTuple):
    """Arrays that lie in folders beside one another, as far as their documents and names tell."""

    folder: Folder
    prefix: str
    keys: tuple[str, ...]

    def read(self, key: str, limit: int) -> bytes:
        """Return the first bytes of a file."""
        return self.folder.read(self.prefix + key, limit)


_Arrays: TypeAlias = _Files | Store


class Item:
    """What an item in ``root`` of a checkpoint ("" for the checkpoint itself) holds, and what is wrong with it.

    A ``tree`` is given where the item has none of its own to be read.
    """

    def __init__(self, folder: Folder, root: str, tree: ItemTree | None = None) -> None:
        """Look at nothing yet."""
        self.root = root
        self.uncommitted: list[Fault] = []
        self.broken_tree: list[Fault] = []
        self.broken_arrays: list[Fault] = []
        self.doubts: list[Fault] = []
        self.unverified: set[str] = set()
        self.tensors: list[Tensor] = []
        self.unsized: list[str] = []
        self.nonfinite: list[NonFinite] = []
        self._digests: dict[str, str | None] = {}
        self._folder = folder
        self._prefix = f"{root}/" if root else ""
        self._files = {
            path.removeprefix(self._prefix): size
            for path, size in folder.files.items()
            if path.startswith(self._prefix)
        }
        self._tree = tree

    def look(self, *, deep: bool) -> None:
        """Look at the documents of the item, and at its arrays as far as the depth asks for."""
        try:
            tree = self._tree or self._read_tree()
        except TreeError as error:
            self._tree_fault(METADATA, str(error))
            return
        if tree is None:
            return
        self._strings(tree)
        self._array_metadatas(tree)
        arrays = [leaf for leaf in tree.leaves if leaf.is_array]
        if arrays:
            self._look_at_arrays(arrays, self._open_arrays(tree, deep=deep), tree, deep=deep)
        if deep and self._is_here and not (self.uncommitted or self.broken_tree or self.broken_arrays):
            self._processes()

    # --- documents ------------------------------------------------------------------------------------------------

    def _read_tree(self) -> ItemTree | None:
        whole: dict[str, bool] | None = None
        if SHARDING in self._files:
            try:
                sharding = self._read(SHARDING)
                whole = None if sharding is None else parse_sharding(sharding)
            except TreeError as error:
                self._tree_fault(SHARDING, str(error))
        metadata = self._read(METADATA)
        if metadata is None:
            return None
        tree = parse_tree(metadata, {name for name, on_one_device in (whole or {}).items() if on_one_device})
        of_jax = {leaf.name for leaf in tree.leaves if leaf.write_shape is not None}
        if SHARDING not in self._files and of_jax:
            self.uncommitted.append(Fault(self._prefix + SHARDING, "is missing; Orbax writes it for arrays of JAX"))
        if whole is not None:
            self._sharding(whole.keys(), {leaf.name for leaf in tree.leaves}, of_jax)
        return tree

    def _sharding(self, named: Set[str], names: Set[str], of_jax: Set[str]) -> None:
        """Hold the names in ``_sharding`` against those of the tree.

        Orbax leaves an array out whose sharding it has no words for, as those of pmap and of GSPMD, and writes no file
        where that is all of them.
        """
        for name in sorted(named - names):
            self._tree_fault(SHARDING, f"names {name}, which is not in the tree")
        lacking = sorted(of_jax - named)
        if of_jax and not named:
            self._tree_fault(SHARDING, f"names no array; the tree has {len(of_jax):,} of JAX")
        elif lacking:
            others = f", as it lacks {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
            self.doubts.append(Fault(self._prefix + SHARDING, f"lacks {lacking[0]}, which the tree names{others}"))

    def _strings(self, tree: ItemTree) -> None:
        names = [leaf.name for leaf in tree.leaves if not leaf.is_array]
        if not names:
            return
        try:
            document = self._read(STRINGS)
            strings = None if document is None else parse_json(document)
        except TreeError as error:
            self._tree_fault(STRINGS, str(error))
            return
        for name in names if document is not None else ():
            if not isinstance(strings, dict) or not isinstance(strings.get(name), str):
                self._tree_fault(STRINGS, f"lacks the text {name}, which the tree names")

    def _array_metadatas(self, tree: ItemTree) -> None:
        """Hold what each process says that it wrote against the tree."""
        written = {leaf.name: leaf.write_shape for leaf in tree.leaves if leaf.write_shape is not None}
        paths = sorted(path for path in self._files if path.startswith(f"{ARRAY_METADATAS}/process_"))
        if written and not paths:
            words = "is missing; Orbax writes it for arrays of JAX"
            self.uncommitted.append(Fault(self._prefix + ARRAY_METADATAS, words))
            return
        names = {leaf.name for leaf in tree.leaves}
        said: set[str] = set()
        unread = False
        for path in paths:
            try:
                document = self._read(path)
                unread |= document is None
                shapes = {} if document is None else parse_array_metadatas(document)
            except TreeError as error:
                self._tree_fault(path, str(error))
                return
            for name, shape in shapes.items():
                if name in written and shape != written[name]:
                    self._tree_fault(
                        path, f"says that {name} was written as {_words(shape)}; the tree says {_words(written[name])}"
                    )
            for name in sorted(shapes.keys() - names):
                self._tree_fault(path, f"names {name}, which is not in the tree")
            said |= shapes.keys()
        for name in sorted(written.keys() - said) if paths and not unread else ():
            self._tree_fault(ARRAY_METADATAS, f"lacks {name}, which the tree names")

    def _read(self, path: str) -> bytes | None:
        """Return a document, or None where nothing here reads it, which is then said."""
        try:
            return read_document(self._folder, self._prefix + path)
        except NotReadError as error:
            self.unverified.add(str(error))
            return None

    def _tree_fault(self, path: str, words: str) -> None:
        self.broken_tree.append(Fault(self._prefix + path, words))

    # --- arrays ---------------------------------------------------------------------------------------------------

    def _open_arrays(self, tree: ItemTree, *, deep: bool) -> _Arrays | None:
        """Return where the arrays are, or None where nothing here can tell.

        A store is opened to decode it, or for shapes that the tree does not tell: these are cheap, where it can be.
        """
        is_ocdbt = tree.use_ocdbt
        if is_ocdbt is None:
            is_ocdbt = any(path == MANIFEST or path.startswith(_PROCESS) for path in self._files)
        is_whole = not is_ocdbt or self._is_whole_store()
        is_unsized = is_ocdbt and any(leaf.is_array and leaf.shape is None for leaf in tree.leaves)
        if is_whole and self._is_here and self._folder.is_apart and (deep or is_unsized):
            try:
                return open_store(self._folder, self.root, is_ocdbt=is_ocdbt)
            except NotReadError as error:
                self.unverified |= {str(error)} if deep else set()
            except ArrayFaultError as error:
                self._tree_fault(MANIFEST, str(error))
        return None if is_ocdbt else _Files(self._folder, self._prefix, tuple(sorted(self._files)))

    @property
    def _is_here(self) -> bool:
        """Whether no file of the item is a pointer: TensorStore would take it for what it points to."""
        return self._folder.pointers.isdisjoint(self._prefix + path for path in self._files)

    def _is_whole_store(self) -> bool:
        """Say whether the files of an OCDBT store are there, and that of the whole is what it should be."""
        paths = [MANIFEST, *(f"{folder}/{MANIFEST}" for folder in self._process_folders())]
        faults = {path: fault for path in paths if (fault := self._manifest_fault(path))}
        if not any(path.startswith(f"{_DATA}/") or f"/{_DATA}/" in path for path in self._files):
            faults[_DATA] = "is missing: no file holds the arrays"
        self.uncommitted += [Fault(self._prefix + path, fault) for path, fault in faults.items()]
        return MANIFEST not in faults and _DATA not in faults

    def _process_folders(self) -> list[str]:
        return sorted({path.partition("/")[0] for path in self._files if path.startswith(_PROCESS)})

    def _manifest_fault(self, path: str) -> str | None:
        if path not in self._files:
            return "is missing"
        if self._prefix + path in self._folder.pointers:
            return None
        start = self._folder.read(self._prefix + path, ENVELOPE_BYTES)
        return envelope_fault(start, self._files[path], MANIFEST_MAGIC)

    def _processes(self) -> None:
        """List the store of each process, with its earlier generations: once all are merged nothing reads them."""
        for folder in self._process_folders():
            try:
                open_store(self._folder, self._prefix + folder, is_ocdbt=True)
                for path, offset, length in roots_of(self._folder, self._prefix + folder):
                    if fault := self._node_fault(path, offset, length):
                        self.uncommitted.append(Fault(path, fault))
            except NotReadError as error:
                self.unverified.add(str(error))
            except ArrayFaultError as error:
                self.uncommitted.append(Fault(self._prefix + folder, str(error)))

    def _node_fault(self, path: str, offset: int, length: int) -> str | None:
        if path not in self._folder.files:
            return "is missing; a generation of the store of this process begins in it"
        with self._folder.open(path) as stream:
            stream.seek(offset)
            start = stream.read(min(length, ENVELOPE_BYTES))
        return envelope_fault(start, length, NODE_MAGIC)

    def _look_at_arrays(self, leaves: list[Leaf], arrays: _Arrays | None, tree: ItemTree, *, deep: bool) -> None:
        for leaf in leaves:
            found = self._array(leaf, arrays, tree, deep=deep) if arrays else None
            if found is not None:
                digest = self._digests.get(leaf.name)
                self.tensors.append(Tensor("/".join(leaf.path), found.shape, found.dtype, digest))
            elif leaf.shape is not None:
                self.tensors.append(Tensor("/".join(leaf.path), leaf.shape, ""))
            else:
                self.unsized.append("/".join(leaf.path))

    def _array(self, leaf: Leaf, arrays: _Arrays, tree: ItemTree, *, deep: bool) -> ZarrArray | None:
        """Return an array as it describes itself, once it was held against the tree and decoded."""
        folder = f"{leaf.name}/" if leaf.name else ""
        keys = _below(arrays.keys, folder)
        document = next((folder + each for each in DOCUMENTS if folder + each in keys), None)
        if document is None:
            self._tree_fault(METADATA, f"names {leaf.name}, of which nothing is stored")
            return None
        try:
            array = parse_array(arrays.read(document, DOCUMENT_BYTES))
        except PointerError:
            self.unverified.add(POINTERS_INSIDE)
            return None
        except (TreeError, ArrayFaultError) as error:
            self._array_fault(leaf, f"cannot be read: its {document} {error}")
            return None
        if fault := _shape_fault(leaf, array):
            self._array_fault(leaf, fault)
        chunks = array.chunks(folder, keys)
        if tree.is_whole and (missing := array.chunk_count - len(chunks)) > 0:
            self._array_fault(leaf, f"lacks {missing:,} of its {array.chunk_count:,} chunks")
        if deep and isinstance(arrays, Store):
            self._decode(leaf, arrays, array, chunks)
        return array

    def _decode(self, leaf: Leaf, store: Store, array: ZarrArray, chunks: dict[tuple[int, ...], str]) -> None:
        try:
            decoded = store.decode(leaf.name, array, chunks)
        except ArrayFaultError as error:
            self._array_fault(leaf, str(error))
        except NotReadError as error:
            self.unverified.add(str(error))
        else:
            self._digests[leaf.name] = decoded.digest
            if decoded.nonfinite:
                self.nonfinite.append(NonFinite("/".join(leaf.path), decoded.nonfinite))

    def _array_fault(self, leaf: Leaf, words: str) -> None:
        self.broken_arrays.append(Fault(self.root, f"{'/'.join(leaf.path)} {words}"))


def _below(keys: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """Return those of the sorted keys that begin with ``folder``, which ends in a slash."""
    after = folder[:-1] + chr(ord("/") + 1)
    return keys[bisect_left(keys, folder) : bisect_left(keys, after)] if folder else keys


def _shape_fault(leaf: Leaf, array: ZarrArray) -> str | None:
    if leaf.shape is not None and array.shape != leaf.shape:
        return f"has the shape {_words(array.shape)}; the tree says {_words(leaf.shape)}"
    written = leaf.write_shape
    if written is None or (
        len(written) == len(array.shape) and all(part <= size for part, size in zip(written, array.shape, strict=True))
    ):
        return None
    return f"has the shape {_words(array.shape)}; the tree says that {_words(written)} of it was written at once"


def _words(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else f"({', '.join(map(str, shape))})"
