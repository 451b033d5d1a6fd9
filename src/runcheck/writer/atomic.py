"""Files that are there whole or not at all."""

import json
import os
from collections.abc import Mapping


def write_whole(path: str, text: str) -> None:
    """Write ``text`` to ``path`` so that a crash leaves the old file or the new one.

    A temporary beside it is written, synced, and renamed over it.
    """
    temporary = f"{path}.tmp"
    with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def write_json(path: str, document: Mapping[str, object]) -> None:
    """Write a JSON document to ``path``, whole or not at all."""
    write_whole(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sync_folder(path: str) -> None:
    """Make the names in a folder last through a power cut, where the system lets a folder be synced."""
    try:
        descriptor = os.open(path or ".", os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
