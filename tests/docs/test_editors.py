"""What the page on editors and shells says works, with the editor's own servers where there are any."""

import json
import shutil
from pathlib import Path

import pytest

from tests.docs.commands import blocks, need, run

PAGE = "editors.md"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path, good_tree: Path) -> Path:
    """A project with a tree in it."""
    (tmp_path / "project").mkdir()
    shutil.copytree(good_tree, tmp_path / "project/artefacts", symlinks=True)
    return tmp_path / "project"


def test_the_commands_of_the_page_work(project: Path, home: Path) -> None:
    need("check-jsonschema")
    for block in blocks(PAGE, "sh"):
        done = run(block, project, home)
        assert done.returncode == 0, done.stderr + done.stdout
    for script in (".local/share/bash-completion/completions/runcheck", ".zfunc/_runcheck"):
        assert "runcheck" in (home / script).read_text()


def test_either_way_the_schema_of_settings_is_found(project: Path, home: Path) -> None:
    need("taplo")
    assert run("runcheck schema --into .schemas", project, home).returncode == 0
    named, rule = blocks(PAGE, "toml")
    (project / "runcheck.toml").write_text(named)
    assert run("taplo lint --no-auto-config runcheck.toml", project, home).returncode == 0
    (project / "runcheck.toml").write_text(named + "levels = 1\n")
    assert run("taplo lint --no-auto-config runcheck.toml", project, home).returncode == 1
    (project / "runcheck.toml").write_text("levels = 1\n")
    assert run("taplo lint runcheck.toml", project, home).returncode == 0
    (project / ".taplo.toml").write_text(rule)
    assert run("taplo lint runcheck.toml", project, home).returncode == 1


def test_what_init_writes_is_fine_with_and_without_the_schema(project: Path, home: Path) -> None:
    need("taplo")
    assert run("runcheck init", project, home).returncode == 0
    assert run("taplo lint --no-auto-config runcheck.toml", project, home).returncode == 0
    assert run("runcheck schema --into .schemas", project, home).returncode == 0
    settings = project / "runcheck.toml"
    settings.write_text("#:schema .schemas/runcheck.schema.json\n" + settings.read_text())
    assert run("taplo lint --no-auto-config runcheck.toml", project, home).returncode == 0
    settings.write_text(settings.read_text().replace("roots", "root"))
    assert run("taplo lint --no-auto-config runcheck.toml", project, home).returncode == 1


def test_every_schema_that_the_page_names_is_one_that_the_command_writes(project: Path, home: Path) -> None:
    assert run("runcheck schema --into .schemas", project, home).returncode == 0
    settings, metadata = map(json.loads, blocks(PAGE, "json"))
    (of_metadata,) = settings["json.schemas"]
    assert (project / of_metadata["url"]).exists()
    assert len({path.resolve() for path in project.glob(of_metadata["fileMatch"][0])}) == 2
    ((of_summary, pattern),) = settings["yaml.schemas"].items()
    assert (project / of_summary).exists()
    assert len({path.resolve() for path in project.glob(pattern)}) == 1
    unit = next(project.glob("artefacts/model/*/2*"))
    assert (unit / metadata["$schema"]).resolve() == project / ".schemas/metadata.schema.json"
