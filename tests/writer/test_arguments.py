"""What does not fit is told by the argument, the value and what to give."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import runcheck
from runcheck.errors import CannotWriteError, InvalidArgumentError
from runcheck.writer.arguments import checked_step, kind_of
from runcheck.writer.run import Run

FORMS = r'give the path of a dataset of the same tree, \{"kind": "synthetic", "seed": <int>\}'


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("seeds", 0, r'seeds is 0; give a mapping, \{"init": 0\}'),
        ("seeds", {"init": np.array([1])}, r"seeds\['init'\] is array\(\[1\]\); a seed is an integer"),
        ("seeds", {1: 1}, "seeds has the key 1; keys are strings"),
        ("seeds", {"init": 10**5000}, r"seeds\['init'\] is an int of thousands of digits; a seed is an integer"),
        ("data", {"kind": "external", "hashes": {1: "0" * 64}}, "the name of a file in .* is an int, not a string"),
        ("seeds", {"init": True}, r"seeds\['init'\] is True; a seed is an integer"),
        ("tags", ["a", "b"], r"tags is \['a', 'b'\]; give a mapping, "),
        ("links", "model/a_b_c/v1", "links is 'model/a_b_c/v1'; give a mapping, "),
        ("extensions", 3, "extensions is 3; give a mapping, "),
        ("extensions", {"calibration": 3}, r"extensions\['calibration'\] is 3; give a mapping, "),
        ("directions", "max", r"directions is 'max'; give a mapping, "),
        ("directions", dict, r"directions is .*; give a mapping, "),
        ("keep", 3, r"keep is 3; give a rule, runcheck.Keep\(last=3\)"),
        ("data", 3, f"data is 3; {FORMS}"),
        ("data", "synthetic", f"data is 'synthetic', which is not at .*; {FORMS}"),
        ("variant", "a_b", "variant is 'a_b'; give lower-case letters and digits, with single dots or hyphens between"),
        ("model", 3, "model is 3; give lower-case letters"),
        ("description", np.zeros((2, 2)), r"description is an array of shape \(2, 2\), not a string"),
        ("config", "config.yaml", "config is a string; give a mapping"),
    ],
)
def test_an_argument_of_a_run_is_named_with_what_to_give(
    root: Path, start: Callable[..., Run], argument: str, value: object, words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        start(**{argument: value})
    assert not root.exists()


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("provenance", "synthetic", f"provenance is 'synthetic', which is not at .*; {FORMS}"),
        ("provenance", {"kind": "synthetic"}, f"provenance is no provenance; {FORMS}"),
        (
            "provenance",
            {"kind": "external", "hashes": {"a": "b"}},
            r"provenance\['hashes'\]\['a'\] is 'b'; give 64 lower",
        ),
        ("provenance", None, f"provenance is None; {FORMS}"),
        ("generator", 0, "generator is '0', which is no file; give generator=__file__"),
        ("params", 5, "params is 5; give a mapping"),
        ("tags", 5, "tags is 5; give a mapping"),
    ],
)
def test_an_argument_of_a_dataset_is_named_with_what_to_give(
    root: Path, argument: str, value: object, words: str
) -> None:
    good: dict[str, Any] = {"provenance": {"kind": "synthetic", "seed": 1}, "generator": __file__}
    with pytest.raises(InvalidArgumentError, match=words):
        runcheck.new_dataset(root, "digits", **{**good, argument: value})
    assert not root.exists()


def test_a_root_that_is_no_path_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match="root is None; give the folder of the tree, 'artefacts'"):
        runcheck.new_dataset(None, "digits", provenance={})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="root is 3; give the folder"):
        runcheck.start_run(
            3,  # type: ignore[arg-type]
            dataset="a",
            model="b",
            variant="c",
            config={},
            seeds={},
            tags={},
            data="",
        )


class _OnlyItsMethods:
    """What is a mapping by its methods alone, as a ConfigDict is."""

    def keys(self) -> list[str]:
        return ["init"]

    def __getitem__(self, key: str) -> int:
        return len(key)


def test_what_has_the_methods_of_a_mapping_is_one(start: Callable[..., Run]) -> None:
    with start(seeds=_OnlyItsMethods()) as run:
        run.log(0, {"loss": 1.0})
    assert run.metadata["seeds"] == {"init": 4}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", "a string"),
        (None, "None"),
        ([1], "a list"),
        (1, "an int"),
        (np.zeros(3), "an array of shape (3,)"),
        (np.float32(1), "a float32"),
    ],
)
def test_a_kind_is_told_in_words(value: object, words: str) -> None:
    assert kind_of(value) == words


class Unready:
    """A number of another library that cannot be had now."""

    def __float__(self) -> float:
        """Refuse."""
        raise RuntimeError("not yet")


def test_a_metric_that_is_no_number_is_told_by_its_kind(start: Callable[..., Run]) -> None:
    with start() as run:
        run.log(0, {"loss": 1.0})
        with pytest.raises(InvalidArgumentError, match=r"metrics is 0\.5; give a mapping, \{\"loss\": 0\.5\}"):
            run.log(1, 0.5)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match=r"loss is an array of shape \(3,\); a metric is one number"):
            run.log(1, {"loss": np.zeros(3)})
        with pytest.raises(InvalidArgumentError, match="loss cannot be a metric: not yet"):
            run.log(1, {"loss": Unready()})
        with pytest.raises(InvalidArgumentError, match="loss is a string; a metric is one number"):
            run.log(1, {"loss": "low"})
        with pytest.raises(InvalidArgumentError, match=r"step 1 has no checkpoint to export; there are none$"):
            run.export("weights", {"w": np.zeros(3)}, 1)


@pytest.mark.skipif(os.name == "nt", reason="a working directory cannot be removed here")
def test_a_working_directory_that_is_gone_is_told_and_nothing_is_written(
    root: Path, tmp_path: Path, start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CannotWriteError, match=r"^the working directory was removed; change into one that is there$"):
        start()
    with pytest.raises(CannotWriteError, match="the working directory was removed"):
        runcheck.new_dataset(root, "digits", provenance={"kind": "synthetic", "seed": 1})
    assert not root.exists()


@pytest.mark.parametrize(
    "step",
    [
        np.array([8]),
        np.array(8.0),
        jnp.zeros(2, int),
        jnp.float32(7),
        8.0,
        pytest.param(10**5000, id="huge"),
        True,
        "8",
        [8],
    ],
)
def test_a_step_that_is_no_integer_is_told(step: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^step is .*; it must be an integer from 0 to 9007199254740991$"):
        checked_step(step)


@pytest.mark.parametrize("step", [8, np.int64(8), np.uint8(8), np.array(8), jnp.int32(8)])
def test_an_integer_of_any_library_is_a_step(step: object) -> None:
    assert (checked_step(step), type(checked_step(step))) == (8, int)
