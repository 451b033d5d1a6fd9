"""RC6: datasets, as far as documents and checksums tell."""

from collections.abc import Iterator, Mapping

from runcheck.convention.checksums import fingerprint as fingerprint_of
from runcheck.convention.documents import Metadata, Status
from runcheck.convention.layout import layout
from runcheck.convention.units import Unit
from runcheck.probes import Facts
from runcheck.probes.contents import ChecksumsContent
from runcheck.rules.rule import Problem, unit_rule

METADATA = layout().path("metadata")


@unit_rule
def dataset_data(unit: Unit, status: Status) -> Iterator[Problem]:
    """A completed dataset has data."""
    if unit.kind.name == "dataset" and status == "completed" and not unit.of_role("data"):
        yield Problem("", f"holds no data file ({', '.join(layout().roles['data'].paths)})")


@unit_rule
def fingerprint(unit: Unit, metadata: Metadata, checksums: ChecksumsContent) -> Iterator[Problem]:
    """The fingerprint in the metadata is that of the list."""
    if metadata["kind"] != "dataset" or unit.kind.name != "dataset":
        return
    said, actual = metadata.get("fingerprint"), fingerprint_of(checksums.sums())
    if said != actual:
        what = f"says fingerprint {said[:12]}..." if said else "has no fingerprint"
        yield Problem(METADATA, f"{what}; the checksum list has {actual[:12]}...", pointer="/fingerprint")


@unit_rule
def split_files(
    unit: Unit, metadata: Metadata, facts: Mapping[str, Facts], rows_by_data: Mapping[str, int | None]
) -> Iterator[Problem]:
    """The files of the splits are there, and are in one split only, by name and by content."""
    data = {folder for path in unit.of_role("data") for folder in _with_folders(path)}
    owner: dict[str, str] = {}
    owners_within: dict[str, set[str]] = {}
    same: dict[str, tuple[str, str]] = {}
    stores = _digests_of_stores(unit, metadata, facts)
    for split, of_split in metadata.get("splits", {}).items():
        pointer = f"/splits/{split}/files"
        for path in of_split["files"]:
            if path not in data:
                message = f"gives {path!r} to the split {split}; it is no data of the unit"
                yield Problem(METADATA, message, pointer=pointer, help="Restore the file from a copy.")
                continue
            around = {owner[folder] for folder in _with_folders(path) if folder in owner}
            for other in sorted((around | owners_within.get(path, set())) - {split}):
                yield Problem(METADATA, f"gives {path!r} to the splits {other} and {split}", pointer=pointer)
            owner.setdefault(path, split)
            for folder in _with_folders(path):
                owners_within.setdefault(folder, set()).add(split)
            digest = stores.get(path) or _digest(facts.get(path))
            rows = rows_by_data.get(path)
            has_rows = of_split["rows"] if rows is None else rows
            twin, other = same.setdefault(digest, (path, split)) if digest and has_rows else (path, split)
            if other != split and twin != path:
                message = f"gives the same rows to {other} and {split}: {path!r} is {twin!r} byte for byte"
                yield Problem(METADATA, message, pointer=pointer)


@unit_rule
def split_rows(metadata: Metadata, rows_by_data: Mapping[str, int | None]) -> Iterator[Problem]:
    """The rows of a split are those of its files, where every file of it tells its own."""
    for split, of_split in metadata.get("splits", {}).items():
        rows = [rows_by_data.get(path) for path in of_split["files"]]
        known = [each for each in rows if each is not None]
        if len(known) == len(rows) and sum(known) != of_split["rows"]:
            message = f"gives {of_split['rows']} rows to the split {split}; its files have {sum(known)}"
            yield Problem(METADATA, message, pointer=f"/splits/{split}/rows")


def _digest(facts: Facts | None) -> str | None:
    return None if facts is None else facts.pointer.sha256 if facts.pointer else facts.sha256


def _digests_of_stores(unit: Unit, metadata: Metadata, facts: Mapping[str, Facts]) -> dict[str, str]:
    """Return what stands for the content of each folder that a split names, where all its files are hashed."""
    named = {path for of in metadata.get("splits", {}).values() for path in of["files"] if path not in unit.files}
    within: dict[str, list[tuple[str, str | None]]] = {}
    for path, of_file in facts.items() if named else ():
        for folder in _with_folders(path)[1:]:
            if folder in named:
                within.setdefault(folder, []).append((path[len(folder) :], _digest(of_file)))
    return {
        folder: "\n".join(f"{digest}  {path}" for path, digest in sorted(files))
        for folder, files in within.items()
        if all(digest is not None for _, digest in files)
    }


def _with_folders(path: str) -> list[str]:
    """Return the path and every folder that it is in: a store's folder stands for all that is in it."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]


@unit_rule
def generator(unit: Unit, metadata: Metadata) -> Iterator[Problem]:
    """The generator is there, and a synthetic dataset has one."""
    if metadata["kind"] != "dataset":
        return
    named, kind = metadata.get("generator"), metadata["data_provenance"]["kind"]
    there = {*unit.of_role("generator"), *unit.of_role("extra")}
    if named and named["script"] not in there:
        what = "no script" if named["script"] in unit.files else "not in the unit"
        message = f"names the generator {named['script']!r}, which is {what}"
        yield Problem(METADATA, message, pointer="/generator/script")
    if kind == "synthetic" and not named:
        yield Problem(METADATA, "is of a synthetic dataset and names no generator", pointer="/generator")


@unit_rule
def unassigned_data(unit: Unit, metadata: Metadata) -> Iterator[Problem]:
    """Data files that no split names, itself or by the folder of its store."""
    assigned = {path for split in metadata.get("splits", {}).values() for path in split["files"]}
    for path in unit.of_role("data"):
        if assigned.isdisjoint(_with_folders(path)):
            yield Problem(path, "is data that no split names")
