"""Surveys and registries as texts, and back: the form in which the cache keeps them.

A text is trusted only where its key and its digest hold (``tree/cache.py``), and its key is that of this very program.
So there is one form, without versions.
"""

import json
from typing import Any

from runcheck.card import Card, Source, StudyCard
from runcheck.convention.clauses import clause
from runcheck.convention.registry import shared
from runcheck.findings import Finding, Survey, Unverified
from runcheck.probes.contents import RegistryContent


def text_of(survey: Survey) -> str:
    """Return a survey as a text."""
    card = survey.card
    source = [card.source.path, card.source.fingerprint] if card.source else None
    study = [card.study.metric, card.study.trials] if card.study else None
    return json.dumps(
        [
            [
                [each.code, each.path, each.message, each.help, each.line, each.pointer, each.concerns, each.is_certain]
                for each in survey.findings
            ],
            [[each.reason, each.paths] for each in survey.unverified],
            [
                *(card.status, card.row, source, card.links, card.fingerprint, card.extensions, card.large),
                *(card.trial, card.metrics, study),
            ],
            survey.files,
            survey.exceptions,
        ],
        separators=(",", ":"),
    )


def survey_of(text: str) -> Survey:
    """Return the survey of a text; nothing was hashed for it."""
    document: Any = json.loads(text)
    findings, unverified, of_card, files, stated = document
    status, row, source, links, fingerprint, extensions, large, trial, best, study = of_card
    return Survey(
        findings=tuple(Finding(clause(code), *others) for code, *others in findings),
        unverified=tuple(Unverified(reason, tuple(paths)) for reason, paths in unverified),
        card=Card(
            status,
            row,
            Source(*source) if source else None,
            links,
            fingerprint,
            extensions,
            large,
            trial,
            best,
            StudyCard(*study) if study else None,
        ),
        files=files,
        hashed_bytes=0,
        is_recalled=True,
        exceptions=tuple(stated),
    )


def text_of_registry(content: RegistryContent) -> str | None:
    """Return a registry as a text, or None where it has values that JSON has not."""
    try:
        return json.dumps([content.rows, content.error], separators=(",", ":"))
    except (TypeError, ValueError):
        return None


def registry_of(text: str) -> RegistryContent:
    """Return the registry of a text."""
    document: Any = json.loads(text)
    rows, error = document
    return RegistryContent(tuple(shared(rows)), error)
