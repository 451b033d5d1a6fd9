"""Which lines of a training script are there for its artefacts."""

import ast
from pathlib import Path


def artefact_lines(script: Path) -> set[int]:
    """Return the lines that import runcheck, or hold a call that names it or the run."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Import) and node.names[0].name == "runcheck":
            lines.add(node.lineno)
        if isinstance(node, ast.Call) and _names(node) & {"run", "runcheck"}:
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
