"""The hooks as others use them: cloned by pre-commit, and installed by it into an environment of their own."""

import base64
import hashlib
import importlib.metadata
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.githooks.conftest import MANIFEST, PRE_COMMIT, PROJECT, configure
from tests.repositories import commit, git, repository, run

CARRIED = ("src", "schemas", "spec", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
NEEDED = ("hatchling", "jsonschema-rs", "pyyaml")  # to be built, and to run


def all_needed() -> set[str]:
    """Return what the package needs, and what that needs: pip finds it in a folder, made of what is installed here."""
    found: set[str] = set()
    left = [Requirement(name) for name in NEEDED]
    while left:
        each = left.pop()
        if each.name not in found and (each.marker is None or each.marker.evaluate({"extra": ""})):
            found.add(each.name)
            left += map(Requirement, importlib.metadata.requires(each.name) or ())
    return found


def as_wheel(name: str, folder: Path) -> None:
    """Put an installed distribution together as the wheel that it came from."""
    found = importlib.metadata.distribution(name)
    files = [each for each in found.files or () if ".." not in each.parts and not each.name.endswith(".pyc")]
    info = next(each.parts[0] for each in files if each.parts[0].endswith(".dist-info"))
    tags = [line.partition(": ")[2] for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag")]
    unneeded = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    with zipfile.ZipFile(folder / f"{info.removesuffix('.dist-info')}-{tags[0]}.whl", "w") as wheel:
        record = ""
        for each in files:
            if not (each.parts[0] == info and each.name in unneeded):
                content = each.read_binary()
                wheel.writestr(str(each), content)
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                record += f"{each},sha256={digest},{len(content)}\n"
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")


def test_pre_commit_takes_the_manifest() -> None:
    run(PROJECT, *PRE_COMMIT, "validate-manifest", str(MANIFEST))
    run(PROJECT, *PRE_COMMIT, "validate-config", str(PROJECT / ".pre-commit-config.yaml"))


def test_a_hook_is_cloned_installed_and_stops_a_bad_commit(
    top: Path, run_folder: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    project, wheels = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("wheels")
    for name in CARRIED:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, project / name)
    for name in all_needed():
        as_wheel(name, wheels)
    hooks = [{"id": each["id"]} for each in yaml.safe_load(MANIFEST.read_text())]
    revision = commit(repository(project))
    there = {name: value for name, value in environment.items() if name != "PATH"} | {"PIP_FIND_LINKS": str(wheels)}
    configure(top, there, {"repo": project.as_uri(), "rev": revision, "hooks": hooks})
    git(top, "add", "--all")
    run(top, "git", "commit", "--message", "good", environment=there)
    (run_folder / "summary.yaml").write_text("best: [\n")
    git(top, "add", "--all")
    done = run(top, "git", "commit", "--message", "bad", environment=there, is_fine=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "RC304 checksum-mismatch" in said
    assert said.count("Failed") == 2  # of what is staged, and of the whole tree
    assert said.count("Passed") == 2
