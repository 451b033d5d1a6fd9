"""The script for zsh, in the terms of its own ``_arguments``."""

from runcheck.completions.commands import Argument, Takes
from runcheck.completions.offer import DEFAULT, Offer, operand_of

_SCRIPT = """\
#compdef runcheck
# Completions of runcheck for zsh, written by 'runcheck completions zsh'. Put it as _runcheck into a folder of $fpath,
# or source it after compinit.

_runcheck_clauses() {
  local -a clauses=(
%(clauses)s
  )
  _describe -t clauses clause clauses "$@"
}

_runcheck_codes() {
  local -a codes=(
%(codes)s
  )
  _describe -t codes code codes "$@"
}

_runcheck_commands() {
  local -a commands=(
%(commands)s
  )
  _describe -t commands command commands "$@"
}

_runcheck() {
  local command=%(default)s curcontext="$curcontext" ret=1
  local -a first
  if (( CURRENT == 2 )); then
    [[ $PREFIX != -* ]] && _runcheck_commands && ret=0
    first=(
%(first)s
    )
  else
    case $words[2] in
      %(names)s) command=$words[2]; shift words; (( CURRENT-- )) ;;
    esac
  fi
  case $command in
%(cases)s
  esac
  return ret
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _runcheck "$@"
else
  compdef _runcheck runcheck
fi
"""


def zsh(offer: Offer) -> str:
    """Return the script."""
    cases = []
    for command in offer.commands:
        specs = [_option(each) for each in command.options]
        operand = operand_of(command)
        specs += [_quoted(f"*:{_bare(operand.name)}:{_action(operand)}")] if operand else []
        lines = " \\\n        ".join(specs)
        cases.append(f"    {command.name}) _arguments -s -S $first \\\n        {lines} && ret=0 ;;")
    first = [_option(each) for each in offer.first]
    return _SCRIPT % {
        "clauses": _pairs(offer.clauses),
        "codes": _pairs(dict(offer.codes)),
        "commands": _pairs({each.name: each.help for each in offer.commands}),
        "default": DEFAULT,
        "names": "|".join(each.name for each in offer.commands),
        "first": "\n".join(f"      {each}" for each in first),
        "cases": "\n".join(cases),
    }


def _pairs(told: dict[str, str]) -> str:
    return "\n".join(f"    {_quoted(f'{name}:{about}' if about else name)}" for name, about in told.items())


def _option(option: Argument) -> str:
    """Return the spec of an option; one with two flags is offered under both, and taken once."""
    told = f"[{_bare(option.help)}]"
    name = option.flags[-1].lstrip("-") if option.takes is Takes.CHOICE else option.name
    value = "" if option.takes is Takes.NOTHING else f":{_bare(name)}:{_action(option)}"
    ends = {flag: "=" if value and flag.startswith("--") else "+" if value else "" for flag in option.flags}
    if len(option.flags) == 1:
        return _quoted(f"{option.flags[0]}{ends[option.flags[0]]}{told}{value}")
    others = f"({' '.join(option.flags)})"
    return " ".join(_quoted(f"{others}{flag}{end}{told}{value}") for flag, end in ends.items())


def _action(argument: Argument) -> str:
    return {
        Takes.FILES: "_files",
        Takes.CLAUSE: "_runcheck_clauses",
        Takes.CLAUSES: "_sequence _runcheck_codes",
        Takes.CHOICE: f"({' '.join(argument.choices)})",
    }.get(argument.takes, " ")


def _bare(text: str) -> str:
    """Return a text without what ends a part of a spec."""
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
