"""``runcheck check``: judge trees."""

import os
import sys

from runcheck.cli import CLEAN, FINDINGS
from runcheck.errors import CannotCheckError

FAILING = ("error", "warning", "never")
TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from runcheck.depth import Depth
    from runcheck.findings import Report


class Options:
    """What is asked for, as it is where no option is given."""

    def __init__(self, paths: "Sequence[str]" = (), *, hook: bool = False) -> None:
        """Ask for the check of these paths, as those of a hook maybe."""
        self.paths = paths
        self.depth: Depth = "content"
        self.select = self.ignore = self.extend_select = ""
        self.config: str | None = None
        self.baseline: str | None = None
        self.write_baseline: str | None = None
        self.isolated = self.show_exceptions = False
        self.convention: str | None = None
        self.verify_signature: list[str] | None = None
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
        help="a tree, anything in one, or its URL in an object store (default: the roots configured, or artefacts)",
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
    parser.add_argument(
        "--verify-signature",
        action="append",
        metavar="SIGNERS",
        help="each sealed unit must be signed by one of them: a file as allowed_signers of OpenSSH, or of public "
        "keys or certificates (PEM) for bundles of model-signing; may be given several times",
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
        help="how many workers share the units (default: the cores); of a tree at a URL, requests at once (16)",
    )
    parser.add_argument(
        "--executor",
        metavar="NAME",
        help="who shares the units: processes (default), threads (for URLs), or dask:ADDRESS, the workers of a cluster",
    )
    _add_configuration(parser)
    _add_changes(parser)
    _add_output(parser)
    _add_fixes(parser)
    parser.set_defaults(run=run, **vars(Options()))


def _add_configuration(parser: "argparse.ArgumentParser") -> None:
    team = parser.add_argument_group("configuration")
    team.add_argument("--ignore", metavar="CODES", help="judge by all but these")
    team.add_argument(
        "--extend-select", metavar="CODES", help="judge by these too, though a configuration ignores them"
    )
    where = team.add_mutually_exclusive_group()
    where.add_argument(
        "--config", metavar="FILE", help="the configuration (default: runcheck.toml or pyproject.toml above each tree)"
    )
    where.add_argument("--isolated", action="store_true", help="pass over every configuration")
    known = team.add_mutually_exclusive_group()
    known.add_argument("--baseline", metavar="FILE", help="a file of known findings, which are counted and not shown")
    known.add_argument("--write-baseline", metavar="FILE", help="write what is found as known, and report nothing else")
    team.add_argument(
        "--show-exceptions",
        action="store_true",
        help="show what units except, with its reason, and what is gone of the baseline",
    )


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
    from runcheck.cli.checking import checks, is_of_change, reports  # noqa: PLC0415 - each command loads what it needs

    if options.fix or options.diff or options.unsafe_fixes:
        from runcheck.cli.fixing import assert_fixable  # noqa: PLC0415 - few checks mend

        assert_fixable(options, is_of_change=is_of_change(options))
    if options.diff:
        from runcheck.cli.fixing import show_diff  # noqa: PLC0415 - few checks mend

        return show_diff(options, checks(options))
    from runcheck.report.formats import FORMATS, STATISTICS, renderer  # noqa: PLC0415
    from runcheck.report.setting import setting_of  # noqa: PLC0415

    if options.show_files:
        return _show_files(options)
    if options.statistics and options.format not in STATISTICS:
        raise CannotCheckError(f"--statistics is for the formats {' and '.join(STATISTICS)}, not for {options.format}")
    if options.write_baseline is not None:
        return _write_baseline(options, options.write_baseline)
    stream = None if options.output_file else sys.stdout
    setting = setting_of(
        is_quiet=options.quiet,
        is_strict=options.strict,
        is_telling_of_waived=options.show_exceptions,
        stream=stream,
    )
    render = renderer((STATISTICS if options.statistics else FORMATS)[options.format])
    failed: list[bool] = []
    pieces = render(_noted(reports(options), failed, options), setting)
    if options.output_file:
        from runcheck.report.output import write_report  # noqa: PLC0415

        write_report(options.output_file, pieces)
    else:
        for piece in pieces:
            print(piece, end="")
    is_failing = not options.exit_zero and options.fail_on != "never"
    return FINDINGS if any(failed) and is_failing else CLEAN


def _show_files(options: Options) -> int:
    from runcheck.cli.checking import asked_by  # noqa: PLC0415
    from runcheck.configuration.judgement import judgement_for, paths_of  # noqa: PLC0415
    from runcheck.explain.files import files_of, render  # noqa: PLC0415
    from runcheck.tree.store import CONNECTIONS, Remote  # noqa: PLC0415

    asked, remote = asked_by(options), Remote(options.jobs or CONNECTIONS, is_trusting=True)
    for path in paths_of(options.paths, asked, "artefacts"):
        convention = judgement_for(path, asked).convention
        if convention:
            from runcheck.explain.own import own_files_of  # noqa: PLC0415 - few have one

        for line in render(own_files_of(path, convention) if convention else files_of(path, remote)):
            print(line)
    return CLEAN


def _write_baseline(options: Options, path: str) -> int:
    from runcheck.cli.checking import reports  # noqa: PLC0415
    from runcheck.configuration.baseline import text_of_baseline  # noqa: PLC0415
    from runcheck.report.output import write_report  # noqa: PLC0415

    found = list(reports(options))
    write_report(path, [text_of_baseline(path, found, options.depth)])
    print(f"{path}: {sum(len(report.findings) for report in found):,} findings")
    return CLEAN


def _noted(reports: "Iterable[Report]", failed: list[bool], options: Options) -> "Iterator[Report]":
    """Pass each report on, and note whether it fails the check."""
    from runcheck.cli.checking import tell_of_interrupted  # noqa: PLC0415

    for report in reports:
        is_bad = report.findings if options.fail_on == "warning" else report.errors
        tell_of_interrupted(report.root)
        failed.append(bool(is_bad or (options.strict and (report.findings or report.unverified))))
        yield report
