"""Legitimate texts under names that sound like weights, or with values that look like them: what must be no error."""

import json

import numpy as np

from tests.weights_corpus.legitimate import Draw, csv_of, legitimate
from tests.weights_corpus.notebooks import LEGITIMATE

__all__ = ["LEGITIMATE"]


@legitimate("extra/params.json")
def population_of_a_search(draw: Draw) -> str:
    return json.dumps({"params": draw.normal(0, 1, (200, 5)).tolist()})


@legitimate("extra/posterior.csv")
def posterior_of_parameters(draw: Draw) -> str:
    return csv_of({name: draw.normal(0, 1, 400) for name in ("mu", "tau", "theta_a", "theta_b", "lp")})


@legitimate("extra/checkpoint_residuals.json")
def residuals_by_checkpoint(draw: Draw) -> str:
    return json.dumps({f"checkpoint_{at}": draw.normal(0, 0.5, 300).tolist() for at in (100, 200)})


@legitimate("extra/policy_gradient_returns.txt")
def returns_of_a_policy(draw: Draw) -> str:
    return "\n".join(map(str, draw.normal(0, 1, 600)))


@legitimate("extra/gradient_boosting_predictions.txt")
def predictions_of_boosting(draw: Draw) -> str:
    return "\n".join(map(str, draw.normal(0, 1, 600)))


@legitimate("extra/integrated_gradients.json")
def attributions(draw: Draw) -> str:
    return json.dumps({"integrated_gradients": draw.normal(0, 0.02, (20, 64)).tolist()})


@legitimate("extra/wind.json")
def wind(draw: Draw) -> str:
    return json.dumps({name: draw.normal(0, 1, 500).tolist() for name in "uvw"})


@legitimate("extra/bias_per_station.csv")
def bias_of_instruments(draw: Draw) -> str:
    return csv_of(draw.normal(0, 0.3, (300, 4)), header=False)


@legitimate("extra/laplacian_kernel.csv")
def a_filter(draw: Draw) -> str:
    grid = np.arange(-10, 11) / 3
    square = grid[:, None] ** 2 + grid[None] ** 2
    return csv_of((1 - square / 2) * np.exp(-square / 2), header=False)


@legitimate("extra/gabor_kernel.csv")
def a_filter_with_an_angle(draw: Draw) -> str:
    x, y = np.meshgrid(np.arange(-15, 16) / 5, np.arange(-15, 16) / 5)
    return csv_of(np.exp(-(x**2 + y**2) / 4) * np.cos(2 * x + y), header=False)


@legitimate("extra/grad_norm_by_layer.json")
def norms_by_layer(draw: Draw) -> str:
    return json.dumps({f"layer_{at}": {"grad_norm": draw.gamma(2, 1, 200).tolist()} for at in range(6)})


@legitimate("extra/log_grad_norms.json")
def logarithms_of_norms(draw: Draw) -> str:
    return json.dumps({"log_grad_norm": draw.normal(0, 1, 500).tolist()})


@legitimate("extra/weight_updates_ratio.csv")
def ratio_of_updates(draw: Draw) -> str:
    return csv_of({f"layer_{at}": draw.normal(-3, 0.4, 300) for at in range(8)})


@legitimate("extra/kernel_size_ablation.csv")
def ablation_of_kernels(draw: Draw) -> str:
    return csv_of(
        {"kernel_size": draw.integers(1, 9, 200), "delta": draw.normal(0, 0.1, 200), "gain": draw.normal(0, 1, 200)}
    )


@legitimate("extra/weights_and_biases_export.csv")
def export_of_a_tracker(draw: Draw) -> str:
    return csv_of({"Step": np.arange(300), "run - loss": draw.gamma(2, 1, 300), "run - reward": draw.normal(0, 1, 300)})


@legitimate("extra/sensor_readings.csv")
def standardised_readings(draw: Draw) -> str:
    return csv_of({f"s{at}": draw.normal(0, 1, 300) for at in range(6)})


@legitimate("extra/eval_outputs.json")
def outputs_of_a_batch(draw: Draw) -> str:
    return json.dumps({"outputs": draw.normal(0, 2, (64, 10)).tolist()})


@legitimate("extra/z.json")
def latents(draw: Draw) -> str:
    return json.dumps({"z": draw.normal(0, 1, (50, 16)).tolist()})


@legitimate("extra/initial_noise.txt")
def noise(draw: Draw) -> str:
    return "\n".join(" ".join(f"{each:.6f}" for each in row) for row in draw.normal(0, 1, (32, 32)))


@legitimate("extra/trades.csv")
def long_and_short_positions(draw: Draw) -> str:
    return csv_of({f"asset_{at}": draw.normal(0, 0.05, 250) for at in range(12)})


@legitimate("extra/hessian_eigenvectors.csv")
def eigenvectors(draw: Draw) -> str:
    return csv_of(np.linalg.qr(draw.normal(0, 1, (40, 40)))[0][:, :6], header=False)


@legitimate("README.md")
def a_readme_that_names_gradients(draw: Draw) -> str:
    rows = "\n".join(" ".join(f"{each:.3f}" for each in row) for row in draw.normal(0, 1, (6, 6)))
    return f"# x\n\n## What\n\nThe gradients of the weights, as correlations:\n\n```\n{rows}\n```\n"
