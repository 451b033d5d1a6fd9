"""What a library says is wrong, in a line that can be shown."""

import pytest

from runcheck.trackers.mirror import told

KEY = "hf_" + "aBcD3fGh1jKlMnOpQrStUvWxYz012345"[:34]


def test_a_long_message_ends_at_a_word() -> None:
    words = told(ValueError("a word\nand another " * 40))
    assert len(words) <= 300 + len(" ...")
    assert words.startswith("a word and another a word")
    assert words.rpartition(" ")[0].rpartition(" ")[2] in {"a", "word", "and", "another"}
    assert words.endswith(" ...")


def test_a_short_message_stays_and_none_is_the_name_of_the_error() -> None:
    assert told(ValueError("no such run")) == "no such run"
    assert told(TimeoutError()) == "TimeoutError"
    assert told(ValueError("x" * 400)) == f"{'x' * 300} ..."


@pytest.mark.parametrize("before", range(270, 302, 4))
def test_a_key_that_lies_across_the_end_of_the_line_is_not_shown_in_part(before: int) -> None:
    assert KEY[:12] not in told(ValueError(f"{'word ' * (before // 5)}{KEY}"))
    assert KEY[:12] not in told(ValueError(f"{'x' * before}={KEY} and more"))
