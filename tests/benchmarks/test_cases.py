"""Which variants of the check are compared."""

from pathlib import Path

import pytest

from benchmarks import cases


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (
            set(),
            {
                "runcheck": "runcheck check",
                "runcheck, with the registry": "runcheck check",
                "runcheck, as typed": "runcheck check",
            },
        ),
        (
            {"--no-cache", "--select"},
            {
                "runcheck": "runcheck check --no-cache",
                "runcheck, with the registry": "runcheck check --no-cache",
                "runcheck, as typed": "runcheck check",
                "runcheck, checksums alone": "runcheck check --select=RC3 --no-cache",
            },
        ),
        (
            {"--jobs", "--rehash"},
            {
                "runcheck": "runcheck check",
                "runcheck, with the registry": "runcheck check",
                "runcheck, as typed": "runcheck check",
                "runcheck, all hashed again": "runcheck check --rehash",
                "runcheck, 8 workers": "runcheck check --jobs=8",
            },
        ),
    ],
)
def test_a_variant_is_compared_once_the_check_has_its_options(
    known: set[str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "_known_options", lambda: frozenset(known))
    assert cases.variants() == expected
    assert all(cases.runcheck(name, Path("tree")) for name in expected)
    assert not any(cases.runcheck(name, Path("tree")) for name in cases.VARIANTS if name not in expected)


def test_the_options_are_those_that_the_check_names() -> None:
    assert {"--depth", "--format"} <= cases._known_options()
    assert "--depths" not in cases._known_options()
