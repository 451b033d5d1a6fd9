"""``./dev`` makes ``.venv``, makes its own anew, and removes nobody else's. What it calls is a stub here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# It makes an environment of itself and of a ``just`` that says what it is asked for, and installs nothing.
PYTHON = f"""#!/bin/sh
case "$2" in
    venv) [ ! -e fails-in-venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python" &&
        printf '#!/bin/sh\\necho "just $*"\\n' >"$3/bin/just" && chmod +x "$3/bin/just" ;;
    pip) [ ! -e fails-in-pip ] ;;
    *) exec {sys.executable} "$@" ;;
esac
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is a script of a shell")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the script, and what it is to install from."""
    folder = tmp_path / "clone"
    (folder / "lock").mkdir(parents=True)
    for name in ("dev", "lock/dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return folder


def dev(clone: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(clone.parent / "python")}
    return subprocess.run([clone / "dev", "test"], env=environment, capture_output=True, text=True)


def test_an_environment_is_made_once_and_anew_when_the_lock_is_another_one(clone: Path) -> None:
    assert "making .venv" in dev(clone).stderr
    (clone / ".venv/kept").touch()
    done = dev(clone)
    assert (done.stdout, done.stderr) == ("just test\n", "")
    assert (clone / ".venv/kept").exists()
    (clone / "lock/dev.txt").write_text("another\n")
    assert "making .venv" in dev(clone).stderr
    assert not (clone / ".venv/kept").exists()


@pytest.mark.parametrize("fault", ["fails-in-venv", "fails-in-pip"])
def test_an_installation_that_was_interrupted_is_made_anew(clone: Path, fault: str) -> None:
    (clone / fault).touch()
    assert dev(clone).returncode != 0
    (clone / fault).unlink()
    done = dev(clone)
    assert (done.returncode, done.stdout) == (0, "just test\n")
    assert "making .venv" in done.stderr


@pytest.mark.parametrize("is_link", [False, True])
def test_an_environment_that_it_did_not_make_stays_and_a_line_says_what_to_do(clone: Path, *, is_link: bool) -> None:
    own = clone.parent / "own" if is_link else clone / ".venv"
    (own / "bin").mkdir(parents=True)
    (own / "bin/python").symlink_to(sys.executable)
    if is_link:
        (clone / ".venv").symlink_to(own)
    done = dev(clone)
    assert done.returncode == 1
    assert done.stderr == (
        "dev: .venv is there and was not made by ./dev; move it away or remove it, and call ./dev again\n"
    )
    assert (own / "bin/python").exists()
    assert (clone / ".venv").exists()


def test_an_environment_of_before_there_was_a_mark_is_its_own(clone: Path) -> None:
    dev(clone)
    (clone / ".venv/.made-by-dev").unlink()
    (clone / "lock/dev.txt").write_text("another\n")
    assert dev(clone).stdout == "just test\n"
    assert (clone / ".venv/.made-by-dev").exists()
