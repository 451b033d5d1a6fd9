"""The command line as data, taken from the parsers of argparse: what completions and the reference are made of."""

import argparse
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class Takes(Enum):
    """What may stand where an argument does."""

    NOTHING = "nothing"
    CHOICE = "one of its choices"
    CLAUSE = "a clause"
    CLAUSES = "codes of clauses and families, with commas between them"
    FILES = "a path"
    WORD = "something that nobody can guess"


class Argument(NamedTuple):
    """An option, with its ``flags``, or an operand, which has none. ``name`` is what its value is called in a usage."""

    flags: tuple[str, ...]
    name: str
    takes: Takes
    choices: tuple[str, ...]
    help: str


class Command(NamedTuple):
    """A command: what it is for, in a line, how it is called, and what it takes."""

    name: str
    help: str
    usage: str
    options: tuple[Argument, ...]
    operands: tuple[Argument, ...]
    epilog: str


# By what the parsers call a value; FOLDER, and whatever has PATH or FILE in its name, is a path.
_BY_NAME = {"CODES": Takes.CLAUSES, "CODE|NAME": Takes.CLAUSE}
_PATHS = ("PATH", "FILE", "FOLDER", "DIR", "ROOT", "RUN", "UNIT", "SRC")


def commands_of(parser: argparse.ArgumentParser) -> tuple[Command, ...]:
    """Return every command of a parser that has commands, in their order."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    told = {action.dest: action.help or "" for action in commands._choices_actions}
    return tuple(_command(name, told.get(name, ""), each) for name, each in commands.choices.items())


def options_of(parser: argparse.ArgumentParser) -> tuple[Argument, ...]:
    """Return the options of a parser."""
    return tuple(each for each in _arguments(parser) if each.flags)


def _command(name: str, told: str, parser: argparse.ArgumentParser) -> Command:
    arguments = tuple(_arguments(parser))
    operands = tuple(each for each in arguments if not each.flags)
    words = ["runcheck", name, "[OPTION]...", *(_in_usage(each) for each in parser._actions if not each.option_strings)]
    return Command(name, told, " ".join(words), options_of(parser), operands, parser.epilog or "")


def _arguments(parser: argparse.ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        choices = tuple(map(str, action.choices or ()))
        told = (action.help or "") % {**vars(action), "prog": parser.prog} if action.help else ""
        yield Argument(tuple(action.option_strings), _name(action), _takes(action), choices, told)


def _name(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()


def _takes(action: argparse.Action) -> Takes:
    if action.nargs == 0:
        return Takes.NOTHING
    if action.choices:
        return Takes.CHOICE
    name = _name(action)
    return _BY_NAME.get(name) or (Takes.FILES if any(each in name for each in _PATHS) else Takes.WORD)


def _in_usage(action: argparse.Action) -> str:
    name = _name(action)
    shapes = {"*": f"[{name}]...", "?": f"[{name}]", "+": f"{name}..."}
    return shapes.get(str(action.nargs), name)
