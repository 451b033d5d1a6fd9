"""The tables of the formats."""

import pytest

from runcheck import probes

READERS = sorted({*probes._STREAMING.values(), *probes._SEEKING.values(), *probes._FOLDERS.values()})


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_format_is_there(name: str) -> None:
    assert callable(probes._load(name))
