"""Edits as they are shown before they are made: a unified diff of texts, one line of everything else."""

import difflib
import os
from collections.abc import Iterator

from runcheck.convention.layout import layout
from runcheck.convention.words import words_in
from runcheck.fixes.edits import Edit
from runcheck.fixes.plan import Plan
from runcheck.report.escape import printable

_MOST_LINES = 20_000  # beyond, a comparison takes longer than anybody waits
_SHOWN = 4  # characters of a secret


def diff_of(plan: Plan) -> str:
    """Return what a plan would change. Secrets beside a change are not shown."""
    lines = [line for group in plan.edits for edit in group for line in _of_edit(edit)]
    if plan.needs_registry:
        lines.append(f"# {layout().registry}: would be built again from the metadata of the units")
    return "".join(f"{line}\n" for line in lines)


def _of_edit(edit: Edit) -> Iterator[str]:
    match edit.act:
        case "write":
            yield from _of_text(edit)
        case "link":
            was = "" if edit.before == "absent" else f", now {edit.before}"
            yield printable(f"# {edit.path}: would be a link to {os.fsdecode(edit.content)}{was}")
        case "remove":
            yield printable(f"# {edit.path}: would be removed")
        case "end":
            cut = len(edit.old or b"")
            what = f"the {cut:,} bytes of its torn last line would be set aside" if cut else "a line feed would end it"
            yield printable(f"# {edit.path}: {what}")


def _of_text(edit: Edit) -> Iterator[str]:
    try:
        old, new = ((edit.old or b"").decode(), edit.content.decode())
    except UnicodeDecodeError:
        yield printable(f"# {edit.path}: {len(edit.content):,} bytes would be written")
        return
    before, after = _lines(old), _lines(new)
    if max(len(before), len(after)) > _MOST_LINES:
        changed = len(set(before) ^ set(after))
        many = f"{changed:,} of {len(after):,} lines other than now"
        yield printable(f"# {edit.path}: would be written again, {many}")
        return
    source = "/dev/null" if edit.old is None else f"a/{edit.path}"
    for line in difflib.unified_diff(before, after, source, f"b/{edit.path}", lineterm=""):
        yield _shown(line)


def _lines(text: str) -> list[str]:
    """Return the lines of a text, which ``splitlines`` would also part at characters that are no ends of lines."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]}  (no line feed)"]


def _shown(line: str) -> str:
    """Return a line without secrets, and without what moves a cursor but for tabs."""
    for word in reversed(words_in(line)):
        if word.kind in ("secret", "address"):
            line = f"{line[: word.start + _SHOWN]}\u2026{line[word.end :]}"
    return "\t".join(map(printable, line.split("\t")))
