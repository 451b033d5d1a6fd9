"""The script for fish."""

from runcheck.completions.commands import Argument, Command, Takes
from runcheck.completions.offer import DEFAULT, Offer, operand_of

_SCRIPT = """\
# Completions of runcheck for fish, written by 'runcheck completions fish'. Put it into
# ~/.config/fish/completions/runcheck.fish

set -g __runcheck_clauses %(clauses)s
set -g __runcheck_codes %(codes)s
set -g __runcheck_commands %(names)s

# Whether the command is $argv[1], which is %(default)s where none is named
function __runcheck_is
    set -l words (commandline -opc)
    if test (count $words) -gt 1; and contains -- $words[2] $__runcheck_commands
        test $words[2] = $argv[1]
    else
        test %(default)s = $argv[1]
    end
end

function __runcheck_is_first
    test (count (commandline -opc)) -eq 1
end

# The codes behind the last comma of the word
function __runcheck_listed
    set -l before (string match -r '^.*,' -- (commandline -ct | string replace -r '^--[a-z-]+=' ''))
    printf '%%s\\n' $before$__runcheck_codes
end

complete -c runcheck -f
%(lines)s
"""


def fish(offer: Offer) -> str:
    """Return the script."""
    lines = [
        f"complete -c runcheck -n __runcheck_is_first -a {each.name} -d {_quoted(each.help)}" for each in offer.commands
    ]
    lines += [_option("__runcheck_is_first", each) for each in offer.first]
    for command in offer.commands:
        lines += _lines(command)
    return _SCRIPT % {
        "clauses": _told(offer.clauses),
        "codes": _told(dict(offer.codes)),
        "names": " ".join(each.name for each in offer.commands),
        "default": DEFAULT,
        "lines": "\n".join(lines),
    }


def _lines(command: Command) -> list[str]:
    condition = _quoted(f"__runcheck_is {command.name}")
    lines = [_option(condition, each) for each in command.options]
    operand = operand_of(command)
    if operand is not None:
        lines.append(f"complete -c runcheck -n {condition}{_value(operand)}")
    return lines


def _option(condition: str, option: Argument) -> str:
    flags = "".join(f" -l {flag[2:]}" if flag.startswith("--") else f" -s {flag[1:]}" for flag in option.flags)
    required = "" if option.takes in (Takes.NOTHING, Takes.FILES) else " -x"
    return f"complete -c runcheck -n {condition}{flags}{required}{_value(option)} -d {_quoted(option.help)}"


def _value(argument: Argument) -> str:
    return {
        Takes.FILES: " -r -F" if argument.flags else " -F",
        Takes.CLAUSE: " -a '$__runcheck_clauses'",
        Takes.CLAUSES: " -a '(__runcheck_listed)'",
        Takes.CHOICE: f" -a {_quoted(' '.join(argument.choices))}",
    }.get(argument.takes, "")


def _told(codes: dict[str, str]) -> str:
    """Return words of the script, each with what it is called behind a tab, as fish shows it."""
    return " ".join(f"{code}\\t{name}" if name else code for code, name in codes.items())


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
