"""What a unit holds, in text."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence

from runcheck.asking.series import Series, last_of
from runcheck.asking.show import Agreement, Shown
from runcheck.asking.values import as_json, duration_told, flattened, short, told
from runcheck.convention.documents import Git, Metadata, Provenance, Restart
from runcheck.findings import Report
from runcheck.report.table import aligned
from runcheck.report.words import count_in_words, size_in_words

_FEW = 20  # keys, series or packages, unless all are asked for
_LINE = 100  # characters
_AGREEMENTS: dict[Agreement, str] = {
    "same": "as it was",
    "different": "which has another fingerprint now",
    "missing": "which is not in the tree",
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
    lines = [short(shown.path, 500), *aligned(list(_facts(shown, check)), "  ")]
    for title, rows in (
        ("Config", [[short(key), told(value)] for key, value in shown.config.items()]),
        ("Metrics", [_series(each, draw) for each in shown.metrics.series]),
        ("Checkpoints", [[f"{each.step:,}", size_in_words(each.size.bytes)] for each in shown.checkpoints]),
        ("Exports", list(_exports(shown))),
        ("Splits", list(_splits(shown.metadata))),
    ):
        if rows:
            heading = [_HEADING] if title == "Metrics" else []
            lines += ["", title, *aligned([*heading, *rows[:most]], "  ")]
            if most is not None and rows[most:]:
                lines.append(f"  ... and {len(rows) - len(rows[:most]):,} more; --all shows them")
    if shown.notes:
        lines += ["", "Notes", *(f"  {short(line, _LINE)}" for line in shown.notes.split("\n")[: most or None])]
    if shown.faults:
        lines += ["", "Cannot be told"]
        lines += [f"  {short(path, _LINE)}: {short(why, 3 * _LINE)}" for path, why in shown.faults]
    return "\n".join((*lines, ""))


def render_json(shown: Shown, report: Report | None = None) -> str:
    """Return a unit as JSON."""
    counts = report and {"errors": report.errors, "warnings": report.warnings, "unverified": len(report.unverified)}
    return as_json({**shown._asdict(), "check": counts})


def conformance(report: Report | None) -> str:
    """Return in a few words what a check came to."""
    if report is None:
        return ""
    counts = [
        count_in_words(count, word) for count, word in ((report.errors, "error"), (report.warnings, "warning")) if count
    ]
    unverified = f", {len(report.unverified):,} not verified" if report.unverified else ""
    return f"{' and '.join(counts) or 'conforms'}{unverified}"


def _facts(shown: Shown, check: str) -> Iterator[tuple[str, str]]:
    metadata = shown.metadata
    seal = "sealed" if shown.is_sealed else "not sealed"
    took = f", took {duration_told(shown.duration_seconds)}" if shown.duration_seconds is not None else ""
    generator, links = metadata.get("generator"), metadata.get("links", {})
    found: tuple[tuple[str, Iterable[str | None]], ...] = (
        ("name", [metadata["name"]]),
        ("label", [metadata.get("label")]),
        ("status", [f"{metadata['status']}, {seal}{check and f'; {check}'}"]),
        ("error", [metadata.get("error")]),
        ("what", [" ".join(metadata["description"].split())]),
        ("created", [f"{metadata['created_at']}{took}"]),
        ("resumed", map(_restart, metadata.get("restarts", []))),
        ("adopted", [_pairs(flattened(metadata.get("adopted", {})).items())]),
        ("git", [_git(metadata["git"])]),
        ("command", [shlex.join(metadata["command"]) if metadata["command"] else "not known"]),
        ("data", [_data(metadata["data_provenance"], shown.data)]),
        ("fingerprint", [metadata.get("fingerprint")]),
        ("generator", [generator["script"] if generator else None]),
        ("model", [_architecture(metadata)]),
        ("seeds", [_pairs(metadata.get("seeds", {}).items())]),
        ("tags", [_pairs(metadata["tags"].items())]),
        ("environment", [_environment(metadata)]),
        ("link", (f"{relation}: {path}" for relation, path in links.items())),
        ("tracker", (f"{name}: {_pairs(fields.items())}" for name, fields in metadata.get("trackers", {}).items())),
        ("size", [f"{count_in_words(shown.size.files, 'file')}, {size_in_words(shown.size.bytes)}"]),
    )
    for name, texts in found:
        for text in filter(None, texts):
            yield name, short(text, _LINE)


def _restart(restart: Restart) -> str:
    step = "its beginning" if restart["step"] is None else f"step {restart['step']:,}"
    return f"{restart['at']} from {step}, after it was {restart['status']}"


def _architecture(metadata: Metadata) -> str:
    architecture = metadata.get("architecture")
    if architecture is None:
        return ""
    count = "" if architecture["parameters"] is None else count_in_words(architecture["parameters"], "parameter")
    return ", ".join(filter(None, (architecture["text"], count)))


def _git(git: Git | None) -> str:
    if git is None:
        return "in no repository"
    parts = [git["sha"][:12], *([f"on {git['branch']}"] if git["branch"] else [])]
    if git["dirty"] is None:
        parts.append("(nobody recorded whether with changes)")
    elif git["dirty"]:
        kept = "not kept" if git["diff"] is None else "the beginning kept" if git.get("diff_is_cut") else "kept"
        parts.append(f"with changes that were not committed ({kept})")
    return " ".join(parts)


def _data(data: Provenance, agreement: Agreement) -> str:
    if data["kind"] == "artefact":
        agrees = _AGREEMENTS[agreement]
        return f"{data['path']}, {data['fingerprint'][:12]}...{agrees and f', {agrees}'}"
    if data["kind"] == "external":
        files = count_in_words(len(data["hashes"]), "file")
        return f"external: {data.get('source', 'no source named')}, {files} by SHA-256"
    return f"synthetic: {_pairs((name, value) for name, value in data.items() if name != 'kind')}"


def _environment(metadata: Metadata) -> str:
    env = metadata["env"]
    if env is None:
        return "not known"
    hardware = env["hardware"]
    parts = [
        f"Python {env['python']}",
        env["platform"],
        hardware["cpu"] or "",
        count_in_words(hardware["cores"], "core"),
        *env["devices"],
        count_in_words(len(env["packages"]), "package"),
    ]
    return ", ".join(filter(None, parts))


def _pairs(items: Iterable[tuple[str, object]]) -> str:
    return ", ".join(f"{name}={told(value)}" for name, value in items)


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
        yield [short(each.name), size_in_words(each.size.bytes), short(said)]


def _splits(metadata: Metadata) -> Iterator[list[str]]:
    for name, split in metadata.get("splits", {}).items():
        yield [short(name), count_in_words(split["rows"], "row"), short(", ".join(split["files"]), _LINE)]
