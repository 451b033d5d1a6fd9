"""Read one unit of a convention, and judge it by what the convention declares and what it takes over."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.settings import Settings
from runcheck.conventions.checks.kind import Flaw
from runcheck.conventions.checks.kinds import kind_of
from runcheck.conventions.classify import OwnFile, OwnUnit, Place, Stray, root_of, units_at
from runcheck.conventions.definition import ROOT, Check, Convention, RowForm
from runcheck.conventions.documents import OwnJsonProbe, OwnYamlProbe
from runcheck.conventions.forms import filled
from runcheck.conventions.main_unit import METRICS, MainUnit, main_path, main_unit_of, metrics_unit_of, sums_unit_of
from runcheck.conventions.references import reference, references_elsewhere, references_of_unit
from runcheck.conventions.rows import RowsProbe
from runcheck.conventions.told import KEPT, Told, UnitRead, is_asked, told_by
from runcheck.depth import Depth
from runcheck.findings import Finding, Unverified, without_certain_secrets
from runcheck.probes import Facts, Probe, make_probe, suffix_of, unverified_in
from runcheck.probes.text import TextProbe
from runcheck.rules.absent import POINTER
from runcheck.rules.judge import judge
from runcheck.rules.selection import Selection
from runcheck.rules.unit_inputs import UnitInputs
from runcheck.tree.entry import Entry
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.read import Reader
from runcheck.tree.store import LocalStore, Store
from runcheck.unit_reading import is_gone_here, is_unknown, read_folders

_OF_METRICS = ("RC401", "RC402", "RC403", "RC404", "RC405", "RC406", "RC413", "RC119", "RC901")
_OF_SUMS = "RC3"
_NO_SERIES = RowForm()


class OwnSurvey(NamedTuple):
    """What came out of a unit and those in it: findings, what nobody could look into, what they say, and counts."""

    findings: tuple[Finding, ...]
    unverified: tuple[Unverified, ...]
    told: tuple[Told, ...]
    strays: tuple[Stray, ...]
    files: int
    hashed_bytes: int
    vouched_bytes: int


class Glance(NamedTuple):
    """What a unit and those in it say, and the paths of what could not be read for it."""

    told: tuple[Told, ...]
    unread: tuple[str, ...]


class OwnSurveyor(NamedTuple):
    """Surveys the units of the tree in ``store`` by ``convention``, and its clauses of ``selection``, at ``now``."""

    convention: Convention
    store: Store
    depth: Depth
    selection: Selection
    settings: Settings
    quarantine: Quarantine
    now: datetime

    def survey(self, place: Place) -> OwnSurvey:
        """Return what comes out of the unit at ``place``, and of those in it."""
        units, strays, entries = self._at(place)
        return _Survey(self, units, entries).result(strays)

    def glance(self, place: Place) -> Glance:
        """Return what the unit at ``place``, and those in it, say to checks across units; nothing else is read.

        Units that are counted alone are not: who counts those in it is this unit itself.
        """
        asked = references_of(self)
        roles = {kind: {each.role for text in texts if (each := reference(text))} for kind, texts in asked.items()}
        units, _, entries = self._at(place, self._leading(place, roles[place.form.name]))
        files = [each for unit in units for each in unit.files if each.role and each.role.name in roles[unit.form.name]]
        reader = reader_of(self, files)
        facts = {each.path: reader.file(each.entry, _format(each), hashed=False, scanned=False) for each in files}
        unread = sorted(path for path, each in facts.items() if each.pointer or each.error)
        unread += [entry.path for entry in entries if entry.error]
        told = tuple(told_by(UnitRead(unit, facts, frozenset()), asked[unit.form.name]) for unit in units)
        return Glance(told, (*unread, *(each.path for each in told if each.cut)))

    def _leading(self, place: Place, roles: set[str | None]) -> Callable[[Entry], bool]:
        """Return what says of a folder whether a glance may find anything in it: files of these roles, or units."""
        within = self.convention.within(place.form.name)
        checks = [each for each in self.convention.checks if kind_of(each).scope == "tree" and each.kind != "name"]
        if any({each.unit, each.text("to"), each.text("of")} & within for each in checks if each.kind != "count"):
            return lambda _: True
        forms = [form for role in place.form.roles.values() if role.name in roles for form in role.forms]
        if any(form.crosses for form in forms):
            return lambda _: True
        above = [each for form in forms for each in form.above()]
        return lambda folder: any(each.match(folder.path[len(place.path) + 1 :]) is not None for each in above)

    def _at(
        self, place: Place, enter: Callable[[Entry], bool] | None = None
    ) -> tuple[Sequence[OwnUnit], Sequence[Stray], Sequence[Entry]]:
        if place.form.name == ROOT:
            root = root_of(self.store, self.convention)
            units = [root] if root else []
            return units, (), [file.entry for unit in units for file in unit.files]
        entries = list(self.store.walk(place.path, enter))
        return (*units_at(self.convention, place, entries), entries)


class _Survey:
    """The survey of one unit and those in it."""

    def __init__(self, surveyor: OwnSurveyor, units: Sequence[OwnUnit], entries: Sequence[Entry]) -> None:
        self._surveyor, self._units, self._entries = surveyor, units, entries
        self._convention = surveyor.convention
        self._codes = tuple(code for code in self._convention.clauses if surveyor.selection.has(code))
        self._findings: list[Finding] = []
        self._unverified: list[Unverified] = []

    def result(self, strays: Iterable[Stray]) -> OwnSurvey:
        top = self._units[0]
        whole = main_unit_of(top, self._units, self._entries)
        reader = reader_of(self._surveyor, [file for unit in self._units for file in unit.files])
        facts = self._read(reader, whole)
        by_path = {whole.paths[path]: each for path, each in facts.items()}
        self._judge_main(whole, facts)
        self._judge_own(by_path)
        self._note(by_path)
        references = references_of(self._surveyor)
        reads = [UnitRead(unit, by_path, frozenset(self._codes)) for unit in self._units]
        told = tuple(told_by(read, references[read.kind]) for read in reads)
        cut = tuple(each.path or "." for each in told if each.cut)
        if cut:
            self._unverified.append(Unverified(f"more than {KEPT:,} values that checks across units ask for", cut))
        sizes = {path: member.entry.size for path, member in whole.unit.members.items()}
        return OwnSurvey(
            tuple(self._findings),
            tuple(self._unverified),
            told,
            tuple(strays),
            len(whole.unit.files),
            sum(sizes[path] for path, each in facts.items() if each.sha256 and not each.is_vouched),
            sum(sizes[path] for path, each in facts.items() if each.is_vouched),
        )

    def _read(self, reader: Reader, whole: MainUnit) -> dict[str, Facts]:
        """Read every file once; by the paths of the main unit."""
        unit = whole.unit
        by_path = {file.path: file for own in self._units for file in own.files}
        is_hashed = reader.depth != "structure" and bool(unit.of_role("checksums") or unit.of_role("export_sidecar"))
        facts: dict[str, Facts] = {}
        for path, member in unit.members.items():
            if member.entry.is_file:
                format_ = _format(by_path.get(member.entry.path))
                facts[path] = reader.file(member.entry, format_, hashed=is_hashed)
        if reader.depth != "structure":
            facts.update(read_folders(reader, unit, facts))
        return facts

    def _judge_main(self, whole: MainUnit, facts: Mapping[str, Facts]) -> None:
        """Judge by clauses of the main convention: the unit, its list of checksums, each of its files of metrics."""
        sums = tuple(code for code in self._codes if code.startswith(_OF_SUMS))
        of_metrics = tuple(code for code in self._codes if code in _OF_METRICS)
        others = tuple(code for code in self._codes if code not in sums)
        by_path = {whole.paths[path]: each for path, each in facts.items() if path in whole.paths}
        self._judge(whole, facts, others)
        if whole.unit.of_role("checksums"):
            plain = sums_unit_of(whole)
            self._judge(plain, {path: by_path[real] for path, real in plain.paths.items() if real in by_path}, sums)
        for file in (file for unit in self._units for file in unit.files):
            if file.role is not None and file.role.main == METRICS:
                one = metrics_unit_of(whole, file)
                self._judge(one, {path: by_path[real] for path, real in one.paths.items()}, of_metrics)

    def _judge(self, seen: MainUnit, facts: Mapping[str, Facts], codes: tuple[str, ...]) -> None:
        if not codes:
            return
        is_gone = is_gone_here if isinstance(self._surveyor.store, LocalStore) else is_unknown
        inputs = UnitInputs(seen.unit, facts, self._surveyor.now, is_gone, self._surveyor.settings)
        findings, unverified = judge(inputs, Selection(codes))
        folder = f"{seen.unit.path}/" if seen.unit.path else ""
        for finding in findings:
            within = finding.path.removeprefix(folder)
            told = finding._replace(path=seen.place(within) or finding.path)
            if told not in self._findings:  # of metrics some clauses are judged twice
                self._findings.append(told)
        self._unverified += [each for each in unverified if each.reason != POINTER]

    def _judge_own(self, facts: Mapping[str, Facts]) -> None:
        for unit in self._units:
            read = UnitRead(unit, facts, frozenset(self._codes))
            for check in self._convention.checks:
                kind = kind_of(check)
                is_asked_here = check.unit == read.kind and kind.scope == "unit"
                if is_asked_here and self._surveyor.selection.has(check.clause.code) and is_asked(check, read):
                    self._findings += [finding_of(check, read, flaw) for flaw in kind.judge(check, read)]

    def _note(self, facts: Mapping[str, Facts]) -> None:
        """Note what could not be read, and what nothing could look into."""
        reasons = unverified_in(facts.items())
        for path, each in facts.items():
            if each.pointer and each.pointer.sha256:
                reasons.setdefault(POINTER, []).append(path)
            if each.error and "RC118" not in self._codes:
                reasons.setdefault(f"cannot be read: {each.error}", []).append(path)
        for entry in self._entries:
            if entry.error and "RC118" not in self._codes:
                reasons.setdefault(f"cannot be read: {entry.error}", []).append(entry.path)
        if self._surveyor.depth == "structure":
            passed = [file.path for unit in self._units for file in unit.files if _format(file) is None]
            if passed:
                reasons["files that are no documents, of which only the names are judged at this depth"] = passed[:1]
        self._unverified += [Unverified(reason, tuple(paths)) for reason, paths in reasons.items()]


def references_of(surveyor: OwnSurveyor) -> dict[str, frozenset[str]]:
    """Return what checks across units ask of each kind of unit."""
    asked: dict[str, set[str]] = {name: set() for name in surveyor.convention.units}
    for check in surveyor.convention.checks:
        if kind_of(check).scope == "tree" and surveyor.selection.has(check.clause.code):
            asked[check.unit].update(references_of_unit(check))
            if check.text("to"):
                asked[check.text("to")].update(references_elsewhere(check))
    return {name: frozenset(texts) for name, texts in asked.items()}


def reader_of(surveyor: OwnSurveyor, files: Iterable[OwnFile]) -> Reader:
    """Return what reads these files, each as its role says."""
    by_path = {file.path: file for file in files}
    return Reader(surveyor.store.for_unit(), surveyor.depth, surveyor.quarantine, probe_for=_probes_of(by_path))


def finding_of(check: Check, subject: UnitRead | Told, flaw: Flaw) -> Finding:
    """Return what a check found as a finding, in the convention's own words where it has any."""
    words = {**subject.names, **flaw.words, "path": flaw.path, "unit": subject.path}
    message = filled(check.message, words) if check.message else flaw.message
    return Finding(
        check.clause,
        flaw.path or ".",
        without_certain_secrets(message),
        without_certain_secrets(filled(check.clause.mend, words)),
        flaw.line,
        flaw.pointer and without_certain_secrets(flaw.pointer),
        subject.path or None,
    )


def _format(file: OwnFile | None) -> str | None:
    """Return what a reader is to take a file for: ``own`` is what the convention says."""
    if file is None or file.role is None:
        return None
    if file.role.format is None:
        return layout().roles[file.role.main].format if file.role.main else None
    return f"own {file.path}" if file.role.format in ("document", "text", "rows") else file.role.format


def _probes_of(files: Mapping[str, OwnFile]) -> Callable[[str | None, str], Probe | None]:
    """Return what gives a reader its probes: of the main convention, or for what this one says of a file."""

    def probe_for(format_: str | None, path: str) -> Probe | None:
        if format_ is None or not format_.startswith("own "):
            role = files[path].role if path in files else None
            return make_probe(format_, (main_path(role, files[path].within) if role else None) or path)
        return probe_of(files[path])

    return probe_for


def probe_of(file: OwnFile) -> Probe | None:
    """Return what reads a file as its role says."""
    role, suffix = file.role, suffix_of(file.path)
    if role is None:
        return None
    if role.format == "text":
        return TextProbe()
    if role.format == "document":
        return OwnYamlProbe() if suffix in (".yaml", ".yml") else OwnJsonProbe()
    return RowsProbe(suffix, role.rows or _NO_SERIES, role.schema, file.names)
