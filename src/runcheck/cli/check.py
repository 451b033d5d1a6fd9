"""``runcheck check``: judge trees."""

import os
import sys
from functools import partial

from runcheck.cli import CLEAN, FINDINGS
from runcheck.errors import CannotCheckError

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from runcheck.depth import Depth
    from runcheck.findings import Report
    from runcheck.watch import Watch


class Options:
    """What is asked for, as it is where no option is given."""

    def __init__(self, paths: "Sequence[str]" = ()) -> None:
        """Ask for the check of these paths."""
        self.paths = paths
        self.depth: Depth = "content"
        self.select = self.ignore = self.extend_select = ""
        self.config: str | None = None
        self.baseline: str | None = None
        self.write_baseline: str | None = None
        self.isolated = self.show_exceptions = False
        self.convention: str | None = None
        self.strict = self.pedantic = self.rehash = False
        self.no_cache = bool(os.environ.get("CI"))
        self.jobs: int | None = None
        self.executor: str | None = None
        self.format = "text"
        self.output_file: str | None = None
        self.statistics = self.quiet = self.exit_zero = self.show_files = False


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
    _add_configuration(parser)
    _add_output(parser)
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
    team.add_argument("--show-exceptions", action="store_true", help="show what does not count, and its reason")


def _add_output(parser: "argparse.ArgumentParser") -> None:
    from runcheck.report.formats import FORMATS  # noqa: PLC0415

    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=tuple(FORMATS), help="how to report (default: text)")
    output.add_argument("--output-file", metavar="FILE", help="write the report there: whole, or not at all")
    output.add_argument("--statistics", action="store_true", help="count by clause instead (formats text and json)")
    output.add_argument("--quiet", "-q", action="store_true", help="print findings, and nothing where there are none")
    output.add_argument("--exit-zero", action="store_true", help="exit with 0 whatever was found")
    output.add_argument("--show-files", action="store_true", help="say which files are checked, as what; read none")


def run(options: Options) -> int:
    """Check each path and report."""
    from runcheck.report.formats import FORMATS, STATISTICS, renderer  # noqa: PLC0415 - each command loads what it needs
    from runcheck.report.setting import setting_of  # noqa: PLC0415

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
    pieces = render(_noted(_reports(options), failed, is_strict=options.strict), setting)
    if options.output_file:
        from runcheck.report.output import write_report  # noqa: PLC0415

        write_report(options.output_file, pieces)
    else:
        for piece in pieces:
            print(piece, end="")
    return FINDINGS if any(failed) and not options.exit_zero else CLEAN


def _write_baseline(options: Options, path: str) -> int:
    from runcheck.configuration.baseline import text_of_baseline  # noqa: PLC0415
    from runcheck.report.output import write_report  # noqa: PLC0415

    reports = list(_reports(options))
    write_report(path, [text_of_baseline(path, reports, options.depth)])
    print(f"{path}: {sum(len(report.findings) for report in reports):,} findings")
    return CLEAN


def _noted(reports: "Iterable[Report]", failed: list[bool], *, is_strict: bool) -> "Iterator[Report]":
    """Pass each report on, and note whether it fails the check."""
    for report in reports:
        failed.append(not report.is_clean or (is_strict and bool(report.findings or report.unverified)))
        yield report


def _reports(options: Options) -> "Iterator[Report]":
    """Check each path."""
    from runcheck.configuration.judgement import Asked, codes_in, judgement_for, paths_of  # noqa: PLC0415
    from runcheck.pipeline import check_in  # noqa: PLC0415
    from runcheck.tree.cache import NoCache, open_cache  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.locate import is_url  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415
    from runcheck.tree.store import CONNECTIONS, Remote  # noqa: PLC0415
    from runcheck.watch import Nobody  # noqa: PLC0415

    watch: Watch = Nobody()
    if sys.stderr.isatty() and not options.quiet and not os.environ.get("CI"):
        from runcheck.report.progress import ProgressLine  # noqa: PLC0415

        watch = ProgressLine(sys.stderr)
    asked = Asked(
        codes_in(options.select),
        codes_in(options.ignore),
        codes_in(options.extend_select),
        config=options.config,
        is_isolated=options.isolated,
        baseline=options.baseline,
        is_baseline_written=options.write_baseline is not None,
        convention=options.convention,
    )
    remote = Remote(options.jobs or CONNECTIONS, is_trusting=not options.rehash)
    opened = (lambda _: NoCache()) if options.no_cache else partial(open_cache, is_blind=options.rehash)
    with Quarantine() as quarantine:
        for path in paths_of(options.paths, asked, "artefacts"):
            judgement = judgement_for(path, asked)
            if judgement.convention:
                from runcheck.conventions.check import check_by  # noqa: PLC0415 - few have one

                judge = partial(check_by, convention=judgement.convention)
            else:
                judge = partial(check_in, open_cache=opened, remote=remote)
            yield judge(
                quarantine,
                path,
                depth=options.depth,
                selection=judgement.selection,
                settings=judgement.settings,
                treatment=judgement.treatment,
                configuration=judgement.path,
                pedantic=options.pedantic,
                executor=executor_of(options.executor or ("threads" if is_url(path) else "processes"), options.jobs),
                watch=watch,
            )
