"""Evaluate a run on all of the validation split, from its newest checkpoint, and compare with what it logged."""

import argparse
import math
import sys
from dataclasses import dataclass
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from data import SLUG, load, tiles
from model import Params
from train import Config, State, evaluate, first_state

import runcheck


@dataclass(frozen=True)
class Trained:
    """A run, opened again.

    Attributes:
        unit: Its folder in the tree.
        data: The folder of its dataset.
        config: Its configuration.
        step: That of its newest checkpoint.
        params: What the checkpoint holds.
        logged: The validation loss that the run logged at that step, NaN where it did not.
    """

    unit: str
    data: str
    config: Config
    step: int
    params: Params
    logged: float

    @property
    def model(self) -> str:
        """The second part of its name."""
        return self.unit.split("/")[1].split("_")[1]

    def loss(self, params: Params, batches: int | None) -> float:
        """Return the validation loss of parameters, over so many batches, or all that there are.

        Over those of training, parameters that are the same give the same number, to the last bit.
        """
        windows = tiles(load(self.data, "validation"), batches, self.config.batch, self.config.context + 1)
        return float(jax.jit(evaluate, static_argnames="shape")(params, jnp.asarray(windows), self.config)["loss"])


def reopen(root: str, run: str | None) -> Trained:
    """Open a run; by default the newest of the baseline.

    Raises:
        RuncheckError: there is no such run, or it has no checkpoint that is whole.
    """
    loaded = runcheck.load(run or f"{root}/model/{SLUG}_transformer_baseline/latest")
    if not isinstance(loaded, runcheck.LoadedRun) or not loaded.checkpoints:
        raise runcheck.RuncheckError(f"{loaded.path}: is no run with a checkpoint")
    config = Config(**cast("dict[str, Any]", loaded.config))
    step = loaded.checkpoints[-1]
    state = cast("State", loaded.restore(step, like=first_state(config)))
    metadata = loaded.metadata
    provenance = metadata["data_provenance"]
    if provenance["kind"] != "artefact":
        raise runcheck.RuncheckError(f"{loaded.path}: was not trained on a dataset of the tree")
    return Trained(
        unit=f"model/{metadata['slug']}/{metadata['version']}",
        data=f"{root}/{provenance['path']}",
        config=config,
        step=step,
        params=state.params,
        logged=next(
            (row.value for row in loaded.rows() if row[:3] == (step, "validation", "loss")),
            math.nan,
        ),
    )


def asked_for(about: str | None) -> tuple[str, Trained]:
    """Return the tree and the run, opened again, that a command of this kind is given; it ends where there is none."""
    flags = argparse.ArgumentParser(description=about)
    flags.add_argument("run", nargs="?", help="the folder of a run; by default the newest of the baseline")
    flags.add_argument("--root", default="artefacts", help="the tree (default: %(default)s)")
    given = flags.parse_args()
    try:
        return given.root, reopen(given.root, given.run)
    except runcheck.RuncheckError as error:
        flags.error(str(error))


def main() -> int:
    """Return 0 where the checkpoint gives the loss that was logged."""
    root, trained = asked_for(__doc__)
    again = trained.loss(trained.params, trained.config.eval_batches)
    with runcheck.start_run(root, dataset=SLUG, model=trained.model, variant="evaluation",
                            config={"run": trained.unit, "step": trained.step}, data=trained.data,
                            seeds={"all": trained.config.seed}, links={"evaluates": trained.unit},
                            tags={"experiment": "charlm", "run_type": "evaluate"}) as run:  # fmt: skip
        loss = trained.loss(trained.params, None)
        metrics = {"loss": loss, "perplexity": math.exp(loss), "bits_per_byte": loss / np.log(2)}
        run.log(trained.step, metrics, split="validation")
    said = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
    print(f"{trained.unit}, step {trained.step}, all of validation: {said}")
    print(f"the part of it that training used: loss {again!r} from the checkpoint, {trained.logged!r} logged")
    return 0 if again == trained.logged else 1


if __name__ == "__main__":
    sys.exit(main())
