"""What a shell offers behind a line: each is asked itself."""

import argparse
from pathlib import Path

import pytest

from runcheck.cli import _COMMANDS, whole_parser
from runcheck.completions import SHELLS, completions
from runcheck.convention.clauses import clauses
from tests.completions.shells import offered

FAMILY = {code for code in clauses() if code.startswith("RC30")}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The scripts, each in a file of its own folder."""
    found = {}
    for shell in SHELLS:
        found[shell] = tmp_path_factory.mktemp(shell) / f"script.{shell}"
        found[shell].write_text(completions(shell, whole_parser()))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a tree in it, and something whose name has a blank."""
    (tmp_path / "artefacts").mkdir()
    (tmp_path / "old artefacts").mkdir()
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("runcheck check --dep", {"--depth"}),
        ("runcheck check --depth ", {"structure", "content", "deep"}),
        ("runcheck --depth=st", {"structure"}),
        ("runcheck artefacts --dept", {"--depth"}),
        ("runcheck rule RC30", FAMILY),
        ("runcheck --select RC4,RC30", FAMILY),
        ("runcheck --select=RC4,RC30", FAMILY),
        ("runcheck completions ", set(SHELLS)),
        ("runcheck recov", {"recover"}),
        ("runcheck recover --", {"--help", "--force", "--abort"}),
        ("runcheck art", {"artefacts"}),
        ("runcheck recover art", {"artefacts"}),
        ("runcheck --vers", {"--version"}),
    ],
)
def test_a_shell_offers_what_fits(
    scripts: dict[str, Path], folder: Path, shell: str, line: str, expected: set[str]
) -> None:
    found = {
        each.rpartition("=")[2].rpartition(",")[2].rstrip("/") for each in offered(shell, scripts[shell], line, folder)
    }
    assert found == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_behind_the_name_come_commands_and_paths(scripts: dict[str, Path], folder: Path, shell: str) -> None:
    found = {each.rstrip("/") for each in offered(shell, scripts[shell], "runcheck ", folder)}
    assert {*_COMMANDS, "artefacts", "old artefacts"} <= found


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_offered_where_nobody_can_guess(scripts: dict[str, Path], folder: Path, shell: str) -> None:
    assert not any(offered(shell, scripts[shell], "runcheck --jobs ", folder))


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_help_says_is_not_run(tmp_path: Path, folder: Path, shell: str) -> None:
    parser = whole_parser()
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    odd = commands.add_parser("odd", help="it's $(touch here) `touch here` [a]: b\\c")
    odd.add_argument("--mode", metavar="A:B", help="don't; $(touch here): `touch here` [x] 100%% \\ \" done")
    script = tmp_path / f"script.{shell}"
    script.write_text(completions(shell, parser))
    assert offered(shell, script, "runcheck odd --mo", folder) == {"--mode"}
    assert "odd" in offered(shell, script, "runcheck od", folder)
    assert not (folder / "here").exists()
