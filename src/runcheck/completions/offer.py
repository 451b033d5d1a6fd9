"""What a shell may offer."""

from collections.abc import Mapping
from typing import NamedTuple

from runcheck.completions.commands import Argument, Command, Takes

DEFAULT = "check"  # the command of 'runcheck PATH'


class Offer(NamedTuple):
    """The commands, the options that stand before any, and the codes of clauses and families, each with its name."""

    commands: tuple[Command, ...]
    options: tuple[Argument, ...]
    codes: Mapping[str, str]

    @property
    def default(self) -> Command:
        """The command that need not be named."""
        (command,) = (each for each in self.commands if each.name == DEFAULT)
        return command

    @property
    def first(self) -> tuple[Argument, ...]:
        """The options that stand before any command alone, and in none."""
        known = {flag for each in self.default.options for flag in each.flags}
        return tuple(each for each in self.options if not known & set(each.flags))

    @property
    def clauses(self) -> dict[str, str]:
        """The codes of clauses alone."""
        return {code: name for code, name in self.codes.items() if name}


def operand_of(command: Command) -> Argument | None:
    """Return what a command is about, of which there may be several."""
    return command.operands[0] if command.operands else None


def flags_of(arguments: tuple[Argument, ...]) -> list[str]:
    """Return the long flags, or the only one where an option has no long one."""
    return [flag for each in arguments for flag in each.flags if flag.startswith("--") or len(each.flags) == 1]


def with_values(command: Command) -> list[Argument]:
    """Return the options of a command that take a value."""
    return [each for each in command.options if each.takes is not Takes.NOTHING]
