"""Patterns mean what they mean to Git."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.configuration.globs import glob
from runcheck.errors import ConfigurationError

PIECES = ["a", "b", ".", "*", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", r"\*", r"\?", r"\a", r"\[", "a*", "*b"]
SEGMENT = st.one_of(st.just("**"), st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join))
PATTERNS = st.builds(
    lambda start, segments: start + "/".join(segments),
    st.sampled_from(["", "/"]),
    st.lists(SEGMENT, min_size=1, max_size=4),
).filter(lambda text: not {".", "..", ""} & {*text.removeprefix("/").split("/")})
NAMES = st.sampled_from(["a", "b", "ab", "ba", "aa", "*", "?", "[", "]a", ".a"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository of Git."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def ignored_by_git(repository: Path, pattern: str, paths: list[str]) -> set[str]:
    (repository / ".gitignore").write_text(f"{pattern}\n")
    command = ["git", "-C", str(repository), "check-ignore", "--no-index", "--stdin", "-z"]
    done = subprocess.run(command, input="\0".join(paths), capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return {*done.stdout.split("\0")} - {""}


@given(pattern=PATTERNS, paths=st.lists(PATHS, min_size=1, max_size=12, unique=True))
def test_a_path_fits_a_pattern_if_git_would_ignore_it(repository: Path, pattern: str, paths: list[str]) -> None:
    assert {path for path in paths if glob(pattern).fits(path)} == ignored_by_git(repository, pattern, paths)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("legacy_*/", ["legacy_a", "x/legacy_a/b"], ["legacy", "x/legacy"]),
        ("artefacts/model/*/v1", ["artefacts/model/a/v1", "artefacts/model/a/v1/README.md"], ["artefacts/model/v1"]),
        ("plots/**", ["plots/a", "plots/a/b"], ["plots", "x/plots/a"]),
        ("**/plots", ["plots", "x/y/plots/a"], ["plot"]),
        (r"\!x", ["!x"], ["x"]),
        ("*", ["a", "a/b", "."], []),
    ],
)
def test_what_a_pattern_means(pattern: str, fitting: list[str], others: list[str]) -> None:
    assert all(map(glob(pattern).fits, fitting))
    assert not any(map(glob(pattern).fits, others))


@pytest.mark.parametrize("pattern", ["!x", "", "/", "//", "a//b", "../x", "./x", "a/.."])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError):
        glob(pattern)


def test_a_pattern_of_many_stars_is_not_tried_in_every_way() -> None:
    assert not glob("**/" + "*a" * 60).fits("a" * 59 + "b")
    assert not glob("/".join(["**", "a"] * 40)).fits("/".join("a" * 39))
    assert not glob("/".join(["**", "a"] * 40) + "/b").fits("/".join("a" * 200))
