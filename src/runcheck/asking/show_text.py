"""What a unit holds, in text."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence

from runcheck.asking.series import Series, last_of
from runcheck.asking.show import Agreement, Shown
from runcheck.asking.values import aligned, count_told, duration_told, short, size_told, told
from runcheck.convention.documents import Git, Metadata, Provenance

_FEW = 20  # keys, series or packages, unless all are asked for
_LINE = 100  # characters
_AGREEMENTS: dict[Agreement, str] = {
    "same": "as it was",
    "different": "has another fingerprint now",
    "missing": "is not in the tree",
    "unknown": "",
}
_WIDTH = 24  # of a drawing


def render(
    shown: Shown, *, everything: bool = False, draw: Callable[[Sequence[float]], str] | None = None, check: str = ""
) -> str:
    """Return a unit in text.

    Args:
        shown: The unit.
        everything: All keys and series, and not only the first ones.
        draw: What makes a series a drawing, where one can be shown.
        check: What a check came to, if there was one.
    """
    most = None if everything else _FEW
    lines = [short(shown.path, 500), *aligned(list(_facts(shown, check)))]
    for title, rows in (
        ("Config", [[short(key), told(value)] for key, value in shown.config.items()]),
        ("Metrics", [_series(each, draw) for each in shown.metrics.series]),
        ("Checkpoints", [[f"{each.step:,}", size_told(each.size.bytes)] for each in shown.checkpoints]),
        ("Exports", list(_exports(shown))),
        ("Splits", list(_splits(shown.metadata))),
    ):
        if rows:
            heading = [_HEADING] if title == "Metrics" else []
            lines += ["", title, *aligned([*heading, *rows[:most]])]
            if rows[most:]:
                lines.append(f"  ... and {len(rows) - len(rows[:most]):,} more; --all shows them")
    if shown.notes:
        lines += ["", "Notes", *(f"  {short(line, _LINE)}" for line in shown.notes.split("\n")[: most or None])]
    if shown.faults:
        lines += ["", "Cannot be told", *(f"  {short(path, _LINE)}: {short(why, 3 * _LINE)}" for path, why in shown.faults)]
    return "\n".join((*lines, ""))


def _facts(shown: Shown, check: str) -> Iterator[tuple[str, str]]:
    metadata = shown.metadata
    yield "name", short(metadata["name"])
    if "label" in metadata:
        yield "label", short(metadata["label"], _LINE)
    seal = "sealed" if shown.is_sealed else "not sealed"
    yield "status", f"{metadata['status']}, {seal}{f'; {check}' if check else ''}"
    if "error" in metadata:
        yield "error", short(metadata["error"], _LINE)
    if metadata["description"]:
        yield "what", short(" ".join(metadata["description"].split()), _LINE)
    took = f", took {duration_told(shown.duration_seconds)}" if shown.duration_seconds is not None else ""
    yield "created", f"{short(metadata['created_at'])}{took}"
    for restart in metadata.get("restarts", []):
        step = "its beginning" if restart["step"] is None else f"step {restart['step']:,}"
        yield "resumed", f"{short(restart['at'])} from {step}, after it was {restart['status']}"
    yield "git", _git(metadata["git"])
    yield "command", short(shlex.join(metadata["command"]), _LINE)
    yield "data", _data(metadata["data_provenance"], shown.data)
    if "fingerprint" in metadata:
        yield "fingerprint", short(metadata["fingerprint"], _LINE)
    if metadata.get("generator"):
        yield "generator", short(str((metadata["generator"] or {}).get("script")))
    if "architecture" in metadata:
        parameters = metadata["architecture"]["parameters"]
        count = "" if parameters is None else f"{parameters:,} parameters"
        yield "model", short(", ".join(filter(None, (metadata["architecture"]["text"], count))), _LINE)
    if metadata.get("seeds"):
        yield "seeds", _pairs(metadata["seeds"].items())
    if metadata["tags"]:
        yield "tags", _pairs(metadata["tags"].items())
    yield "environment", _environment(metadata)
    for relation, path in metadata.get("links", {}).items():
        yield "link", f"{short(relation)}: {short(path, _LINE)}"
    for tracker, fields in metadata.get("trackers", {}).items():
        yield "tracker", f"{short(tracker)}: {_pairs(fields.items())}"
    yield "size", f"{count_told(shown.size.files, 'file')}, {size_told(shown.size.bytes)}"


def _git(git: Git | None) -> str:
    if git is None:
        return "in no repository"
    parts = [git["sha"][:12], *([f"on {git['branch']}"] if git["branch"] else [])]
    if git["dirty"]:
        kept = "not kept" if git["diff"] is None else "the beginning kept" if git.get("diff_is_cut") else "kept"
        parts.append(f"with changes that were not committed ({kept})")
    return short(" ".join(parts), _LINE)


def _data(data: Provenance, agreement: Agreement) -> str:
    if data["kind"] == "artefact":
        agrees = _AGREEMENTS[agreement]
        return f"{short(data['path'], _LINE)}, {data['fingerprint'][:12]}...{agrees and f', {agrees}'}"
    if data["kind"] == "external":
        count = count_told(len(data["hashes"]), "hash").replace("hashs", "hashes")
        return f"external: {short(data.get('source', 'no source named'), _LINE)}, {count}"
    return f"synthetic: {_pairs((name, value) for name, value in data.items() if name != 'kind')}"


def _environment(metadata: Metadata) -> str:
    env = metadata["env"]
    hardware = env["hardware"]
    devices = f", devices {', '.join(env['devices'])}" if env["devices"] else ""
    cpu = f", {hardware['cpu']}" if hardware["cpu"] else ""
    packages = count_told(len(env["packages"]), "package")
    return short(
        f"Python {env['python']}, {env['platform']}{cpu}, {count_told(hardware['cores'], 'core')}{devices}, {packages}",
        2 * _LINE,
    )


def _pairs(items: Iterable[tuple[str, object]]) -> str:
    return short(", ".join(f"{name}={told(value)}" for name, value in items), _LINE)


_HEADING = ("series", "best", "at step", "last", "at step", "rows")


def _series(series: Series, draw: Callable[[Sequence[float]], str] | None) -> list[str]:
    summary = series.summary
    best = "none" if summary["best"] is None else f"{told(summary['best'])} ({summary['direction']})"
    at = "" if summary["best_step"] is None else f"{summary['best_step']:,}"
    last = told(last_of(summary))
    cells = [short(series.name), best, at, last, f"{summary['last_step']:,}", f"{summary['count']:,}"]
    return [*cells, draw(series.drawn)] if draw else cells


def _exports(shown: Shown) -> Iterator[list[str]]:
    for each in shown.exports:
        of = each.sidecar
        said = f"{of['format']} of step {of['source_step']:,}, {of['framework']}" if of else "has no sidecar"
        yield [short(each.name), size_told(each.size.bytes), short(said)]


def _splits(metadata: Metadata) -> Iterator[list[str]]:
    for name, split in metadata.get("splits", {}).items():
        yield [short(name), count_told(split["rows"], "row"), short(", ".join(split["files"]), _LINE)]
