"""``runcheck check``: judge trees."""

import os
import sys
from functools import partial

from runcheck.cli import CLEAN, FINDINGS

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runcheck.depth import Depth


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
        self.strict = self.pedantic = self.rehash = False
        self.no_cache = bool(os.environ.get("CI"))
        self.jobs: int | None = None
        self.executor: str | None = None
        self.format = "text"


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
    parser.add_argument("--ignore", metavar="CODES", help="judge by all but these")
    parser.add_argument(
        "--extend-select", metavar="CODES", help="judge by these too, though a configuration ignores them"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--config", metavar="FILE", help="the configuration (default: runcheck.toml or pyproject.toml above each tree)"
    )
    where.add_argument("--isolated", action="store_true", help="pass over every configuration")
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--baseline", metavar="FILE", help="a file of known findings, which are counted and not shown")
    known.add_argument("--write-baseline", metavar="FILE", help="write what is found as known, and report nothing else")
    parser.add_argument("--show-exceptions", action="store_true", help="show what does not count, and its reason")
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
    parser.add_argument("--format", choices=("text", "json"), help="how to report (default: text)")
    parser.set_defaults(run=run, **vars(Options()))


def run(options: Options) -> int:
    """Check each path and print its report."""
    from runcheck.configuration.judgement import Asked, codes_in, judgement_for, paths_of  # noqa: PLC0415
    from runcheck.pipeline import check_in  # noqa: PLC0415 - each command loads what it needs, and no other's
    from runcheck.report.text import render_text  # noqa: PLC0415
    from runcheck.tree.cache import NoCache, open_cache  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.locate import is_url  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415
    from runcheck.tree.store import CONNECTIONS, Remote  # noqa: PLC0415
    from runcheck.watch import Nobody, Watch  # noqa: PLC0415

    watch: Watch = Nobody()
    if sys.stderr.isatty() and not os.environ.get("CI"):
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
    )
    remote = Remote(options.jobs or CONNECTIONS, is_trusting=not options.rehash)
    failed, reports = False, []
    with Quarantine() as quarantine:
        for path in paths_of(options.paths, asked, "artefacts"):
            judgement = judgement_for(path, asked)
            report = check_in(
                quarantine,
                path,
                depth=options.depth,
                selection=judgement.selection,
                settings=judgement.settings,
                treatment=judgement.treatment,
                configuration=judgement.path,
                pedantic=options.pedantic,
                executor=executor_of(options.executor or ("threads" if is_url(path) else "processes"), options.jobs),
                open_cache=(lambda _: NoCache()) if options.no_cache else partial(open_cache, is_blind=options.rehash),
                watch=watch,
                remote=remote,
            )
            if options.write_baseline is not None:
                reports.append(report)
                continue
            failed |= not report.is_clean or (options.strict and bool(report.findings or report.unverified))
            if options.format == "json":
                from runcheck.report.json import render_json  # noqa: PLC0415

                print(render_json(report), end="")
            else:
                print(render_text(report), end="")
            if options.show_exceptions and options.format == "text":
                from runcheck.report.waived import render_exceptions  # noqa: PLC0415

                print(render_exceptions(report), end="")
    if options.write_baseline is not None:
        from runcheck.configuration.baseline import write_baseline  # noqa: PLC0415

        print(f"{options.write_baseline}: {write_baseline(options.write_baseline, reports, options.depth)} findings")
        return CLEAN
    return FINDINGS if failed else CLEAN
