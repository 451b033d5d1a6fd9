"""A multilayer perceptron that fits a noisy sine, in plain JAX with optax."""

import functools

import jax
import jax.numpy as jnp
import optax

import runcheck

STEPS, BATCH, SIZES, PEAK, SEED = 1000, 64, (1, 32, 32, 1), 1e-2, 42


def init_params(key, sizes):
    """Return weights and biases of each layer, He-initialised."""
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        {"w": jax.random.normal(key, (n_in, n_out)) * jnp.sqrt(2 / n_in), "b": jnp.zeros(n_out)}
        for key, n_in, n_out in zip(keys, sizes[:-1], sizes[1:])
    ]


@functools.partial(jax.vmap, in_axes=(None, 0))
def network(params, x):
    """Return the prediction for one input."""
    for layer in params[:-1]:
        x = jax.nn.relu(x @ layer["w"] + layer["b"])
    return x @ params[-1]["w"] + params[-1]["b"]


def compute_loss(params, x, y):
    """Return the mean squared error, halved."""
    return jnp.mean(optax.l2_loss(network(params, x), y))


def main() -> None:
    data_key, noise_key, init_key, batch_key = jax.random.split(jax.random.key(SEED), 4)
    xs = jax.random.uniform(data_key, (2048, 1), minval=-3, maxval=3)
    ys = jnp.sin(2 * xs) + 0.1 * jax.random.normal(noise_key, xs.shape)
    train, held_out = (xs[:1536], ys[:1536]), (xs[1536:], ys[1536:])

    params = init_params(init_key, SIZES)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(optax.cosine_decay_schedule(PEAK, STEPS)))
    opt_state = optimizer.init(params)

    @jax.jit
    def update(params, opt_state, key):
        rows = jax.random.randint(key, (BATCH,), 0, len(train[0]))
        x, y = train[0][rows], train[1][rows]
        loss, grads = jax.value_and_grad(compute_loss)(params, x, y)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, {"loss": loss, "grad_norm": optax.tree.norm(grads)}

    config = {"steps": STEPS, "batch": BATCH, "sizes": SIZES, "peak": PEAK, "clip": 1.0, "schedule": "cosine"}
    with runcheck.start_run("artefacts", dataset="sine", model="mlp", variant="optax", config=config,
                            seeds={"all": SEED}, data={"kind": "synthetic", "seed": SEED},
                            tags={"experiment": "libraries", "run_type": "train"}) as run:  # fmt: skip
        for step in range(1, STEPS + 1):
            params, opt_state, metrics = update(params, opt_state, jax.random.fold_in(batch_key, step))
            run.log(step, metrics)
            if step % 250 == 0:
                run.log(step, {"loss": compute_loss(params, *held_out)}, split="validation")
                run.save_checkpoint(step, {"params": params, "opt_state": opt_state})


if __name__ == "__main__":
    main()
