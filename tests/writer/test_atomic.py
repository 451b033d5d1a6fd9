"""What is written whole or not at all: a file, and a folder."""

import os
from pathlib import Path

import pytest

from runcheck.writer.atomic import whole, write_whole


@pytest.mark.parametrize("content", ["caf\u00e9\n", b"\x00\r\n\xff", ""])
def test_a_file_holds_what_was_written_and_replaces_the_one_before(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    write_whole(str(path), content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("no space"), KeyboardInterrupt(), ValueError("bad row")], ids=repr)
@pytest.mark.parametrize("is_folder", [False, True])
def test_after_an_error_the_old_one_is_there_and_no_temporary(
    tmp_path: Path, error: BaseException, is_folder: bool
) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(type(error)), whole(str(tmp_path / "a")) as temporary:  # noqa: PT012
        if is_folder:
            os.makedirs(f"{temporary}/sub")
            Path(temporary, "sub/x").write_text("half")
        else:
            Path(temporary).write_text("half")
        raise error
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


def test_a_folder_appears_with_all_that_is_in_it(tmp_path: Path) -> None:
    with whole(str(tmp_path / "a")) as temporary:
        os.makedirs(f"{temporary}/sub")
        Path(temporary, "sub/x").write_text("1")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a/sub/x").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_a_crash_left_is_replaced_and_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "a.tmp").symlink_to(tmp_path / "outside")
    write_whole(str(tmp_path / "a"), "new")
    (tmp_path / "b.tmp").mkdir()
    (tmp_path / "b.tmp/x").write_text("half")
    with whole(str(tmp_path / "b")) as temporary:
        os.mkdir(temporary)
    assert (tmp_path / "outside").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "outside"}
    assert list((tmp_path / "b").iterdir()) == []
