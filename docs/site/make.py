"""Build the site: ``python docs/site/make.py [FOLDER]``, by default ``.site``; the pages are in its ``html``.

The pages are those that are read in the repository, where they lie there. What they link to that is no page, such as a
script or a fixture, is named and not linked, since a site has it not. A warning of Sphinx is an error.
"""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from markdown_it import MarkdownIt

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# In this order; pages of docs/ that stand nowhere come last in the guide.
SECTIONS = {
    "Guide": [
        "README",
        "docs/quickstart",
        "docs/writer",
        "docs/charlm",
        "docs/registry",
        "docs/output",
        "docs/report",
        "docs/configuration",
        "docs/fixes",
        "docs/pre-commit",
        "docs/ci",
        "docs/conventions",
        "docs/conventions/*",
        "docs/pytest",
        "docs/editors",
        "docs/runs",
        "docs/reproduce",
        "docs/sweeps",
        "docs/tuning",
        "docs/flows",
        "docs/prune",
        "docs/trackers",
        "docs/wandb",
        "docs/mlflow",
        "docs/export",
        "docs/dvc",
        "docs/publish",
        "docs/signing",
        "docs/cli",
    ],
    "The convention": ["spec/README", "spec/[1-9]*", "spec/versions-and-extensions", "docs/rules/README"],
    "Why, and how well": [
        "docs/decisions",
        "docs/proof",
        "docs/silent-damage",
        "docs/faults",
        "docs/performance",
        "docs/scaling",
        "CONTRIBUTING",
        "CHANGELOG",
    ],
}
RULES = "docs/rules/RC*"  # which their own page lists, and not the margin of each page
_ALONE = ("---", "orphan: true", "---", "")
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_ELSEWHERE = re.compile(r"[a-z]+:")


def pages() -> list[Path]:
    """Return the pages, relative to the repository."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("spec/*.md")]
    return sorted(path.relative_to(ROOT) for path in found)


def images() -> list[Path]:
    """Return the images that pages show."""
    return sorted(path.relative_to(ROOT) for path in ROOT.glob("docs/*.svg"))


def staged(page: Path, known: set[Path]) -> str:
    """Return the text of a page, with links to ``known`` files and to other sites alone."""
    lines = (ROOT / page).read_text(encoding="utf-8").split("\n")

    def kept(match: re.Match[str]) -> str:
        path = ROOT / page.parent / match["path"]
        is_beside = not _ELSEWHERE.match(match["path"]) and path.exists()  # what is nowhere, Sphinx warns of
        return match["text"] if is_beside and path.resolve().relative_to(ROOT) not in known else match[0]

    for token in MarkdownIt().enable("table").parse("\n".join(lines)):
        if token.type == "inline" and token.map:
            for at in range(*token.map):
                lines[at] = _LINK.sub(kept, lines[at])
    return "\n".join([*(_ALONE if page.match(RULES) else ()), *lines])


def index(names: list[str]) -> str:
    """Return the first page, which lists the others."""
    listed = [pattern for section in (*SECTIONS.values(), [RULES]) for pattern in section]
    rest = [name for name in names if name.startswith("docs/") and not any(fnmatch(name, each) for each in listed)]
    parts = [
        "# runcheck",
        "A file convention for datasets and training runs, a writer that conforms to it, and a linter that proves it.",
    ]
    for title, section in SECTIONS.items():
        entries = [*section, *(rest if title == "Guide" else [])]
        there = [entry for entry in entries if any(fnmatch(name, entry) for name in names)]
        parts.append("\n".join(["```{toctree}", ":maxdepth: 1", ":glob:", f":caption: {title}", "", *there, "```"]))
    return "\n\n".join(parts) + "\n"


def stage(folder: Path) -> None:
    """Put the pages into ``folder``, as the site has them."""
    known = {*pages(), *images()}
    for page in pages():
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(staged(page, known), encoding="utf-8")
    for image in images():
        shutil.copy(ROOT / image, folder / image)
    (folder / "index.md").write_text(index([page.with_suffix("").as_posix() for page in pages()]), encoding="utf-8")


def make(folder: Path) -> Path:
    """Build the site in ``folder``, and return where its pages are.

    Raises:
        subprocess.CalledProcessError: Sphinx warned of something, on its standard error.
    """
    html = folder / "html"
    for made in (folder / "source", html):  # the folder may be anybody's, and hold more
        shutil.rmtree(made, ignore_errors=True)
    stage(folder / "source")
    command = [
        "-m",
        "sphinx",
        "-b",
        "html",
        "-W",
        "--keep-going",
        "-q",
        "-c",
        str(HERE),
        str(folder / "source"),
        str(html),
    ]
    subprocess.run([sys.executable, *command], check=True)  # noqa: S603 - no word of it comes from a page
    return html


if __name__ == "__main__":
    try:
        print(make(Path(sys.argv[1]) if sys.argv[1:] else ROOT / ".site") / "index.html")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
