"""A folder of DVCLive: a table for each metric, and the parameters. It keeps no times, no status and no commit."""

from runcheck.adopt.found import Found, seeds_in
from runcheck.adopt.source import Source
from runcheck.conventions.definition import RowForm
from runcheck.conventions.rows import RowsProbe
from runcheck.errors import CannotReadError

_METRICS = "plots/metrics/"
_SUFFIX = ".tsv"
_PARAMS = "params.yaml"


def is_dvclive(source: Source) -> bool:
    """Say whether a folder is one of DVCLive."""
    return any(path.startswith(_METRICS) and path.endswith(_SUFFIX) for path in source.files)


def read_dvclive(source: Source) -> Found:
    """Return what a folder of DVCLive says.

    Raises:
        CannotReadError: a table is damaged.
    """
    found = Found("dvclive", source.name)
    found.config = source.document(_PARAMS)
    found.seeds = seeds_in(found.config)
    taken = {_PARAMS, "metrics.json"}
    for path in source.files:
        if path.startswith(_METRICS) and path.endswith(_SUFFIX):
            tag = path.removeprefix(_METRICS).removesuffix(_SUFFIX)
            _read(source, path, tag, found)
            taken.add(path)
    left = [path for path in source.files if path not in taken]
    if left:
        found.left.append(f"{len(left):,} file{'' if len(left) == 1 else 's'}: {', '.join(left[:3])}")
    found.checkpoints = source.checkpoints()
    return found


def _read(source: Source, path: str, tag: str, found: Found) -> None:
    def take(step: int, _split: str, _name: str, value: float) -> None:
        found.points.add(tag, step, value)

    probe = RowsProbe(_SUFFIX, RowForm(step="/step", values="", series=tag), None, {}, take)
    for chunk in source.chunks(path):
        probe.feed(chunk)
    faults = [each for each in probe.content().defects if each.kind not in ("order", "duplicate")]
    if faults:
        raise CannotReadError(f"{source.folder}/{path}: line {faults[0].line} {faults[0].message}")
