"""The modules of the language model, in the process of the tests: one that starts JAX for each script takes minutes."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

CHARLM = Path(__file__).parents[2] / "examples/charlm"
MODULES = ("data", "model", "pace", "train", "evaluate", "package", "tune")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Let JAX compile quickly what runs for milliseconds, and keep it; processes with these variables have it too."""
    given = {
        "jax_disable_most_optimizations": True,
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
    }
    before = {name: jax.config.values[name] for name in given}
    for name, value in given.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    compilation_cache.reset_cache()  # or JAX asks its settings no more
    yield {name.upper(): str(value) for name, value in given.items()}
    for name, value in before.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    compilation_cache.reset_cache()


@pytest.fixture(scope="module")
def charlm(settings: dict[str, str]) -> Iterator[SimpleNamespace]:
    """The modules of the example, which scripts import by their bare names, and nobody else does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(CHARLM))
        for name in MODULES:
            patch.delitem(sys.modules, name, raising=False)
        yield SimpleNamespace(settings=settings, **{name: importlib.import_module(name) for name in MODULES})
        for name in MODULES:
            del sys.modules[name]
