"""Judge files that lie in no unit, by the clauses of what no file may hold, wherever it lies."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from time import perf_counter

from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.units import Address, Member, Tree, Unit
from runcheck.findings import Report, Unverified
from runcheck.judgement import Judgement
from runcheck.probes import unverified_in
from runcheck.probes.contents import GitContent
from runcheck.rules.absent import ABSENT
from runcheck.rules.judge import judge
from runcheck.rules.rule import rules
from runcheck.rules.selection import NOTHING, Selection
from runcheck.rules.tree_inputs import TreeInputs
from runcheck.rules.unit_inputs import UnitInputs
from runcheck.tree.read import Reader

_OF_ANY_FILE = ("raw-weights", "secret", "unsafe-pickle", "object-array", "remote-credentials")
_OF_ANY_REPOSITORY = ("env-tracked",)


def check_outside(
    reader: Reader,
    paths: Iterable[str],
    judgement: Judgement,
) -> Report:
    """Return what is found in files of the reader's store by those of the clauses that are selected.

    They are judged as the files of one run would be that have no role in it: a text is weights where its own names and
    matrices say so. What is not there any more is passed over.
    """
    start = perf_counter()
    selection = judgement.selection
    entries = [entry for path in sorted(paths) if (entry := reader.store.entry(path)) is not None and entry.is_file]
    facts = {entry.path: reader.file(entry, None, hashed=False) for entry in entries}
    members = {entry.path: Member(entry.path, entry, None) for entry in entries}
    unit = Unit(Address("", layout().kinds["model"], "", ""), members)
    found, unverified = judge(UnitInputs(unit, facts, now(), lambda _: False), _among(_OF_ANY_FILE, selection))
    environment = tuple(entry.path for entry in entries if _holds_keys(entry.name))
    found += judge(_of_repository(environment), _among(_OF_ANY_REPOSITORY, selection))[0]
    counted, waived = judgement.treated(reader.store.name, found, is_whole=False)
    return Report(
        reader.store.name,
        counted,
        (*unverified, *(Unverified(reason, tuple(each)) for reason, each in unverified_in(facts.items()).items())),
        files=len(entries),
        seconds=perf_counter() - start,
        selected=selection.prefixes,
        waived=waived,
    )


def _among(names: Iterable[str], selection: Selection) -> Selection:
    """Return the clauses of these names that are selected; where none is, one that no clause begins with."""
    codes = [code for code, rule in rules().items() if rule.clause.name in names and selection.has(code)]
    return Selection(tuple(codes)) if codes else NOTHING


def _holds_keys(name: str) -> bool:
    is_environment = any(fnmatchcase(name, pattern) for pattern in layout().environment_files)
    return is_environment and name not in layout().environment_examples


def _of_repository(environment: tuple[str, ...]) -> TreeInputs:
    return TreeInputs(
        tree=Tree((), None, ()),
        cards={},
        registry=ABSENT,
        extension_schemas={},
        latest_texts={},
        git=GitContent(environment),
        unread={},
    )
