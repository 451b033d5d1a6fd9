"""The rate of a jitted training loop with the writer on and off, in turn: ``python -m benchmarks.step_rate [BLOCKS]``.

A multilayer perceptron that is trained by Adam, five scalars a step that are still on the device when they are logged.
Both loops are the same but for ``run.log``, and each ends when the last step is computed. Prints the median over the
pairs of blocks of how much longer one with the writer takes, and between which values half of the pairs lie.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import cast

import jax
import jax.numpy as jnp
import optax

from benchmarks.blank_run import start_run
from runcheck.writer.run import Run

_STEPS = 200  # of a block
_WIDTH, _ROWS = 256, 2048


def main(blocks: int) -> None:
    """Train in blocks, every second one with the writer, the first of a pair in turn."""
    step_of = _training()
    with tempfile.TemporaryDirectory(prefix="runcheck-step-rate-") as root:
        run = start_run(root)
        _block(step_of, 50, None)
        ratios, plain = [], []
        for number in range(blocks):
            order: list[Run | None] = [run, None] if number % 2 else [None, run]
            seconds = {each is not None: _block(step_of, _STEPS, each, number * _STEPS) for each in order}
            ratios.append(seconds[True] / seconds[False])
            plain.append(seconds[False] / _STEPS)
        run.finish()
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"a step takes {statistics.median(plain) * 1e3:.2f} ms; {blocks} pairs of {_STEPS} steps")
    print(f"with the writer {middle - 1:+.2%}, half of the pairs between {low - 1:+.2%} and {high - 1:+.2%}")


def _block(step_of: Callable[[], dict[str, jax.Array]], steps: int, run: Run | None, first: int = 0) -> float:
    begin = time.perf_counter()
    for step in range(first, first + steps):
        metrics = step_of()
        if run is not None:
            run.log(step, metrics)
    metrics["loss"].block_until_ready()
    return time.perf_counter() - begin


def _training() -> Callable[[], dict[str, jax.Array]]:
    keys = jax.random.split(jax.random.key(0), 4)
    shapes = ((_WIDTH, _WIDTH), (_WIDTH, _WIDTH), (_WIDTH, 1))
    params = [jax.random.normal(key, shape) / jnp.sqrt(_WIDTH) for key, shape in zip(keys[:3], shapes, strict=True)]
    x = jax.random.normal(keys[3], (_ROWS, _WIDTH))
    y = jnp.sin(x.sum(1, keepdims=True))
    optimizer = optax.adam(1e-3)

    @jax.jit
    def step(
        params: list[jax.Array], state: optax.OptState
    ) -> tuple[list[jax.Array], optax.OptState, dict[str, jax.Array]]:
        def loss_of(params: list[jax.Array]) -> jax.Array:
            out = jax.nn.relu(jax.nn.relu(x @ params[0]) @ params[1]) @ params[2]
            return jnp.mean((out - y) ** 2)

        loss, grads = jax.value_and_grad(loss_of)(params)
        updates, state = optimizer.update(grads, state)
        new = optax.apply_updates(params, updates)
        metrics = {
            "loss": loss,
            "grad_norm": optax.global_norm(grads),
            "update_norm": optax.global_norm(updates),
            "param_norm": optax.global_norm(new),
            "log_loss": jnp.log(loss),
        }
        return new, state, metrics

    state = optimizer.init(params)

    def once() -> dict[str, jax.Array]:
        nonlocal params, state
        params, state, metrics = step(params, state)
        return cast("dict[str, jax.Array]", metrics)

    return once


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
