"""Evaluate a run from its checkpoint: python examples/digits/evaluate.py [RUN [DATA]].

Without DATA it is the test split that the run was trained beside, and must give what the summary says. With DATA, a
dataset of the same form, what comes of it is a unit of its own that links the run.
"""

import sys
from pathlib import Path

import orbax.checkpoint as ocp
import yaml
from train import DATA, evaluate, load

import runcheck

RUN = "artefacts/model/digits_logreg_baseline/latest"


def main(run: str = RUN, data: str = DATA) -> int:
    """Return 0 where the checkpoint gives the accuracy of the summary, or other data are asked for."""
    folder = Path(run).resolve()
    summary = yaml.safe_load((folder / "summary.yaml").read_text())
    step = summary["checkpoint_step"]
    with ocp.StandardCheckpointer() as checkpointer:
        params = checkpointer.restore(folder / "checkpoints" / str(step))["params"]
    metrics = evaluate(params, *load("test", data))
    accuracy, said = float(metrics["accuracy"]), summary["metrics"]["test"]["accuracy"]["last"]
    print(f"{data}, test split: accuracy {accuracy:.4f} from the checkpoint of step {step}, {said:.4f} in the summary")
    if data == DATA:
        return 0 if accuracy == said else 1
    unit = f"model/{folder.parent.name}/{folder.name}"
    with runcheck.start_run("artefacts", dataset="digits", model="logreg", variant="evaluation", data=data,
                            config={"checkpoint_step": step}, seeds=runcheck.load(folder).metadata["seeds"],
                            tags={"experiment": "digits", "run_type": "evaluate"},
                            links={"evaluates": unit}) as record:  # fmt: skip
        record.log(step, metrics, split="test")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
