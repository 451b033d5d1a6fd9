"""Multinomial logistic regression on the handwritten digits, in JAX with optax."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
import pyarrow.parquet as pq

import runcheck

DATA = "artefacts/dataset/digits/latest"
Params = dict[str, jax.Array]
Rows = npt.NDArray[Any]  # NumPy takes rows out of them at once, where JAX compiles that


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Config:
    """What the result depends on."""

    learning_rate: float = 0.01
    weight_decay: float = 1e-4
    batch_size: int = 128
    steps: int = 400
    seed: int = 0


CONFIG = Config()


def load(split: str, data: str = DATA) -> tuple[Rows, Rows]:
    """Return pixels (rows, 64), scaled to 0..1, and labels (rows,)."""
    table = pq.read_table(f"{data}/{split}.parquet")
    pixels = np.stack(table["pixels"].to_numpy()).astype(np.float32)
    return pixels / 16, table["label"].to_numpy()


def logits(params: Params, x: jax.Array | Rows) -> jax.Array:
    """Return the logits (rows, 10)."""
    return jnp.matmul(x, params["kernel"]) + params["bias"]


@jax.jit
def loss_of(params: Params, x: jax.Array | Rows, y: jax.Array | Rows) -> jax.Array:
    """Return the mean cross-entropy."""
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits(params, x), y))


@jax.jit
def count_correct(params: Params, x: Rows, y: Rows) -> jax.Array:
    """Return how many rows are classified right."""
    return (logits(params, x).argmax(-1) == y).sum()


def evaluate(params: Params, x: Rows, y: Rows) -> dict[str, jax.Array]:
    """Return loss and accuracy.

    The division stands outside of the jitted function: inside, XLA multiplies by a rounded 1 / rows, and the last
    digit differs.
    """
    return {"loss": loss_of(params, x, y), "accuracy": count_correct(params, x, y) / len(y)}


def optimizer(config: Config) -> optax.GradientTransformation:
    """Return AdamW."""
    return optax.adamw(config.learning_rate, weight_decay=config.weight_decay)


@jax.jit
def train_step(
    params: Params, state: optax.OptState, x: Rows, y: Rows, config: Config
) -> tuple[Params, optax.OptState, dict[str, jax.Array]]:
    """Return what a batch makes of parameters and state, and its metrics. Another rate is not compiled anew."""
    loss, grads = jax.value_and_grad(loss_of)(params, x, y)
    updates, state = optimizer(config).update(grads, state, params)
    return optax.apply_updates(params, updates), state, {"loss": loss, "grad_norm": optax.tree.norm(grads)}


def main(
    config: Config = CONFIG, variant: str = "baseline", trackers: Sequence[str] | None = None, **tags: str
) -> None:
    """Train, and keep what came of it; trackers get a copy."""
    (x, y), test = load("train"), load("test")
    params = {"kernel": jnp.zeros((64, 10)), "bias": jnp.zeros(10)}
    state = optimizer(config).init(params)
    shuffle = np.random.default_rng(config.seed)
    with runcheck.start_run("artefacts", dataset="digits", model="logreg", variant=variant, config=config, data=DATA,
                            seeds={"shuffle": config.seed}, tags={"experiment": "digits", "run_type": "train", **tags},
                            architecture="linear 64 -> 10, softmax", trackers=trackers) as run:  # fmt: skip
        for step in range(1, config.steps + 1):
            rows = shuffle.integers(0, len(y), config.batch_size)
            params, state, metrics = train_step(params, state, x[rows], y[rows], config)
            run.log(step, metrics)
            if step % 100 == 0:
                run.log(step, evaluate(params, *test), split="test")
                run.save_checkpoint(step, {"params": params, "opt_state": state})
        run.export("weights", params, step)


def command_line() -> tuple[Config, list[str] | None]:
    """Return what the command line says: `--learning-rate 0.03 --steps 200 --wandb`."""
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Config):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    for name in ("wandb", "mlflow"):
        parser.add_argument(f"--{name}", dest="trackers", action="append_const", const=name)
    given = vars(parser.parse_args())
    trackers = given.pop("trackers")
    return Config(**given), trackers


if __name__ == "__main__":
    config, trackers = command_line()
    main(config, trackers=trackers)
