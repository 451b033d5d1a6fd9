"""What a team may ask beyond the convention.

Tags only narrow: one that the convention does not know cannot be asked for, nor a value that it does not allow, so that
who reads the tree without the settings, and the writer, find nothing in it that they do not know. What else a team
records goes into extensions.
"""

from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.signers import AnySigner


class Settings(NamedTuple):
    """What is asked beside what ``layout.toml`` says, and in its place; nothing where nobody asks for anything."""

    further_tags: Mapping[str, tuple[str, ...]] = {}  # by kind
    values: Mapping[str, tuple[str, ...]] = {}  # by tag
    wandb_project: str | None = None
    lfs_bytes: int | None = None
    heartbeat_seconds: int | None = None
    file_bytes: Mapping[str, int] = {}  # by role
    signers: tuple[AnySigner, ...] | None = None  # who may sign; None where nobody asks

    def mandatory_tags(self, kind: str) -> tuple[str, ...]:
        """Return the tags that a unit of a kind must have."""
        return tuple(dict.fromkeys((*layout().mandatory_tags[kind], *self.further_tags.get(kind, ()))))

    def tag_values(self, tag: str) -> tuple[str, ...] | None:
        """Return the values that a tag may have, None where it may have any."""
        return self.values.get(tag) or layout().tag_values.get(tag)

    @property
    def most_lfs_bytes(self) -> int:
        """How large a file may be that does not go through Git LFS."""
        return layout().limits.lfs_bytes if self.lfs_bytes is None else self.lfs_bytes

    @property
    def most_heartbeat_seconds(self) -> int:
        """How old the heartbeat of a running run may be."""
        return layout().limits.heartbeat_seconds if self.heartbeat_seconds is None else self.heartbeat_seconds
