"""Sealing over a damage: every hash made right again, so that only what the documents say of each other can tell."""

import hashlib
import json
from pathlib import Path
from typing import Any

from runcheck.convention.checksums import fingerprint, format_checksums
from runcheck.errors import RuncheckError
from runcheck.writer.registry import rebuild_registry


def seal_over(root: Path) -> None:
    """Make the lists, the fingerprints, the sidecars and the registry of a tree those of its files as they are."""
    lists = [path.parent for path in root.glob("*/*/*/SHA256SUMS") if not path.parent.is_symlink()]
    fingerprints: dict[str, str] = {}
    for unit in sorted(lists):  # datasets come first
        for sidecar in unit.glob("exports/*.json"):
            export = sidecar.with_suffix("")
            if export.is_file():
                edit(sidecar, lambda said, export=export: said.update(sha256=digest(export)))
        sums = digests(unit)
        metadata = load(unit / "metadata.json")
        if isinstance(metadata, dict):
            origin = metadata.get("data_provenance")
            if "fingerprint" in metadata:
                fingerprints[unit.relative_to(root).as_posix()] = fingerprint(sums)
                edit(unit / "metadata.json", lambda said, sums=sums: said.update(fingerprint=fingerprint(sums)))
            elif isinstance(origin, dict) and (new := fingerprints.get(str(origin.get("path")))):
                edit(unit / "metadata.json", lambda said, new=new: said["data_provenance"].update(fingerprint=new))
        (unit / "SHA256SUMS").write_text(format_checksums(digests(unit)))
    try:
        rebuild_registry(str(root))
    except RuncheckError:  # what is left is no tree; the linter must say so itself
        return


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests(unit: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a unit but its list; of the object, where the file is its pointer."""
    listed = dict(line.split("  ")[::-1] for line in (unit / "SHA256SUMS").read_text().splitlines() if "  " in line)
    sums: dict[str, str] = {}
    for path in sorted(unit.rglob("*")):
        name = path.relative_to(unit).as_posix()
        if not path.is_file() or path.is_symlink() or path.name in ("SHA256SUMS", ".gitkeep"):
            continue
        is_pointer = path.read_bytes()[:40].startswith(b"version https://git-lfs.github.com/spec/")
        sums[name] = listed.get(name, "0" * 64) if is_pointer else digest(path)
    return sums


def load(path: Path) -> Any:  # noqa: ANN401 - whatever the damage made of it
    """Return a JSON document, or None where it is none."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def edit(path: Path, change: Any) -> None:  # noqa: ANN401
    """Edit a JSON document in place, where it is one."""
    document = load(path)
    if isinstance(document, dict):
        before = json.dumps(document)
        change(document)
        if json.dumps(document) != before:  # else its very bytes may be the damage
            path.write_text(json.dumps(document, indent=2))
