"""The golden path: publish a dataset, train, evaluate, check; then tamper with a copy, and check that."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orbax.checkpoint as ocp

HERE = Path(__file__).parent
ROOT = Path("artefacts")
RUN = "model/digits_logreg_baseline/latest"
COLUMNS = "unit,config.learning_rate,metrics.test/accuracy,last.train/loss"
WHERE = ["--where", "tags.sweep=learning-rate", "--where", "tags.run_type=train"]
LIST = [sys.executable, "-m", "runcheck", "ls", *WHERE, "--columns", COLUMNS]


def main() -> int:
    """Return 0 where the tree is clean and every tampering is found."""
    if not (ROOT / "dataset/digits/latest").exists():
        _say("1. Publish the dataset")
        _run(HERE / "publish.py")
    _say("2. Train")
    _run(HERE / "train.py")
    _say("3. Evaluate from the checkpoint")
    _run(HERE / "evaluate.py")
    _say("4. runcheck artefacts")
    if _runcheck(ROOT) != 0:
        return 1
    _say("5. Tamper with a copy")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "artefacts"
        shutil.copytree(ROOT, copy, symlinks=True)
        for tamper in TAMPERINGS:
            print(f"- {tamper(copy)}")
        _say("6. runcheck on the copy")
        found = _runcheck(copy)
    if found != 1:
        print("runcheck did not find what was done to the copy", file=sys.stderr)
        return 1
    _say("7. Three runs, and a sweep of ten")
    _run(HERE / "sweep.py")
    if _runcheck(ROOT) != 0:
        return 1
    subprocess.run(LIST, check=True)
    _say("8. runcheck report artefacts")
    subprocess.run([sys.executable, "-m", "runcheck", "report", str(ROOT)], check=True)
    print(f"\nThe copy is found out, the tree in {ROOT}/ is clean. See its curves: tensorboard --logdir {ROOT}/model")
    return 0


def flip_a_bit_of_the_checkpoint(root: Path) -> str:
    """Flip one bit of the newest checkpoint, where Orbax restores other weights from it."""
    step = max((root / RUN / "checkpoints").iterdir(), key=lambda path: int(path.name)).resolve()
    before = _restore(step)
    for file in sorted(step.glob("ocdbt.process_0/d/*")):
        content = file.read_bytes()
        for at in range(0, len(content), 29):
            file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            after = _try_restore(step)
            if after is not None and after.shape == before.shape and not np.array_equal(before, after):
                effect = (
                    f"Orbax restores without a word, {int((before != after).sum())} of {before.size} weights differ"
                )
                return f"one bit of checkpoints/{step.name} is flipped; {effect}"
        file.write_bytes(content)
    raise SystemExit(
        "no bit of the checkpoint was found whose flip Orbax does not notice; this demo needs another example"
    )


def raise_the_accuracy(root: Path) -> str:
    """Write a better accuracy into the summary."""
    summary = root / RUN / "summary.yaml"
    lines = summary.read_text().splitlines()
    at = lines.index("    accuracy:")
    best = next(index for index in range(at, len(lines)) if lines[index].strip().startswith("best:"))
    lines[best] = "      best: 0.999"
    summary.write_text("\n".join(lines) + "\n")
    return "the test accuracy in summary.yaml is 0.999 now"


def remove_the_test_split(root: Path) -> str:
    """Remove the test split."""
    (root / "dataset/digits/latest/test.parquet").unlink()
    return "test.parquet is gone from the dataset"


def rename_the_run(root: Path) -> str:
    """Give the run a name of one's own, and a tag that nobody knows."""
    path = root / RUN / "metadata.json"
    metadata = json.loads(path.read_text())
    metadata["name"] = "final-v2"
    metadata["tags"]["team"] = "vision"
    path.write_text(json.dumps(metadata, indent=2) + "\n")
    return "the run is called final-v2 and has a tag 'team'"


TAMPERINGS: tuple[Callable[[Path], str], ...] = (
    flip_a_bit_of_the_checkpoint,
    raise_the_accuracy,
    remove_the_test_split,
    rename_the_run,
)


def _restore(step: Path) -> np.ndarray:
    with ocp.StandardCheckpointer() as checkpointer:
        params = checkpointer.restore(step)["params"]
    return np.concatenate([np.asarray(params[name]).ravel() for name in sorted(params)])


def _try_restore(step: Path) -> np.ndarray | None:
    try:
        return _restore(step)
    except Exception:  # noqa: BLE001 - whatever Orbax raises, it noticed
        return None


def _run(script: Path) -> None:
    subprocess.run([sys.executable, str(script)], check=True)


def _runcheck(root: Path) -> int:
    return subprocess.run([sys.executable, "-m", "runcheck", str(root)], check=False).returncode


def _say(title: str) -> None:
    rule = "-" * max(0, 100 - len(title))
    print(f"\n--- {title} {rule}", flush=True)


if __name__ == "__main__":
    # A flip that Orbax does notice leaves coroutines behind, of which Python would print pages.
    sys.unraisablehook = lambda _: None
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the same digits on every machine
    sys.exit(main())
