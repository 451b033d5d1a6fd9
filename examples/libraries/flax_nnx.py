"""A convolutional network on the handwritten digits in Flax NNX."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from sklearn.datasets import load_digits

import runcheck

CONFIG = {"learning_rate": 0.005, "momentum": 0.9, "train_steps": 300, "eval_every": 100, "batch_size": 32}
SEED = 0


class CNN(nnx.Module):
    """Two convolutions and two dense layers."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.conv1 = nnx.Conv(1, 16, kernel_size=(3, 3), rngs=rngs)
        self.batch_norm1 = nnx.BatchNorm(16, rngs=rngs)
        self.conv2 = nnx.Conv(16, 32, kernel_size=(3, 3), rngs=rngs)
        self.avg_pool = partial(nnx.avg_pool, window_shape=(2, 2), strides=(2, 2))
        self.linear1 = nnx.Linear(128, 64, rngs=rngs)
        self.dropout = nnx.Dropout(rate=0.025, rngs=rngs)
        self.linear2 = nnx.Linear(64, 10, rngs=rngs)

    def __call__(self, x):
        x = self.avg_pool(nnx.relu(self.batch_norm1(self.conv1(x))))
        x = self.avg_pool(nnx.relu(self.conv2(x)))
        x = x.reshape(x.shape[0], -1)
        return self.linear2(self.dropout(nnx.relu(self.linear1(x))))


def loss_fn(model: CNN, images, labels):
    """Return the mean cross-entropy and the logits."""
    logits = model(images)
    return optax.softmax_cross_entropy_with_integer_labels(logits=logits, labels=labels).mean(), logits


@nnx.jit
def train_step(model: CNN, optimizer: nnx.Optimizer, metrics: nnx.MultiMetric, images, labels):
    """Train for a single step."""
    (loss, logits), grads = nnx.value_and_grad(loss_fn, has_aux=True)(model, images, labels)
    metrics.update(loss=loss, logits=logits, labels=labels)
    optimizer.update(model, grads)


@nnx.jit
def eval_step(model: CNN, metrics: nnx.MultiMetric, images, labels):
    """Add one batch to the metrics."""
    loss, logits = loss_fn(model, images, labels)
    metrics.update(loss=loss, logits=logits, labels=labels)


def main() -> None:
    digits = load_digits()
    images, labels = jnp.asarray(digits.images[..., None], jnp.float32) / 16, jnp.asarray(digits.target)
    train, test = (images[:1500], labels[:1500]), (images[1500:], labels[1500:])
    shuffle = np.random.default_rng(SEED)

    model = CNN(rngs=nnx.Rngs(SEED))
    optimizer = nnx.Optimizer(model, optax.adamw(CONFIG["learning_rate"], CONFIG["momentum"]), wrt=nnx.Param)
    metrics = nnx.MultiMetric(accuracy=nnx.metrics.Accuracy(), loss=nnx.metrics.Average("loss"))
    train_model = nnx.view(model, deterministic=False, use_running_average=False)
    eval_model = nnx.view(model, deterministic=True, use_running_average=True)

    data = {"kind": "external", "hashes": {"images": digits.images, "labels": digits.target}}
    with runcheck.start_run("artefacts", dataset="digits", model="cnn", variant="nnx", config=CONFIG,
                            data=data, seeds={"all": SEED},
                            tags={"experiment": "libraries", "run_type": "train"}) as run:  # fmt: skip
        for step in range(1, CONFIG["train_steps"] + 1):
            rows = shuffle.integers(0, 1500, CONFIG["batch_size"])
            train_step(train_model, optimizer, metrics, train[0][rows], train[1][rows])
            if step % CONFIG["eval_every"] == 0:
                run.log(step, metrics.compute(), split="train")
                metrics.reset()
                eval_step(eval_model, metrics, *test)
                run.log(step, metrics.compute(), split="test")
                metrics.reset()
                run.save_checkpoint(step, {"params": nnx.state(model), "opt_state": nnx.state(optimizer)})


if __name__ == "__main__":
    main()
