"""The quickstart is followed from top to bottom, in an empty folder, with the real Git and the real pre-commit."""

import fnmatch
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.commands import DOCS, environment, need

PAGE = DOCS / "quickstart.md"
AUTHOR = {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@b.c"))
}


def steps() -> Iterator[tuple[str, str]]:
    """The blocks of the page: in which language each is, and what it holds."""
    for match in re.finditer(
        r"^```(?P<language>[a-z ]*)\n(?P<text>.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    ):
        yield match["language"], match["text"]


def install(script: str) -> bool:
    return "pip install" in script


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def follow(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {**environment(folder.parent / "home"), **AUTHOR, "GIT_CONFIG_NOSYSTEM": "1", "PIP_NO_INDEX": "1"}
    return subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_the_page_leads_to_a_red_and_then_a_green_commit(project: Path) -> None:
    need("git")
    need("pre-commit")
    said, commits = "", []
    for language, text in steps():
        if language == "python":
            (project / "train.py").write_text(text)
        elif language.startswith("sh") and not install(text):
            done = follow(text, project)
            said = done.stdout
            assert (done.returncode == 0) == (language == "sh"), said
            if "git commit" in text:
                commits.append(done.returncode == 0)
        elif not language:
            shown = iter(said.splitlines())
            for line in text.splitlines():
                pattern = re.sub(r"\[", "[[]", line).replace("...", "*")
                assert any(fnmatch.fnmatchcase(each, pattern) for each in shown), f"{line}\n\nis not in\n\n{said}"
    assert commits == [True, True, False, True]


def test_what_is_installed_is_there_to_be_installed() -> None:
    (script,) = (text for language, text in steps() if language == "sh" and install(text))
    *_, package, tool = shlex.split(script.splitlines()[-1])
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]
    name, _, extra = package.rstrip("]").partition("[")
    assert name == project["name"]
    assert extra in project["optional-dependencies"]
    assert tool == "pre-commit"
