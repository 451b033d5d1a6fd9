"""A file convention for datasets and training runs, a writer that conforms to it, and a linter that proves it.

Importing this module imports nothing beyond the standard library, and little of that: each name is loaded when it is
first used.
"""

from runcheck._version import __version__

TYPE_CHECKING = False  # type checkers know the name; importing it takes as long as starting the interpreter

if TYPE_CHECKING:
    from runcheck.asking.compare import compare
    from runcheck.asking.difference import diff
    from runcheck.asking.lineage import lineage
    from runcheck.asking.show import show
    from runcheck.errors import RuncheckError
    from runcheck.export.export import export_unit
    from runcheck.findings import Finding, Report
    from runcheck.pipeline import check
    from runcheck.reading.dataset import LoadedDataset
    from runcheck.reading.load import load
    from runcheck.reading.opened import OpenedTree, open_tree
    from runcheck.reading.run import LoadedRun
    from runcheck.sweeps.sweep import sweep
    from runcheck.sweeps.told import SweepResult
    from runcheck.trackers.asked import Mirror
    from runcheck.tracking import LocalTracker, Tracker
    from runcheck.tuning.tune import tune
    from runcheck.writer.datasets.dataset import Dataset, new_dataset
    from runcheck.writer.ending import Preempted
    from runcheck.writer.recovery.recover import Recovery, recover
    from runcheck.writer.run import Run
    from runcheck.writer.shims import MetricWriter, SummaryWriter
    from runcheck.writer.start import start_run
    from runcheck.writer.weights.retention import Keep

    open = open_tree  # noqa: A001 - as `gzip.open` and `tarfile.open` are called

__all__ = [
    "Dataset",
    "Finding",
    "Keep",
    "LoadedDataset",
    "LoadedRun",
    "LocalTracker",
    "MetricWriter",
    "Mirror",
    "OpenedTree",
    "Preempted",
    "Recovery",
    "Report",
    "Run",
    "RuncheckError",
    "SummaryWriter",
    "SweepResult",
    "Tracker",
    "__version__",
    "check",
    "compare",
    "diff",
    "export_unit",
    "lineage",
    "load",
    "new_dataset",
    "recover",
    "show",
    "start_run",
    "sweep",
    "tune",
]

_HOMES = {
    "Dataset": "runcheck.writer.datasets.dataset",
    "Finding": "runcheck.findings",
    "Keep": "runcheck.writer.weights.retention",
    "LoadedDataset": "runcheck.reading.dataset",
    "LoadedRun": "runcheck.reading.run",
    "LocalTracker": "runcheck.tracking",
    "MetricWriter": "runcheck.writer.shims",
    "Mirror": "runcheck.trackers.asked",
    "OpenedTree": "runcheck.reading.opened",
    "Recovery": "runcheck.writer.recovery.recover",
    "Preempted": "runcheck.writer.ending",
    "Report": "runcheck.findings",
    "Run": "runcheck.writer.run",
    "RuncheckError": "runcheck.errors",
    "SummaryWriter": "runcheck.writer.shims",
    "SweepResult": "runcheck.sweeps.told",
    "Tracker": "runcheck.tracking",
    "check": "runcheck.pipeline",
    "compare": "runcheck.asking.compare",
    "diff": "runcheck.asking.difference",
    "export_unit": "runcheck.export.export",
    "lineage": "runcheck.asking.lineage",
    "load": "runcheck.reading.load",
    "new_dataset": "runcheck.writer.datasets.dataset",
    "open": "runcheck.reading.opened",
    "recover": "runcheck.writer.recovery.recover",
    "show": "runcheck.asking.show",
    "start_run": "runcheck.writer.start",
    "sweep": "runcheck.sweeps.sweep",
    "tune": "runcheck.tuning.tune",
}
_NAMES_AT_HOME = {"open": "open_tree"}  # where that would hide a name of Python's own; so it is not in __all__ either


def __getattr__(name: str) -> object:
    """Load a public name on its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'runcheck' has no attribute {name!r}")
    import importlib  # noqa: PLC0415

    value: object = getattr(importlib.import_module(_HOMES[name]), _NAMES_AT_HOME.get(name, name))
    globals()[name] = value
    return value
