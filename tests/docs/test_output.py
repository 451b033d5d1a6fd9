"""What the page on output shows is what comes out."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from runcheck.cli import main

ROOT = Path(__file__).parents[2]
TREE = ROOT / "fixtures/RC304-checksum-mismatch/fail-one-byte/tree"
PAGE = (ROOT / "docs/output.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n\$ runcheck (.+)\n((?s:.*?))^```$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tree of the page in it, which is the repository."""
    shutil.copytree(TREE, tmp_path / "artefacts", symlinks=True)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def without_seconds(text: str) -> str:
    return re.sub(r"\d+(\\?\.)\d\d s", r"0\g<1>00 s", text)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_page_shows(
    command: str, shown: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(shlex.split(command))
    printed = without_seconds(capsys.readouterr().out).splitlines()
    expected = [line if line.strip() != "..." else None for line in without_seconds(shown).splitlines()]
    if None not in expected:
        assert printed == expected
    rest = iter(printed)
    for line in filter(None, expected):
        assert line in rest, line  # which reads on to it, so the order counts


def test_every_format_is_on_the_page() -> None:
    from runcheck.report.formats import FORMATS

    assert all(f"| `{name}` |" in PAGE for name in FORMATS)
    shown = {match[1] for match in re.finditer(r"--format ([a-z-]+)", "\n".join(command for command, _ in SHOWN))}
    assert set(FORMATS) - shown == {"text", "json-lines"}
