"""Write what is made of something else: ``python docs/build.py``.

The page of a clause is the clause as the spec has it, the words of the rule that enforces it, and the trees of the
conformance suite that break it and that only seem to. The page of the command line is made from its parsers, the
catalog of schemas from the layout, the table of keys in the page of the configuration from their schema.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast, get_args

HERE = Path(__file__).parent
ROOT = HERE.parent
SUITE = ROOT / "fixtures"

from runcheck.cli import whole_parser  # noqa: E402
from runcheck.completions.commands import Argument, Command, Takes, commands_of, options_of  # noqa: E402
from runcheck.convention.bundles import CATALOG, catalog  # noqa: E402
from runcheck.convention.clauses import Clause, clauses  # noqa: E402
from runcheck.convention.fixable import words_of_fixes  # noqa: E402
from runcheck.convention.schemas import schema  # noqa: E402
from runcheck.conventions.definition import Convention, OwnRole, UnitForm  # noqa: E402
from runcheck.conventions.load import load, shipped  # noqa: E402
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
            title = (ROOT / "spec" / chapter).read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
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


def _convention(convention: Convention) -> str:
    """Return the page of a convention that is shipped: what lies where, what is asked, and what is taken over."""
    source = f"[`{convention.name}.toml`](../../schemas/conventions/{convention.name}.toml)"
    parts = [
        f"# {convention.title}",
        f"`{convention.name}` {convention.version}: {convention.description}",
        f"Written by `just docs` from {source}. [Conventions of one's own](../conventions.md) says how to change it.",
        f"```\nruncheck check PATH --convention {convention.name}\n```",
        "## What lies where",
    ]
    rows = [
        f"| `{'/'.join(filter(None, (_path_of(convention, unit), form.text)))}` | {role.name} | {_read_as(role)} |"
        for unit in convention.units.values()
        for role in unit.roles.values()
        for form in role.forms
    ]
    parts.append("\n".join(["| path | role | read as |", "| --- | --- | --- |", *rows]))
    parts.append("## What is asked")
    checks = [
        f"| {each.clause.code} | {each.clause.name} | {each.clause.level.value} | {_cell(each.clause.text)} "
        f"{_cell(each.clause.why)} | {_cell(_plain_words(each.clause.mend))} |"
        for each in convention.checks
    ]
    parts.append("\n".join(["| code | name | level | | to mend it |", "| --- | --- | --- | --- | --- |", *checks]))
    links = [f"[{code} {clauses()[code].name}](../rules/{_stem(clauses()[code])}.md)" for code in convention.clauses]
    parts.append(f"Of the main convention: {', '.join(links)}.")
    trees = sorted(path.name for path in (SUITE / "conventions" / convention.name).iterdir())
    linked = [f"- [{name}](../../fixtures/conventions/{convention.name}/{name})" for name in trees]
    parts += ["## Trees", "\n".join(linked)]
    return "\n\n".join(parts) + "\n"


def _path_of(convention: Convention, unit: UnitForm) -> str:
    above = _path_of(convention, convention.units[unit.inside]) if unit.inside else ""
    return "/".join(filter(None, (above, unit.form.text)))


def _read_as(role: OwnRole) -> str:
    words = [role.format or "what it begins with"]
    words += [f"{role.main} of the main convention"] if role.main else []
    return ", ".join(words)


def _plain_words(text: str) -> str:
    return re.sub(r"<([a-z-]+)>", r"*\1*", text)


def reference() -> str:
    """Return the page of the command line."""
    parser = whole_parser()
    parts = [
        "# The command line",
        "Written by `just docs` from the parsers of the commands; `runcheck COMMAND --help` says the same.",
        str(parser.epilog),
        _table(options_of(parser)),
    ]
    for command in commands_of(parser):
        parts += _command(command)
    return "\n\n".join(parts) + "\n"


def _command(command: Command) -> Iterator[str]:
    yield f"## runcheck {command.name}"
    yield f"{command.help[:1].upper()}{command.help[1:]}."
    yield f"```\n{command.usage}\n```"
    shown = [each for each in (*command.operands, *command.options) if "--help" not in each.flags]
    if shown:
        yield _table(tuple(shown))
    if command.epilog:
        yield command.epilog


def _table(arguments: tuple[Argument, ...]) -> str:
    rows = [f"| {_cell(_written(each))} | {_cell(_plain(each.help))} |" for each in arguments]
    return "\n".join(["| | |", "| --- | --- |", *rows])


def _plain(text: str) -> str:
    return re.sub(r"[<*_]", r"\\\g<0>", text)


def _written(argument: Argument) -> str:
    value = "" if argument.takes is Takes.NOTHING or not argument.flags else f" {argument.name}"
    return ", ".join(f"`{flag}{value}`" for flag in argument.flags or (argument.name,))


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


def generated() -> dict[Path, str]:
    """Return everything that is written, by its path."""
    return {
        **{HERE / "rules" / name: text for name, text in pages().items()},
        **{HERE / "conventions" / f"{name}.md": _convention(load(name)) for name in shipped()},
        HERE / "cli.md": reference(),
        CONFIGURATION: configuration_page(),
        ROOT / "schemas" / CATALOG: json.dumps(catalog(), indent=2) + "\n",
    }


def write() -> int:
    """Write everything, remove pages of clauses that are none any more, and return how many files there are."""
    files = generated()  # before anything is removed: it may fail
    for old in (HERE / "rules").glob("*.md"):
        old.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return len(files)


if __name__ == "__main__":
    print(f"{write()} files")
