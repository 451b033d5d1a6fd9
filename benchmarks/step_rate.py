"""A jitted loop with the writer on and off, in turn: ``python -m benchmarks.step_rate [PAIRS [ROWS [SECONDS]]]``.

A multilayer perceptron that is trained by Adam, five scalars a step that are still on the device when they are logged;
ROWS of a batch say how long a step takes, SECONDS how long a block of steps does. Both loops are the same but for
``run.log``, and each ends when the last step is computed and all that was logged is on the disk: a block more than a
run has. Prints the median over the pairs of blocks of how much longer one with the writer takes, and how sure that is;
and how long ``run.log`` kept the loop, and the end a block.
"""

import math
import operator
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import optax

from benchmarks.blank_run import start_run
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.run import Run

_WIDTH = 256


class Cost(NamedTuple):
    """What a block took: seconds by the clock, and of all threads on the processors; each call of ``log``; its end."""

    clock: float
    processors: float
    calls: list[float]
    end: float


def main(pairs: int = 300, rows: int = 2048, seconds: int = 1) -> None:
    """Train in blocks, every second one with the writer, the first of a pair in turn."""
    step_of = _training(rows)
    with tempfile.TemporaryDirectory(prefix="runcheck-step-rate-") as root:
        run = start_run(root)
        _block(step_of, 20, None)
        steps = max(5, round(seconds / _block(step_of, 20, None).clock * 20))
        found: dict[bool, list[Cost]] = {True: [], False: []}
        for number in range(pairs):
            order: list[Run | None] = [run, None] if number % 2 else [None, run]
            for each in order:
                found[each is not None].append(_block(step_of, steps, each, number * steps))
        run.finish()
    plain = statistics.median(cost.clock for cost in found[False]) / steps
    print(f"a step takes {plain * 1e3:.2f} ms; {pairs} pairs of {steps} steps")
    for name, of in (("clock", operator.attrgetter("clock")), ("processors", operator.attrgetter("processors"))):
        ratios = [of(on) / of(off) for on, off in zip(found[True], found[False], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        error = (high - low) / 1.349 * 1.2533 / math.sqrt(pairs)  # of a median, were the ratios normal
        best = _tenth(map(of, found[True]), map(of, found[False]))
        print(
            f"{name}: with the writer {middle - 1:+.2%}, give or take {error:.2%}; half of the pairs between "
            f"{low - 1:+.2%} and {high - 1:+.2%}; best tenths {best:+.2%}"
        )
    calls = statistics.quantiles((call for cost in found[True] for call in cost.calls), n=100)
    print(
        f"log: the loop is kept for {calls[49] * 1e6:.0f} us a step; one in a hundred for {calls[98] * 1e6:.0f} or more"
    )
    end = statistics.median(cost.end for cost in found[True])
    print(f"end: a block waits for its last rows and the disk for {end * 1e3:.2f} ms, {end / plain / steps:.2%} of it")


def _tenth(on: Iterable[float], off: Iterable[float]) -> float:
    """Return how much longer the blocks took that the machine disturbed least."""
    return statistics.quantiles(on, n=10)[0] / statistics.quantiles(off, n=10)[0] - 1


def _block(step_of: Callable[[], dict[str, jax.Array]], steps: int, run: Run | None, first: int = 0) -> Cost:
    """Train; with a run until all its rows are in files and synced, and none of its work falls into the next."""
    calls: list[float] = []
    begin, used = time.perf_counter(), time.process_time()
    for step in range(first, first + steps):
        metrics = step_of()
        if run is not None:
            called = time.perf_counter()
            run.log(step, metrics)
            calls.append(time.perf_counter() - called)
    metrics["loss"].block_until_ready()
    computed = time.perf_counter()
    if run is not None:
        log = run._log
        assert isinstance(log, MetricLog)
        log._drain()
    ended = time.perf_counter()
    return Cost(ended - begin, time.process_time() - used, calls, ended - computed)


def _training(rows: int) -> Callable[[], dict[str, jax.Array]]:
    keys = jax.random.split(jax.random.key(0), 4)
    shapes = ((_WIDTH, _WIDTH), (_WIDTH, _WIDTH), (_WIDTH, 1))
    params = [jax.random.normal(key, shape) / jnp.sqrt(_WIDTH) for key, shape in zip(keys[:3], shapes, strict=True)]
    x = jax.random.normal(keys[3], (rows, _WIDTH))
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
            "grad_norm": optax.tree.norm(grads),
            "update_norm": optax.tree.norm(updates),
            "param_norm": optax.tree.norm(new),
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
    main(*map(int, sys.argv[1:]))
