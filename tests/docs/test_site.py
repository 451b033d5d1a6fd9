"""The site is built without a warning, and no link in it is dead."""

import importlib.util
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

MAKE = Path(__file__).parents[2] / "docs/site/make.py"


def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_site", MAKE)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


make = module()


class Page(HTMLParser):
    """What a page links to, and what may be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value is not None and name in ("href", "src"):
                self.links.append(value)
                if tag != "a":
                    self.loaded.add(value)
            elif value is not None and name in ("id", "name"):
                self.names.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once."""
    if any(importlib.util.find_spec(name) is None for name in ("sphinx", "myst_parser", "furo")):
        pytest.skip("NOT TESTED: Sphinx, MyST and furo are not installed; they are the group 'docs'")
    folder = tmp_path_factory.mktemp("site")
    (folder / "mine").write_text("")
    html: Path = make.make(folder)
    return html


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """The pages of the site, read once."""
    return {path: Page(path) for path in site.rglob("*.html")}


def test_what_else_lies_in_its_folder_stays(site: Path) -> None:
    assert (site.parent / "mine").exists()


def test_every_page_of_the_repository_is_in_it(site: Path) -> None:
    for page in make.pages():
        assert (site / page.with_suffix(".html")).exists(), page


def test_no_link_in_it_is_dead(site: Path, pages: dict[Path, Page]) -> None:
    def dead() -> Iterator[str]:
        for path, page in pages.items():
            for link in page.links:
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                names = pages[target].names if target in pages else {parts.fragment}
                if not target.exists() or (parts.fragment and unquote(parts.fragment) not in names):
                    yield f"{path.relative_to(site)}: {link}"

    assert list(dead()) == []


def test_every_page_can_be_reached_from_the_first(site: Path, pages: dict[Path, Page]) -> None:
    reached, ahead = set(), [site / "index.html"]
    while ahead:
        path = ahead.pop()
        if path in reached or path.suffix != ".html":
            continue
        reached.add(path)
        ahead += [
            (path.parent / unquote(parts.path)).resolve()
            for link in pages[path].links
            if not (parts := urlsplit(link)).scheme and parts.path
        ]
    assert {site / page.with_suffix(".html") for page in make.pages()} <= reached


def test_it_loads_nothing_from_another_site(pages: dict[Path, Page]) -> None:
    loaded = set().union(*(page.loaded for page in pages.values()))
    assert loaded
    assert not [each for each in loaded if urlsplit(each).netloc]


def test_a_dead_link_stops_the_build(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "repository"
    (repository / "docs/rules").mkdir(parents=True)
    (repository / "spec").mkdir()
    (repository / "README.md").write_text("# Here\n\n[there](docs/none.md) and [a script](script.py)\n")
    (repository / "script.py").write_text("")
    monkeypatch.setattr(make, "ROOT", repository)
    with pytest.raises(subprocess.CalledProcessError):
        make.make(tmp_path / "site")
    staged = (tmp_path / "site/source/README.md").read_text()
    assert "(docs/none.md)" in staged
    assert "script.py" not in staged
