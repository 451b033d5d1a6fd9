"""Train a small language model on bytes: warm-up, gradient accumulation, experts, evaluation, checkpoints, resume."""

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from data import SLUG, Bytes, draw, load, tiles
from model import Params, Shape, init, losses
from pace import Pace

import runcheck

Metrics = dict[str, jax.Array]
IsEnough = Callable[[int, float], bool]  # of a step and its validation loss: is training to stop there?
NO_TAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Config(Shape):
    """What the result depends on."""

    steps: int = field(default=600, metadata={"help": "updates of the parameters"})
    batch: int = field(default=16, metadata={"help": "windows that are in memory at once"})
    accumulation: int = field(default=1, metadata={"help": "batches whose gradients make one update"})
    lr: float = field(default=1e-2, metadata={"help": "the highest learning rate"})
    warmup: int = field(default=50, metadata={"help": "the step that has it; a cosine leads from there to a tenth"})
    balance: float = field(default=0.01, metadata={"help": "the weight of the load-balance loss"})
    seed: int = field(default=0, metadata={"help": "of the parameters, and of the order of the data"})
    eval_batches: int = field(default=8, metadata={"help": "batches of an evaluation, the same in each"})

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        super().__post_init__()
        if min(self.steps, self.batch, self.accumulation, self.eval_batches) < 1:
            raise ValueError("steps, batch, accumulation and eval-batches are at least 1")
        if not 0 <= self.warmup < self.steps:
            raise ValueError(f"warmup {self.warmup} is not between 0 and the number of steps, {self.steps}")


@dataclass(frozen=True)
class Every:
    """After how many steps something is done that does not change the result."""

    measurement: int = 10
    evaluation: int = 50
    checkpoint: int = 200

    def __post_init__(self) -> None:
        """Refuse what is never."""
        if min(self.measurement, self.evaluation, self.checkpoint) < 1:
            raise ValueError("measurements, evaluations and checkpoints are at least a step apart")


class State(NamedTuple):
    """What a step makes anew."""

    params: Params
    opt_state: optax.OptState


def learning_rate(config: Config) -> optax.Schedule:
    """Return the learning rate of a step, of which the first is 1."""
    return optax.warmup_cosine_decay_schedule(0.0, config.lr, config.warmup, config.steps, 0.1 * config.lr)


def optimizer(config: Config) -> optax.GradientTransformation:
    """Return Adam, of gradients whose norm is at most 1."""
    rate = learning_rate(config)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(lambda done: rate(done + 1), b2=0.95))


def first_state(config: Config) -> State:
    """Return the state to begin with."""
    params = init(np.random.default_rng(config.seed), config)
    return State(params, optimizer(config).init(params))


def gradients(params: Params, batches: jax.Array, config: Config) -> tuple[Params, Metrics]:
    """Return the mean of the gradients of batches (batches, rows, length + 1), of which one is in memory at a time.

    That is the gradient of one large batch, but with experts: their balance is that of each batch, not of all.
    """

    def objective(params: Params, windows: jax.Array) -> tuple[jax.Array, Metrics]:
        loss, balance = losses(params, windows, config)
        if not config.experts:
            return loss, {"loss": loss}
        return loss + config.balance * balance, {"loss": loss, "load_balance": balance}

    def add(total: tuple[Params, Metrics], windows: jax.Array) -> tuple[tuple[Params, Metrics], None]:
        (_, metrics), grads = jax.value_and_grad(objective, has_aux=True)(params, windows)
        return jax.tree.map(jnp.add, total, (grads, metrics)), None

    names = ("loss", "load_balance") if config.experts else ("loss",)
    nothing = (jax.tree.map(jnp.zeros_like, params), {name: jnp.zeros(()) for name in names})
    total, _ = jax.lax.scan(add, nothing, batches)
    mean: tuple[Params, Metrics] = jax.tree.map(lambda each: each / len(batches), total)
    return mean


def windows_of(text: Bytes, step: int, config: Config) -> np.ndarray:
    """Return the batches (accumulation, batch, context + 1) of a step.

    They depend on seed and step alone, so that a run can go on at any step as if it had not stopped.
    """
    rng = np.random.default_rng((config.seed, step))
    return draw(text, rng, (config.accumulation, config.batch), config.context + 1)


def train_step(state: State, batches: jax.Array, step: jax.Array, config: Config) -> tuple[State, Metrics]:
    """Return the state after a step."""
    grads, metrics = gradients(state.params, batches, config)
    updates, opt_state = optimizer(config).update(grads, state.opt_state, state.params)
    metrics |= {"lr": learning_rate(config)(step), "grad_norm": optax.tree.norm(grads)}
    return State(optax.apply_updates(state.params, updates), opt_state), metrics


def evaluate(params: Params, batches: jax.Array, shape: Shape) -> Metrics:
    """Return loss (nats a byte) and perplexity of batches (batches, rows, length + 1), one in memory at a time."""
    loss = jax.lax.map(lambda windows: losses(params, windows, shape)[0], batches).mean()
    return {"loss": loss, "perplexity": jnp.exp(loss)}


def never(_step: int, _loss: float) -> bool:
    """Do not stop before the end."""
    return False


class Data(NamedTuple):
    """What training reads."""

    text: Bytes
    held_out: jax.Array  # (batches, rows, context + 1)


def fit(
    run: runcheck.Run,
    config: Config,
    data: Data,
    every: Every,
    is_enough: IsEnough,
) -> float:
    """Take the steps that the run has still before it, and return the validation loss at the end."""
    state = run.restore(first_state(config))
    done = max(run.start_step - 1, 0)
    evaluation = jax.jit(evaluate, static_argnames="shape")
    jitted = jax.jit(train_step, static_argnames="config", donate_argnames="state")
    compiled = jitted.lower(state, windows_of(data.text, 1, config), np.int32(1), config).compile()
    held = evaluation(state.params, data.held_out, config)
    held["loss"].block_until_ready()
    if done == 0:
        run.log(0, held, split="validation")
    pace = Pace(done, config.accumulation * config.batch * config.context)
    for step in range(done + 1, config.steps + 1):
        state, metrics = compiled(state, windows_of(data.text, step, config), np.int32(step))
        run.log(step, metrics)
        is_last = step == config.steps
        evaluates, saves = is_last or step % every.evaluation == 0, is_last or step % every.checkpoint == 0
        if evaluates or saves or step % every.measurement == 0:
            run.log(step, pace.measure(step, metrics["loss"]))
        if evaluates:
            held = evaluation(state.params, data.held_out, config)
            held["loss"].block_until_ready()
            run.log(step, held, split="validation")
        is_stopped = evaluates and not is_last and is_enough(step, float(held["loss"]))
        if saves or is_stopped:
            run.save_checkpoint(step, state)
        if is_stopped:
            run.stopped_early(step)
            break
        if evaluates or saves:
            pace.restart(step)
    return float(held["loss"])


def train(
    config: Config,
    *,
    root: str = "artefacts",
    dataset: str | None = None,
    variant: str = "baseline",
    tags: Mapping[str, str] = NO_TAGS,
    every: Every = Every(),
    resume: bool = False,
    trackers: Sequence[str] | None = None,
    is_enough: IsEnough = never,
) -> float:
    """Train, and return the validation loss at the end.

    Args:
        config: What the result depends on.
        root: The tree.
        dataset: The folder of the dataset; by default the newest of the tree.
        variant: The last part of the run's name.
        tags: Tags of the run, beside or instead of ``experiment`` and ``run_type``.
        every: When to measure, evaluate and save.
        resume: Go on with the newest run of this name, unless it is completed.
        trackers: Names of services that the run is mirrored to; by default those of the configuration.
        is_enough: Asked after each evaluation, with step and loss, whether to stop there.

    Raises:
        ValueError: the dataset is too small for the batches.
    """
    folder = dataset or f"{root}/dataset/{SLUG}/latest"
    held_out = tiles(load(folder, "validation"), config.eval_batches, config.batch, config.context + 1)
    data = Data(load(folder, "train"), jnp.asarray(held_out))
    with runcheck.start_run(root, dataset=SLUG, model="moe" if config.experts else "transformer", variant=variant,
                            config=config, data=folder, seeds={"all": config.seed}, architecture=told(config),
                            tags={"experiment": "charlm", "run_type": "train", **tags},
                            directions={"memory_bytes": "min", "load_balance": "min"},
                            resume="latest" if resume else None, trackers=trackers) as run:  # fmt: skip
        return fit(run, config, data, every, is_enough)


def told(shape: Shape) -> str:
    """Return the architecture in words."""
    experts = f", each with {shape.experts} experts, {shape.top_k} at a time" if shape.experts else ""
    return f"decoder over bytes: {shape.layers} blocks of width {shape.width}, {shape.heads} heads{experts}"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line: a flag for each setting, and what does not change the result."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    settings = flags.add_argument_group("settings")
    for each in fields(Config):
        name = f"--{each.name.replace('_', '-')}"
        settings.add_argument(name, type=type(each.default), default=each.default, help=each.metadata["help"])
    file = "JSON with settings, which flags override: config.json of a run, or a document with an object 'config'"
    flags.add_argument("--config", type=Path, metavar="FILE", help=file)
    every = Every()
    flags.add_argument("--measure-every", type=int, default=every.measurement, metavar="STEPS", help="time and memory")
    flags.add_argument("--eval-every", type=int, default=every.evaluation, metavar="STEPS", help="validation")
    flags.add_argument("--checkpoint-every", type=int, default=every.checkpoint, metavar="STEPS", help="checkpoints")
    flags.add_argument("--root", default="artefacts", help="the tree")
    flags.add_argument("--data", metavar="FOLDER", help="the dataset; by default the newest of the tree")
    flags.add_argument("--variant", default="baseline", help="the last part of the run's name")
    flags.add_argument("--resume", action="store_true", help="go on with the newest run, unless it is completed")
    for name, words in (("wandb", "Weights & Biases"), ("mlflow", "MLflow")):
        flags.add_argument(f"--{name}", dest="trackers", action="append_const", const=name, help=f"mirror to {words}")
    return flags


def settings_of(file: Path) -> dict[str, object]:
    """Return the settings in a JSON file.

    Raises:
        ValueError: it is no JSON, or has what is no setting.
    """
    document = json.loads(file.read_text())
    settings = document.get("config", document) if isinstance(document, dict) else document
    if not isinstance(settings, dict):
        raise ValueError("holds no object with settings")  # noqa: TRY004 - of a file, not of a caller
    if unknown := settings.keys() - {each.name for each in fields(Config)}:
        raise ValueError(f"has {', '.join(sorted(unknown))}, which is no setting")
    return settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as the command line says."""
    flags = parser()
    if file := flags.parse_args(arguments).config:
        try:
            flags.set_defaults(**settings_of(file))
        except (OSError, ValueError) as error:
            flags.error(f"{file}: {error}")
    given = flags.parse_args(arguments)
    try:
        config = Config(**{each.name: getattr(given, each.name) for each in fields(Config)})
        every = Every(given.measure_every, given.eval_every, given.checkpoint_every)
        loss = train(config, root=given.root, dataset=given.data, variant=given.variant, every=every,
                     resume=given.resume, trackers=given.trackers)  # fmt: skip
    except (OSError, ValueError, runcheck.RuncheckError) as error:
        flags.error(str(error))
    print(f"validation loss {loss:.3f}, perplexity {math.exp(loss):.2f}")


if __name__ == "__main__":
    main()
