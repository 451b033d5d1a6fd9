"""Doing runs of a real repository again."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runcheck
from runcheck.cli import main
from tests.reproduce.conftest import TRAIN, Train, git, python, state


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put temporary folders where the test sees what is left of them."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


Reproduce = Callable[..., int]


@pytest.fixture
def reproduce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reproduce:
    """Return the command line, given in the repository."""

    def reproduce(run: Path | str, *options: str) -> int:
        monkeypatch.chdir(tmp_path / "repository")
        return main(["reproduce", str(run), *options])

    return reproduce


def change(run: Path, **fields: Any) -> None:  # noqa: ANN401
    """Change fields of the metadata."""
    path = run / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


# --- the same ---------------------------------------------------------------------------------------------------------


def test_a_run_is_reproduced_to_the_last_bit_and_nothing_is_left_or_changed(
    run: Path, reproduce: Reproduce, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    repository = run.parents[3]
    (repository / "rate.py").write_text("RATE = 1.0  # later work, which has no part in it\n")
    before = state(repository)
    assert reproduce(run, "--run") == 0
    assert "Same: all 40 rows of metrics are the same to the last bit." in capfd.readouterr().out
    assert not list(temporary.iterdir())
    assert {path: content for path, content in state(repository).items() if not path.startswith(".git/")} == {
        path: content for path, content in before.items() if not path.startswith(".git/")
    }
    assert git(repository, "worktree", "list").count("\n") == 1


def test_the_difference_of_a_dirty_tree_is_part_of_it(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "rate.py").write_text("RATE = 0.01\n")
    run = train()
    git(repository, "checkout", "-q", "rate.py")
    assert reproduce(run, "--run") == 0
    (run / "extra/uncommitted.diff").write_text("")
    assert reproduce(run, "--run") == 2
    assert "git apply" in capfd.readouterr().err


def test_the_dataset_is_the_one_of_the_run_and_not_the_latest(run: Path, reproduce: Reproduce) -> None:
    repository = run.parents[3]
    (repository / "publish.py").write_text((repository / "publish.py").read_text().replace("3.5", "4.5"))
    python(repository, "publish.py")
    assert os.readlink(repository / "artefacts/dataset/numbers/latest") == "v2"
    assert reproduce(run, "--run") == 0


def test_a_script_that_loads_its_dataset_finds_it(repository: Path, train: Train, reproduce: Reproduce) -> None:
    script = TRAIN.replace('pq.read_table(f"{DATA}/train.parquet")', 'runcheck.load(DATA).table("train")')
    assert script != TRAIN
    (repository / "train.py").write_text(script)
    git(repository, "commit", "-q", "-a", "-m", "load")
    assert reproduce(train(), "--run") == 0


def test_artefacts_that_are_tracked_are_replaced_by_those_of_the_run(
    repository: Path, train: Train, reproduce: Reproduce
) -> None:
    (repository / ".gitignore").write_text("__pycache__/\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "with data")
    run = train()
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "with the run")
    before = state(repository / "artefacts")
    assert reproduce(run, "--run") == 0
    assert state(repository / "artefacts") == before


def test_a_module_in_a_folder_with_arguments_and_variables(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "work/tool").mkdir(parents=True)
    for name, text in {
        "fit.py": TRAIN.replace("from rate", "from .rate").replace("3)", "int(os.environ['OMP_NUM_THREADS']))", 1),
        "rate.py": "RATE = 0.02\n",
    }.items():
        (repository / "work/tool" / name).write_text(text.replace("import sys", "import os, sys"))
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "tool")
    shutil.move(repository / "artefacts", repository / "work/artefacts")
    run = train("5", script=("-m", "tool.fit"), within="work", OMP_NUM_THREADS="2")
    assert reproduce(run, "--run") == 0
    out = capfd.readouterr().out
    assert 'cd "$code"/work\n' in out
    assert "OMP_NUM_THREADS=2 python -m tool.fit 5\n" in out
    assert "Same: all 10 rows" in out


def test_a_package_that_is_installed_for_editing_is_that_of_the_commit(
    repository: Path, train: Train, reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "src").mkdir()
    git(repository, "mv", "rate.py", "src/rate.py")
    git(repository, "commit", "-q", "-m", "src")
    source = str(repository / "src")
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    run = train(PYTHONPATH=paths)
    (repository / "src/rate.py").write_text("RATE = 1.0  # later work\n")
    monkeypatch.setenv("PYTHONPATH", paths)
    monkeypatch.syspath_prepend(source)  # as its .pth file does
    assert reproduce(run, "--run") == 0


def test_the_kept_run_conforms_and_names_the_same_commit(
    run: Path, reproduce: Reproduce, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert reproduce(run, "--run", "--keep") == 0
    kept = Path(capfd.readouterr().out.rpartition("kept: ")[2].strip())
    again, original = runcheck.load(kept), runcheck.load(run)
    assert temporary in kept.parents
    assert kept != run
    assert again.metadata["git"] == {**(original.metadata["git"] or {}), "branch": None}
    for field in ("config", "seeds", "data_provenance", "command"):
        assert again.metadata[field] == original.metadata[field]


def test_a_script_that_names_its_tree_by_an_absolute_path_writes_beside_the_original(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "train.py").write_text(TRAIN.replace('"artefacts', f'"{repository}/artefacts'))
    git(repository, "commit", "-q", "-a", "-m", "absolute")
    run = train()
    before = state(run)
    assert reproduce(run, "--run") == 0
    assert "beside the original" in capfd.readouterr().err
    assert state(run) == before


# --- not the same -----------------------------------------------------------------------------------------------------


@pytest.fixture
def drifting(repository: Path) -> None:
    """Let the script depend on something that nobody keeps."""
    (repository / "train.py").write_text(
        TRAIN.replace("default_rng(3)", "default_rng(3 + len(__import__('os').environ.get('DRIFT', '')))")
    )
    git(repository, "commit", "-q", "-a", "-m", "drift")


@pytest.mark.usefixtures("drifting")
def test_metrics_that_differ_end_with_1_and_the_first_row_of_them(
    train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    run = train(DRIFT="x")
    assert reproduce(run, "--run") == 1
    out = capfd.readouterr().out
    assert "Differs: 40 of 40 rows, against 40.\n" in out
    first = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert f"first: train/loss at step 0 was {first['value']!r}, is " in out
    assert "; 1.85 apart\n" in out


@pytest.mark.usefixtures("drifting")
def test_metrics_within_the_tolerance_are_the_same(train: Train, reproduce: Reproduce) -> None:
    assert reproduce(train(DRIFT="x"), "--run", "--rtol", "0.999999") == 0


def test_what_a_run_ran_on_is_compared(run: Path, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]) -> None:
    env = json.loads((run / "metadata.json").read_text())["env"]
    env["packages"]["numpy"] = "1.0"
    env["lock_files"] = {"uv.lock": "0" * 64}
    change(run, env={**env, "python": "3.1.0", "drivers": {"nvidia": "1"}})
    assert reproduce(run, "--run") == 0
    out = capfd.readouterr().out
    assert "# may differ: Python was 3.1.0, and is " in out
    assert "numpy 1.0 (" in out
    assert "\ndiffers: driver nvidia: 1 then, none now\n" in out
    assert "\ndiffers: lock file uv.lock: 000000000000 then, none now\n" in out
    assert "\nuv sync --frozen  # as uv.lock was then\n" in out


# --- what cannot be reproduced ----------------------------------------------------------------------------------------


def no_commit(run: Path) -> None:
    change(run, git=None)


def unknown_commit(run: Path) -> None:
    change(run, git={**json.loads((run / "metadata.json").read_text())["git"], "sha": "0" * 40})


def cut_difference(run: Path) -> None:
    (run / "extra").mkdir()
    (run / "extra/x.diff").write_text("")
    git_state = json.loads((run / "metadata.json").read_text())["git"]
    change(run, git={**git_state, "dirty": True, "diff": "extra/x.diff", "diff_is_cut": True})


def difference_that_is_gone(run: Path) -> None:
    git_state = json.loads((run / "metadata.json").read_text())["git"]
    change(run, git={**git_state, "dirty": True, "diff": "extra/gone.diff"})


def redacted_argument(run: Path) -> None:
    change(run, command=["python", "train.py", "--token=[redacted]"])


def other_program(run: Path) -> None:
    change(run, command=["bash", "-c", "touch executed"])


def typed_code(run: Path) -> None:
    change(run, command=["python", "-c"])


def option_for_a_script(run: Path) -> None:
    change(run, command=["python", "-cimport os; os.mkdir('executed')"])


def untracked_script(run: Path) -> None:
    change(run, command=["python", "scratch.py"])


def script_elsewhere(run: Path) -> None:
    change(run, command=["python", "../publish.py"])


def null_character(run: Path) -> None:
    change(run, command=["python", "train.py\0"])


def no_dataset(run: Path) -> None:
    shutil.rmtree(run.parents[2] / "dataset")


def other_dataset(run: Path) -> None:
    sums = run.parents[2] / "dataset/numbers/v1/SHA256SUMS"
    sums.write_text(sums.read_text().replace("  train", "  brain"))


@pytest.mark.parametrize("execute", [True, False])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_commit, "the commit is not known"),
        (unknown_commit, "the commit 000000000000 is in no repository"),
        (cut_difference, "only the beginning of the difference"),
        (difference_that_is_gone, "the difference from the commit: "),
        (redacted_argument, "2 (--token=[redacted]) was redacted"),
        (other_program, "begins with 'bash'"),
        (typed_code, "no script names it"),
        (option_for_a_script, "where its script should be"),
        (untracked_script, "scratch.py is not in the commit"),
        (script_elsewhere, "../publish.py is not in the commit"),
        (null_character, "no argument can hold"),
        (no_dataset, "dataset/numbers/v1 is not in the tree"),
        (other_dataset, "its fingerprint is another"),
    ],
)
def test_what_cannot_be_reproduced_is_said_and_nothing_is_executed(
    run: Path,
    reproduce: Reproduce,
    temporary: Path,
    capfd: pytest.CaptureFixture[str],
    *,
    spoil: Callable[[Path], None],
    words: str,
    execute: bool,
) -> None:
    spoil(run)
    before = state(run)
    assert reproduce(run, *(["--run"] if execute else [])) == 2
    out = capfd.readouterr().out
    assert "# cannot be reproduced: " in out
    assert words in out
    assert not list(temporary.iterdir())
    assert state(run) == before


@pytest.mark.parametrize(("field", "words"), [("command", "by which command it ran"), ("env", "what it ran on")])
def test_an_adopted_run_of_which_nothing_says_how_it_ran_is_not_done_again(
    run: Path, reproduce: Reproduce, capfd: pytest.CaptureFixture[str], field: str, words: str
) -> None:
    change(run, **{field: None, "adopted": {"from": "mlflow"}})
    assert reproduce(run) == 2
    assert f"was adopted, and nothing says {words}" in capfd.readouterr().err


def test_a_file_of_the_dataset_that_was_damaged_is_found_before_anything_runs(
    run: Path, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    repository = run.parents[3]
    data = repository / "artefacts/dataset/numbers/v1/train.parquet"
    data.write_bytes(data.read_bytes()[:-9] + b"x" + data.read_bytes()[-8:])
    assert reproduce(run, "--run") == 2
    assert "are not those that were used; `runcheck " in capfd.readouterr().err


def test_a_command_that_fails_or_writes_no_run_ends_with_2_and_leaves_nothing(
    run: Path, reproduce: Reproduce, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change(run, command=["python", "rate.py"])
    assert reproduce(run, "--run") == 2
    assert "no run of numbers_line_a came of it" in capfd.readouterr().err
    change(run, command=["python", "train.py", "many"])
    assert reproduce(run, "--run") == 2
    assert "ended with status 1" in capfd.readouterr().err
    assert not list(temporary.iterdir())


def test_a_tree_that_is_a_link_out_of_the_repository_is_not_written_to(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.move(repository / "artefacts", repository.parent / "elsewhere")
    (repository / "artefacts").symlink_to(repository.parent / "elsewhere")
    (repository / ".gitignore").write_text("__pycache__/\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "a link")
    python(repository, "train.py")
    (run,) = (repository.parent / "elsewhere").glob("model/*/20*")
    before = state(repository.parent / "elsewhere")
    assert reproduce(run, "--run") == 2
    assert "is a link out of the repository" in capfd.readouterr().err
    assert state(repository.parent / "elsewhere") == before


def test_a_dataset_and_what_is_no_unit_are_no_runs(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    train()
    assert reproduce("artefacts/dataset/numbers") == 2
    assert reproduce("nowhere") == 2
    assert capfd.readouterr().err.count("runcheck: ") == 2


# --- the steps --------------------------------------------------------------------------------------------------------


def test_the_printed_steps_do_it_in_a_shell(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (repository / "rate.py").write_text("RATE = 0.01\n")
    run = train("5")
    assert reproduce(run) == 0
    out = capfd.readouterr().out
    assert "# seeds: noise 3\n" in out
    *steps, last = [line for line in out.splitlines() if not line.startswith("#")]
    assert "worktree remove" in last
    script = "\n".join(["set -eu", *steps, "cat artefacts/model/*/20*/metrics.jsonl"])
    python_here = tmp_path / "bin/python"
    python_here.parent.mkdir()
    python_here.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python_here.chmod(0o755)
    path = f"{python_here.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}
    )
    assert done.stdout.endswith((run / "metrics.jsonl").read_text())


def test_that_nobody_recorded_whether_files_differed_from_the_commit_is_told(
    train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    run = train()
    git = {**json.loads((run / "metadata.json").read_text())["git"], "dirty": None}
    change(run, git=git, adopted={"from": "mlflow", "name": "bold-cat-17"})
    assert reproduce(run) == 0
    assert "nobody recorded whether files differed from the commit" in capfd.readouterr().out


def test_untracked_files_and_data_from_outside_are_told_of(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "scratch.py").write_text("")
    run = train()
    change(run, data_provenance={"kind": "external", "hashes": {"a.csv": "0" * 64}}, seeds={})
    assert reproduce(run) == 0
    out = capfd.readouterr().out
    assert "Git did not know of these files, which are not kept: scratch.py\n" in out
    assert "the data are from outside (a.csv)" in out
    assert "names no seed" in out


def test_a_secret_in_the_difference_is_told_of(
    repository: Path, train: Train, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "rate.py").write_text("RATE = 0.01\nTOKEN = 'ghp_9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi'\n")
    run = train()
    assert reproduce(run, "--run") == 0  # the code is another, and the numbers are the same
    assert "something in the difference from the commit was redacted" in capfd.readouterr().out


def test_what_documents_say_cannot_move_the_cursor_or_begin_a_line(
    run: Path, reproduce: Reproduce, capfd: pytest.CaptureFixture[str]
) -> None:
    git_state = json.loads((run / "metadata.json").read_text())["git"]
    change(run, command=["python", "train.py", "\x1b[2J", "\nrm x"], git={**git_state, "untracked": ["a\nrm x"]})
    assert reproduce(run) == 0
    out = capfd.readouterr().out
    assert "\x1b" not in out
    assert "\nrm x" not in out
