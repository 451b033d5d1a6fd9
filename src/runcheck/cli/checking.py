"""What ``runcheck check`` checks, tree by tree: paths, or what a change touches, each judged by what is above it."""

import os
import sys
from functools import partial

from runcheck.errors import CannotCheckError

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runcheck.changes.own import OwnTouched
    from runcheck.cli.check import Options
    from runcheck.configuration.judgement import Asked
    from runcheck.findings import Report
    from runcheck.focus import Focus
    from runcheck.tree.cache import Cache
    from runcheck.tree.store import Store
    from runcheck.watch import Watch


def reports(options: "Options") -> "Iterator[Report]":
    """Check each path, or what a change touches, and mend what was found where that is asked for."""
    if not is_of_change(options) and (options.outside or options.exclude is not None):
        raise CannotCheckError("--outside and --exclude are about a change: give --since, --staged or --hook too")
    if options.fix:
        from runcheck.cli.fixing import mended  # noqa: PLC0415 - few checks mend

        yield from (mended(options, path, check) for path, check in checks(options))
    elif is_of_change(options):
        yield from _reports_of_change(options)
    else:
        yield from (check() for _, check in checks(options))


def tell_of_interrupted(root: str) -> None:
    """Say so where a fix of the tree at ``root`` was killed: what is found may be its half of the work."""
    from runcheck.tree.state import plan_of_fix  # noqa: PLC0415

    if os.path.lexists(plan_of_fix(root)):
        from runcheck.report.escape import printable  # noqa: PLC0415 - few trees have one

        told = (
            f"{printable(root)}: a fix was interrupted, or is being made; `runcheck check --fix` takes its last steps"
        )
        print(f"runcheck: {told}", file=sys.stderr)


def is_of_change(options: "Options") -> bool:
    """Say whether the units that a change touches are asked for, and no others."""
    return options.staged or options.hook or options.since is not None


def checks(options: "Options") -> "Iterator[tuple[str, Callable[[], Report]]]":
    """Yield each path and what checks it."""
    from runcheck.configuration.judgement import judgement_for, paths_of  # noqa: PLC0415
    from runcheck.pipeline import check_in  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.locate import is_url  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415
    from runcheck.tree.store import CONNECTIONS, Remote  # noqa: PLC0415

    asked, watch = asked_by(options), _watch(options)
    remembered, remote = _remembered(options), Remote(options.jobs or CONNECTIONS, is_trusting=not options.rehash)
    with Quarantine() as quarantine:
        for path in paths_of(options.paths, asked, "artefacts"):
            executor = executor_of(options.executor or ("threads" if is_url(path) else "processes"), options.jobs)
            judgement = judgement_for(path, asked)
            if judgement.convention and (options.fix or options.diff):
                from runcheck.cli.fixing import refuse_convention  # noqa: PLC0415 - few checks mend

                refuse_convention(path, judgement)
            judged = partial(check_in, quarantine, path, judgement, executor=executor, watch=watch)
            yield path, partial(judged, open_cache=remembered, remote=remote)


def _reports_of_change(options: "Options") -> "Iterator[Report]":
    """Check the units that a change touches."""
    from runcheck.changes.change import change_of  # noqa: PLC0415 - a check of all asks Git for no change
    from runcheck.changes.check import Judges, check_change  # noqa: PLC0415
    from runcheck.configuration.judgement import judgement_by_main, said_in  # noqa: PLC0415
    from runcheck.pipeline import check_focus  # noqa: PLC0415
    from runcheck.tree.executor import executor_of  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415

    asked, watch = asked_by(options), _watch(options)
    change = change_of(options.paths, since_=options.since, is_hook=options.hook, exclude=options.exclude)
    top = change.repository.top
    of_all = judgement_by_main(top, asked)
    executor = executor_of(options.executor or "processes", options.jobs)
    with Quarantine() as quarantine:

        def check_main(focus: "Focus") -> "Report":
            judgement = judgement_by_main(focus.store.name, asked)
            return check_focus(
                quarantine, focus, judgement, executor=executor, open_cache=_remembered(options), watch=watch
            )

        def check_own(touched: "OwnTouched", store: "Store", before: "Callable[[], Store] | None") -> "Report":
            from runcheck.conventions.part import OwnFocus, check_part  # noqa: PLC0415 - few have one

            focus = OwnFocus(store, touched.paths, before)
            return check_part(quarantine, focus, touched.convention, touched.judgement, executor=executor, watch=watch)

        def check_others(store: "Store", paths: "Iterable[str]", judged: "Iterable[str]") -> "Report":
            from runcheck.changes.outside import check_outside  # noqa: PLC0415 - most hooks are about units alone
            from runcheck.tree.read import Reader  # noqa: PLC0415

            judgement = of_all._replace(selection=of_all.selection.without(judged))
            return check_outside(Reader(store, options.depth, quarantine), paths, judgement)

        judges = Judges(
            None if options.convention else check_main,
            check_own,
            lambda folder: said_in(folder, asked, is_top=folder == top),
            check_others if options.outside else None,
        )
        yield from check_change(change, judges, () if options.hook else options.paths)


def asked_by(options: "Options") -> "Asked":
    """Return what the options ask for of how to judge."""
    from runcheck.configuration.judgement import Asked, codes_in  # noqa: PLC0415

    return Asked(
        options.depth,
        options.pedantic,
        codes_in(options.select),
        codes_in(options.ignore),
        codes_in(options.extend_select),
        config=options.config,
        is_isolated=options.isolated,
        baseline=options.baseline,
        is_baseline_written=options.write_baseline is not None,
        convention=options.convention,
        signers=tuple(options.verify_signature or ()),
    )


def _watch(options: "Options") -> "Watch":
    from runcheck.watch import Nobody  # noqa: PLC0415

    if sys.stderr.isatty() and not options.quiet and not os.environ.get("CI"):
        from runcheck.report.progress import ProgressLine  # noqa: PLC0415

        return ProgressLine(sys.stderr)
    return Nobody()


def _remembered(options: "Options") -> "Callable[[str], Cache]":
    """Return what opens that which is remembered of a tree; what is staged lies in no folder to remember it in."""
    from runcheck.tree.cache import NoCache, open_cache  # noqa: PLC0415

    is_forgotten = options.no_cache or options.staged or options.hook
    return (lambda _: NoCache()) if is_forgotten else partial(open_cache, is_blind=options.rehash)
