"""The hooks for any staged file: weights in texts and secrets, in a tree and outside of one."""

from pathlib import Path

import pytest

from tests.githooks.conftest import Commit, use
from tests.repositories import git

TOKEN = "ghp_" + "x1Y2z3A4b5C6d7E8f9G0h1I2j3K4l5M6n7O8"  # no token: of the form of one, and put together here


def weights() -> str:
    import random

    draw = random.Random(3)
    return "".join(",".join(f"{draw.gauss(0, 0.1):.8f}" for _ in range(32)) + "\n" for _ in range(64))


@pytest.mark.parametrize("folder", ["", "artefacts/model/notes", "src"])
def test_raw_weights_stop_a_commit_wherever_they_lie(
    top: Path, environment: dict[str, str], commit: Commit, folder: str
) -> None:
    use(top, environment, "runcheck-no-raw-weights")
    (top / folder).mkdir(parents=True, exist_ok=True)
    (top / folder / "kernel_weights.csv").write_text(weights())
    (top / "metrics.csv").write_text("epoch,loss\n" + "".join(f"{at},{1 / at}\n" for at in range(1, 500)))
    git(top, "add", "--all")
    said = commit(is_fine=False)
    assert "RC901 raw-weights" in said
    assert "kernel_weights.csv" in said
    assert "metrics.csv" not in said


def test_raw_weights_in_a_run_stop_a_commit_by_what_the_run_says_of_itself(
    top: Path, run_folder: Path, environment: dict[str, str], commit: Commit
) -> None:
    use(top, environment, "runcheck-no-raw-weights")
    (run_folder / "extra").mkdir(exist_ok=True)
    (run_folder / "extra/kernel.csv").write_text(weights())
    git(top, "add", "--all")
    assert f"{run_folder.name}" in commit(is_fine=False)


def test_secrets_stop_a_commit_wherever_they_lie(top: Path, environment: dict[str, str], commit: Commit) -> None:
    use(top, environment, "runcheck-secrets")
    (top / "train.py").write_text(f'login(token="{TOKEN}")\n')
    (top / ".env").write_text("WANDB_API_KEY=\n")
    (top / ".env.example").write_text("WANDB_API_KEY=\n")
    git(top, "add", "--all", "--force")
    said = commit(is_fine=False)
    assert "train.py:1: error RC902 secret" in said
    assert TOKEN not in said
    assert ".env: error RC903 env-tracked" in said
    assert ".env.example" not in said


def test_what_is_staged_counts_here_too(top: Path, environment: dict[str, str], commit: Commit) -> None:
    use(top, environment, "runcheck-secrets")
    script = top / "train.py"
    script.write_text(f'login(token="{TOKEN}")\n')
    git(top, "add", "--all")
    script.write_text("login()\n")
    assert "RC902" in commit(is_fine=False)
    git(top, "add", "--all")
    script.write_text(f'login(token="{TOKEN}")\n')
    commit()


def test_a_repository_of_code_passes_both(top: Path, environment: dict[str, str], commit: Commit) -> None:
    use(top, environment, "runcheck-secrets", "runcheck-no-raw-weights")
    (top / "train.py").write_text("import os\n\nkey = os.environ['WANDB_API_KEY']\nx = [1.0, 2.0]\n")
    (top / "gone").symlink_to("nowhere")
    (top / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    git(top, "add", "--all")
    commit()
    git(top, "rm", "--quiet", "train.py")
    commit()


def test_the_whole_tree_is_judged_as_it_lies_there(
    top: Path, run_folder: Path, environment: dict[str, str], commit: Commit
) -> None:
    use(top, environment, "runcheck-all")
    git(top, "add", "--all")
    commit()
    (run_folder / "summary.yaml").unlink()
    (top / "train.py").write_text("x = 1\n")
    git(top, "add", "train.py")
    commit()  # pre-commit brings back what was deleted and is not staged
    git(top, "add", "--all")
    assert "RC105" in commit(is_fine=False)
