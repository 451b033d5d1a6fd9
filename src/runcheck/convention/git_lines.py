"""The lines of ``.gitattributes`` that a tree needs, from the layout (gitattributes(5))."""

from collections.abc import Iterable, Mapping

from runcheck.convention.layout import layout

_LFS = "filter=lfs diff=lfs merge=lfs -text"
_PLAIN = "!filter !diff !merge !text"


def lfs_lines(roles: Iterable[str] = (), folders: Mapping[str, str] | None = None, prefix: str = "") -> list[str]:
    """Return a line for each path of the roles whose large files go through Git LFS, or of ``roles`` alone.

    ``folders`` are the names that the folders of the kinds have, where not those of the layout; ``prefix`` is the path
    of the tree in the repository, with a slash. What has a more special role below, as a sidecar, stays as it is.
    """
    wanted = tuple(roles) or layout().lfs_roles
    lines: list[str] = []
    for role in (layout().roles[name] for name in layout().lfs_roles if name in wanted):
        for kind in role.kinds:
            above = f"{prefix}{(folders or {}).get(kind, layout().kinds[kind].folder)}/*/*/"
            lines += [_line(f"{above}{_glob(path)}", _LFS) for path in role.paths]
            inner = (each for each in layout().roles.values() if each is not role and kind in each.kinds)
            starts = tuple(path.removesuffix("**") for path in role.paths if path.endswith("/**"))
            lines += [
                _line(f"{above}{_glob(path)}", _PLAIN)
                for each in inner
                for path in each.paths
                if starts and path.startswith(starts)
            ]
    return lines


def merged(text: str, lines: Iterable[str]) -> str:
    """Return the text of such a file with the lines that it lacks, at its end."""
    there = {line.strip() for line in text.splitlines()}
    missing = [line for line in lines if line not in there]
    if not missing:
        return text
    start = text if not text or text.endswith("\n") else f"{text}\n"
    return start + "".join(f"{line}\n" for line in missing)


def placed(text: str, lines: Iterable[str]) -> str:
    """Return the text of a ``.gitattributes`` with the lines that it lacks, each behind the one that goes before it.

    The last line that fits a path counts. So the first of them comes before what the file says of some paths, which
    keeps the last word, and behind what it says of all.
    """
    there = text.removesuffix("\n").split("\n") if text else []
    bare = [line.strip() for line in there]
    at, is_changed = _behind_general(bare), False
    for line in lines:
        if line in bare:
            at = bare.index(line) + 1
            continue
        there.insert(at, line)
        bare.insert(at, line)
        at, is_changed = at + 1, True
    return "".join(f"{line}\n" for line in there) if is_changed else text


def _behind_general(lines: list[str]) -> int:
    """Return how many lines stand before the first that is about some paths: macros, and what is for every path."""
    at = 0
    for number, line in enumerate(lines, start=1):
        if line.startswith(("* ", "*\t", "[attr]")):
            at = number
        elif line and not line.startswith("#"):
            break
    return at


def _line(pattern: str, attributes: str) -> str:
    return f'"{pattern}" {attributes}' if " " in pattern else f"{pattern} {attributes}"


def _glob(path: str) -> str:
    """Return a path of the layout as Git has it, where ``**`` stands alone between slashes."""
    return f"**/*{path.removeprefix('**')}" if path.startswith("**.") else path
