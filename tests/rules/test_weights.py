"""Weights are found in every disguise, and other tables are no error."""

import json

import numpy as np
import pytest

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.rules.weights import raw_weights
from tests.weights_corpus.__main__ import placed, verdict
from tests.weights_corpus.disguises import DISGUISES, savetxt
from tests.weights_corpus.hard import LEGITIMATE
from tests.weights_corpus.judged import judged, unit_of
from tests.weights_corpus.learnt import linear, mlp

# A line for each number, and a name on it: much else is written so.
NEVER_CERTAIN_BY_NAME = {"long_format"}
# Pickles hide shapes; and a checkpoint's shape does not show where the rows are cut apart.
NEVER_CERTAIN_BY_SHAPE = {"base64_pickle"}
SUSPECTED = {
    "weights_of_samples",
    "population_of_a_search",
    "residuals_by_checkpoint",
    "wind",
    "bias_of_instruments",
    "standardised_readings",
    "latents",
    "long_and_short_positions",
    "notebook_of_predictions",
    "notebook_of_figures",
    "notebook_of_matrices_that_fit",
    "log_of_lists",
    "log_of_one_figure",
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_weights_under_a_name_that_tells_are_certain(disguise: str) -> None:
    expected = "suspected" if disguise in NEVER_CERTAIN_BY_NAME else "certain"
    assert verdict(placed(DISGUISES[disguise](linear()), "weights")) == expected


@pytest.mark.parametrize("disguise", DISGUISES)
def test_weights_of_the_checkpoint_are_certain_under_any_name(disguise: str) -> None:
    expected = "suspected" if disguise in NEVER_CERTAIN_BY_SHAPE else "certain"
    assert verdict(placed(DISGUISES[disguise](linear()), "dump"), linear()) == expected


@pytest.mark.parametrize("kind", LEGITIMATE)
def test_other_texts_are_no_error_and_few_are_suspected(kind: str) -> None:
    found = verdict(LEGITIMATE[kind](np.random.default_rng(11)))
    assert found == ("suspected" if kind in SUSPECTED else "passed")


def kernel(rows: int = 64, columns: int = 10, scale: float = 0.1) -> str:
    """Return a matrix as text."""
    return savetxt(np.random.default_rng(5).normal(0, scale, (rows, columns)), "%.7g", ",")


def certainty(path: str, text: str, **known: object) -> bool | None:
    """Return whether the finding of a text is certain; None: there is none."""
    problems = judged({path: text.encode()}, **known)  # type: ignore[arg-type]
    return problems[0].is_certain if problems else None


def test_the_problem_names_shape_and_witness() -> None:
    (problem,) = judged({"extra/kernel.csv": kernel().encode()})
    assert problem.path == "extra/kernel.csv"
    assert problem.message == (
        "holds 640 numbers in 64 rows of 10, raw weights or gradients by their values and the name 'kernel.csv'"
    )


def test_a_problem_further_down_has_its_line() -> None:
    (problem,) = judged({"extra/notes.txt": f"Some words.\n\nkernel:\n{kernel()}".encode()})
    assert problem.line == 4


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [([(64, 10)], True), ([(10, 64)], True), ([(8, 8, 10)], True), ([(40, 16)], False), ([], False)],
)
def test_a_shape_is_a_witness_where_rows_or_columns_fit(shapes: list[tuple[int, ...]], expected: bool) -> None:
    assert certainty("extra/x.csv", kernel(), shapes=shapes) is expected


def test_logits_of_the_shape_of_an_array_are_only_suspected() -> None:
    assert certainty("extra/x.csv", kernel(scale=2.5), shapes=[(64, 10)]) is False


@pytest.mark.parametrize(("parameters", "expected"), [(640, True), (320, True), (641, False), (0, False)])
def test_the_number_of_parameters_is_a_witness(parameters: int, expected: bool) -> None:
    assert certainty("extra/x.csv", kernel(), parameters=parameters) is expected


@pytest.mark.parametrize("path", ["checkpoints/3/kernel.json", "exports/kernel.csv"])
def test_checkpoints_and_exports_are_not_judged(path: str) -> None:
    assert certainty(path, kernel()) is None


def test_a_patch_of_the_code_is_never_certain() -> None:
    assert certainty("extra/uncommitted.diff", f"+++ b/kernel.csv\nkernel:\n{kernel()}") is False


@pytest.mark.parametrize(("path", "expected"), [("extra/kernel.csv", False), ("extra/rows.csv", None)])
def test_in_a_dataset_only_a_name_is_suspected(path: str, expected: bool | None) -> None:
    assert certainty(path, kernel(), kind="dataset") is expected


@pytest.mark.parametrize(("rows", "expected"), [(9, None), (10, True)])
def test_few_numbers_are_no_weights_whatever_their_name(rows: int, expected: bool | None) -> None:
    assert certainty("extra/kernel.csv", kernel(rows)) is expected


def test_small_arrays_of_a_small_network_are_judged_together() -> None:
    weights = mlp(4, seed=9)[0]
    text = "".join(
        f"{name}: {row.tolist()}\n" for name, each in weights.items() for row in each.reshape(-1, each.shape[-1])
    )
    assert certainty("extra/x.txt", text) is True


def series(names: list[str], values: list[float], points: int = 1) -> dict[tuple[str, str], SeriesAggregate]:
    """Return a series of each name, of as many points."""
    found = {}
    for name, value in zip(names, values, strict=True):
        found["train", name] = each = SeriesAggregate()
        for step in range(points):
            each.add(step, value)
    return found


def of_metrics(names: list[str], values: list[float], points: int = 1, parameters: int = 0) -> list[bool]:
    """Return how certain the findings of metrics are."""
    unit = unit_of({"metrics.jsonl": b""})
    problems = raw_weights(unit, {}, frozenset(), parameters, series(names, values, points))
    return [problem.is_certain for problem in problems]


WEIGHTS = [float(each) for each in np.random.default_rng(6).normal(0, 0.1, 640)]
PLACES = [(i, j) for i in range(64) for j in range(10)]


@pytest.mark.parametrize("form", ["w_{}_{}", "kernel/{}/{}", "dense_{}.grad.{}"])
def test_a_metric_for_each_weight_is_certain(form: str) -> None:
    assert of_metrics([form.format(*place) for place in PLACES], WEIGHTS) == [True]


def test_as_many_metrics_as_parameters_are_certain_under_any_name() -> None:
    names = [f"m/{i}/{j}" for i, j in PLACES]
    assert of_metrics(names, WEIGHTS, parameters=640) == [True]
    assert of_metrics(names, WEIGHTS) == [False]


def test_a_gradient_of_each_layer_at_every_step_is_only_suspected() -> None:
    assert of_metrics([f"layer_{i}/head_{j}/grad" for i, j in PLACES], WEIGHTS, points=500) == [False]


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("accuracy/class_{}_{}", [abs(each) for each in WEIGHTS]),
        ("grad_norm/layer_{}_{}", [abs(each) for each in WEIGHTS]),
        ("grad_mean/layer_{}_{}", WEIGHTS[:640]),
    ],
)
def test_metrics_of_classes_and_layers_are_no_error(form: str, values: list[float]) -> None:
    assert True not in of_metrics([form.format(*place) for place in PLACES], values, points=500)


def test_matrices_that_fit_each_other_are_certain_without_a_name() -> None:
    layers = json.dumps([mlp()[0]["dense_0/kernel"].tolist(), mlp()[0]["dense_1/kernel"].tolist()])
    assert certainty("extra/x.json", layers) is True
    others = json.dumps([mlp()[0]["dense_0/kernel"].tolist(), mlp()[1]["dense_0/kernel"].tolist()])
    assert certainty("extra/x.json", others) is False


def test_a_gram_matrix_is_no_kernel_of_a_layer() -> None:
    points = np.random.default_rng(7).normal(0, 0.5, (40, 12))
    assert certainty("extra/kernel.csv", savetxt(points @ points.T, "%.7g", ",")) is None
