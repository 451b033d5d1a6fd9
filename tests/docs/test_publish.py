"""What the page on publishing shows is what comes out."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from runcheck.cli import main
from tests.docs.commands import blocks

TREE = Path(__file__).parents[2] / "fixtures/good/dataset-and-run/tree"


def test_the_commands_of_the_page_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(TREE, tmp_path / "artefacts", symlinks=True)
    monkeypatch.chdir(tmp_path)
    shown = [
        each for block in blocks("publish.md", "console") for each in re.split(r"^\$ runcheck ", block, flags=re.M)[1:]
    ]
    assert len(shown) == 4
    for each in shown:
        command, _, expected = each.partition("\n")
        assert main(shlex.split(command)) == 0, command
        assert capsys.readouterr().out == expected
