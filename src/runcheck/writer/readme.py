"""``README.md`` of a unit: the four questions that a reader has a year later, answered from what the documents say."""

import shlex
from collections.abc import Sequence

from runcheck.convention.documents import Metadata, SeriesSummary, Summary
from runcheck.convention.layout import layout

NO_RISKS = "None are recorded."


def readme_of_run(metadata: Metadata, summary: Summary, notes: Sequence[str], risks: str) -> str:
    """Return the README of a training run."""
    architecture = metadata["architecture"]
    parameters = architecture["parameters"]
    size = f" ({parameters:,} parameter{'' if parameters == 1 else 's'})" if parameters is not None else ""
    what = [
        metadata["description"] or f"Training run {metadata['name']}.",
        f"- model: {architecture['text'] or 'not described'}{size}",
    ]
    what += [
        f"- data: {_data(metadata)}",
        f"- status: {metadata['status']}",
        *([f"- ended by: {metadata['error']}"] if "error" in metadata else []),
    ]
    return _text(metadata, what, [*_results(summary), *(f"\n{note}" for note in notes)], risks)


def readme_of_dataset(metadata: Metadata, risks: str) -> str:
    """Return the README of a dataset."""
    what = [
        metadata["description"] or f"Dataset {metadata['slug']}, {metadata['version']}.",
        f"- data: {_data(metadata)}",
    ]
    rows = [
        f"| {split} | {of_split['rows']:,} | {', '.join(of_split['files'])} |"
        for split, of_split in metadata["splits"].items()
    ]
    return _text(metadata, what, ["| split | rows | files |", "| --- | ---: | --- |", *rows], risks)


def _text(metadata: Metadata, what: Sequence[str], results: Sequence[str], risks: str) -> str:
    bodies = [
        "\n".join([what[0], "", *what[1:]]),
        _reproduce(metadata),
        "\n".join(results) or "No values were logged.",
        risks or NO_RISKS,
    ]
    sections = [f"## {heading}\n\n{body}\n" for heading, body in zip(layout().readme_sections, bodies, strict=True)]
    return "\n".join([f"# {metadata['name']}\n", *sections])


def _reproduce(metadata: Metadata) -> str:
    git, lines = metadata["git"], []
    if git:
        state = f", with the changes in `{git['diff']}`" if git["diff"] else ""
        lines.append(f"Commit `{git['sha']}`{state}:")
    else:
        lines.append("The commit is not known:")
    folder = metadata.get("working_folder")
    where = [f"In `{folder}`, with the script named from the top of the repository:"] if folder else []
    lines += [*where, "", "```", shlex.join(metadata["command"]), "```", ""]
    seeds = ", ".join(f"{name} {seed}" for name, seed in metadata.get("seeds", {}).items())
    lines.append(f"Python {metadata['env']['python']}; packages and hardware are in `{layout().path('metadata')}`.")
    if seeds:
        lines.append(f"Seeds: {seeds}.")
    if metadata["kind"] == "model":
        lines.append(
            "`runcheck reproduce` with the path of this folder says each step; `--run` takes them and compares."
        )
    return "\n".join(lines)


def _data(metadata: Metadata) -> str:
    provenance = metadata["data_provenance"]
    match provenance["kind"]:
        case "artefact":
            return f"`{provenance['path']}`, fingerprint `{provenance['fingerprint'][:12]}`"
        case "external":
            return provenance.get("source", f"from outside ({', '.join(provenance['hashes'])})")
        case _:
            return f"synthetic, seed {provenance['seed']}"


def _results(summary: Summary) -> list[str]:
    rows = [
        f"| {split} | {metric} | {_number(series['best'])} at step {series['best_step']} "
        f"| {_last(series)} at step {series['last_step']} |"
        for split, of_split in summary["metrics"].items()
        for metric, series in of_split.items()
    ]
    return ["| split | metric | best | last |", "| --- | --- | --- | --- |", *rows] if rows else []


def _last(series: SeriesSummary) -> str:
    return series["last_nonfinite"] if "last_nonfinite" in series else _number(series["last"])


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
