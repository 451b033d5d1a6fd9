"""Scripts in the style of other libraries' documentation conform with a few lines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.examples.artefact_lines import artefact_lines

import runcheck

SCRIPTS = sorted((Path(__file__).parents[2] / "examples/libraries").glob("*.py"))


def test_there_is_one_of_flax_one_of_equinox_and_one_of_neither() -> None:
    assert [script.stem for script in SCRIPTS] == ["equinox_rnn", "flax_nnx", "plain_optax"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_conforms_with_at_most_8_lines_for_artefacts(tmp_path: Path, script: Path) -> None:
    assert 0 < len(artefact_lines(script)) <= 8
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},  # compiling is most of it
    )
    assert done.returncode == 0, done.stderr
    report = runcheck.check(tmp_path / "artefacts", depth="deep")
    assert report.is_clean, report.findings
    (run,) = (tmp_path / "artefacts/model").glob("*/2*")
    loaded = runcheck.load(run)
    assert isinstance(loaded, runcheck.LoadedRun)
    assert loaded.status == "completed"
    assert loaded.checkpoints
    finals = [series["best"] for metrics in loaded.summary["metrics"].values() for series in metrics.values()]
    assert len(finals) >= 2
