"""The script for bash, 3.2 of macOS included, without the package bash-completion."""

from runcheck.completions.commands import Argument, Takes
from runcheck.completions.offer import DEFAULT, Offer, flags_of, operand_of, with_values

_SCRIPT = """\
# Completions of runcheck for bash, written by 'runcheck completions bash'. Source it, or put it into
# ~/.local/share/bash-completion/completions/runcheck

_runcheck_among() {  # words of the list $1 that begin with $2
    local word
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$2")
}

_runcheck_listed() {  # the same behind the last comma of $2
    local word
    compopt -o nospace 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("${2%%"${2##*,}"}$word"); done < <(compgen -W "$1" -- "${2##*,}")
}

_runcheck_nothing() {
    compopt +o default +o bashdefault 2>/dev/null
}

_runcheck() {
    local current=$2 previous=${COMP_WORDS[COMP_CWORD-1]} command=%(default)s word
    local clauses='%(clauses)s'
    local codes='%(codes)s'
    COMPREPLY=()
    if [[ $previous == '=' ]] && (( COMP_CWORD > 1 )); then previous=${COMP_WORDS[COMP_CWORD-2]}; fi
    if (( COMP_CWORD > 1 )); then
        case ${COMP_WORDS[1]} in %(names)s) command=${COMP_WORDS[1]} ;; esac
    fi
    case "$command $previous" in
%(values)s
    esac
    if [[ $current == -* ]]; then
        case $command in
%(options)s
        esac
        if (( COMP_CWORD == 1 )); then _runcheck_among '%(first)s' "$current"; fi
    elif (( COMP_CWORD == 1 )); then
        _runcheck_among '%(words)s' "$current"
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
    else
        case $command in
%(operands)s
        esac
    fi
}

complete -o bashdefault -o default -F _runcheck runcheck
"""


def bash(offer: Offer) -> str:
    """Return the script."""
    names = [command.name for command in offer.commands]
    values = [
        (" | ".join(f"'{command.name} {flag}'" for flag in option.flags), f"{_words(option)}; return")
        for command in offer.commands
        for option in with_values(command)
    ]
    operands = [(each.name, _words(operand_of(each))) for each in offer.commands]
    options = [
        (each.name, f"""_runcheck_among '{" ".join(flags_of(each.options))}' "$current\"""") for each in offer.commands
    ]
    return _SCRIPT % {
        "default": DEFAULT,
        "clauses": " ".join(offer.clauses),
        "codes": " ".join(offer.codes),
        "names": "|".join(names),
        "words": " ".join(names),
        "first": " ".join(flags_of(offer.first)),
        "values": _cases(values),
        "options": _cases(options),
        "operands": _cases(operands),
    }


def _cases(cases: list[tuple[str, str]]) -> str:
    return "\n".join(f"        {pattern}) {then} ;;" for pattern, then in cases)


def _words(argument: Argument | None) -> str:
    """Return what offers the values of an argument; of a path it is readline itself, which quotes as it must."""
    if argument is None:
        return "_runcheck_nothing"
    return {
        Takes.FILES: "COMPREPLY=()",
        Takes.CLAUSE: '_runcheck_among "$clauses" "$current"',
        Takes.CLAUSES: '_runcheck_listed "$codes" "$current"',
        Takes.CHOICE: f"""_runcheck_among '{" ".join(argument.choices)}' "$current\"""",
    }.get(argument.takes, "_runcheck_nothing")
