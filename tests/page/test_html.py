"""Text is text, whatever is in it."""

import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from runcheck.page.html import Html, data, element, joined, text


class Read(HTMLParser):
    """What a parser sees: the elements with their attributes, and the text."""

    def __init__(self, whole: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.words = ""
        self.feed(whole)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


@given(st.text(), st.text())
def test_any_text_makes_one_element_and_no_more(words: str, title: str) -> None:
    seen = Read(element("p", words, title=title))
    assert [tag for tag, _ in seen.elements] == ["p"]
    assert [name for name, _ in seen.elements[0][1]] == ["title"]


def test_text_is_told_as_it_is() -> None:
    assert Read(element("p", "a < b & 'c' \"d\" </p><script>")).words == "a < b & 'c' \"d\" </p><script>"


def test_markup_stays_markup_and_text_beside_it_does_not() -> None:
    assert joined((element("b", "x"), "<b>")) == "<b>x</b>&lt;b&gt;"
    assert isinstance(joined(("x",)), Html)


def test_hidden_signs_are_seen_and_long_texts_are_cut() -> None:
    assert text("a\u202eb\x1b[2J\nc") == "a\\u202eb\\x1b[2J\nc"
    assert text("x" * 9000).endswith("... (5,000 more characters)")


def test_attributes_are_spelt_as_in_html_and_left_out_where_there_is_none() -> None:
    whole = element("td", 1.5, class_="number", data_v=1.5, open_=True, hidden=False, title=None)
    assert whole == '<td class="number" data-v="1.5" open>1.5</td>'
    assert element("input", type="search") == '<input type="search">'


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
def test_data_is_one_script_that_is_not_run_and_says_the_same(value: dict[str, object]) -> None:
    whole = data("drawn", value)
    inside = whole.removeprefix('<script type="application/json" id="drawn">').removesuffix("</script>")
    assert not set(inside) & set("<>&\u2028\u2029")
    inside.encode()
    assert json.loads(inside) == json.loads(json.dumps(value))


def test_a_lone_surrogate_in_data_does_not_stop_the_page() -> None:
    assert "\\ud800" in data("drawn", {"a": "\ud800"})
