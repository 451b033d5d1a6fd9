"""What CI runs: files that their schemas take, and scripts that do what they say."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.githooks.conftest import PRE_COMMIT, PROJECT
from tests.repositories import commit, git, run

ACTION, GITLAB = PROJECT / "action.yml", PROJECT / "ci/gitlab.yml"


def snippets(page: str) -> list[str]:
    """Return the YAML of a page of the documentation."""
    return re.findall(r"^```yaml\n(.*?)^```", (PROJECT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["github-actions", "gitlab-ci", "github-workflows"])
def test_the_published_schema_takes_what_is_written_for_it(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is not installed: NO FILE FOR CI IS VALIDATED; it is in the group dev")
    paths = {"github-actions": [ACTION], "gitlab-ci": [GITLAB], "github-workflows": []}[name]
    for at, text in enumerate(snippets("ci.md") if name == "github-workflows" else ()):
        paths.append(tmp_path / f"{at}.yml")
        paths[-1].write_text(text)
    assert paths
    more = ("--data-transform", "gitlab-ci") if name == "gitlab-ci" else ()
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{name}", *more)
    run(PROJECT, *command, *map(str, paths))


def test_pre_commit_takes_what_its_page_shows(tmp_path: Path) -> None:
    known = {each["id"] for each in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())}
    for text in snippets("pre-commit.md"):
        (tmp_path / "config.yaml").write_text(text)
        run(tmp_path, *PRE_COMMIT, "validate-config", "config.yaml")
        assert {hook["id"] for each in yaml.safe_load(text)["repos"] for hook in each["hooks"]} <= known


def test_the_pages_name_every_hook_and_every_input() -> None:
    hooks = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    assert all(f"| `{each['id']}` |" in (PROJECT / "docs/pre-commit.md").read_text() for each in hooks)
    inputs = yaml.safe_load(ACTION.read_text())["inputs"]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", (PROJECT / "docs/ci.md").read_text(), re.MULTILINE)) == set(inputs)


class Action:
    """The step of the action that checks, with the inputs that it has where none is given."""

    def __init__(self, top: Path, environment: dict[str, str]) -> None:
        action = yaml.safe_load(ACTION.read_text())
        self.script = next(step["run"] for step in action["runs"]["steps"] if step.get("id") == "check")
        inputs = {name: each["default"] for name, each in action["inputs"].items()}
        self.top, self.runner = top, top.parent / "runner"
        self.runner.mkdir(exist_ok=True)
        self.summary, self.output = self.runner / "summary", self.runner / "output"
        self.environment = {
            **environment,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            "RUNNER_TEMP": str(self.runner),
            **{name: inputs[of] for name, of in (("ARGS", "args"), ("FORMAT", "format"), ("LEVEL", "level"))},
            "CI": "",
            "PATHS": inputs["path"],
            "SINCE": inputs["since"],
        }

    def __call__(self, **given: str) -> tuple[int, str]:
        """Run it as GitHub does, and return its status and its log."""
        for path in (self.summary, self.output):
            path.write_text("")
        command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.script)
        done = run(self.top, *command, environment={**self.environment, **given}, is_fine=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def action(top: Path, environment: dict[str, str]) -> Action:
    commit(top)
    return Action(top, environment)


def test_a_good_tree_passes_with_a_summary_and_an_empty_report(action: Action) -> None:
    status, log = action()
    assert status == 0
    assert "2 units" in log
    assert action.summary.read_text()
    place = action.output.read_text().strip().removeprefix("sarif=")
    assert json.loads(Path(place).read_text())["version"] == "2.1.0"


def test_a_bad_tree_fails_and_says_so_in_all_three_places(action: Action, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    status, log = action()
    assert status == 1
    assert "RC305" in log
    assert "RC305" in action.summary.read_text()
    results = json.loads((action.runner / "runcheck.sarif").read_text())["runs"][0]["results"]
    place = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == (run_folder / "summary.yaml").relative_to(action.top).as_posix()


@pytest.mark.parametrize(("level", "status"), [("never", 0), ("error", 1), ("warning", 1)])
def test_the_level_says_what_fails(action: Action, run_folder: Path, level: str, status: int) -> None:
    (run_folder / "summary.yaml").unlink()
    assert action(LEVEL=level)[0] == status


def test_since_leaves_out_what_did_not_change(action: Action, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    base = commit(action.top)
    assert action(SINCE=base)[0] == 0
    assert action(SINCE=f"{base}~1")[0] == 1


def test_what_is_given_is_never_taken_for_a_program(action: Action) -> None:
    mark = action.runner / "mark"
    for name in ("ARGS", "FORMAT", "LEVEL", "PATHS", "SINCE"):
        assert action(**{name: f'$(touch {mark}) `touch {mark}` "; touch {mark}; "'})[0] == 2
    assert not mark.exists()


def test_several_paths_and_options_are_all_taken(action: Action) -> None:
    status, log = action(PATHS="artefacts/dataset\nartefacts/model\n", ARGS="--depth structure --select RC1")
    assert status == 0
    assert log.count("judged by RC1 alone") == 2


def test_options_on_lines_of_their_own_are_all_taken(action: Action) -> None:
    status, log = action(ARGS="--depth structure\n--select RC1\n")
    assert status == 0
    assert log.count("judged by RC1 alone") == 1


def test_annotations_take_the_place_of_a_report(action: Action, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    status, log = action(FORMAT="github")
    assert status == 1
    assert "::error " in log
    assert action.output.read_text() == ""


@pytest.mark.parametrize("is_good", [True, False])
def test_the_job_of_gitlab_leaves_its_report_and_fails_where_it_should(
    top: Path, run_folder: Path, environment: dict[str, str], is_good: bool
) -> None:
    base = commit(top)
    if not is_good:
        git(top, "rm", "--quiet", str(run_folder / "summary.yaml"))
    job = yaml.safe_load(GITLAB.read_text())["runcheck"]
    given = {**environment, **job["variables"], "RUNCHECK_SINCE": base, "CI": "true"}
    done = run(top, "sh", "-ec", "\n".join(job["script"]), environment=given, is_fine=False)
    assert done.returncode == (not is_good)
    assert bool(json.loads((top / job["artifacts"]["reports"]["codequality"]).read_text())) is not is_good
