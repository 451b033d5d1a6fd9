"""``latest`` as a text file."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.latest import LatestProbe
from tests.drawing import examples


def read(content: bytes, *cuts: int) -> str | None:
    """Feed a text, cut into chunks, and return the version it names."""
    probe, places = LatestProbe(), [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for start, end in pairwise(places):
        probe.feed(content[start:end])
    return probe.content().version


@pytest.mark.parametrize("version", ["v1", "1.2.3-rc.1", "2026-05-27T12-34-56Z_0123456-2"])
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_version_is_read_with_and_without_a_line_feed(version: str, ending: str) -> None:
    assert read((version + ending).encode()) == version


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"v1\nv2\n",
        b"v1 \n",
        b" v1",
        b"v1\n\n",
        b"../v1",
        b"final",
        b"v1\0",
        b"\xff",
        b"\xef\xbb\xbfv1",
        b"v1" * 200,
    ],
)
def test_anything_else_names_no_version(content: bytes) -> None:
    assert read(content) is None


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=20) | st.sampled_from([b"v12\n", b"1.0.0"]), st.lists(st.integers(0, 20), max_size=3))
def test_chunks_make_no_difference(content: bytes, cuts: list[int]) -> None:
    assert read(content, *cuts) == read(content)
