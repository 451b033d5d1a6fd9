"""Evaluate the newest run from its checkpoint, and compare with what its summary says."""

import sys
from pathlib import Path

import orbax.checkpoint as ocp
import yaml
from train import DATA, evaluate, load

RUN = Path("artefacts/model/digits_logreg_baseline/latest")


def main() -> int:
    """Return 0 where the checkpoint gives the accuracy of the summary."""
    summary = yaml.safe_load((RUN / "summary.yaml").read_text())
    step = summary["checkpoint_step"]
    with ocp.StandardCheckpointer() as checkpointer:
        params = checkpointer.restore((RUN / "checkpoints" / str(step)).resolve())["params"]
    accuracy = float(evaluate(params, *load("test"))["accuracy"])
    said = summary["metrics"]["test"]["accuracy"]["last"]
    print(f"{DATA}, test split: accuracy {accuracy:.4f} from the checkpoint of step {step}, {said:.4f} in the summary")
    return 0 if accuracy == said else 1


if __name__ == "__main__":
    sys.exit(main())
