"""Pointers with wildcards."""

import pytest

from runcheck.conventions.pointers import key_of, resolve, value_at

DOCUMENT = {"a": {"b": 1, "c": [10, {"b": 2}]}, "x/y": {"~": 3}, "links": {"b": 4}}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/a/b", [("/a/b", 1)]),
        ("/a/c/1/b", [("/a/c/1/b", 2)]),
        ("/a/c/-1", []),
        ("/x~1y/~0", [("/x~1y/~0", 3)]),
        ("/*/b", [("/a/b", 1), ("/links/b", 4)]),
        ("/**/b", [("/a/b", 1), ("/a/c/1/b", 2), ("/links/b", 4)]),
        ("/**/**/b", [("/a/b", 1), ("/a/c/1/b", 2), ("/links/b", 4)]),
        ("/nothing", []),
        ("/a/b/c", []),
    ],
)
def test_a_pointer_leads_where_it_says(pointer: str, found: list[tuple[str, object]]) -> None:
    assert [tuple(each) for each in resolve(DOCUMENT, pointer)] == found


def test_the_empty_pointer_is_the_whole_document() -> None:
    assert [each.value for each in resolve(DOCUMENT, "")] == [DOCUMENT]


def test_the_key_of_a_pointer_is_unescaped() -> None:
    assert key_of("/a/x~1y~0") == "x/y~"


def test_many_wildcards_in_a_deep_document_come_to_an_end() -> None:
    document: object = 1
    for _ in range(60):
        document = {"a": document}
    assert not list(resolve(document, "/**" * 9 + "/z"))
    assert len(list(resolve(document, "/**" * 9))) == 61


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/a/b", 1), ("/a/c/1/b", 2), ("/x~1y/~0", 3), ("/a/c/01", None), ("/a/*", None), ("/no", None)],
)
def test_a_plain_pointer_has_one_value(pointer: str, value: object) -> None:
    assert value_at(DOCUMENT, pointer) == value
