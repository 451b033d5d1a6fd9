"""A real browser without a window: the one that is installed, or the one that ``./dev tools`` unpacks."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

UNPACKED = Path(__file__).parents[2] / ".venvs/tools/bin"


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A Chromium that runs; tests that need it skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, (shutil.which("chromium", path=UNPACKED), *map(shutil.which, names))), None)
    if found is None:
        pytest.skip("there is no Chromium here; `./dev tools` unpacks Debian's")
    with playwright.sync_playwright() as driver:
        try:
            # The sandbox needs rights that containers do not have; the pages are of this test alone.
            started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"{found} does not start: {str(error).splitlines()[0]}")
        yield started
        started.close()
