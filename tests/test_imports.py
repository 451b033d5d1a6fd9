"""What is loaded, and when: a training script does not pay for the linter, nor the linter for JAX."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "jax",
    "numpy",
    "pyarrow",
    "pandas",
    "orbax",
    "tensorstore",
    "yaml",
    "jsonschema_rs",
    "h5py",
    "zarr",
    "tensorboard",
}


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after ``code``."""
    report = "import sys; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_runcheck_loads_only_the_standard_library() -> None:
    extra = loaded_after("import runcheck") - loaded_after("") - {"runcheck"}
    assert extra <= set(sys.stdlib_module_names)
    assert not extra & {"argparse", "subprocess", "tomllib", "asyncio"}


def test_the_writer_loads_only_the_standard_library() -> None:
    loaded = loaded_after("import runcheck; runcheck.start_run; runcheck.new_dataset")
    assert loaded - loaded_after("") - {"runcheck"} <= set(sys.stdlib_module_names)


def test_a_check_loads_neither_jax_nor_numpy_where_no_parquet_asks_for_it(tree: Path) -> None:
    (tree / "runs.parquet").unlink()
    shutil.rmtree(tree / "dataset")
    loaded = loaded_after(f"import runcheck; runcheck.check({str(tree)!r})")
    assert not loaded & (HEAVY - {"yaml", "jsonschema_rs"})


@pytest.mark.parametrize("arguments", ["['--version']"])
def test_the_version_loads_no_parser(arguments: str) -> None:
    loaded = loaded_after(f"from runcheck.cli import main; main({arguments})")
    assert not loaded & (HEAVY | {"argparse", "tomllib", "json"})
