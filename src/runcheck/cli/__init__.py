"""The command line: one module a command, each with ``add_parser`` and ``run``. No logic lives here.

argparse rather than click: it starts 18 ms sooner, which a hook on every commit pays each time (docs/decisions.md).
"""

import io
import os
import sys

from runcheck.errors import RuncheckError

TYPE_CHECKING = False  # type checkers know the name; importing it takes as long as starting the interpreter
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

CLEAN, FINDINGS, FAILED = 0, 1, 2
_COMMANDS = (
    "check",
    "rules",
    "rule",
    "explain",
    "seal",
    "index",
    "ls",
    "query",
    "show",
    "compare",
    "lineage",
    "diff",
    "plot",
    "tune",
    "report",
    "recover",
    "flow",
    "reproduce",
    "adopt",
    "publish",
    "pull",
    "export",
    "mirror",
    "pull-tracker",
    "prune",
    "init",
    "migrate",
    "schema",
    "completions",
    "cache",
)
_PASSING_ON = ("flow",)  # give what stands after "--" to a command of others


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the command line and return its exit status: 0 no error, 1 errors, 2 could not run."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        from runcheck._version import __version__  # noqa: PLC0415 - keeps --version at the cost of the interpreter

        print(f"runcheck {__version__}")
        return CLEAN
    is_path = not words or words[0] not in (*_COMMANDS, "-h", "--help")
    if is_path:
        words.insert(0, "check")
    run = _command(words)
    for stream in (sys.stdout, sys.stderr):  # a name of a tree may hold what the encoding of the terminal lacks
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = run()
        sys.stdout.flush()
    except RuncheckError as error:
        print(f"runcheck: {one_line(error)}{_meant(words[1]) if is_path and words[1:] else ''}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away, as `| head` does: no traceback, and no claim to be clean
        return FAILED
    except OSError as error:  # the disk that the report goes to is full
        import contextlib  # noqa: PLC0415

        with contextlib.suppress(OSError):
            sys.stdout.close()  # or the interpreter tries once more, and says so in its own words
        fault = "the report could not be written" if _is_somewhere() else "the working directory was removed"
        print(f"runcheck: {fault}: {error.strerror or error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("runcheck: interrupted", file=sys.stderr)
        return FAILED
    return status


def _is_somewhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _command(words: "Sequence[str]") -> "Callable[[], int]":
    """Return what these words ask for."""
    is_hook = words[1:3] == ["--hook", "--"]
    if words[0] == "check" and (is_hook or not any(word.startswith("-") for word in words)):
        from runcheck.cli.check import Options, run  # noqa: PLC0415

        # a hook does not pay 10 ms for a parser of options
        return lambda: run(Options(words[3 if is_hook else 1 :], hook=is_hook))
    parser, commands = _parser(_COMMANDS if words[0] not in _COMMANDS else (words[0],))
    free: list[str] = []
    if words[0] in _PASSING_ON and "--" in words:  # by hand: argparse takes it for further positional arguments
        at = list(words).index("--")
        words, free = words[:at], list(words[at + 1 :])
    options, beyond = parser.parse_known_args(words)
    if beyond:  # said by the parser of the command, whose usage tells what there is
        commands.get(words[0], parser).error(f"unrecognized arguments: {' '.join(beyond)}")
    options.free = free
    return lambda: options.run(options)


def whole_parser() -> "argparse.ArgumentParser":
    """Return the parser of all commands, of which completions and the reference are made."""
    return _parser(_COMMANDS)[0]


def one_line(error: Exception) -> str:
    """Return what is wrong, without the password of a URL that somebody gave."""
    from runcheck.report.escape import printable  # noqa: PLC0415
    from runcheck.tree.locate import without_passwords  # noqa: PLC0415

    return without_passwords(printable(str(error)))


def _meant(word: str) -> str:
    """Return a question where what was taken for a path may have been meant for a command."""
    from difflib import get_close_matches  # noqa: PLC0415 - nobody else mistypes
    from os.path import lexists  # noqa: PLC0415

    near = [] if lexists(word) else get_close_matches(word, _COMMANDS, n=1)
    return f"; did you mean the command {near[0]}?" if near else ""


def _parser(names: "Sequence[str]") -> "tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]":
    """Return the parser of these commands, of the one that is asked for or of all to tell of them, and that of each."""
    import argparse  # noqa: PLC0415 - 7 ms that --version does not pay
    from importlib import import_module  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="runcheck",
        description="Prove that a tree of datasets and training runs is what it says it is.",
        epilog="'runcheck PATH...' is 'runcheck check PATH...'. Exit status: 0 no error, 1 errors (warnings too with "
        "--fail-on warning), 2 could not run.",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    # with ``prog``, or argparse lays out a usage to find out what it is called
    commands = parser.add_subparsers(metavar="COMMAND", required=True, prog="runcheck")
    for name in names:
        import_module(f"runcheck.cli.{name.replace('-', '_')}").add_parser(commands)
    return parser, commands.choices
