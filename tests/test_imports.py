"""What is loaded, and when: a training script does not pay for the linter, nor the linter for JAX."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runcheck.rules.rule import _OF_UNITS
from tests.repositories import commit, repository

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
    "dask",
    "distributed",
}

CHECK = "from runcheck.cli import main; main(['check', {more}{path!r}])"


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after ``code``."""
    return {name.partition(".")[0] for name in modules_after(code)}


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after ``code``."""
    report = "import sys; print('loaded:', *sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "CI"}  # there nothing is remembered
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.rpartition("loaded:")[2].split())


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


def test_a_registry_is_read_without_pandas(tree: Path) -> None:
    code = f"from runcheck.probes.registry import read_registry; read_registry({str(tree / 'runs.parquet')!r}).rows[0]"
    assert "pandas" not in loaded_after(code)


def test_a_registry_is_written_without_pandas(tree: Path) -> None:
    code = f"from runcheck.writer.registry import rebuild_registry; assert rebuild_registry({str(tree)!r}).units == 2"
    assert "pandas" not in loaded_after(code)


def test_a_run_that_joins_a_registry_is_written_without_pandas(tree: Path) -> None:
    code = f"from tests.runs import start_run\nwith start_run({str(tree)!r}) as run: run.log(1, {{'loss': 0.5}})"
    assert "pandas" not in loaded_after(code)


def test_the_version_costs_the_interpreter_and_four_small_modules() -> None:
    loaded = modules_after("from runcheck.cli import main; main(['--version'])") - modules_after("")
    assert loaded == {"runcheck", "runcheck._version", "runcheck.cli", "runcheck.errors"}


READERS = ("events", "hdf5", "onnx", "orbax", "parquet", "registry", "safetensors", "saved_model", "zarr")


@pytest.fixture
def plain(tree: Path, run_folder: Path) -> Path:
    """A tree of one run that holds texts and nothing else."""
    (tree / "runs.parquet").unlink()
    shutil.rmtree(tree / "dataset")
    shutil.rmtree(run_folder / "tensorboard")
    return tree


def test_a_check_loads_no_reader_of_a_format_that_is_not_there(plain: Path) -> None:
    loaded = modules_after(CHECK.format(path=str(plain), more="'--no-cache', "))
    assert not {name.partition(".")[0] for name in loaded} & {*(HEAVY - {"jsonschema_rs"}), "msgspec"}
    assert not loaded & {f"runcheck.probes.{name}" for name in (*READERS, "packed.archive", "events.comparison")}


def test_a_check_of_a_few_small_files_parses_no_options_defines_no_dataclass_and_starts_nothing(plain: Path) -> None:
    loaded = modules_after(CHECK.format(path=str(plain), more=""))
    assert not loaded & {
        "argparse",
        "subprocess",
        "pickle",
        "dask",
        "distributed",
        "dataclasses",
        "inspect",
        "concurrent.futures",
        "multiprocessing",
        "pathlib",
        "logging",
    }


def test_a_hook_parses_no_options_and_loads_what_reads_only_where_there_is_something_to_read(plain: Path) -> None:
    commit(repository(plain.parent))
    command = (
        f"import os; os.chdir({str(plain.parent)!r}); from runcheck.cli import main; main(['check', '--hook', '--'])"
    )
    loaded = modules_after(command)
    assert "runcheck.changes.check" in loaded
    assert not loaded & {"argparse", "concurrent.futures", "runcheck.unit_reading", "runcheck.changes.outside"}


def test_a_check_of_what_did_not_change_loads_neither_rules_of_units_nor_what_reads(tree: Path) -> None:
    check = CHECK.format(path=str(tree), more="")
    kept = f"import runcheck.tree.cache\nruncheck.tree.cache._RACY_NS = -(10**18)\n{check}"
    assert "runcheck.rules.weights" in modules_after(kept)
    loaded = modules_after(kept)
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    units = {
        f"runcheck.rules.{name}" for name in (*itertools.chain(*_OF_UNITS.values()), "unit_inputs", "document_inputs")
    }
    assert not loaded & {"runcheck.unit_reading", "runcheck.convention.validation", *units}
    probes = {name.removeprefix("runcheck.probes.") for name in loaded if name.startswith("runcheck.probes.")}
    assert probes == {"bounded", "contents", "folder", "git", "git_command", "latest", "packed"}


def test_what_reads_is_loaded_before_workers_are_forked_and_not_where_all_may_be_recalled() -> None:
    load = (
        "from runcheck.survey import Surveyor; from runcheck.rules.selection import EVERYTHING;"
        "from runcheck.tree.cache import NoCache; from types import SimpleNamespace;"
        "Surveyor(None, 'content', EVERYTHING, None, {cache}, None, None, ()).load()"
    )
    probes = {"runcheck.unit_reading", "runcheck.probes.document", "runcheck.probes.words", "runcheck.rules.metrics"}
    assert probes <= modules_after(load.format(cache="NoCache()"))
    assert not probes & modules_after(load.format(cache="SimpleNamespace(is_blank=False)"))
