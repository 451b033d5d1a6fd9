"""``README.md`` of a unit: the four questions that a reader has a year later, answered from what the documents say."""

import shlex
from collections.abc import Sequence
from itertools import dropwhile

from runcheck.convention.documents import Metadata, SeriesSummary, Summary
from runcheck.convention.layout import layout
from runcheck.convention.markdown import HEADING, fence_after, underlined_level

NO_RISKS = "None are recorded."
NO_VALUES = "No values were logged."
NOT_FINISHED = "The run is not finished."
_BELOW_SECTIONS = 3  # the level of headings within a section


def readme_of_run(metadata: Metadata, summary: Summary | None, notes: Sequence[str], risks: str) -> str:
    """Return the README of a training run; of one that is not finished there is no summary."""
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
    results = [NOT_FINISHED] if summary is None else results_of(summary)
    return _text(metadata, what, [*results, *(f"\n{note}" for note in notes)], risks)


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


def words_of_readme(text: str) -> tuple[list[str], str]:
    """Return what people said in the README of a run: the notes on its results, and its risks."""
    _, _, results, risks = (section_of(text, heading) for heading in layout().readme_sections)
    ours = ("| ", NO_VALUES, NOT_FINISHED)
    said = "\n".join(dropwhile(lambda line: line.startswith(ours), results.split("\n"))).strip()
    return [said] if said else [], "" if risks == NO_RISKS else risks


def section_of(text: str, heading: str) -> str:
    """Return what stands under a heading of ours."""
    found: list[str] = []
    fence, is_within = "", False
    for line in text.split("\n"):
        if not fence and line.startswith("## ") and line[3:] in layout().readme_sections:
            is_within = line == f"## {heading}"
            continue
        fence = fence_after(line, fence)
        if is_within:
            found.append(line)
    return "\n".join(found).strip()


def _text(metadata: Metadata, what: Sequence[str], results: Sequence[str], risks: str) -> str:
    bodies = [
        "\n".join([what[0], "", *what[1:]]),
        _reproduce(metadata),
        "\n".join(results) or NO_VALUES,
        risks or NO_RISKS,
    ]
    bodies = [_below_headings(body) for body in bodies]
    sections = [f"## {heading}\n\n{body}\n" for heading, body in zip(layout().readme_sections, bodies, strict=True)]
    return "\n".join([f"# {metadata['name']}\n", *sections])


def _below_headings(body: str) -> str:
    """Return a text with its headings below those of the sections, or one would end the section that it stands in."""
    lines, fence = [""], ""
    for line in body.split("\n"):
        heading = None if fence else HEADING.fullmatch(line)
        if heading and len(heading[1]) < _BELOW_SECTIONS:
            lines.append(f"{'#' * _BELOW_SECTIONS} {heading[2]}")
        elif not fence and underlined_level(line, lines[-2:]):
            lines[-1] = f"{'#' * _BELOW_SECTIONS} {lines[-1].strip()}"
        else:
            lines.append(line)
        fence = fence_after(line, fence)
    return "\n".join(lines[1:])


def _reproduce(metadata: Metadata) -> str:
    git, lines = metadata["git"], []
    if git:
        state = f", with the changes in `{git['diff']}`" if git["diff"] else ""
        lines.append(f"Commit `{git['sha']}`{state}:")
    else:
        lines.append("The commit is not known:")
    folder = metadata.get("working_folder")
    where = [f"In `{folder}`, with the script named from the top of the repository:"] if folder else []
    if metadata["command"]:
        lines += [*where, "", "```", shlex.join(metadata["command"]), "```", ""]
    else:
        lines += ["", "Nothing says by which command.", ""]
    seeds = ", ".join(f"{name} {seed}" for name, seed in metadata.get("seeds", {}).items())
    if metadata["env"]:
        lines.append(f"Python {metadata['env']['python']}; packages and hardware are in `{layout().path('metadata')}`.")
    if seeds:
        lines.append(f"Seeds: {seeds}.")
    if metadata["kind"] == "model" and metadata["command"] and metadata["env"]:
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


def results_of(summary: Summary) -> list[str]:
    """Return the lines of a table of the best and the last values; none where nothing was logged."""
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
