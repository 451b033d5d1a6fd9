"""A transformer over bytes that predicts the next one; its feed-forward layers may be mixtures of experts."""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

BYTES = 256


@dataclass(frozen=True)
class Shape:
    """What the parameters are of."""

    width: int = field(default=64, metadata={"help": "features of a position"})
    layers: int = field(default=2, metadata={"help": "blocks"})
    heads: int = field(default=4, metadata={"help": "heads of attention"})
    context: int = field(default=64, metadata={"help": "bytes that the model sees"})
    experts: int = field(default=0, metadata={"help": "experts of a feed-forward layer; 0 for a dense one"})
    top_k: int = field(default=1, metadata={"help": "experts that a position goes to"})

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if min(self.width, self.layers, self.heads, self.context) < 1 or self.experts < 0:
            raise ValueError("width, layers, heads and context are at least 1, experts at least 0")
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the heads, {2 * self.heads}")
        if self.experts and not 1 <= self.top_k <= self.experts:
            raise ValueError(f"top_k {self.top_k} is not between 1 and the number of experts, {self.experts}")


class Block(NamedTuple):
    """The parameters of a block. In :class:`Params` each has one more axis in front, the layers."""

    attention_norm: jax.Array  # (width,)
    attention_in: jax.Array  # (width, 3, heads, width / heads): query, key, value
    attention_out: jax.Array  # (heads, width / heads, width)
    norm: jax.Array  # (width,)
    router: jax.Array | None  # (width, experts)
    up: jax.Array  # (width, 4 width), with experts (experts, width, 4 width)
    down: jax.Array  # (4 width, width), with experts (experts, 4 width, width)


class Params(NamedTuple):
    """The parameters: the embedding is that of the bytes that come in and of those that go out."""

    embedding: jax.Array  # (256, width)
    blocks: Block
    norm: jax.Array  # (width,)


def init(rng: np.random.Generator, shape: Shape) -> Params:
    """Return parameters to begin with: normal, with the scale that keeps the size of what passes through."""
    width, layers, head = shape.width, shape.layers, shape.width // shape.heads
    each = (shape.experts,) if shape.experts else ()

    def normal(*axes: int, scale: float) -> jax.Array:
        return jnp.asarray(scale * rng.standard_normal(axes, np.float32))

    residual = (2 * layers) ** -0.5  # so many are added up
    blocks = Block(
        attention_norm=jnp.ones((layers, width)),
        attention_in=normal(layers, width, 3, shape.heads, head, scale=width**-0.5),
        attention_out=normal(layers, shape.heads, head, width, scale=residual * width**-0.5),
        norm=jnp.ones((layers, width)),
        router=normal(layers, width, shape.experts, scale=width**-0.5) if shape.experts else None,
        up=normal(layers, *each, width, 4 * width, scale=width**-0.5),
        down=normal(layers, *each, 4 * width, width, scale=residual * (4 * width) ** -0.5),
    )
    return Params(normal(BYTES, width, scale=0.02), blocks, jnp.ones(width))


def apply(params: Params, tokens: jax.Array, shape: Shape) -> tuple[jax.Array, jax.Array]:
    """Return the logits of the next byte (rows, length, 256), and the load-balance loss, the mean of all layers."""

    def layer(x: jax.Array, block: Block) -> tuple[jax.Array, jax.Array]:
        x = x + attend(block, rms_norm(x, block.attention_norm))
        fed, balance = feed(block, rms_norm(x, block.norm), shape.top_k)
        return x + fed, balance

    x, balances = jax.lax.scan(layer, params.embedding[tokens], params.blocks)
    return rms_norm(x, params.norm) @ params.embedding.T, balances.mean()


def attend(block: Block, x: jax.Array) -> jax.Array:
    """Return what each position (rows, length, width) takes from itself and those before it."""
    query, key, value = jnp.moveaxis(jnp.einsum("btw,wqhd->qbthd", x, block.attention_in), 0, 0)
    mixed = jax.nn.dot_product_attention(rotate(query), rotate(key), value, is_causal=True)
    return jnp.einsum("bthd,hdw->btw", mixed, block.attention_out)


def rotate(x: jax.Array) -> jax.Array:
    """Turn pairs of features (rows, length, heads, features) by angles of their position (Su et al. 2021)."""
    half = x.shape[-1] // 2
    angles = jnp.arange(x.shape[1])[:, None, None] * 10_000.0 ** (-jnp.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * jnp.cos(angles) - b * jnp.sin(angles), a * jnp.sin(angles) + b * jnp.cos(angles)], -1)


def rms_norm(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Return the features scaled to a root mean square of one, times a learned scale."""
    return x * jax.lax.rsqrt(jnp.mean(jnp.square(x), -1, keepdims=True) + 1e-6) * scale


def feed(block: Block, x: jax.Array, top_k: int) -> tuple[jax.Array, jax.Array]:
    """Return the feed-forward layer of x (rows, length, width), and its load-balance loss, 0 where it is dense."""
    if block.router is None:
        return jax.nn.gelu(x @ block.up) @ block.down, jnp.zeros(())
    flat = x.reshape(-1, x.shape[-1])
    probabilities = jax.nn.softmax(flat @ block.router)
    gates, chosen = jax.lax.top_k(probabilities, top_k)
    return mix(block, flat, gates, chosen).reshape(x.shape), load_balance(probabilities, chosen)


def mix(block: Block, x: jax.Array, gates: jax.Array, chosen: jax.Array) -> jax.Array:
    """Return the sum of what the chosen experts (rows, k) make of x (rows, width), each times its gate (rows, k).

    Rows are sorted by expert, so that each expert multiplies its own and none is dropped, however uneven they are.
    """
    top_k, experts = chosen.shape[1], block.up.shape[0]
    order = jnp.argsort(chosen.ravel())
    row = order // top_k
    sizes = jnp.bincount(chosen.ravel(), length=experts).astype(jnp.int32)
    hidden = jax.nn.gelu(jax.lax.ragged_dot(x[row], block.up, sizes))
    out = jax.lax.ragged_dot(hidden, block.down, sizes) * gates.ravel()[order, None]
    return jnp.zeros_like(x).at[row].add(out)


def load_balance(probabilities: jax.Array, chosen: jax.Array) -> jax.Array:
    """Return the load-balance loss of Switch Transformers (Fedus et al. 2021, equations 4 to 6) without its factor.

    It is N times the sum over the N experts of the part of the choices that fell on it, times the mean probability that
    the router gave it: 1 where both are even, N where all goes to one expert. Of the two only the probability
    has a gradient.

    Args:
        probabilities: What the router gives each expert (rows, N).
        chosen: The experts that were chosen (rows, k).
    """
    experts = probabilities.shape[-1]
    parts = jnp.bincount(chosen.ravel(), length=experts) / chosen.size
    return experts * jnp.sum(parts * probabilities.mean(0))


def losses(params: Params, windows: jax.Array, shape: Shape) -> tuple[jax.Array, jax.Array]:
    """Return the mean cross-entropy of the next byte (nats) of windows (rows, length + 1), and the load balance."""
    windows = windows.astype(jnp.int32)
    logits, balance = apply(params, windows[:, :-1], shape)
    return optax.softmax_cross_entropy_with_integer_labels(logits, windows[:, 1:]).mean(), balance
