"""What has to be read for the rules that are selected: all of every file for all of them, and little for a few."""

from functools import cache
from typing import NamedTuple

from runcheck.card import ROLES_OF_A_CARD
from runcheck.rules.rule import rules_of
from runcheck.rules.selection import EVERYTHING, Selection

# The roles whose files an input of a rule is made of. One that is not named here may need all that can be read.
_OF_UNIT: dict[str, tuple[str, ...]] = {
    "bundle": ("bundle",),
    "checksums": ("checksums",),
    "config": ("config",),
    "digests": (),
    "entries": (),
    "gone_process": ("heartbeat",),
    "good_signatures": ("bundle", "checksums", "signature"),
    "heartbeat": ("heartbeat",),
    "known_status": ("metadata",),
    "metadata": ("metadata",),
    "metadata_violations": ("metadata",),
    "metrics": ("metrics",),
    "now": (),
    "pointers": (),
    "readme": ("readme",),
    "series": ("metrics",),
    "settings": (),
    "signature": ("signature",),
    "sound_bundle": ("bundle",),
    "sound_metrics": ("metrics",),
    "status": ("metadata",),
    "summary": ("summary",),
    "summary_violations": ("summary",),
    "unit": (),
}
_OF_BYTES = frozenset({"digests", "good_signatures", "pointers"})
_OF_DIGESTS = frozenset({"digests", "facts", "good_signatures", "looked_into"})
_OF_TEXTS = frozenset({"facts", "more_places", "numbers", "places"})
_WITHOUT_CARDS = frozenset({"entries", "latest_texts", "tree", "unread"})  # of what the rules of a tree are given


class Reading(NamedTuple):
    """What of the files of a unit is to be read.

    Those in one of ``roles`` are looked into, all where that is None; ``is_whole`` says whether each of the others is
    read too, for its digest or the pointer that it is. Where not ``is_hashed`` no digest is taken, where not
    ``is_scanned`` texts are not searched for words and numbers.
    """

    roles: frozenset[str] | None = None
    is_whole: bool = True
    is_hashed: bool = True
    is_scanned: bool = True


@cache
def reading_for(selection: Selection) -> Reading:
    """Return what has to be read of a unit for the clauses of ``selection``."""
    inputs = {name for rule in rules_of("unit", selection) for name in rule.inputs}
    if selection == EVERYTHING:
        return Reading()
    is_hashed, is_scanned = not inputs.isdisjoint(_OF_DIGESTS), not inputs.isdisjoint(_OF_TEXTS)
    if not inputs <= _OF_UNIT.keys():
        return Reading(is_hashed=is_hashed, is_scanned=is_scanned)
    roles = {role for each in inputs for role in _OF_UNIT[each]}
    if has_cards(selection):
        roles.update(ROLES_OF_A_CARD)
    return Reading(frozenset(roles), not inputs.isdisjoint(_OF_BYTES), is_hashed, is_scanned)


@cache
def has_cards(selection: Selection) -> bool:
    """Say whether the rules of a tree are to be given what its units say of themselves."""
    return not inputs_of_tree(selection) <= _WITHOUT_CARDS


@cache
def inputs_of_tree(selection: Selection) -> frozenset[str]:
    """Return what the rules of a tree are to be given for the clauses of ``selection``."""
    return frozenset(name for rule in rules_of("tree", selection) for name in rule.inputs)
