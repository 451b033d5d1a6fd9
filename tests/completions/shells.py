"""What a real shell offers behind a line that is typed in it."""

import contextlib
import os
import pty
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

# Where `./dev tools` unpacks the packages of Debian; a shell that is installed is taken before.
UNPACKED = Path(__file__).parents[2] / ".venvs/tools"
LIBRARIES = UNPACKED / "usr/lib" / f"{os.uname().machine}-linux-gnu"

# A tab puts every match into the line, and the command that is completed says what it was given.
BASH = r"""
source "$SCRIPT"
bind '"\t": insert-completions'
runcheck() { printf '%s\n' "$@" >"$OFFERED"; exit; }
PS1=
"""

# What is added as a match is written down, and the shell left once one completion is through.
ZSH = r"""
if [[ -d $UNPACKED ]]; then
  module_path=($LIBRARIES/zsh/*(/N)) fpath=($UNPACKED/usr/share/zsh/functions/**/*(/N))
fi
zmodload zsh/zle zsh/complete zsh/computil
autoload -Uz compinit && compinit -u -D
source $SCRIPT
zstyle ':completion:*' insert-tab false
compadd() {
  local -a matches
  if [[ -n ${(M)argv:#-[OAD]} ]]; then builtin compadd "$@"; return; fi
  builtin compadd -O matches "$@"
  print -rl -- ${(Q)matches} >>$OFFERED
  builtin compadd "$@"
}
leave() { exit }
comppostfuncs=(leave)
bindkey '^I' complete-word
"""


def shell_named(name: str) -> str:
    """Return where a shell is, or skip the test."""
    folders = (UNPACKED / each for each in ("bin", "usr/bin"))
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if found is None:
        pytest.skip(f"NOT TESTED: {name} is not on this machine; './dev tools' unpacks Debian's")
    return found


def offered(shell: str, script: Path, line: str, folder: Path) -> set[str]:
    """Return what ``shell`` offers behind ``line`` in ``folder`` once it has read ``script``."""
    command = shell_named(shell)
    notes = script.with_suffix(".offered")
    notes.write_text("")
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TERM": "dumb",
        "SCRIPT": str(script),
        "UNPACKED": str(UNPACKED),
        "LIBRARIES": str(LIBRARIES),
        "OFFERED": str(notes),
    }
    if shell == "fish":
        environment |= {"TYPED": line, "LD_LIBRARY_PATH": str(LIBRARIES)}
        arguments = [command, "--no-config", "-c", "source $SCRIPT; complete -C $TYPED"]
        done = subprocess.run(arguments, env=environment, cwd=folder, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return {each.partition("\t")[0] for each in done.stdout.splitlines()}
    setup = script.with_name(".zshrc" if shell == "zsh" else "bashrc")
    setup.write_text(ZSH if shell == "zsh" else BASH)
    if shell == "zsh":
        _type([command, "-i"], f"{line}\t", {**environment, "ZDOTDIR": str(script.parent)}, folder)
        return set(notes.read_text().splitlines())
    _type([command, "--noprofile", "--rcfile", str(setup), "-i"], f"{line}\t\n", environment, folder)
    words = line.split()[1:] if line.endswith(" ") else line.split()[1:-1]  # which were typed, the last perhaps in part
    return {word.rpartition("=")[2] for word in notes.read_text().splitlines()[len(words) :]}


def _type(command: list[str], keys: str, environment: dict[str, str], folder: Path) -> None:
    """Type into a shell on a terminal, since bash and zsh complete nowhere else, and wait until it is gone."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r+b", buffering=0) as end:
        shell = subprocess.Popen(
            command, stdin=end, stdout=end, stderr=end, env=environment, cwd=folder, start_new_session=True
        )
    said = b""
    patience = threading.Timer(60, shell.kill)  # one that finds no module of its own waits for more keys
    patience.start()
    with shell, os.fdopen(ours, "r+b", buffering=0) as stream:
        stream.write(keys.encode())
        with contextlib.suppress(OSError):  # as Linux says that nobody has the other end open any more
            while chunk := stream.read(4096):
                said += chunk
    patience.cancel()
    assert re.search(rb"(?<!mi)rror", said) is None, said.decode()  # there is a command `mirror`
