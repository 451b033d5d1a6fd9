"""``runcheck migrate``: bring a tree to the version of the convention that this program knows."""

import argparse

from runcheck.cli import CLEAN, FINDINGS


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("migrate", help="bring units that are not sealed to this version of the convention")
    parser.add_argument("path", nargs="?", default="artefacts", metavar="PATH", help="a tree (default: artefacts)")
    parser.add_argument("--diff", action="store_true", help="show what would change, and change nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Migrate, and say what was done."""
    from runcheck.convention.layout import layout  # noqa: PLC0415 - each command loads what it needs
    from runcheck.fixes.diff import diff_of  # noqa: PLC0415
    from runcheck.fixes.migrate import STEPS, migrate  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415

    migration = migrate(options.path, is_preview=options.diff)
    if options.diff:
        print(diff_of(migration.plan), end="")
    for line in migration.passed_over:
        print(f"passed over: {printable(line)}")
    changed = sum(map(len, migration.plan.edits))
    known = layout().schema_version
    if not changed and not migration.passed_over:
        only = "" if STEPS else ", the only version that there is"
        print(f"nothing to migrate: all {migration.units:,} units are of version {known}{only}")
    elif not options.diff:
        print(f"migrated {changed:,} documents to version {known}")
    return FINDINGS if migration.passed_over else CLEAN
