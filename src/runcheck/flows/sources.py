"""The Python files of the project that a command runs, as far as the imports of its script tell."""

import ast
import os
from collections.abc import Iterable, Iterator, Sequence

_DYNAMIC = {"__import__", "importlib", "runpy", "exec"}  # what is imported so, no one can tell beforehand
_ENVIRONMENT = "pyvenv.cfg"


def sources_of(words: Sequence[str], folder: str) -> set[str]:
    """Return the script that a word of a command names, or the module after ``-m``, and what it imports from there.

    That is looked for beside the script, in ``folder`` and in ``src`` of it. Of a file that imports by name at run
    time all Python files below its folder count.
    """
    found: set[str] = set()
    scripts = [path for word in words if word.endswith(".py") and os.path.isfile(path := os.path.join(folder, word))]
    homes = [*dict.fromkeys(os.path.dirname(path) for path in scripts), folder, os.path.join(folder, "src")]
    modules = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-m"]
    left = [*scripts, *(each for name in modules for each in _files_of(f"{name}.__main__", homes))]
    while left:
        path = os.path.normpath(left.pop())
        if path not in found:
            found.add(path)
            left.extend(_imported(path, homes))
    return found


def _imported(path: str, homes: Sequence[str]) -> Iterator[str]:
    """Yield the files that a file imports."""
    try:
        with open(path, "rb") as stream:
            nodes = list(ast.walk(ast.parse(stream.read())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # the step will say so itself
    if any(_is_dynamic(node) for node in nodes):
        yield from _python_files(os.path.dirname(path))
    for node in nodes:
        if isinstance(node, ast.Import):
            for each in node.names:
                yield from _files_of(each.name, homes)
        elif isinstance(node, ast.ImportFrom):
            above = os.path.join(os.path.dirname(path), *[os.pardir] * (node.level - 1))
            for each in node.names:
                name = f"{node.module}.{each.name}" if node.module else each.name
                yield from _files_of(name, [above] if node.level else homes)


def _is_dynamic(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.alias(name=name):
            return name.partition(".")[0] in _DYNAMIC
        case ast.ImportFrom(module=str(name)):
            return name.partition(".")[0] in _DYNAMIC
    return False


def _files_of(name: str, homes: Iterable[str]) -> Iterator[str]:
    """Yield the files of a module, and of the packages that it lies in; the last part may be a name in one of them."""
    for home in homes:
        place = home
        for part in name.split("."):
            place = os.path.join(place, part)
            for path in (f"{place}.py", os.path.join(place, "__init__.py")):
                if os.path.isfile(path):
                    yield path


def _python_files(folder: str) -> Iterator[str]:
    """Yield the Python files below a folder, but for those of environments and hidden folders."""
    for above, names, files in os.walk(folder):
        names[:] = [
            name
            for name in names
            if not name.startswith(".") and not os.path.lexists(os.path.join(above, name, _ENVIRONMENT))
        ]
        yield from (os.path.join(above, each) for each in files if each.endswith(".py"))
