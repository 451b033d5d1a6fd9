"""Whether a path stays inside."""

import pytest

from runcheck.convention.paths import leads_out

OUT = [
    "/etc/passwd",
    "..",
    "../a",
    "a/../../b",
    "a/..//../b",
    "\\windows",
    "C:\\a",
    "c:/a",
    "..\\a",
    "a\\..\\..\\b",
    "../\0a",
    "..\0",
    "./../a",
]
INSIDE = [
    "a",
    "a/b",
    "a/../b",
    "./a",
    "...",
    "..a",
    "a..",
    "a/..",
    "",
    "a/./b",
    "a//b",
    "a:b",
    "~/a",
    "a b/ä",
    "a\0/../../b",
    "..../a",
]


@pytest.mark.parametrize("path", OUT)
def test_a_path_that_leads_out(path: str) -> None:
    assert leads_out(path)


@pytest.mark.parametrize("path", INSIDE)
def test_a_path_that_stays(path: str) -> None:
    assert not leads_out(path)


def test_a_path_is_seen_from_its_folder() -> None:
    assert not leads_out("../a", "b")
    assert not leads_out("../../a", "b/c")
    assert leads_out("../../a", "b")


@pytest.mark.parametrize(
    ("path", "links", "out"),
    [
        ("a/b", {"a": "/etc"}, True),
        ("a/b", {"a": "c"}, False),
        ("a/../b", {"a": "c/d"}, False),
        ("a/../../b", {"a": "c/d"}, False),
        ("a/..", {"a": "c", "c": ".."}, True),
        ("d/..", {"d": "x/y", "x/y": "."}, False),
        ("b/../..", {"b": "a/c", "a/c": ".."}, True),
        ("a", {"a": "a"}, False),
        ("a", {"a": "a/../.."}, True),
    ],
)
def test_links_on_the_way_are_followed(path: str, links: dict[str, str], out: bool) -> None:
    assert leads_out(path, links=links) is out
