"""A repository with a dataset and a training script, and runs of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.writer.provenance.environment import read_variables

PUBLISH = """
import runcheck
with runcheck.new_dataset("artefacts", "numbers", provenance={"kind": "synthetic", "seed": 7}, generator=__file__,
                          description="Numbers.") as dataset:
    dataset.write_parquet("train", {"x": [0.5, 1.5, 2.5, 3.5]})
"""
TRAIN = '''"""Fit a line by gradient descent."""
import sys
import numpy as np
import pyarrow.parquet as pq
import runcheck
from rate import RATE

DATA = "artefacts/dataset/numbers/latest"
x = pq.read_table(f"{DATA}/train.parquet")["x"].to_numpy()
generator, w = np.random.default_rng(3), 0.0
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
with runcheck.start_run("artefacts", dataset="numbers", model="line", variant="a", config={"rate": RATE}, data=DATA,
                        seeds={"noise": 3}, tags={"experiment": "e", "run_type": "train"}) as run:
    for step in range(steps):
        noise = generator.normal(size=x.shape)
        gradient = np.mean((w * x - 2 * x - noise) * x)
        w -= RATE * gradient
        run.log(step, {"loss": np.mean((w * x - 2 * x) ** 2), "w": w})
'''


def git(folder: Path, *arguments: str) -> str:
    """Run Git as nobody in particular."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave none of the variables that are recorded, such as a cluster of another test sets."""
    for name in read_variables():
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a published dataset, which Git does not track. Not to be changed."""
    folder = tmp_path_factory.mktemp("published") / "repository"
    folder.mkdir()
    ignored = "artefacts/\n__pycache__/\n"
    for name, text in {"train.py": TRAIN, "rate.py": "RATE = 0.05\n", ".gitignore": ignored}.items():
        (folder / name).write_text(text)
    (folder / "publish.py").write_text(PUBLISH)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    python(folder, "publish.py")
    return folder


@pytest.fixture(scope="session")
def trained(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a run. Not to be changed."""
    folder = Path(shutil.copytree(published, tmp_path_factory.mktemp("trained") / "repository", symlinks=True))
    python(folder, "train.py")
    return folder


@pytest.fixture
def repository(published: Path, tmp_path: Path) -> Path:
    """A copy of the repository without a run."""
    return Path(shutil.copytree(published, tmp_path / "repository", symlinks=True))


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A run in a copy of the repository."""
    folder = Path(shutil.copytree(trained, tmp_path / "repository", symlinks=True))
    return only_run(folder)


def only_run(repository: Path) -> Path:
    """Return the folder of the run of a repository that has one."""
    (run,) = repository.glob("**/artefacts/model/*/20*")
    return run


def python(folder: Path, *command: str, **variables: str) -> None:
    """Run a command of Python."""
    subprocess.run([sys.executable, *command], cwd=folder, check=True, env={**os.environ, **variables})


Train = Callable[..., Path]


@pytest.fixture
def train(repository: Path) -> Train:
    """Return what trains with arguments, and gives the folder of the run."""

    def train(*arguments: str, script: tuple[str, ...] = ("train.py",), within: str = ".", **variables: str) -> Path:
        python(repository / within, *script, *arguments, **variables)
        return only_run(repository)

    return train


def state(folder: Path) -> dict[str, bytes | str]:
    """Return what is below a folder: contents and links."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
