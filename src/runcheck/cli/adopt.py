"""``runcheck adopt SRC --into TREE``: a run that another tool wrote becomes a unit of the convention."""

import argparse

from runcheck.cli import CLEAN

TYPE_CHECKING = False  # type checkers know the names; importing them loads what reads a run
if TYPE_CHECKING:
    from runcheck.adopt.found import Given
    from runcheck.adopt.unit import Adopted


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "adopt",
        help="make a unit of a run that another tool wrote, and list what is missing",
        epilog="SRC is the folder of one run: of a convention of one's own, of MLflow's file store, of W&B offline, of "
        "DVCLive, or of event files of TensorBoard. It is not changed, and nothing that it does not say is invented.",
    )
    parser.add_argument("source", metavar="SRC", help="the folder of one run")
    parser.add_argument("--into", default="artefacts", metavar="TREE", help="the tree (default: artefacts)")
    parser.add_argument("--convention", metavar="NAME|FILE", help="the convention that the source follows")
    add_given(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Adopt the run, say what became of it, and judge it."""
    from runcheck.adopt.adopt import adopt  # noqa: PLC0415 - each command loads what it needs

    tell_adopted(adopt(options.source, options.into, given_of(options), options.convention))
    return CLEAN


def add_given(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what the source of a run does not."""
    from runcheck.convention.documents import STATUSES  # noqa: PLC0415
    from runcheck.writer.attachments import LARGEST_ARTIFACT  # noqa: PLC0415

    parser.add_argument("--dataset", metavar="TOKEN", help="the dataset in the slug")
    parser.add_argument("--model", metavar="TOKEN", help="the model in the slug")
    parser.add_argument("--variant", metavar="TOKEN", help="the variant in the slug (default: the name of the run)")
    parser.add_argument("--status", choices=STATUSES[1:], help="how the run ended, where the source does not say it")
    parser.add_argument("--description", metavar="TEXT", help="what the run was for")
    parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE", help="a tag; may be given again")
    parser.add_argument(
        "--largest",
        type=int,
        default=LARGEST_ARTIFACT,
        metavar="BYTES",
        help="larger artifacts are left behind (default: %(default)s)",
    )


def given_of(options: argparse.Namespace) -> "Given":
    """Return what these options say.

    Raises:
        CannotWriteError: a tag is none.
    """
    from runcheck.adopt.found import Given  # noqa: PLC0415
    from runcheck.errors import CannotWriteError  # noqa: PLC0415

    tags = dict(each.partition("=")[::2] for each in options.tag)
    if not all(tags.values()):
        raise CannotWriteError("--tag is NAME=VALUE, such as --tag run_type=train")
    names = options.dataset, options.model, options.variant
    return Given(*names, options.status, options.description, tags, options.largest)


def tell_adopted(adopted: "Adopted") -> None:
    """Seal a unit that was made, where nothing is missing, and say what became of it."""
    from runcheck.report.escape import printable  # noqa: PLC0415

    stands_against = _seal(adopted.path) if adopted.is_whole else ""
    print(f"{printable(adopted.path)}: {'made, not sealed' if stands_against is not None else 'made and sealed'}")
    if stands_against:
        print(f"  not sealed: {printable(stands_against)}")
    for head, lines in (("taken", adopted.notes), ("missing", adopted.missing), ("left behind", adopted.left)):
        for line in lines:
            print(f"  {head}: {printable(line)}")
    judge(adopted.path)


def judge(unit: str) -> None:
    """Say in a line what a check finds in a unit."""
    from runcheck.pipeline import check  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415
    from runcheck.report.words import count_in_words  # noqa: PLC0415

    report, path = check(unit), printable(unit)
    found = f"{count_in_words(report.errors, 'error')} and {count_in_words(report.warnings, 'warning')}"
    print(f"runcheck finds {found} in it: runcheck {path}")


def _seal(path: str) -> str | None:
    """Seal a unit that lacks nothing, as ``runcheck seal`` does; return what stands against it, None where nothing."""
    from runcheck.errors import RuncheckError  # noqa: PLC0415
    from runcheck.fixes.seal import seal  # noqa: PLC0415
    from runcheck.pipeline import check  # noqa: PLC0415

    try:
        return None if seal(path, check).refused is None else f"it has errors; mend them, then runcheck seal {path}"
    except (RuncheckError, OSError) as error:
        return str(error)
