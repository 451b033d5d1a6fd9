"""Where a configuration is found, and that nothing in its place stops or stalls a check."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.configuration.find import find, read
from runcheck.errors import ConfigurationError

OURS = 'ignore = ["RC808"]\n'
SHARED = f"[project]\nname = 'x'\n[tool.runcheck]\n{OURS}"


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def found(folder: Path) -> str | None:
    source = find(str(folder))
    return source.path if source else None


@given(
    st.lists(st.sampled_from(["nothing", "own", "shared", "both", "others", "top", "top own"]), min_size=1, max_size=5)
)
def test_the_nearest_wins_up_to_the_top_of_the_repository(
    tmp_path_factory: pytest.TempPathFactory, levels: list[str]
) -> None:
    folder = top = tmp_path_factory.mktemp("top")
    (top / ".git").mkdir()
    expected: str | None = None
    for number, level in enumerate(levels):
        folder = folder / str(number)
        folder.mkdir()
        if "top" in level:
            (folder / ".git").write_text("gitdir: elsewhere\n")
            expected = None
        if level in ("shared", "both"):
            expected = str(write(folder, "pyproject.toml", SHARED))
        if level == "others":
            write(folder, "pyproject.toml", "[tool.ruff]\n# not of runcheck\n")
        if level in ("own", "both", "top own"):
            expected = str(write(folder, "runcheck.toml", OURS))
    assert found(folder) == expected


def test_above_the_top_of_the_repository_nothing_is_looked_for(tmp_path: Path) -> None:
    write(tmp_path, "runcheck.toml", OURS)
    (tmp_path / "a/.git").mkdir(parents=True)
    assert found(tmp_path / "a") is None
    assert found(tmp_path) == str(tmp_path / "runcheck.toml")


def test_the_table_is_that_of_the_tool(tmp_path: Path) -> None:
    assert read(str(write(tmp_path, "pyproject.toml", SHARED))).table == {"ignore": ["RC808"]}
    assert read(str(write(tmp_path, "other-name.toml", OURS))).table == {"ignore": ["RC808"]}


def test_a_broken_pyproject_that_does_not_speak_of_runcheck_is_none_of_ours(tmp_path: Path) -> None:
    write(tmp_path / "a", "pyproject.toml", "[[[")
    own = write(tmp_path, "runcheck.toml", OURS)
    assert found(tmp_path / "a") == str(own)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("runcheck.toml", b"ignore = [", "is no TOML: .*end of document"),
        ("pyproject.toml", b"[tool.runcheck\n", "is no TOML: .*line 1"),
        ("runcheck.toml", b"# \xff", "is not UTF-8: .* at byte 2"),
        ("runcheck.toml", b"#" * (1 << 20) + b"#", "is larger than 1,048,576 bytes"),
        ("runcheck.toml", b"a = " + b"[" * 100_000, "is no TOML: "),
    ],
)
def test_what_cannot_be_read_is_told_with_its_file(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"{name}: {words}"):
        find(str(tmp_path))


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "runcheck.toml")
    with pytest.raises(ConfigurationError, match=r"runcheck\.toml: is not a file"):
        find(str(tmp_path))
    (tmp_path / "runcheck.toml").unlink()
    (tmp_path / "runcheck.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"runcheck\.toml: "):
        find(str(tmp_path))
    (tmp_path / "runcheck.toml").rmdir()
    (tmp_path / "runcheck.toml").symlink_to("nowhere")
    with pytest.raises(ConfigurationError, match=r"runcheck\.toml: cannot be read: No such file"):
        find(str(tmp_path))


def test_a_file_that_is_named_must_be_there_and_have_the_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read(str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match=r"has no table \[tool\.runcheck\]"):
        read(str(write(tmp_path, "pyproject.toml", "[tool.ruff]\n")))
