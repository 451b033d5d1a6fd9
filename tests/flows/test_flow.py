"""A flow takes its steps in their order, passes over what did not change, and is a unit that links what it made."""

import shutil
from pathlib import Path

import pytest

from tests.flows.project import in_tree, metadata, newest, runcheck, steps, units, write_project

ALL = ("flow", "train", "--evaluation", "held-out.txt", "--bundle", "numbers-1.0")


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose flow was taken once, with all its steps. Not to be changed."""
    project = write_project(tmp_path_factory.mktemp("taken"))
    runcheck(project, *ALL)
    return project


@pytest.fixture
def project(taken: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(taken, tmp_path / "project", symlinks=True)


def test_all_steps_are_taken_and_the_record_links_what_they_made(taken: Path) -> None:
    record = newest(taken)
    assert steps(record) == {"prepare": False, "train": False, "evaluate": False, "package": False}
    said = metadata(record)
    (data,), (run,) = units(taken, "dataset/numbers"), units(taken, "model/numbers_mean_plain")
    (evaluation,) = units(taken, "model/numbers_mean_evaluated")
    assert said["links"] == {
        "dataset": in_tree(taken, data),
        "run": in_tree(taken, run),
        "evaluation": in_tree(taken, evaluation),
    }
    assert (said["status"], said["tags"]["run_type"]) == ("completed", "flow")
    assert said["data_provenance"]["path"] == in_tree(taken, data)
    assert said["seeds"] == metadata(run)["seeds"]
    assert "train | step 3" in (record / "extra/flow.log").read_text()
    assert (taken / "bundles/numbers-1.0.csv").is_file()


def test_the_tree_of_a_flow_is_clean_to_the_strictest_check(taken: Path) -> None:
    assert "All clean: 4 units" in runcheck(taken, "check", "--strict", "--pedantic", "--no-cache").stdout


def test_a_second_flow_with_nothing_changed_runs_no_step_and_says_so(project: Path) -> None:
    done = runcheck(project, *ALL)
    assert "Nothing changed: no step was run." in done.stdout
    assert set(steps(newest(project)).values()) == {True}
    assert len(units(project, "model/numbers_mean_plain")) == 1
    assert metadata(newest(project))["links"]["run"] == in_tree(project, units(project, "model/numbers_mean_plain")[0])
    runcheck(project, "check", "--strict", "--no-cache")


def test_fresh_runs_every_step(project: Path) -> None:
    shutil.rmtree(project / "bundles")
    runcheck(project, *ALL, "--fresh")
    assert set(steps(newest(project)).values()) == {False}


@pytest.mark.parametrize(
    ("file", "text", "stale"),
    [
        ("README.md", "Other words.\n", set()),
        ("rate.py", "RATE = 2.0\n", {"train", "evaluate", "package"}),
        ("held-out.txt", "7 8\n", {"evaluate", "package"}),
    ],
)
def test_a_step_is_stale_where_what_it_depends_on_changed(project: Path, file: str, text: str, stale: set[str]) -> None:
    (project / file).write_text(text)
    if stale:  # an export goes over nothing
        shutil.rmtree(project / "bundles")
    runcheck(project, *ALL)
    assert {step for step, is_cached in steps(newest(project)).items() if not is_cached} == stale


def test_other_arguments_train_again_and_no_data_are_prepared(project: Path) -> None:
    runcheck(project, "flow", "train", "--wandb", "--", "--rate", "3")
    assert steps(newest(project)) == {"prepare": True, "train": False}
    run = units(project, "model/numbers_mean_plain")[-1]
    assert '["--wandb","--rate","3"]' in (run / "config.json").read_text().replace("\n", "").replace(" ", "")


def test_what_a_step_made_counts_only_while_it_is_sound(project: Path) -> None:
    run = units(project, "model/numbers_mean_plain")[0]
    (run / "config.json").write_text('{"rate": 9}\n')
    done = runcheck(project, "flow", "train")
    assert "train    | is run again: model/numbers_mean_plain/" in done.stdout
    assert "config.json" in done.stdout
    assert steps(newest(project)) == {"prepare": True, "train": False}


def test_what_a_step_made_and_is_gone_is_made_again(project: Path) -> None:
    shutil.rmtree(project / "bundles")
    done = runcheck(project, *ALL)
    assert "package  | is run again: bundles/numbers-1.0.csv is" in done.stdout
    assert (project / "bundles/numbers-1.0.csv").is_file()


def test_without_an_evaluation_set_and_a_bundle_neither_step_runs(project: Path) -> None:
    runcheck(project, "flow", "train")
    assert set(steps(newest(project))) == {"prepare", "train"}
