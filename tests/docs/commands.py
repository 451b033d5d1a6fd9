"""Commands of a page, run as a reader would: in a shell, at home in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page that are in a language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def need(program: str) -> str:
    """Return where a program of the development set is, or skip the test."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        pytest.skip(f"NOT TESTED: {program} is not on this machine")
    return found


def environment(home: Path) -> dict[str, str]:
    """Return the variables of somebody new, whose ``runcheck`` is the one of this interpreter."""
    programs = home / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "runcheck"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runcheck "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    kept = {name: value for name, value in os.environ.items() if name in ("PYTHONPATH", "LANG", "LC_ALL", "TMPDIR")}
    return {**kept, "PATH": path, "HOME": str(home), "JAX_PLATFORMS": "cpu"}


def run(script: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the lines of a block, and stop at the first that fails."""
    return subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, env=environment(home), capture_output=True, text=True, check=False
    )
