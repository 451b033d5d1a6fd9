"""Values of an export against those of checkpoints: another step is certain, others are a hint, copies are fine."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import runcheck
from runcheck.depth import Depth
from runcheck.findings import Finding
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.probes.contents import Tensor
from runcheck.rules.values import compare_values
from runcheck.tree.quarantine import Quarantine

Change = Callable[[dict[str, Any]], dict[str, Any]]


def tensor(name: str, values: str | None, shape: tuple[int, ...] = (4, 3), dtype: str = "float32") -> Tensor:
    """Return a tensor with these values."""
    return Tensor(name, shape, dtype, values)


KERNEL, BIAS = "params/dense/kernel", "params/dense/bias"
STEPS = {
    3: [tensor(KERNEL, "a3"), tensor(BIAS, "zeros", (3,))],
    6: [tensor(KERNEL, "a6"), tensor(BIAS, "zeros", (3,))],
}


@pytest.mark.parametrize("name", ["dense.kernel", "params.dense.kernel", "model/params/dense/kernel", "dense/kernel"])
def test_the_kernel_of_another_step_is_certain(name: str) -> None:
    assert compare_values(6, STEPS, STEPS[6], [tensor(name, "a6")]) is None
    found = compare_values(6, STEPS, STEPS[6], [tensor(name, "a3"), tensor("dense.bias", "zeros", (3,))])
    assert found is not None
    assert found.is_certain
    assert found.message == f"holds in {name!r} the values of the checkpoint of step 3, not those of step 6"


@pytest.mark.parametrize(
    "tensors",
    [
        [tensor("dense.kernel", "a3"), tensor("dense.bias", "other", (3,))],  # not all that differs is of step 3
        [tensor("dense.kernel", "pruned")],
        [tensor("dense.bias", "ones", (3,))],
    ],
)
def test_other_values_are_a_hint(tensors: list[Tensor]) -> None:
    found = compare_values(6, STEPS, STEPS[6], tensors)
    assert found is not None
    assert not found.is_certain


def test_statistics_that_an_exporter_reset_are_a_hint() -> None:
    mean = "params/norm/mean"
    steps = {0: [tensor(mean, "zeros", (3,))], 6: [tensor(mean, "trained", (3,))]}
    found = compare_values(6, steps, steps[6], [tensor("norm.mean", "zeros", (3,))])
    assert found is not None
    assert not found.is_certain


@pytest.mark.parametrize(
    "tensors",
    [
        [tensor("dense.kernel", "half", dtype="bfloat16")],
        [tensor("dense.kernel", "turned", (3, 4))],
        [tensor("dense.weight", "renamed")],
        [tensor("kernel", "a part of a name")],
        [tensor("dense.kernel", None)],
        [tensor("another_dense.kernel", "x")],
        [],
    ],
)
def test_what_was_not_copied_is_not_compared(tensors: list[Tensor]) -> None:
    assert compare_values(6, STEPS, STEPS[6], tensors) is None


def test_an_average_that_the_optimizer_keeps_is_a_copy_too() -> None:
    leaves = [*STEPS[6], tensor("opt_state/0/ema/dense/kernel", "average")]
    assert compare_values(6, STEPS, leaves, [tensor("dense.kernel", "average")]) is None


def test_the_kernel_of_another_layer_is_no_copy() -> None:
    layers = [tensor("params/a/kernel", "a"), tensor("params/b/kernel", "b")]
    swapped = [tensor("a.kernel", "b"), tensor("b.kernel", "a")]
    assert compare_values(6, {6: layers}, layers, swapped) is not None


def test_the_longest_name_counts() -> None:
    layers = [tensor("params/kernel", "outer"), tensor("params/dense/kernel", "inner")]
    assert compare_values(6, {6: layers}, layers, [tensor("dense.kernel", "inner"), tensor("kernel", "outer")]) is None


NAMES = st.text("ab./", max_size=12)
TENSORS = st.lists(
    st.builds(tensor, NAMES, st.sampled_from(["x", "y", None]), st.sampled_from([(2, 2), (2,)])), max_size=6
)


@given(TENSORS)
def test_a_copy_of_everything_is_the_same(leaves: list[Tensor]) -> None:
    by_name = list({each.name.replace("/", "."): each for each in leaves}.values())
    copies = [Tensor(each.name.replace("/", "."), each.shape, each.dtype, each.digest) for each in by_name]
    assert compare_values(6, {6: by_name}, by_name, copies) is None


@given(TENSORS, TENSORS)
def test_no_names_raise(leaves: list[Tensor], tensors: list[Tensor]) -> None:
    compare_values(6, {3: tensors, 6: leaves}, leaves, [*tensors, tensor("." * 100_000, "x")])


# --- files --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two checkpoints and an export of the second."""
    root = tmp_path_factory.mktemp("values") / "artefacts"
    tags = {"experiment": "digits", "run_type": "train"}
    about: dict[str, Any] = {"kind": "synthetic", "seed": 0}
    with runcheck.start_run(
        root, dataset="d", model="m", variant="v", config={}, seeds={"init": 0}, tags=tags, data=about
    ) as run:
        for step in (3, 6):
            run.log(step, {"loss": 1 / step}, split="train")
            run.save_checkpoint(step, {"params": params(step)})
        run.export("weights", params(6), 6)
    return root


def params(step: int) -> dict[str, Any]:
    """Return the parameters of a step: one matrix is square, one is of half precision, one is of NumPy."""
    draw = np.random.default_rng(step)
    return {
        "dense": {"kernel": jnp.asarray(draw.normal(size=(4, 3)), jnp.float32), "bias": jnp.zeros(3)},
        "square": draw.normal(size=(5, 5)).astype("f4"),
        "half": jnp.asarray(draw.normal(size=(6, 2)), jnp.bfloat16),
    }


@pytest.fixture
def findings(trained: Path, tmp_path: Path, quarantine: Quarantine) -> Callable[..., list[Finding]]:
    """Return what RC512 says of the run with its export changed, and its sidecar made right again."""
    root = Path(shutil.copytree(trained, tmp_path / "artefacts", symlinks=True))
    (path,) = root.glob("model/*/2*/exports/*.safetensors")

    def judged(change: Change, depth: Depth = "deep") -> list[Finding]:
        save_file(change(load_file(path)), path)
        sidecar = path.with_name(f"{path.name}.json")
        said = json.loads(sidecar.read_text())
        sidecar.write_text(json.dumps({**said, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
        for each in root.rglob("SHA256SUMS"):
            each.unlink()
        report = check_in(quarantine, root, Judgement(depth=depth, pedantic=True))
        return [each for each in report.findings if each.code == "RC512"]

    return judged


def of_step_3(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return the export that would have been made of step 3."""
    other = params(3)
    return {
        "dense.kernel": np.asarray(other["dense"]["kernel"]),
        "dense.bias": tensors["dense.bias"],
        "square": other["square"],
        "half": np.asarray(other["half"]),
    }


def test_an_export_of_another_step_is_found_at_depth_deep(findings: Callable[..., list[Finding]]) -> None:
    assert findings(of_step_3, "content") == []
    (found,) = findings(of_step_3)
    assert found.is_certain
    assert found.path.endswith("weights.safetensors")
    assert "and 2 more the values of the checkpoint of step 3, not those of step 6" in found.message


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors,
        lambda tensors: {name: np.asarray(each, np.float16) for name, each in tensors.items()},
        lambda tensors: {**tensors, "dense.kernel": np.ascontiguousarray(tensors["dense.kernel"].T)},
        lambda tensors: {f"model.{name}": each for name, each in tensors.items()},
    ],
)
def test_copies_and_what_exporters_make_of_them_are_fine(
    findings: Callable[..., list[Finding]], change: Change
) -> None:
    assert findings(change) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: {**tensors, "square": np.ascontiguousarray(tensors["square"].T)},
        lambda tensors: {name: each + np.ones_like(each) for name, each in tensors.items()},
    ],
)
def test_what_may_have_a_good_reason_is_a_hint(findings: Callable[..., list[Finding]], change: Change) -> None:
    assert [each.is_certain for each in findings(change)] == [False]
