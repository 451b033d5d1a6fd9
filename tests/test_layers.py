"""Imports follow the flow of data, and the writer meets the rules in the convention only."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src/runcheck"

# What each package may import of this library, besides itself and the errors.
MAY_IMPORT = {
    "convention": {"tree.entry"},
    "tree": {"convention", "probes", "depth", "watch", "_version"},
    "probes": {"convention"},
    "rules": {"convention", "probes", "findings", "card", "tree.entry"},
    "explain": {"convention", "conventions", "focus", "probes", "report.escape", "report.setting", "rules", "tree"},
    "listing": {"convention", "findings", "reading", "report.escape", "report.table", "tree"},
    "report": {"findings", "convention.clauses", "convention.fixable", "watch", "_version"},
    "configuration": {
        "convention",
        "conventions",
        "depth",
        "findings",
        "judgement",
        "named_file",
        "rules.selection",
        "tree.locate",
        "tree.walk",
    },
    "completions": {"convention"},
    "reading": {"convention", "tree", "probes"},
    "writer": {"convention", "tree", "probes", "reading", "trackers.asked", "trackers.processes"},
    "trackers": {"configuration", "convention", "probes", "reading", "report.words", "tree", "writer"},
    "conventions": {
        "card",
        "convention",
        "configuration",
        "depth",
        "findings",
        "judgement",
        "probes",
        "rules",
        "tree",
        "unit_reading",
        "watch",
    },
    "adopt": {"convention", "conventions", "probes", "tree", "writer"},
    "leaving": {"adopt", "convention", "publish", "report.words", "trackers", "tree", "writer.arguments"},
    "fixes": {"convention", "findings", "probes", "reading", "report.escape", "tree", "writer"},
    "export": {"convention", "conventions", "probes", "publish.sealed", "reading", "tree", "writer"},
    "prune": {"convention", "probes", "reading", "report.escape", "report.words", "tree", "writer"},
    "plots": {"convention", "reading", "writer"},
    "page": {
        "asking",
        "convention",
        "findings",
        "reading",
        "report.escape",
        "report.words",
        "tree.locate",
        "writer.atomic",
        "_version",
    },
    "publish": {"convention", "findings", "probes", "project", "reading", "report.words", "tree", "writer"},
    "asking": {
        "convention",
        "findings",
        "probes",
        "reading",
        "report.escape",
        "report.markdown",
        "report.table",
        "report.words",
        "reproduce",
        "tree",
        "writer.provenance",
        "writer.readme",
    },
    "flows": {
        "configuration",
        "convention",
        "judgement",
        "pipeline",
        "reading",
        "report.escape",
        "report.words",
        "rules.selection",
        "tree",
        "writer",
    },
    "sweeps": {"convention", "reading", "report.escape", "report.table", "report.words", "tree", "writer"},
    "tuning": {
        "convention",
        "named_file",
        "plots",
        "reading",
        "report.escape",
        "report.table",
        "sweeps",
        "tree",
        "writer",
    },
    "signing": {"convention", "findings", "named_file", "probes", "reading", "tree.walk", "writer"},
    "reproduce": {"convention", "reading", "report.escape", "tree", "writer"},
}
READS_FILES = {"os", "pathlib", "io", "shutil", "subprocess", "open"}


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, of this library without its name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.removeprefix("runcheck.") for name in names}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_flows_into_it(package: str) -> None:
    own = {path.name.removesuffix(".py") for path in SOURCE.iterdir()}
    allowed = {package, "errors", *MAY_IMPORT[package]}
    for path in (SOURCE / package).rglob("*.py"):
        for name in imported(path):
            if name.partition(".")[0] in own:
                assert any(name == each or name.startswith(f"{each}.") for each in allowed), (
                    f"{path.name} imports {name}"
                )


def test_rules_open_no_file() -> None:
    for path in (SOURCE / "rules").glob("*.py"):
        if path.name == "rule.py":  # reads its own table of what is not enforced
            continue
        assert not imported(path) & READS_FILES, path.name
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert "open" not in names, path.name


def test_no_file_name_of_the_convention_stands_in_the_code() -> None:
    from runcheck.convention.layout import layout

    names = {path for role in layout().roles.values() for path in role.paths if "*" not in path} | {layout().registry}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, f"{path.name} spells {node.value}"
