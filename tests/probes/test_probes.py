"""The tables of the formats."""

import pytest

from runcheck import probes


@pytest.mark.parametrize("name", {*probes._STREAMING.values(), *probes._SEEKING.values(), *probes._FOLDERS.values()})
def test_what_reads_a_format_is_there(name: str) -> None:
    assert callable(probes._load(name))
