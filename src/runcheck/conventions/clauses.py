"""Which clauses of the main convention another one takes over, and what they need of it."""

from collections.abc import Iterable

from runcheck.rules.rule import Rule, rules

# What a rule is given of a unit that holds no file in one of these roles is Absent, and the rule would rest for ever.
_NEEDS = {
    "checkpoint_names": "checkpoint",
    "checkpoint_steps": "checkpoint",
    "checkpoints": "checkpoint",
    "checksums": "checksums",
    "config": "config",
    "events": "events",
    "external_data": "export",
    "hdf5_data": "data",
    "looked_into": "export",
    "metadata": "metadata",
    "metadata_violations": "metadata",
    "metrics": "metrics",
    "parameter_counts": "metadata",
    "parquet_data": "data",
    "readme": "readme",
    "rows_by_data": "data",
    "sidecars": "export_sidecar",
    "sound_metrics": "metrics",
    "status": "metadata",
    "summary": "summary",
    "summary_violations": "summary",
    "zarr_stores": "data",
}
# What has the main layout in it: its own files, and its series written twice.
_OF_THE_MAIN_LAYOUT = frozenset(("RC105", "RC416"))


def taken_over(asked: Iterable[str], main_roles: frozenset[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the codes that codes and families stand for, where these roles are there, and what is wrong with them.

    Of a family those are taken that fit; a code that is named must fit.
    """
    codes: set[str] = set()
    faults: list[str] = []
    for prefix in asked:
        found = [code for code in rules() if code.startswith(prefix)]
        reasons = {code: _why_not(code, rules()[code], main_roles) for code in found}
        codes.update(code for code, reason in reasons.items() if reason is None)
        if reasons.get(prefix):
            faults.append(f"clauses: {prefix} {reasons[prefix]}")
        elif not found:
            faults.append(f"clauses: {prefix} is no clause and no family; 'runcheck rules' lists them")
    return tuple(sorted(codes)), faults


def _why_not(code: str, rule: Rule, main_roles: frozenset[str]) -> str | None:
    if rule.scope == "tree":
        return "is about the tree of the main convention, not about a unit"
    if code in _OF_THE_MAIN_LAYOUT:
        return "is about the files of the main layout"
    for name in rule.inputs:
        if name in _NEEDS and _NEEDS[name] not in main_roles:
            return f"needs a role that is the main convention's: as = {_NEEDS[name]!r}"
    return None
