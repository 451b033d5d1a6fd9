"""Configurations in the shapes that people have them, as JSON has them.

No library is imported for that: a value can only be of a class whose module is loaded already, so that the class is
looked up among the modules that are.

What a value becomes:

* an enumeration's member that is a string or a number itself is that one, any other is its name;
* a path is its text, a date its ISO form, a dtype its name (``bfloat16``), a scalar of NumPy or JAX its number;
* a function or class is ``module.qualname``, but only where this name leads back to it. A lambda, a closure, a partial
  or an array is refused: two that differ would be written as one, and the hash of the configuration would say that two
  runs are the same.
"""

import contextlib
import dataclasses
import datetime
import enum
import functools
import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from runcheck.convention.layout import layout
from runcheck.convention.secrets import REDACTED
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import MAX_INTEGER, checked_characters, kind_of

_SHAPES = (
    "a mapping, a dataclass, an argparse.Namespace, absl's FLAGS, an ml_collections.ConfigDict, an OmegaConf "
    "DictConfig, or a class of attrs or pydantic"
)


def plain_config(config: object) -> dict[str, object]:
    """Return a configuration as JSON has it.

    Args:
        config: A mapping, a dataclass (``chex`` and ``flax.struct`` make some too), a named tuple, an
            ``argparse.Namespace``, ``absl.flags.FLAGS``, an ``ml_collections.ConfigDict``, an OmegaConf
            ``DictConfig``, or an object of a class of attrs or pydantic; each may hold others.

    Raises:
        InvalidArgumentError: it is something else, holds something that JSON does not have, or lacks a value.
    """
    opened = _opened(config, "config")
    if not isinstance(opened, Mapping):
        raise InvalidArgumentError(f"config is {kind_of(config)}; give {_SHAPES}")
    return plain_object(opened, "config")


def plain_object(value: Mapping[str, object], where: str) -> dict[str, object]:
    """Return a mapping as JSON has it; ``where`` is its name in an error message."""
    return {key: _plain(each, f"{where}/{key}") for key, each in _string_keys(value, where)}


def _plain(value: object, where: str, depth: int = 1) -> object:
    if depth > layout().limits.document_depth:
        raise InvalidArgumentError(f"{where[:80]}... nests more than {layout().limits.document_depth} deep")
    match opened := _opened(value, where):
        case None | bool():
            return opened
        case str():
            return checked_characters(opened, where)
        case int() | float():
            return _number(opened, where)
        case Mapping():
            return {key: _plain(each, f"{where}/{key}", depth + 1) for key, each in _string_keys(opened, where)}
        case list() | tuple():
            return [_plain(item, f"{where}/{index}", depth + 1) for index, item in enumerate(opened)]
    raise InvalidArgumentError(_refusal(value, where))


def _string_keys(mapping: Mapping[str, object], where: str) -> list[tuple[str, object]]:
    pairs = []
    for key, value in mapping.items():
        if not isinstance(key, str):  # whatever its annotation says, a config from a file has other keys too
            raise InvalidArgumentError(f"{where} has the key {key!r}; keys are strings")
        pairs.append((checked_characters(key, where), value))
    return pairs


def _number(value: float, where: str) -> float:
    if isinstance(value, int):
        if abs(value) < MAX_INTEGER:
            return value
        raise InvalidArgumentError(f"{where} is an integer of thousands of digits; give it as a string")
    if math.isfinite(value):
        return value
    raise InvalidArgumentError(f"{where} is {value}; a document holds finite numbers only")


def _refusal(value: object, where: str) -> str:
    """Return what is wrong with a value that no document holds, and what to give instead."""
    if isinstance(value, functools.partial):
        return f"{where} is a functools.partial; give the name of its function as a string, and its arguments beside it"
    if callable(value):
        return f"{where} is {_name_of(value)}, which cannot be imported by that name; give a name as a string"
    if isinstance(value, set | frozenset):
        return f"{where} is a {type(value).__name__}, which has no order; give a sorted list"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{where} is an array of shape {shape}; give a list, or the number that it was made from"
    return f"{where} is {kind_of(value)}; give a string, a number, a boolean, a list, a mapping or a dataclass"


# --- one level of a value, by what it is ------------------------------------------------------------------------------


def _opened(value: object, where: str) -> object:
    """Return a value as one of those that JSON has, what it holds as it is; the value itself where it is none."""
    if value is None or type(value) in (bool, str, int, float, dict, list):
        return value
    for module, name, opener in _LIBRARIES:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(value, kind):
            return opener(value, where)
    if not isinstance(value, type) and (names := _field_names(value)) is not None:
        return _attributes(value, names, where)
    return _scalar(value)


def _field_names(value: object) -> list[str] | None:
    """Return the names of the fields of a dataclass, a class of attrs or a named tuple; None of anything else."""
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    if hasattr(value, "__attrs_attrs__"):
        return [field.name for field in value.__attrs_attrs__]
    return list(value._fields) if isinstance(value, tuple) and hasattr(value, "_fields") else None


def _scalar(value: object) -> object:
    """Return the string or number that a value stands for; the value itself where it is none."""
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value, str | int | float) else value.name
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if not isinstance(value, type) and getattr(value, "shape", None) == () and hasattr(value, "item"):
        with contextlib.suppress(NotImplementedError):  # a random key
            return value.item()  # a scalar of NumPy or JAX
    return _dtype_name(value) or _importable_name(value) or value


def _attributes(value: object, names: list[str], where: str) -> dict[str, object]:
    """Return the attributes of a value; they are not copied, as ``dataclasses.asdict`` does, for not all can be."""
    absent = [name for name in names if not hasattr(value, name)]
    if absent:
        raise InvalidArgumentError(f"{where}/{absent[0]} has no value; set it before the run starts")
    return {name: getattr(value, name) for name in names}


def _dtype_name(value: object) -> str | None:
    """Return the name of a dtype of NumPy or JAX, or of the class of its scalars, as ``jnp.bfloat16`` is one."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    dtype = getattr(value, "dtype", None) if isinstance(value, type) else value
    if isinstance(value, type) and issubclass(value, numpy.generic):
        dtype = numpy.dtype(value)
    if not isinstance(dtype, numpy.dtype) or dtype.names is not None:
        return None
    return cast("str", dtype.name if dtype.isnative else dtype.str)


def _importable_name(value: object) -> str | None:
    """Return ``module.qualname`` of a function or a class where this names it and nothing else."""
    if not callable(value):
        return None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is value else None


def _name_of(value: object) -> str:
    name = getattr(value, "__qualname__", None)
    return f"{getattr(value, '__module__', None)}.{name}" if name else f"a callable {type(value).__name__}"


# --- the shapes of libraries ----------------------------------------------------------------------------------------


class _Flag(Protocol):
    name: str
    value: object
    using_default_value: bool


class _Flags(Protocol):
    def is_parsed(self) -> bool: ...

    def get_key_flags_for_module(self, module: str) -> list[_Flag]: ...

    def flags_by_module_dict(self) -> dict[str, list[_Flag]]: ...


def _flags(value: object, where: str) -> dict[str, object]:
    """Return the flags of the main module, its own and those it adopted, and of all others those that were set.

    absl's own flags are about logging and testing. What ``config_flags`` defines for the fields of a configuration
    (``--config.lr``) stands in that configuration.
    """
    flags = cast("_Flags", value)
    if not flags.is_parsed():
        raise InvalidArgumentError(f"{where} is absl's FLAGS before they were parsed; start the run within app.run")
    of_module = flags.flags_by_module_dict()
    own = {flag.name for flag in flags.get_key_flags_for_module(sys.argv[0])}
    absls = {flag.name for module, each in of_module.items() if module.partition(".")[0] == "absl" for flag in each}
    taken = {
        flag.name: flag.value
        for each in of_module.values()
        for flag in each
        if flag.name not in absls and (flag.name in own or not flag.using_default_value)
    }
    return {name: taken[name] for name in sorted(taken) if not _is_field(name, taken)}


def _is_field(name: str, flags: Mapping[str, object]) -> bool:
    return any(name.startswith(f"{other}.") for other in flags)


def _config_dict(value: object, where: str) -> dict[str, object]:
    config = cast("Mapping[str, object]", value)
    pairs = {}
    for key in config:
        try:
            pairs[key] = config[key]  # a reference gives what it refers to
        except Exception as error:
            if type(error).__name__ != "RequiredValueError":
                raise
            raise InvalidArgumentError(f"{where}/{key} is required and has no value; set it before the run") from error
    return pairs


def _reference(value: object, where: str) -> object:
    return _config_dict({where: cast("_Reference", value).get()}, where)[where]


class _Reference(Protocol):
    def get(self) -> object: ...


def _omega(value: object, where: str) -> object:
    omegaconf = sys.modules["omegaconf"]
    try:
        return omegaconf.OmegaConf.to_container(value, resolve=True, throw_on_missing=True)
    except omegaconf.errors.OmegaConfBaseException as error:
        place = "/".join((where, *str(getattr(error, "full_key", None) or "").split(".")))
        told = str(error).splitlines()[0]
        raise InvalidArgumentError(f"{place.rstrip('/')}: {told}; give it a value before the run starts") from error


def _variables(value: object, where: str) -> dict[str, object]:  # noqa: ARG001 - an opener is told where
    return vars(value)


def _fields(value: object, where: str) -> dict[str, object]:  # noqa: ARG001
    return dict(cast("Mapping[str, object]", value))


def _hidden(value: object, where: str) -> str:  # noqa: ARG001
    return REDACTED


# The class by its module and name, and what opens its objects.
_LIBRARIES: tuple[tuple[str, str, Callable[[object, str], object]], ...] = (
    ("argparse", "Namespace", _variables),
    ("types", "SimpleNamespace", _variables),
    ("absl.flags", "FlagValues", _flags),
    ("ml_collections", "ConfigDict", _config_dict),
    ("ml_collections", "FieldReference", _reference),
    ("omegaconf", "Container", _omega),
    ("pydantic.main", "BaseModel", _fields),
    ("pydantic.types", "SecretStr", _hidden),
    ("pydantic.types", "SecretBytes", _hidden),
)
