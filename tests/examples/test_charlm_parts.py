"""The parts of the language model, each held to what is known of it by another way."""

import hashlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tests.examples.conftest import CHARLM, MODULES

TINY = {"width": 16, "layers": 2, "heads": 2, "context": 12, "batch": 4, "eval_batches": 2, "steps": 30, "warmup": 5}


@pytest.fixture(scope="module")
def published(charlm: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset."""
    root = tmp_path_factory.mktemp("published") / "artefacts"
    return Path(charlm.data.publish(str(root)))


def windows(rows: int, length: int = TINY["context"] + 1) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (rows, length), np.uint8)


def init(charlm: SimpleNamespace, **changes: int) -> tuple[Any, Any]:
    """A tiny configuration and its parameters, with an embedding that is large enough to tell bytes apart."""
    config = charlm.train.Config(**{**TINY, **changes})
    params = charlm.model.init(np.random.default_rng(0), config)
    return config, params._replace(embedding=50 * params.embedding)


def logits(charlm: SimpleNamespace, params: object, tokens: np.ndarray, config: object) -> np.ndarray:
    return np.asarray(jax.jit(charlm.model.apply, static_argnames="shape")(params, tokens, config)[0])


def test_the_splits_have_each_paragraph_of_the_documentation_once(charlm: SimpleNamespace, published: Path) -> None:
    train, validation = (charlm.data.load(published, name).tobytes().decode() for name in ("train", "validation"))
    there = [each for text in (train, validation) for each in text.split("\n\n")]
    source = "\n\n".join(charlm.data.topics.topics.values())
    assert len(there) == len(set(there))
    assert {each.strip() for each in there} == {each.strip() for each in source.split("\n\n")} - {""}
    assert 0.05 < len(validation) / len(train) < 0.12


def test_the_dataset_tells_its_licence_and_the_hash_of_the_file_that_it_is_from(
    charlm: SimpleNamespace, published: Path
) -> None:
    metadata = json.loads((published / "metadata.json").read_text())
    assert metadata["generator"]["params"]["licence"] == "PSF-2.0"
    assert "PSF-2.0" in (published / "README.md").read_text()
    source = hashlib.sha256(Path(charlm.data.topics.__file__).read_bytes()).hexdigest()
    assert metadata["data_provenance"]["hashes"] == {"topics.py": source}


def test_the_windows_of_a_step_depend_on_seed_and_step_alone(charlm: SimpleNamespace) -> None:
    text = np.arange(200, dtype=np.uint8)
    config = charlm.train.Config(**TINY)
    first = charlm.train.windows_of(text, 7, config)
    assert first.shape == (1, 4, 13)
    assert (np.diff(first.astype(int)) == 1).all()  # they are pieces of the text
    assert np.array_equal(first, charlm.train.windows_of(text, 7, config))
    assert not np.array_equal(first, charlm.train.windows_of(text, 8, config))
    assert not np.array_equal(first, charlm.train.windows_of(text, 7, charlm.train.Config(**TINY, seed=1)))


def test_tiles_predict_each_byte_at_most_once_and_all_of_them_but_a_rest(charlm: SimpleNamespace) -> None:
    text = np.arange(101, dtype=np.uint8)
    tiles = charlm.data.tiles(text, None, 2, 11)
    assert tiles.shape == (5, 2, 11)
    assert sorted(tiles[..., 1:].ravel()) == list(range(1, 101))
    some = charlm.data.tiles(text, 2, 2, 11)[..., 1:].ravel()
    assert len(set(some)) == len(some) == 40


@pytest.mark.parametrize("count", [6, 0])
def test_more_tiles_than_there_are_or_none_are_refused(charlm: SimpleNamespace, count: int) -> None:
    with pytest.raises(ValueError, match="room for 5 batches of 2 windows of 11 bytes, not for"):
        charlm.data.tiles(np.arange(101, dtype=np.uint8), count, 2, 11)


@pytest.mark.parametrize("changes", [{}, {"experts": 3, "top_k": 2}], ids=["dense", "experts"])
def test_what_comes_later_does_not_change_what_is_predicted_earlier(
    charlm: SimpleNamespace, changes: dict[str, int]
) -> None:
    config, params = init(charlm, **changes)
    tokens = windows(2).astype(np.int32)
    changed = tokens.copy()
    changed[:, 8:] = (changed[:, 8:] + 1) % 256
    before, after = (logits(charlm, params, each, config) for each in (tokens, changed))
    np.testing.assert_allclose(before[:, :8], after[:, :8], rtol=1e-4, atol=1e-4)
    assert np.abs(before[:, 8:] - after[:, 8:]).max(axis=-1).min() > 0.1


def test_what_came_earlier_and_where_it_stood_does_change_it(charlm: SimpleNamespace) -> None:
    config, params = init(charlm)
    tokens = windows(1).astype(np.int32)
    other, swapped = tokens.copy(), tokens.copy()
    other[0, 0] = (other[0, 0] + 1) % 256
    swapped[0, [0, 1]] = tokens[0, [1, 0]]
    last, *others = (logits(charlm, params, each, config)[0, -1] for each in (tokens, other, swapped))
    assert min(np.abs(last - each).max() for each in others) > 1e-3


def test_an_untrained_model_gives_all_bytes_about_the_same_chance(charlm: SimpleNamespace) -> None:
    config = charlm.train.Config(**TINY)
    params = charlm.model.init(np.random.default_rng(0), config)
    assert float(charlm.model.losses(params, windows(4), config)[0]) == pytest.approx(np.log(256), abs=0.05)


def test_the_load_balance_is_that_of_switch_transformers_as_computed_by_hand(charlm: SimpleNamespace) -> None:
    probabilities = jnp.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]])
    chosen = jnp.array([[0], [0], [1], [0]])
    # f = (3/4, 1/4), P = (2.6/4, 1.4/4), N sum f P = 2 (0.75 0.65 + 0.25 0.35)
    assert float(charlm.model.load_balance(probabilities, chosen)) == pytest.approx(1.15)


def test_the_load_balance_is_1_where_even_and_the_number_of_experts_where_one_has_all(charlm: SimpleNamespace) -> None:
    even = jnp.full((4, 4), 0.25)
    assert float(charlm.model.load_balance(even, jnp.arange(4)[:, None])) == pytest.approx(1)
    assert float(charlm.model.load_balance(even, jnp.array([[0, 1], [2, 3]]))) == pytest.approx(1)
    one = jnp.eye(4)[jnp.zeros(6, int)]
    assert float(charlm.model.load_balance(one, jnp.zeros((6, 1), int))) == pytest.approx(4)


def test_experts_give_what_each_gives_by_itself_times_its_gate(charlm: SimpleNamespace) -> None:
    _, params = init(charlm, experts=3, top_k=2)
    block = jax.tree.map(lambda each: each[0], params.blocks)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((7, 16), np.float32)
    chosen = np.array([[0, 1], [2, 0], [2, 1], [2, 0], [2, 1], [0, 2], [2, 0]])
    gates = rng.random(chosen.shape, np.float32)
    by_expert = np.stack([jax.nn.gelu(x @ up) @ down for up, down in zip(block.up, block.down, strict=True)])
    wanted = sum(gates[:, [k]] * by_expert[chosen[:, k], np.arange(7)] for k in (0, 1))
    got = charlm.model.mix(block, jnp.asarray(x), jnp.asarray(gates), jnp.asarray(chosen))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_the_router_learns_from_the_text_and_from_the_balance(charlm: SimpleNamespace) -> None:
    _, params = init(charlm, experts=3)
    block = jax.tree.map(lambda each: each[0], params.blocks)
    x = jnp.asarray(np.random.default_rng(2).standard_normal((1, 7, 16), np.float32))

    def sums(router: jax.Array) -> jax.Array:
        fed, balance = charlm.model.feed(block._replace(router=router), x, 1)
        return jnp.stack([jnp.square(fed).sum(), balance])

    assert (np.abs(jax.jacrev(sums)(block.router)).max(axis=(1, 2)) > 1e-6).all()


def test_gradients_that_are_accumulated_are_those_of_the_large_batch(charlm: SimpleNamespace) -> None:
    config, params = init(charlm)
    batch = windows(8)
    gradients = jax.jit(charlm.train.gradients, static_argnames="config")
    small, metrics = gradients(params, batch.reshape(4, 2, -1), config)
    large, whole = gradients(params, batch[None], config)
    assert float(metrics["loss"]) == pytest.approx(float(whole["loss"]), rel=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6), small, large)


def test_the_learning_rate_is_highest_at_the_step_that_warmup_says(charlm: SimpleNamespace) -> None:
    config = charlm.train.Config(**{**TINY, "lr": 0.5})
    rates = [float(charlm.train.learning_rate(config)(step)) for step in range(1, config.steps + 1)]
    assert rates[config.warmup - 1] == max(rates) == pytest.approx(0.5)
    assert rates[0] == pytest.approx(0.5 / config.warmup)
    assert rates[-1] == pytest.approx(0.05)
    assert rates.count(max(rates)) == 1


def test_the_optimizer_takes_the_learning_rate_that_is_logged(charlm: SimpleNamespace) -> None:
    config = charlm.train.Config(**{**TINY, "lr": 0.5})
    optimizer = charlm.train.optimizer(config)
    params = jnp.zeros(1)
    state = optimizer.init(params)
    for step in (1, 2, 3):  # Adam's step is the rate itself where all gradients are the same
        update, state = optimizer.update(jnp.full(1, 0.3), state, params)
        assert float(-update[0]) == pytest.approx(float(charlm.train.learning_rate(config)(step)), rel=1e-4)
        params = optax.apply_updates(params, update)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heads": 3}, "width 16 is no multiple of twice the heads, 6"),
        ({"experts": 2, "top_k": 3}, "top_k 3 is not between 1 and the number of experts, 2"),
        ({"warmup": 30}, "warmup 30 is not between 0 and the number of steps, 30"),
        ({"accumulation": 0}, "accumulation and eval-batches are at least 1"),
    ],
)
def test_a_configuration_that_cannot_be_trained_says_why(
    charlm: SimpleNamespace, changes: dict[str, int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        charlm.train.Config(**{**TINY, **changes})


def test_a_pace_counts_from_result_to_result(charlm: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 14.0, 14.0, 100.0, 103.0, 103.0])
    clock = SimpleNamespace(perf_counter=lambda: next(times))
    monkeypatch.setattr(charlm.pace, "time", clock)
    pace = charlm.pace.Pace(0, tokens=30)
    first = pace.measure(8, jnp.zeros(()))
    assert (first["seconds_per_step"], first["tokens_per_second"]) == (0.5, 60.0)
    pace.restart(8)  # after an evaluation that took until 100
    assert pace.measure(9, jnp.zeros(()))["seconds_per_step"] == 3.0


def test_memory_is_that_of_the_process_where_the_device_does_not_say(charlm: SimpleNamespace) -> None:
    held = np.ones(30_000_000, np.uint8)
    there = charlm.pace.memory_bytes()
    assert there is None or held.nbytes < there < 2**40


def test_modules_are_those_of_the_example(charlm: SimpleNamespace) -> None:
    assert {path.stem for path in CHARLM.glob("*.py")} == set(MODULES)
    assert isinstance(charlm.model, ModuleType)
