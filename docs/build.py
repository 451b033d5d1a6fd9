"""Write the pages of the clauses: ``python docs/build.py [FOLDER]``, by default ``docs/rules``.

A page is the clause as the spec has it, the words of the rule that enforces it, and the trees of the conformance suite
that break it and that only seem to.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import get_args

HERE = Path(__file__).parent
SUITE = HERE.parent / "fixtures"

from runcheck.convention.clauses import Clause, clauses  # noqa: E402
from runcheck.convention.fixable import words_of_fixes  # noqa: E402
from runcheck.depth import Depth  # noqa: E402
from runcheck.rules.rule import rules  # noqa: E402

DEPTHS = get_args(Depth)


def pages() -> dict[str, str]:
    """Return every page by the name of its file."""
    return {"README.md": _index(), **{f"{_stem(clause)}.md": _page(clause) for clause in clauses().values()}}


def _stem(clause: Clause) -> str:
    return f"{clause.code}-{clause.name}"


def _index() -> str:
    lines = ["# The clauses", "", "Written by `just docs` from the spec, the rules and the suite.", ""]
    chapter = ""
    for clause in clauses().values():
        if clause.chapter != chapter:
            chapter = clause.chapter
            title = (HERE.parent / "spec" / chapter).read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
            lines += ["", f"## [{title}](../../spec/{chapter})", "", "| clause | level | |", "| --- | --- | --- |"]
        link = f"[{clause.code} {clause.name}]({_stem(clause)}.md)"
        lines.append(f"| {link} | {clause.level.value} | {_cell(_text(clause.text))} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text(text: str) -> str:
    """Return a text of the spec with its links as they are from a page."""
    return text.replace("](../", "](../../")


def _page(clause: Clause) -> str:
    anchor = f"{clause.code} {clause.name}".lower().replace(" ", "-")
    parts = [
        f"# {clause.code} {clause.name}",
        f"An {clause.level.value}" if clause.level.value == "error" else f"A {clause.level.value}",
        f"**{clause.level.name}** {_text(clause.text)}",
        f"**Why.** {_text(clause.why)}",
        f"**Fails.** {_text(clause.fails)}",
        f"**Mend.** {_text(clause.mend)}",
    ]
    if fixes := words_of_fixes(clause.name):
        parts.append(f"**Fix.** {fixes} See [fixes](../fixes.md).")
    parts[1] += f", by [{clause.chapter}](../../spec/{clause.chapter}#{anchor})."
    rule = rules()[clause.code]
    parts.append(f"**What is looked at.** {' '.join((inspect.getdoc(rule.judge) or '').split())}")
    parts += _depths(clause) + _trees(clause)
    return "\n\n".join(parts) + "\n"


def _depths(clause: Clause) -> list[str]:
    """Say which depth it takes to find what breaks the clause, as the trees of the suite tell."""
    expected = [json.loads(path.read_text())["findings"] for path in (SUITE / _stem(clause)).glob("*/expected.json")]
    depths = {each["depth"] for findings in expected for each in findings if each["code"] == clause.code}
    named = [f"`{depth}`" for depth in DEPTHS if depth in depths]
    if not named:
        return []
    rest = f", or for some at {' or '.join(named[1:])}" if named[1:] else ""
    return [f"**Found at** depth {named[0]}{rest}."]


def _trees(clause: Clause) -> list[str]:
    folder = SUITE / _stem(clause)
    trees = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not trees:
        return ["**Trees.** None that Git can store; the project's tests make them as they run."]
    links = "\n".join(f"- [{name}](../../fixtures/{_stem(clause)}/{name})" for name in trees)
    return [f"**Trees of the suite.**\n\n{links}"]


def write(folder: Path) -> int:
    """Write every page into ``folder``, remove what is no page any more, and return how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(pages())


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]) if sys.argv[1:] else HERE / 'rules')} pages")
