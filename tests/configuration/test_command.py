"""The command with a configuration: what it checks, what it says, and how it ends where the file is broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runcheck.cli import main


def runcheck(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "runcheck", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    "text", ["ignore = [", "ignor = []", 'ignore = ["RC999"]', 'baseline = "none.json"', 'levels = "x"']
)
def test_a_configuration_that_does_not_hold_ends_a_check_with_2_and_one_line(tree: Path, text: str) -> None:
    (tree.parent / "runcheck.toml").write_text(text)
    done = runcheck(tree.parent, "artefacts")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("runcheck: ")
    assert done.stderr.count("\n") == 1
    assert "runcheck.toml: " in done.stderr or "none.json: " in done.stderr
    assert runcheck(tree.parent, "artefacts", "--isolated").returncode == 0


def test_without_a_path_the_roots_are_checked(tree: Path) -> None:
    tree.rename(tree.parent / "store")
    assert runcheck(tree.parent).returncode == 2
    (tree.parent / "pyproject.toml").write_text('[tool.runcheck]\nroots = ["store"]\nignore = ["RC208"]\n')
    done = runcheck(tree.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("; without RC208.\n")


def test_options_beat_the_file(tree: Path, run_folder: Path) -> None:
    (tree.parent / "runcheck.toml").write_text('ignore = ["RC105"]\nselect = ["RC1"]\n')
    (run_folder / "README.md").unlink()
    assert runcheck(tree.parent, "artefacts").returncode == 0
    assert runcheck(tree.parent, "artefacts", "--extend-select", "RC105").returncode == 1
    assert runcheck(tree.parent, "artefacts", "--select", "RC305").returncode == 1
    done = runcheck(tree.parent, "artefacts", "--select", "RC3", "--ignore", "RC305")
    assert done.returncode == 0
    assert done.stdout.endswith("; judged by RC3 alone; without RC305.\n")


def test_a_level_decides_how_a_check_ends(tree: Path, run_folder: Path) -> None:
    (run_folder / "README.md").unlink()
    config = tree.parent / "x.toml"
    config.write_text('select = ["RC105"]\nlevels = { RC105 = "warning" }\n')
    assert runcheck(tree.parent, "artefacts", "--config", "x.toml").returncode == 0
    assert runcheck(tree.parent, "artefacts", "--config", "x.toml", "--strict").returncode == 1
    done = runcheck(tree.parent, "artefacts", "--config", "x.toml", "--format", "json")
    assert [each["level"] for each in json.loads(done.stdout)["findings"]] == ["warning"]
    assert json.loads(done.stdout)["configurations"] == ["x.toml"]


def test_a_baseline_is_written_and_then_hides_what_it_holds(tree: Path, run_folder: Path) -> None:
    (run_folder / "README.md").unlink()
    assert runcheck(tree.parent, "artefacts").returncode == 1
    done = runcheck(tree.parent, "artefacts", "--write-baseline", "known.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("known.json: ")
    assert runcheck(tree.parent, "artefacts", "--baseline", "known.json").returncode == 0
    (tree.parent / "runcheck.toml").write_text('baseline = "known.json"')
    assert runcheck(tree.parent, "artefacts").returncode == 0
    before = (tree.parent / "known.json").read_text()
    assert runcheck(tree.parent, "artefacts", "--write-baseline", "known.json").returncode == 0
    assert (tree.parent / "known.json").read_text() == before


def test_a_name_that_a_terminal_would_obey_is_escaped(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree.parent / "runcheck.toml").write_text('"a\\u001b[31m" = 1')
    assert main([str(tree)]) == 2
    assert "\x1b" not in capsys.readouterr().err


LOADED = "from runcheck.cli import main; main(['check', {path!r}]); import sys; print('loaded:', *sys.modules)"


def test_a_check_without_a_configuration_loads_nothing_for_one_and_with_one_no_validator(tree: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    kept = "import runcheck.tree.cache\nruncheck.tree.cache._RACY_NS = -(10**18)\n"

    def loaded() -> set[str]:
        command = [sys.executable, "-c", kept + LOADED.format(path=str(tree))]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return set(done.stdout.rpartition("loaded:")[2].split())

    loaded()
    own = {name for name in loaded() if name.startswith("runcheck.configuration")}
    assert own == {"runcheck.configuration", "runcheck.configuration.find", "runcheck.configuration.judgement"}
    (tree.parent / "runcheck.toml").write_text('levels = { RC208 = "error" }')
    loaded()
    assert not loaded() & {"jsonschema_rs", "difflib", "argparse", "runcheck.unit_reading"}
