"""The formats of a report, each a module with a function ``render``, which is loaded when it is asked for.

A renderer takes reports as they come and yields its text piece by piece: one that writes lines says what is known so
far, and one that writes a document yields it when the last report is there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TypeAlias

from runcheck.findings import Report
from runcheck.report.setting import Setting

Render: TypeAlias = Callable[[Iterable[Report], Setting], Iterator[str]]

FORMATS: Mapping[str, str] = {
    "text": "text",
    "concise": "concise",
    "json": "json",
    "json-lines": "json_lines",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "markdown": "markdown",
}
STATISTICS: Mapping[str, str] = {"text": "statistics", "json": "statistics_json"}


def renderer(module: str) -> Render:
    """Return the renderer of a module that one of the tables names."""
    render: Render = import_module(f"runcheck.report.{module}").render
    return render
