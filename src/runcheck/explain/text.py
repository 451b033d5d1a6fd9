"""What a path is, in text and as JSON."""

import json
import textwrap

from runcheck.convention.clauses import Clause
from runcheck.explain.meaning import Meaning
from runcheck.report.escape import printable

_WIDTH = 100
_COLUMN = 10
_GLUE = "\xa0"  # a space at which no line ends


def render(meaning: Meaning, path: str) -> str:
    """Return in text what ``path`` is."""
    width = max(_COLUMN, *(len(name) + 2 for name, _ in meaning.facts)) if meaning.facts else _COLUMN
    lines = [f"{printable(path)}: {meaning.what}", f"  {'tree':<{width}}{printable(meaning.root)}"]
    lines += [f"  {name:<{width}}{printable(value)}" for name, value in meaning.facts]
    if meaning.clauses:
        lines += ["", "What is asked of it:", *map(_line, meaning.clauses)]
    if meaning.general:
        names = ", ".join(f"{clause.code}{_GLUE}{clause.name}" for clause in meaning.general)
        wrapped = textwrap.wrap(names, _WIDTH, break_on_hyphens=False)
        lines += ["", "What is asked of every file of a unit:", *(f"  {line.replace(_GLUE, ' ')}" for line in wrapped)]
    named = " --convention ..." if "convention" in dict(meaning.facts) else ""
    lines += ["", f"'runcheck rule CODE{named}' says why, and how to mend what breaks it."]
    schema = dict(meaning.facts).get("schema")
    if schema:
        lines.append(f"'runcheck schema {schema}' prints the schema.")
    return "\n".join((*lines, ""))


def _line(clause: Clause) -> str:
    text = textwrap.shorten(f"{clause.name}: {clause.text}", _WIDTH, placeholder=" ...")
    return f"  {clause.code} {clause.level.value:<7} {text}"


def render_json(meaning: Meaning) -> str:
    """Return as JSON what a path is."""
    document = {
        "path": meaning.path,
        "root": meaning.root,
        "what": meaning.what,
        **dict(meaning.facts),
        "clauses": [clause.code for clause in meaning.clauses],
        "clauses_of_every_file": [clause.code for clause in meaning.general],
    }
    return json.dumps(document, indent=2) + "\n"
