"""Moves on a copy of the good tree: edit a document, seal again, index again."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from runcheck.check import check
from runcheck.convention.checksums import fingerprint, format_checksums
from runcheck.writer.registry import rebuild_registry

Edit = Callable[[Any], object]


class Trees:
    """A tree with one dataset and one run, and the folders of both."""

    def __init__(self, root: Path) -> None:
        """Take the copy of the good tree at ``root``."""
        self.root = root
        self.dataset = root / "dataset/digits/v1"
        self.run = (root / "model/digits_logreg_baseline/latest").resolve()

    def metadata(self, edit: Edit, unit: Path | None = None) -> None:
        """Edit the metadata of a unit, the run by default, then seal and index."""
        edit_json((unit or self.run) / "metadata.json", edit)
        self.seal(unit or self.run)

    def summary(self, edit: Edit) -> None:
        """Edit the summary of the run, then seal."""
        path = self.run / "summary.yaml"
        document = yaml.safe_load(path.read_text())
        edit(document)
        path.write_text(json.dumps(document, indent=1))
        self.seal(self.run)

    def rows(self, *lines: str | bytes) -> None:
        """Append lines to the metrics of the run, as they are, then seal."""
        with (self.run / "metrics.jsonl").open("ab") as stream:
            for line in lines:
                stream.write(line if isinstance(line, bytes) else line.encode())
        self.seal(self.run)

    def write(self, path: str, content: str | bytes = "x", unit: Path | None = None) -> Path:
        """Write a file of a unit, the run by default, then seal."""
        file = (unit or self.run) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.seal(unit or self.run)
        return file

    def seal(self, unit: Path) -> None:
        """Write the list of a unit, the fingerprint of a dataset, what the run knows of it, and the registry."""
        sums = digests(unit)
        if unit == self.dataset:
            edit_json(unit / "metadata.json", lambda metadata: metadata.update(fingerprint=fingerprint(sums)))
            sums = digests(unit)
            edit_json(
                self.run / "metadata.json",
                lambda metadata: metadata["data_provenance"].update(fingerprint=fingerprint(sums)),
            )
            (self.run / "SHA256SUMS").write_text(format_checksums(digests(self.run)))
        if (unit / "SHA256SUMS").exists():
            (unit / "SHA256SUMS").write_text(format_checksums(sums))
        rebuild_registry(str(self.root))

    def checkpoint(self, name: str = "5") -> None:
        """Give the run a folder that stands for a checkpoint of its last step, and let the summary name it."""
        self.write(f"checkpoints/{name}/array", b"weights")
        self.summary(lambda summary: summary.update(checkpoint_step=5))

    def export(self, edit: Edit = lambda _: None) -> None:
        """Give the run a checkpoint and an export of it, with an edited sidecar."""
        self.checkpoint()
        content = b"exported"
        sidecar = {
            "schema_version": "1.0",
            "file": "w.safetensors",
            "format": "safetensors",
            "framework": "jax 0.10.2",
            "source_step": 5,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        edit(sidecar)
        self.write("exports/w.safetensors", content)
        self.write("exports/w.safetensors.json", json.dumps(sidecar))

    def found(self) -> set[tuple[str, str]]:
        """Return code and path of each finding but the warning of a tree outside of Git; RUN and DATA are the units."""
        short = {str(self.run.relative_to(self.root)): "RUN", "dataset/digits/v1": "DATA"}
        found = set()
        for finding in check(self.root).findings:
            path = finding.path
            for long, name in short.items():
                path = path.replace(long, name)
            if finding.code != "RC208":
                found.add((finding.code, path))
        return found


def edit_json(path: Path, edit: Edit) -> None:
    """Edit a JSON document in place."""
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document, indent=2) + "\n")


def digests(unit: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a unit but its list."""
    return {
        path.relative_to(unit).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(unit.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.name not in ("SHA256SUMS", ".gitkeep")
    }


def setting(pointer: str, value: object) -> Edit:
    """Return an edit that sets the value at a JSON pointer."""

    def edit(document: Any) -> None:  # noqa: ANN401
        *folders, last = pointer.split("/")[1:]
        for each in folders:
            document = document[each]
        document[last] = value

    return edit


def without(pointer: str) -> Edit:
    """Return an edit that removes the member at a JSON pointer."""

    def edit(document: Any) -> None:  # noqa: ANN401
        *folders, last = pointer.split("/")[1:]
        for each in folders:
            document = document[each]
        del document[last]

    return edit
