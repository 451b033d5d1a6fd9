"""``latest``: a relative link, or a text file where there are no links; it only moves forward."""

import os
from pathlib import Path

import pytest

from runcheck.writer.latest import read_latest, update_latest


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    """A slug with a few versions."""
    for version in ("v1", "v2", "v10"):
        (tmp_path / "slug" / version).mkdir(parents=True)
    return tmp_path / "slug"


def test_latest_is_a_relative_link_to_a_version_beside_it(slug: Path) -> None:
    update_latest(str(slug), "v1")
    assert os.readlink(slug / "latest") == "v1"
    assert (slug / "latest").resolve() == slug / "v1"


def test_latest_moves_to_a_newer_version_and_never_back(slug: Path) -> None:
    for version, expected in (("v2", "v2"), ("v1", "v2"), ("v10", "v10"), ("v2", "v10")):
        update_latest(str(slug), version)
        assert read_latest(str(slug)) == expected
    assert sorted(path.name for path in slug.iterdir()) == ["latest", "v1", "v10", "v2"]


def test_latest_that_names_a_version_that_is_gone_is_set_anew(slug: Path) -> None:
    update_latest(str(slug), "v10")
    (slug / "v10").rmdir()
    update_latest(str(slug), "v1")
    assert read_latest(str(slug)) == "v1"


def test_a_text_file_is_read_and_replaced(slug: Path) -> None:
    (slug / "latest").write_bytes(b"v2\r\n")
    assert read_latest(str(slug)) == "v2"
    update_latest(str(slug), "v1")
    assert read_latest(str(slug)) == "v2"
    update_latest(str(slug), "v10")
    assert read_latest(str(slug)) == "v10"


def test_where_there_is_no_latest_there_is_none(slug: Path) -> None:
    assert read_latest(str(slug)) is None
    assert read_latest(str(slug / "nothing")) is None


def test_what_is_no_text_names_nothing_and_is_replaced(slug: Path) -> None:
    (slug / "latest").write_bytes(b"\xff\xfe\x00")
    update_latest(str(slug), "v1")
    assert os.readlink(slug / "latest") == "v1"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(slug: Path) -> None:
    os.mkfifo(slug / "latest")
    assert read_latest(str(slug)) is None
    update_latest(str(slug), "v1")
    assert os.readlink(slug / "latest") == "v1"


def test_what_an_interrupted_update_left_is_in_nobodys_way(slug: Path) -> None:
    (slug / "latest.tmp").symlink_to("v9")
    update_latest(str(slug), "v1")
    assert read_latest(str(slug)) == "v1"
    assert not os.path.lexists(slug / "latest.tmp")


def test_where_the_file_system_has_no_links_latest_is_a_text_file(slug: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:  # what a FAT file system answers; there is none here to ask
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    update_latest(str(slug), "v1")
    assert (slug / "latest").read_bytes() == b"v1\n"
    update_latest(str(slug), "v2")
    assert (slug / "latest").read_bytes() == b"v2\n"
