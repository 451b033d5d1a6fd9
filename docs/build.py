"""Write the pages of the clauses: ``python docs/build.py [FOLDER]``, by default ``docs/rules``.

A page is the clause as the spec has it, the words of the rule that enforces it, and the trees of the conformance suite
that break it and that only seem to. Without a folder the table of keys in ``configuration.md`` is written too, from
their schema.
"""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast, get_args

HERE = Path(__file__).parent
SUITE = HERE.parent / "fixtures"

from runcheck.convention.clauses import Clause, clauses  # noqa: E402
from runcheck.convention.schemas import schema  # noqa: E402
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


CONFIGURATION = HERE / "configuration.md"
_BEGIN, _END = "<!-- keys: written by `just docs` from schemas/runcheck.schema.json -->\n", "<!-- end of keys -->\n"


def configuration_page() -> str:
    """Return the page of the configuration with the keys of its schema."""
    before, _, rest = CONFIGURATION.read_text(encoding="utf-8").partition(_BEGIN)
    rows = "\n".join(_keys(schema("runcheck"), ""))
    table = f"| key | what it says | such as |\n| --- | --- | --- |\n{rows}\n"
    return f"{before}{_BEGIN}\n{table}\n{_END}{rest.partition(_END)[2]}"


def _keys(node: Mapping[str, object], start: str) -> Iterator[str]:
    """Yield a row for each key of a table, and of the tables in it."""
    for name, each in cast("Mapping[str, Mapping[str, object]]", node["properties"]).items():
        if "properties" in each:
            yield from _keys(each, f"{name}.")
        elif not name.startswith("$"):
            examples = each.get("examples") or _definition(str(each["$ref"]))["examples"]
            example = _toml(cast("list[object]", examples)[0])
            yield f"| `{start}{name}` | {_cell(str(each['description']))} | `{_cell(example)}` |"


def _definition(reference: str) -> Mapping[str, object]:
    owner, _, name = reference.partition("#/$defs/")
    found = cast("Mapping[str, Mapping[str, object]]", schema(owner.rpartition(":")[2] or "runcheck")["$defs"])
    return found[name]


def _toml(value: object) -> str:
    """Return a value as TOML has it on one line: as JSON, but for tables."""
    if isinstance(value, dict):
        members = (f"{k if k.replace('-', '').isalnum() else json.dumps(k)} = {_toml(v)}" for k, v in value.items())
        return f"{{ {', '.join(members)} }}"
    return json.dumps(value)


def write(folder: Path) -> int:
    """Write every page into ``folder``, remove what is no page any more, and return how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(pages())


if __name__ == "__main__":
    if not sys.argv[1:]:
        CONFIGURATION.write_text(configuration_page(), encoding="utf-8")
    print(f"{write(Path(sys.argv[1]) if sys.argv[1:] else HERE / 'rules')} pages")
