"""Arrays that were really learnt: weights, gradients and moments of small models."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

Array: TypeAlias = Any
Arrays: TypeAlias = dict[str, Array]


@cache
def digits() -> tuple[Array, Array]:
    """Return the pixels, from 0 to 1, and the labels."""
    pixels, labels = load_digits(return_X_y=True)
    return pixels / 16, labels


def _softmax(logits: Array) -> Array:
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


@cache
def mlp(hidden: int = 32, steps: int = 150, seed: int = 0) -> tuple[Arrays, Arrays, Arrays, Arrays]:
    """Train a network of two layers by Adam: its weights, last gradients, and both moments."""
    x, y = digits()
    draw = np.random.default_rng(seed)
    weights: Arrays = {
        "dense_0/kernel": draw.normal(0, 0.15, (64, hidden)),
        "dense_0/bias": np.zeros(hidden),
        "dense_1/kernel": draw.normal(0, 0.2, (hidden, 10)),
        "dense_1/bias": np.zeros(10),
    }
    mu, nu = ({name: np.zeros_like(each) for name, each in weights.items()} for _ in range(2))
    grads: Arrays = {}
    for step in range(1, steps + 1):
        rows = draw.integers(0, len(x), 64)
        hidden_ = x[rows] @ weights["dense_0/kernel"] + weights["dense_0/bias"]
        active = np.maximum(hidden_, 0)
        error = _softmax(active @ weights["dense_1/kernel"] + weights["dense_1/bias"])
        error[np.arange(64), y[rows]] -= 1
        error /= 64
        back = (error @ weights["dense_1/kernel"].T) * (hidden_ > 0)
        grads = {
            "dense_0/kernel": x[rows].T @ back,
            "dense_0/bias": back.sum(0),
            "dense_1/kernel": active.T @ error,
            "dense_1/bias": error.sum(0),
        }
        for name, grad in grads.items():
            mu[name] = 0.9 * mu[name] + 0.1 * grad
            nu[name] = 0.999 * nu[name] + 0.001 * grad**2
            weights[name] = weights[name] - 0.01 * (mu[name] / (1 - 0.9**step)) / (
                np.sqrt(nu[name] / (1 - 0.999**step)) + 1e-8
            )
    return tuple({name: each.astype("f4") for name, each in arrays.items()} for arrays in (weights, grads, mu, nu))  # type: ignore[return-value]


@cache
def embedding(seed: int = 0) -> Arrays:
    """Learn letters from the letter before: an embedding and the layer above it."""
    text = np.frombuffer((__doc__ or "").encode() * 40, np.uint8) % 61
    draw = np.random.default_rng(seed)
    table, kernel = draw.normal(0, 0.3, (61, 16)), draw.normal(0, 0.2, (16, 61))
    for _ in range(150):
        at = draw.integers(0, len(text) - 1, 64)
        error = _softmax(table[text[at]] @ kernel)
        error[np.arange(64), text[at + 1]] -= 1
        back = error @ kernel.T / 64
        kernel -= 0.5 * table[text[at]].T @ error / 64
        np.add.at(table, text[at], -0.5 * back)
    return {"embed/embedding": table.astype("f4"), "head/kernel": kernel.astype("f4")}


@cache
def linear() -> Arrays:
    """Return a logistic regression on 64 pixels."""
    x, y = digits()
    model = LogisticRegression(C=0.1, max_iter=300).fit(x[:600], y[:600])
    return {"kernel": model.coef_.T, "bias": model.intercept_}


@cache
def conv() -> Arrays:
    """Train convolutions, with JAX."""
    import jax
    import jax.numpy as jnp
    import optax

    x, y = digits()
    keys = jax.random.split(jax.random.key(0), 3)
    weights = {
        "conv_0/kernel": jax.random.normal(keys[0], (3, 3, 1, 8)) * 0.3,
        "conv_1/kernel": jax.random.normal(keys[1], (3, 3, 8, 16)) * 0.1,
        "head/kernel": jax.random.normal(keys[2], (16 * 16, 10)) * 0.05,
        "head/bias": jnp.zeros(10),
    }

    def loss(weights: Arrays, images: Array, labels: Array) -> Array:
        out = images
        for at in range(2):
            out = jax.nn.relu(
                jax.lax.conv_general_dilated(
                    out,
                    weights[f"conv_{at}/kernel"],
                    (1, 1) if at else (2, 2),
                    "SAME",
                    dimension_numbers=("NHWC", "HWIO", "NHWC"),
                )
            )
        logits = out.reshape(len(images), -1) @ weights["head/kernel"] + weights["head/bias"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    adam = optax.adam(3e-3)
    state = adam.init(weights)

    @jax.jit
    def step(weights: Arrays, state: Array, images: Array, labels: Array) -> tuple[Arrays, Array]:
        updates, state = adam.update(jax.grad(loss)(weights, images, labels), state)
        return optax.apply_updates(weights, updates), state

    draw = np.random.default_rng(0)
    for _ in range(200):
        rows = draw.integers(0, len(x), 64)
        weights, state = step(weights, state, x[rows].reshape(-1, 8, 8, 1).astype("f4"), y[rows])
    return {name: np.asarray(each) for name, each in weights.items()}


def _pruned() -> Arrays:
    weights = mlp()[0]
    return {name: np.where(abs(each) > 0.1, each, 0) for name, each in weights.items()}


SOURCES: dict[str, Callable[[], Arrays]] = {
    "linear": linear,
    "mlp": lambda: mlp()[0],
    "mlp-wide": lambda: mlp(64, seed=1)[0],
    "mlp-narrow": lambda: mlp(12, seed=2)[0],
    "untrained": lambda: mlp(steps=1, seed=3)[0],
    "grads": lambda: mlp()[1],
    "adam-mu": lambda: mlp()[2],
    "adam-nu": lambda: mlp()[3],
    "embedding": embedding,
    "pruned": _pruned,
}
SLOW_SOURCES: dict[str, Callable[[], Arrays]] = {"conv": conv}
