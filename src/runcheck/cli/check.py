"""``runcheck check``: judge trees."""

import os
import sys
from functools import partial

from runcheck.cli import CLEAN, FINDINGS
from runcheck.errors import CannotCheckError

FAILING = ("error", "warning", "never")
TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypedDict

    from runcheck.convention.clauses import Clause
    from runcheck.depth import Depth
    from runcheck.findings import Report
    from runcheck.rules.selection import Selection
    from runcheck.tree.cache import Cache
    from runcheck.tree.quarantine import Quarantine
    from runcheck.tree.store import Store
    from runcheck.watch import Watch

    class Asked(TypedDict):
        """What is asked of every tree that is checked."""

        depth: Depth
        selection: Selection
        pedantic: bool
        watch: Watch


class Options:
    """What is asked for, as it is where no option is given."""

    def __init__(self, paths: "Sequence[str]" = (), *, hook: bool = False) -> None:
        """Ask for the check of these paths, as those of a hook maybe."""
        self.paths = paths
        self.depth: Depth = "content"
        self.select = ""
        self.convention: str | None = None
        self.strict = self.pedantic = self.rehash = False
        self.no_cache = bool(os.environ.get("CI"))
        self.jobs: int | None = None
        self.executor: str | None = None
        self.format = "text"
        self.output_file: str | None = None
        self.statistics = self.quiet = self.exit_zero = self.show_files = False
        self.fix = self.diff = self.unsafe_fixes = False
        self.since: str | None = None
        self.staged, self.hook = False, hook
        self.exclude: str | None = None
        self.outside = False
        self.fail_on = "error"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="check trees, units or files against the convention")
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a tree, or anything in one, or the URL of one in an object store (default: artefacts)",
    )
    parser.add_argument(
        "--depth",
        choices=("structure", "content", "deep"),
        help="structure: names and documents; content: checksums and formats too (default); deep: every array decoded",
    )
    parser.add_argument(
        "--select",
        metavar="CODES",
        help="judge by these clauses alone, and read what they need: RC304,RC6 are one clause and one family",
    )
    parser.add_argument(
        "--convention",
        metavar="NAME|FILE",
        help="judge by a convention of one's own: the name of one that is shipped, or a TOML file",
    )
    parser.add_argument("--strict", action="store_true", help="warnings, and what could not be verified, fail too")
    parser.add_argument("--pedantic", action="store_true", help="show what a heuristic is not certain of, as warnings")
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="read everything, and remember nothing (default where the environment says CI)",
    )
    parser.add_argument(
        "--rehash",
        action="store_true",
        help="read everything, also what did not change since, or what a store has checksums of",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="how many of them share the units (default: the cores); of a tree at a URL, requests at once (16)",
    )
    parser.add_argument(
        "--executor",
        metavar="NAME",
        help="who shares the units: processes (default), threads (for URLs), or dask:ADDRESS, the workers of a cluster",
    )
    _add_changes(parser)
    _add_output(parser)
    _add_fixes(parser)
    parser.set_defaults(run=run, **vars(Options()))


def _add_output(parser: "argparse.ArgumentParser") -> None:
    from runcheck.report.formats import FORMATS  # noqa: PLC0415

    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=tuple(FORMATS), help="how to report (default: text)")
    output.add_argument("--output-file", metavar="FILE", help="write the report there: whole, or not at all")
    output.add_argument("--statistics", action="store_true", help="count by clause instead (formats text and json)")
    output.add_argument("--quiet", "-q", action="store_true", help="print findings, and nothing where there are none")
    output.add_argument(
        "--fail-on",
        choices=FAILING,
        help="which findings end with status 1: error (default), warning (and errors), or never",
    )
    output.add_argument("--exit-zero", action="store_true", help="exit with 0 whatever was found: --fail-on never")
    output.add_argument("--show-files", action="store_true", help="say which files are checked, as what; read none")


def _add_fixes(parser: "argparse.ArgumentParser") -> None:
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument("--fix", action="store_true", help="mend what can be mended without guessing, and check again")
    fixes.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    fixes.add_argument("--unsafe-fixes", action="store_true", help="with --fix or --diff, also what rests on a guess")


def _add_changes(parser: "argparse.ArgumentParser") -> None:
    changes = parser.add_argument_group("changes", "Check the units that a change in Git touches, and no others.")
    which = changes.add_mutually_exclusive_group()
    which.add_argument(
        "--since",
        metavar="REV",
        help="what differs from where this branch left REV, and what is new; PATHs narrow it down",
    )
    which.add_argument(
        "--staged",
        action="store_true",
        help="what is staged, judged as it is staged, whatever the folder holds; PATHs narrow it down",
    )
    which.add_argument(
        "--hook",
        action="store_true",
        help="as pre-commit calls it: PATHs are the staged files, which may lie in no tree; what is deleted counts too",
    )
    changes.add_argument(
        "--outside",
        action="store_true",
        help="judge changed files that lie in no unit too: weights in texts, secrets, unsafe pickles, .env",
    )
    changes.add_argument("--exclude", metavar="REGEX", help="pass over changed files in whose paths this is found")


def run(options: Options) -> int:
    """Check each path and report."""
    if options.fix or options.diff or options.unsafe_fixes:
        from runcheck.cli.fixing import assert_fixable  # noqa: PLC0415 - few checks mend

        assert_fixable(options, is_of_change=_is_of_change(options))
    if options.diff:
        from runcheck.cli.fixing import show_diff  # noqa: PLC0415 - few checks mend

        return show_diff(options, _checks(options))
    from runcheck.report.formats import FORMATS, STATISTICS, renderer  # noqa: PLC0415 - each command loads what it needs
    from runcheck.report.setting import setting_of  # noqa: PLC0415

    if options.show_files:
        return _show_files(options)
    if options.statistics and options.format not in STATISTICS:
        raise CannotCheckError(f"--statistics is for the formats {' and '.join(STATISTICS)}, not for {options.format}")
    stream = None if options.output_file else sys.stdout
    setting = setting_of(is_quiet=options.quiet, is_strict=options.strict, stream=stream)
    render = renderer((STATISTICS if options.statistics else FORMATS)[options.format])
    failed: list[bool] = []
    pieces = render(_noted(_reports(options), failed, options), setting)
    if options.output_file:
        from runcheck.report.output import write_report  # noqa: PLC0415

        write_report(options.output_file, pieces)
    else:
        for piece in pieces:
            print(piece, end="")
    is_failing = not options.exit_zero and options.fail_on != "never"
    return FINDINGS if any(failed) and is_failing else CLEAN


def _show_files(options: Options) -> int:
    from runcheck.explain.files import files_of, render  # noqa: PLC0415
    from runcheck.tree.store import CONNECTIONS, Remote  # noqa: PLC0415

    remote = Remote(options.jobs or CONNECTIONS, is_trusting=True)
    for path in options.paths or ("artefacts",):
        for line in render(files_of(path, remote)):
            print(line)
    return CLEAN


def _noted(reports: "Iterable[Report]", failed: list[bool], options: Options) -> "Iterator[Report]":
    """Pass each report on, and note whether it fails the check."""
    for report in reports:
        is_bad = report.findings if options.fail_on == "warning" else report.errors
        failed.append(bool(is_bad or (options.strict and (report.findings or report.unverified))))
        yield report


def _reports(options: Options) -> "Iterator[Report]":
    """Check each path, or what a change touches, and mend what was found where that is asked for."""
    if options.fix:
        from runcheck.cli.fixing import mended  # noqa: PLC0415

        yield from (mended(options, path, check) for path, check in _checks(options))
    elif _is_of_change(options):
        yield from _reports_of_change(options)
    else:
        yield from (check() for _, check in _checks(options))


def _is_of_change(options: Options) -> bool:
    return options.staged or options.hook or options.since is not None


def _checks(options: Options) -> "Iterator[tuple[str, Callable[[], Report]]]":
    """Yield each path and what checks it."""
    if options.convention:
        yield from _checks_by(options.convention, options)
        return
    from runcheck.pipeline import check_in  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.locate import is_url  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415
    from runcheck.tree.store import CONNECTIONS, Remote  # noqa: PLC0415

    asked = _asked(options)
    remembered, remote = _remembered(options), Remote(options.jobs or CONNECTIONS, is_trusting=not options.rehash)
    with Quarantine() as quarantine:
        for path in options.paths or ("artefacts",):
            executor = executor_of(options.executor or ("threads" if is_url(path) else "processes"), options.jobs)
            yield (
                path,
                partial(check_in, quarantine, path, **asked, executor=executor, open_cache=remembered, remote=remote),
            )


def _checks_by(convention: str, options: Options) -> "Iterator[tuple[str, Callable[[], Report]]]":
    """Yield each path and what checks it by a convention of one's own."""
    from runcheck.conventions.check import check_by  # noqa: PLC0415 - as above
    from runcheck.conventions.load import clauses_of, load  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415

    asked = _asked(options, clauses_of(load(convention)))
    executor = executor_of(options.executor or "processes", options.jobs)
    with Quarantine() as quarantine:
        for path in options.paths or ("artefacts",):
            yield path, partial(check_by, quarantine, path, convention, **asked, executor=executor)


def _reports_of_change(options: Options) -> "Iterator[Report]":
    """Check the units that a change touches."""
    from runcheck.changes.change import change_of  # noqa: PLC0415 - a check of all asks Git for no change
    from runcheck.changes.check import check_change  # noqa: PLC0415
    from runcheck.pipeline import check_focus  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415

    asked = _asked(options)
    change = change_of(options.paths, since_=options.since, is_hook=options.hook, exclude=options.exclude)
    executor = executor_of(options.executor or "processes", options.jobs)
    with Quarantine() as quarantine:
        outside = _check_outside(options, quarantine, asked["selection"]) if options.outside else None
        check = partial(check_focus, quarantine, **asked, executor=executor, open_cache=_remembered(options))
        yield from check_change(change, check, outside)


def _asked(options: Options, known: "Mapping[str, Clause] | None" = None) -> "Asked":
    """Return what is asked of every tree, by these clauses or those of the main convention."""
    from runcheck.rules.selection import EVERYTHING, select  # noqa: PLC0415
    from runcheck.watch import Nobody, Watch  # noqa: PLC0415

    watch: Watch = Nobody()
    if sys.stderr.isatty() and not options.quiet and not os.environ.get("CI"):
        from runcheck.report.progress import ProgressLine  # noqa: PLC0415

        watch = ProgressLine(sys.stderr)
    return {
        "depth": options.depth,
        "selection": select(options.select.split(","), known=known) if options.select else EVERYTHING,
        "pedantic": options.pedantic,
        "watch": watch,
    }


def _remembered(options: Options) -> "Callable[[str], Cache]":
    """Return what opens that which is remembered of a tree."""
    from runcheck.tree.cache import NoCache, open_cache  # noqa: PLC0415

    is_forgotten = options.no_cache or options.staged or options.hook  # what is staged lies in no folder
    return (lambda _: NoCache()) if is_forgotten else partial(open_cache, is_blind=options.rehash)


def _check_outside(
    options: Options, quarantine: "Quarantine", selection: "Selection"
) -> "Callable[[Store, Iterable[str]], Report]":
    from runcheck.changes.outside import check_outside  # noqa: PLC0415
    from runcheck.tree.read import Reader  # noqa: PLC0415

    return lambda store, paths: check_outside(
        Reader(store, options.depth, quarantine), paths, selection, is_pedantic=options.pedantic
    )
