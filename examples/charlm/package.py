"""Package a run: its weights without the optimizer's state, as a checkpoint and as safetensors that was read back."""

import os
import sys
from dataclasses import asdict
from typing import cast

import jax
import jax.numpy as jnp
from data import SLUG
from evaluate import asked_for
from model import Params
from safetensors.numpy import load_file
from train import told

import runcheck


def read_weights(path: str, like: Params) -> Params:
    """Return the parameters in a safetensors file, where each has its path in the tree for a name."""
    arrays = load_file(path)

    def read(keys: tuple[object, ...], _leaf: jax.Array) -> jax.Array:
        return jnp.asarray(arrays[jax.tree_util.keystr(keys, simple=True, separator=".")])

    return cast("Params", jax.tree_util.tree_map_with_path(read, like))


def main() -> int:
    """Return 0 where the file gives the loss that the run logged."""
    root, trained = asked_for(__doc__)
    with runcheck.start_run(root, dataset=SLUG, model=trained.model, variant="package",
                            config=asdict(trained.config), data=trained.data, seeds={"all": trained.config.seed},
                            links={"packages": trained.unit}, architecture=told(trained.config),
                            tags={"experiment": "charlm", "run_type": "evaluate"}) as run:  # fmt: skip
        run.save_checkpoint(trained.step, {"params": trained.params})
        path = run.export("weights", trained.params, trained.step)
        if path is None:  # the disk refused it, and a warning said so
            return 1
        loss = trained.loss(read_weights(path, trained.params), trained.config.eval_batches)
        run.log(trained.step, {"loss": loss}, split="validation")
    print(f"{os.path.relpath(path)}: loss {loss!r} from the file, {trained.logged!r} logged")
    return 0 if loss == trained.logged else 1


if __name__ == "__main__":
    sys.exit(main())
