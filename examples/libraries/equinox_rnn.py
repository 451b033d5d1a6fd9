"""A GRU that tells clockwise spirals from anticlockwise ones, in Equinox."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax

import runcheck

CONFIG = {"dataset_size": 2000, "batch_size": 32, "learning_rate": 3e-3, "steps": 200, "hidden_size": 16, "depth": 1}
SEED = 5678


def get_data(dataset_size, *, key):
    """Return spirals (rows, 16, 2), of which the second half turns the other way, and labels (rows,)."""
    time = jnp.linspace(0, 2 * math.pi, 16)
    offset = jr.uniform(key, (dataset_size, 1), minval=0, maxval=2 * math.pi)
    x = jnp.stack([jnp.sin(time + offset), jnp.cos(time + offset)], axis=-1) / (1 + time)[:, None]
    half = dataset_size // 2
    x = x.at[:half, :, 0].multiply(-1)
    return x, jnp.where(jnp.arange(dataset_size) < half, 1.0, 0.0)


def dataloader(arrays, batch_size, *, key):
    """Yield batches for ever, in a new order each epoch."""
    size = len(arrays[0])
    while True:
        key, subkey = jr.split(key)
        order = jr.permutation(subkey, size)
        for start in range(0, size - batch_size + 1, batch_size):
            yield tuple(array[order[start : start + batch_size]] for array in arrays)


class RNN(eqx.Module):
    """A GRU cell, and a linear layer on its last state."""

    hidden_size: int
    cell: eqx.nn.GRUCell
    linear: eqx.nn.Linear
    bias: jax.Array

    def __init__(self, in_size, out_size, hidden_size, *, key):
        cell_key, linear_key = jr.split(key)
        self.hidden_size = hidden_size
        self.cell = eqx.nn.GRUCell(in_size, hidden_size, key=cell_key)
        self.linear = eqx.nn.Linear(hidden_size, out_size, use_bias=False, key=linear_key)
        self.bias = jnp.zeros(out_size)

    def __call__(self, sequence):
        def step(carry, inp):
            return self.cell(inp, carry), None

        out, _ = jax.lax.scan(step, jnp.zeros(self.hidden_size), sequence)
        return jax.nn.sigmoid(self.linear(out) + self.bias)


@eqx.filter_value_and_grad
def compute_loss(model, x, y):
    """Return the binary cross-entropy."""
    pred_y = jax.vmap(model)(x)[:, 0]
    return -jnp.mean(y * jnp.log(pred_y) + (1 - y) * jnp.log(1 - pred_y))


def main() -> None:
    data_key, loader_key, model_key = jr.split(jr.key(SEED), 3)
    xs, ys = get_data(CONFIG["dataset_size"], key=data_key)
    loader = dataloader((xs, ys), CONFIG["batch_size"], key=loader_key)
    model = RNN(2, 1, CONFIG["hidden_size"], key=model_key)
    optim = optax.adam(CONFIG["learning_rate"])
    opt_state = optim.init(eqx.filter(model, eqx.is_array))

    @eqx.filter_jit
    def make_step(model, x, y, opt_state):
        loss, grads = compute_loss(model, x, y)
        updates, opt_state = optim.update(grads, opt_state)
        return loss, eqx.apply_updates(model, updates), opt_state

    with runcheck.start_run("artefacts", dataset="spirals", model="gru", variant="equinox", config=CONFIG,
                            seeds={"all": SEED}, data={"kind": "synthetic", "seed": SEED},
                            tags={"experiment": "libraries", "run_type": "train"}) as run:  # fmt: skip
        for step, (x, y) in zip(range(1, CONFIG["steps"] + 1), loader):
            loss, model, opt_state = make_step(model, x, y, opt_state)
            run.log(step, {"loss": loss})
        accuracy = jnp.mean((jax.vmap(model)(xs)[:, 0] > 0.5) == (ys > 0.5))
        run.log(step, {"accuracy": accuracy})
        run.save_checkpoint(step, eqx.filter(model, eqx.is_array))


if __name__ == "__main__":
    main()
