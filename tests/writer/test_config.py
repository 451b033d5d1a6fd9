"""Configurations as people have them: each shape of the field's libraries, and what no document can hold."""

import argparse
import dataclasses
import datetime
import enum
import functools
import json
import math
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import chex
import jax
import jax.numpy as jnp
import ml_collections
import ml_dtypes
import numpy as np
import omegaconf
import optax
import pydantic
import pytest

import runcheck
from runcheck.errors import InvalidArgumentError
from runcheck.writer.config import plain_config

SOURCE = str(Path(runcheck.__file__).parents[1])


class Schedule(enum.Enum):
    """Members without a value that means anything."""

    COSINE = enum.auto()


class Mode(enum.StrEnum):
    """Members that are strings."""

    FAST = "fast"


class Level(enum.IntEnum):
    """Members that are numbers."""

    HIGH = 3


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """The inner one of two."""

    learning_rate: float = 1e-3
    schedule: Schedule = Schedule.COSINE


@dataclasses.dataclass
class Config:
    """The outer one of two."""

    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)
    layers: tuple[int, ...] = (64, 10)
    data: Path = Path("data/digits")
    cache: dict[str, object] = dataclasses.field(default_factory=dict)


class Pair(NamedTuple):
    """A tuple with names."""

    low: float
    high: float


@attrs.define
class Frozen:
    """A class of attrs, which keeps a private name without its underscore."""

    width: int
    _depth: int = 2


def activation(x: float) -> float:
    """Return what comes in."""
    return x


# --- the standard library ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            Config(),
            {
                "optimizer": {"learning_rate": 1e-3, "schedule": "COSINE"},
                "layers": [64, 10],
                "data": "data/digits",
                "cache": {},
            },
        ),
        (argparse.Namespace(a=None, b=argparse.Namespace(c=[1, (2,)])), {"a": None, "b": {"c": [1, [2]]}}),
        (types.SimpleNamespace(a=1, b=types.SimpleNamespace(c=2)), {"a": 1, "b": {"c": 2}}),
        (Pair(0.5, 1.5), {"low": 0.5, "high": 1.5}),
        (Frozen(3), {"width": 3, "_depth": 2}),
        ({"nested": [Optimizer(0.5)]}, {"nested": [{"learning_rate": 0.5, "schedule": "COSINE"}]}),
        ({"mode": Mode.FAST, "level": Level.HIGH}, {"mode": "fast", "level": 3}),
        ({"day": datetime.date(2026, 11, 21), "at": datetime.time(8, 30)}, {"day": "2026-11-21", "at": "08:30:00"}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
    ],
    ids=["dataclass", "argparse", "namespace", "named tuple", "attrs", "list", "enum", "date", "mapping"],
)
def test_the_shapes_of_the_standard_library_are_opened_to_the_last_level(config: object, expected: object) -> None:
    plain = plain_config(config)
    assert plain == expected
    assert json.loads(json.dumps(plain)) == expected


def test_the_value_of_an_enumeration_is_of_a_plain_type() -> None:
    plain = plain_config({"mode": Mode.FAST, "level": Level.HIGH})
    assert [type(each) for each in plain.values()] == [str, int]


def test_a_dataclass_is_read_without_being_copied() -> None:
    @dataclasses.dataclass
    class Holder:
        inner: object

    class Uncopied(dict[str, int]):
        def __deepcopy__(self, memo: object) -> None:
            raise AssertionError

    assert plain_config(Holder(Uncopied(a=1))) == {"inner": {"a": 1}}


def test_a_field_that_was_never_set_is_told() -> None:
    @dataclasses.dataclass
    class Unset:
        steps: int = dataclasses.field(init=False)

    with pytest.raises(InvalidArgumentError, match="config/train/steps has no value"):
        plain_config({"train": Unset()})


# --- dtypes, scalars and functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32, "float32"),
        (np.dtype("int8"), "int8"),
        (np.dtype(">f4"), ">f4"),
        (jnp.bfloat16, "bfloat16"),
        (jnp.dtype("bfloat16"), "bfloat16"),
        (ml_dtypes.float8_e4m3fn, "float8_e4m3fn"),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (jnp.int32(3), 3),
        (jnp.asarray(0.25, jnp.bfloat16), 0.25),
    ],
    ids=repr,
)
def test_a_dtype_is_its_name_and_a_scalar_its_number(value: object, expected: object) -> None:
    plain = plain_config({"a": value})["a"]
    assert (plain, type(plain)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (activation, f"{__name__}.activation"),
        (Config, f"{__name__}.Config"),
        (jnp.tanh, "jax.numpy.tanh"),
        pytest.param(
            np.tanh,
            "numpy.tanh",
            marks=pytest.mark.skipif(not hasattr(np.tanh, "__qualname__"), reason="NumPy 2.1 does not say its name"),
        ),
        (math.sqrt, "math.sqrt"),
        (jax.nn.relu, f"{jax.nn.relu.__module__}.relu"),
        (optax.adam, f"{optax.adam.__module__}.adam"),
    ],
    ids=lambda value: value if isinstance(value, str) else "value",
)
def test_a_function_is_the_name_by_which_it_is_imported(value: object, expected: str) -> None:
    assert plain_config({"activation": value}) == {"activation": expected}
    module, _, name = expected.rpartition(".")
    assert getattr(sys.modules[module], name) is value


def closure() -> Any:  # noqa: ANN401
    """Return a function that holds something."""
    held = 1
    return lambda: held


REFUSED: dict[str, tuple[object, str]] = {
    "lambda": (lambda x: x, "cannot be imported by that name; give a name as a string"),
    "closure": (closure(), "cannot be imported"),
    "initializer": (jax.nn.initializers.lecun_normal(), "cannot be imported"),
    "method": (Path().exists, "cannot be imported"),
    "partial": (functools.partial(activation, 1.0), "is a functools.partial"),
    "array": (np.zeros(3), r"is an array of shape \(3,\)"),
    "jax array": (jnp.zeros((2, 2)), r"is an array of shape \(2, 2\)"),
    "set": ({1, 2}, "give a sorted list"),
    "object": (object(), "is an object"),
    "bytes": (b"a", "is a bytes"),
    "structured dtype": (np.dtype([("a", "f4")]), "Void"),
    "key": ({1: 2}, "has the key 1; keys are strings"),
    "random key": (jax.random.key(0), "is a PRNGKeyArray; give a string"),
    "NaN": (np.float32("nan"), "finite numbers only"),
    "surrogate": (Path("\udcff"), "lone surrogate"),
}


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_no_document_can_hold_is_refused_with_its_place(value: object, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words) as raised:
        plain_config({"model": {"a": value}})
    assert str(raised.value).startswith("config/model/a ")


@pytest.mark.parametrize("config", [None, 3, "lr=1", [1], Config, argparse.Namespace, np.zeros(3), activation])
def test_what_is_no_configuration_is_refused_with_what_may_be_one(config: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"config is .*; give a mapping, a dataclass"):
        plain_config(config)


def test_a_configuration_that_holds_itself_is_refused() -> None:
    config = argparse.Namespace()
    config.a = config.b = config
    with pytest.raises(InvalidArgumentError, match="nests more than 64 deep"):
        plain_config(config)


# --- libraries --------------------------------------------------------------------------------------------------------


def test_ml_collections_with_references_and_frozen() -> None:
    config = ml_collections.ConfigDict({"batch": 32, "model": {"dtype": jnp.bfloat16, "widths": (1, 2)}, "none": None})
    config.steps = config.get_ref("batch") * 10
    config.list = [ml_collections.ConfigDict({"a": 1}), config.get_ref("batch")]
    expected = {
        "batch": 32,
        "model": {"dtype": "bfloat16", "widths": [1, 2]},
        "none": None,
        "steps": 320,
        "list": [{"a": 1}, 32],
    }
    assert plain_config(config) == expected
    assert plain_config({"inner": config}) == {"inner": expected}
    frozen = ml_collections.FrozenConfigDict({"batch": 32, "model": {"widths": [1, 2]}})
    assert plain_config(frozen) == {"batch": 32, "model": {"widths": [1, 2]}}


def test_a_required_value_of_ml_collections_that_is_missing_is_told() -> None:
    config = ml_collections.ConfigDict({"data": {"path": ml_collections.config_dict.required_placeholder(str)}})
    with pytest.raises(InvalidArgumentError, match="config/data/path is required and has no value"):
        plain_config(config)
    config.data.path = "digits"
    assert plain_config(config) == {"data": {"path": "digits"}}


def test_omegaconf_with_interpolations_resolved() -> None:
    config = omegaconf.OmegaConf.create({"lr": 0.1, "warmup": {"lr": "${lr}"}, "list": ["${warmup.lr}", None]})
    assert plain_config(config) == {"lr": 0.1, "warmup": {"lr": 0.1}, "list": [0.1, None]}
    assert plain_config({"inner": config.warmup}) == {"inner": {"lr": 0.1}}
    structured = omegaconf.OmegaConf.structured(Optimizer)
    assert plain_config(structured) == {"learning_rate": 1e-3, "schedule": "COSINE"}


@pytest.mark.parametrize("value", ["???", "${nowhere}", "${a.b.path}"])
def test_omegaconf_with_a_missing_value_is_refused_with_its_place(value: str) -> None:
    config = omegaconf.OmegaConf.create({"data": {"path": value}})
    with pytest.raises(InvalidArgumentError, match=r"config/data/path: .*; give it a value"):
        plain_config(config)


def test_a_list_of_omegaconf_is_no_configuration() -> None:
    with pytest.raises(InvalidArgumentError, match="config is a ListConfig"):
        plain_config(omegaconf.OmegaConf.create([1]))


def test_pydantic_and_its_secrets() -> None:
    inner = pydantic.create_model("Inner", path=(Path, Path("data")))
    outer = pydantic.create_model("Outer", inner=inner, key=pydantic.SecretStr)
    assert plain_config(outer(inner=inner(), key=pydantic.SecretStr("hunter2"))) == {
        "inner": {"path": "data"},
        "key": "[redacted]",
    }


def test_chex_dataclasses_with_and_without_the_face_of_a_mapping() -> None:
    class Plain:
        lr: float

    class Bare:
        inner: object

    plain, bare = chex.dataclass(Plain), chex.dataclass(Bare, mappable_dataclass=False)
    assert plain_config(bare(inner=plain(lr=0.5))) == {"inner": {"lr": 0.5}}


FLAGS_SCRIPT = """
import enum, json, sys
from absl import app, flags, logging
import other
{before}
class Norm(enum.Enum):
    LAYER = 1

flags.DEFINE_float("lr", 0.1, "help")
flags.DEFINE_list("layers", ["64"], "help")
flags.DEFINE_enum_class("norm", Norm.LAYER, Norm, "help")
flags.DEFINE_string("absent", None, "help")
flags.declare_key_flag("adopted")

def main(argv):
    from runcheck.writer.config import plain_config
    print(json.dumps(plain_config(flags.FLAGS)))

if __name__ == "__main__":
    app.run(main)
"""
OTHER = """
from absl import flags
flags.DEFINE_integer("adopted", 1, "help")
flags.DEFINE_integer("unset", 2, "help")
flags.DEFINE_integer("elsewhere", 3, "help")
"""


def flags_of(folder: Path, before: str, *arguments: str) -> dict[str, Any]:
    """Return the configuration that a script with these arguments has."""
    (folder / "other.py").write_text(OTHER)
    (folder / "train.py").write_text(FLAGS_SCRIPT.format(before=before))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    command = [sys.executable, str(folder / "train.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def test_absl_flags_are_those_of_the_main_module_and_those_that_were_set(tmp_path: Path) -> None:
    flags = flags_of(tmp_path, "", "--lr=0.5", "--elsewhere=3", "--verbosity=1", "--logtostderr", "--layers=1,2")
    assert flags == {
        "lr": 0.5,
        "layers": ["1", "2"],
        "norm": "LAYER",
        "absent": None,
        "adopted": 1,
        "elsewhere": 3,
    }


def test_a_config_flag_is_its_configuration_and_not_its_overrides_as_well(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(
        "import ml_collections\n"
        "def get_config():\n"
        "    return ml_collections.ConfigDict({'lr': 0.1, 'model': {'width': 8}})\n"
    )
    before = "from ml_collections import config_flags; config_flags.DEFINE_config_file('config')"
    flags = flags_of(tmp_path, before, "--config=config.py", "--config.model.width=16")
    assert flags["config"] == {"lr": 0.1, "model": {"width": 16}}
    assert set(flags) == {"config", "lr", "layers", "norm", "absent", "adopted"}


def test_absl_flags_before_they_are_parsed_are_refused() -> None:
    from absl import flags

    values: Any = flags.FlagValues()  # type: ignore[no-untyped-call]
    flags.DEFINE_float("lr", 0.1, "help", flag_values=values)
    with pytest.raises(InvalidArgumentError, match=r"start the run within app\.run"):
        plain_config(values)


def test_no_library_is_loaded_for_a_configuration_of_another() -> None:
    code = (
        "from runcheck.writer.config import plain_config; import sys;"
        "plain_config({'a': [1, None], 'b': {'c': 'x'}});"
        "print(*(set(sys.modules) & {'argparse', 'numpy', 'absl', 'omegaconf', 'ml_collections', 'pydantic', 'attr'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    assert done.stdout.strip() == ""
