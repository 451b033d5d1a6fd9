"""RC8: names, tags, README."""

import re
from collections.abc import Iterator

from runcheck.convention.documents import Metadata, Status, label_of, name_of
from runcheck.convention.layout import layout
from runcheck.convention.markdown import without_comments
from runcheck.convention.settings import Settings
from runcheck.convention.timestamps import date_of
from runcheck.convention.units import Unit
from runcheck.convention.versions import NO_COMMIT
from runcheck.probes.contents import TextContent
from runcheck.rules.rule import Problem, unit_rule

METADATA = layout().path("metadata")
README = layout().path("readme")
WANDB = "wandb"  # the key of its tracker


@unit_rule
def run_name(metadata: Metadata) -> Iterator[Problem]:
    """The name is date and slug."""
    expected = name_of(date_of(metadata["created_at"]), metadata["slug"])
    if metadata["name"] != expected:
        yield Problem(METADATA, f"has the name {metadata['name']!r}; date and slug give {expected!r}", pointer="/name")


@unit_rule
def tag_missing(metadata: Metadata, settings: Settings) -> Iterator[Problem]:
    """The mandatory tags of the kind, and those that a configuration makes mandatory."""
    for tag in settings.mandatory_tags(metadata["kind"]):
        if tag not in metadata["tags"]:
            by = "" if tag in layout().mandatory_tags[metadata["kind"]] else ", which the configuration asks for"
            yield Problem(METADATA, f"lacks the tag {tag}{by}", pointer="/tags")


@unit_rule
def tag_unknown(metadata: Metadata) -> Iterator[Problem]:
    """Tags outside of the closed set."""
    kind = metadata["kind"]
    known = layout().mandatory_tags[kind] + layout().optional_tags[kind]
    for tag in metadata["tags"]:
        if tag not in known:
            message = f"has the tag {tag!r}, which is unknown; known are {', '.join(known)}"
            yield Problem(METADATA, message, pointer=f"/tags/{tag}")


@unit_rule
def tag_value(metadata: Metadata, settings: Settings) -> Iterator[Problem]:
    """Tags that have a list of values, that of the convention or a shorter one of a configuration."""
    for tag, value in metadata["tags"].items():
        allowed = settings.tag_values(tag)
        if allowed and value not in allowed:
            help_ = (
                f"Take a value that the configuration allows: {', '.join(allowed)}." if tag in settings.values else None
            )
            message = f"has {tag} {value!r}, not one of {', '.join(allowed)}"
            yield Problem(METADATA, message, pointer=f"/tags/{tag}", help=help_)


@unit_rule
def tag_disagrees(unit: Unit, metadata: Metadata) -> Iterator[Problem]:
    """Tags that repeat a token of the slug."""
    names = ("dataset", "model") if unit.kind.name == "model" else ("dataset",)
    for tag, token in zip(names, unit.slug.split("_"), strict=False):
        said = metadata["tags"].get(tag)
        if said is not None and said != token:
            yield Problem(METADATA, f"has the tag {tag} {said!r}; the slug says {token!r}", pointer=f"/tags/{tag}")


@unit_rule
def readme_text(readme: TextContent) -> Iterator[Problem]:
    """The README is text."""
    if readme.error:
        yield Problem(README, f"is not text: {readme.error}")


@unit_rule
def readme_sections(readme: TextContent, status: Status) -> Iterator[Problem]:
    """The sections of a completed unit's README."""
    if status != "completed" or readme.error or readme.too_large:
        return
    headings = {section.heading.casefold().rstrip(":") for section in readme.sections}
    for heading in layout().readme_sections:
        if heading.casefold() not in headings:
            yield Problem(README, f"lacks the section {heading!r}")


@unit_rule
def readme_unfilled(readme: TextContent) -> Iterator[Problem]:
    """Sections that nobody has filled in."""
    wanted = {heading.casefold() for heading in layout().readme_sections}
    for index, section in enumerate(readme.sections):
        if section.heading.casefold().rstrip(":") not in wanted:
            continue
        following = readme.sections[index + 1] if index + 1 < len(readme.sections) else None
        empty = not without_comments(section.body) and (following is None or following.level <= section.level)
        if empty or re.search(rf"\b{layout().readme_placeholder}\b(?!\.\w)", section.body):
            yield Problem(README, f"has nothing to say under {section.heading!r}", line=section.line)


@unit_rule
def label(metadata: Metadata) -> Iterator[Problem]:
    """The label is date, slug and commit."""
    said = metadata.get("label")
    if said is None:
        return
    sha = metadata["git"]["sha"] if metadata["git"] else NO_COMMIT
    start = label_of(date_of(metadata["created_at"]), metadata["slug"], sha[:7])
    if not (
        said.startswith(start) and label_of(date_of(metadata["created_at"]), metadata["slug"], sha).startswith(said)
    ):
        yield Problem(METADATA, f"has the label {said!r}; date, slug and commit give {start!r}", pointer="/label")


@unit_rule
def description_missing(metadata: Metadata) -> Iterator[Problem]:
    """A unit that nobody described."""
    if not metadata["description"].strip():
        yield Problem(METADATA, "has no description", pointer="/description")


@unit_rule
def tracker_project(metadata: Metadata, settings: Settings) -> Iterator[Problem]:
    """The project of a run that is tracked by Weights & Biases, where a configuration names one."""
    tracked, wanted = metadata.get("trackers", {}).get(WANDB), settings.wandb_project
    if tracked is None or wanted is None:
        return
    entity, _, project = wanted.rpartition("/")
    for field, right in (("entity", entity), ("project", project)):
        said = tracked.get(field)
        if right and said != right and not (field == "entity" and said is None):
            message = (
                f"is in the {field} {said!r} of Weights & Biases" if said else f"names no {field} of Weights & Biases"
            )
            yield Problem(
                METADATA, f"{message}; the configuration says {wanted!r}", pointer=f"/trackers/{WANDB}/{field}"
            )
