"""Legitimate notebooks and logs: frames, plots and predictions between quotes, figures behind a time and a level."""

import base64
import datetime
import json
from typing import Any

import numpy as np
import pandas as pd

from tests.weights_corpus.legitimate import LEGITIMATE, Draw, legitimate

__all__ = ["LEGITIMATE"]


def notebook_of(*outputs: list[dict[str, Any]], source: str = "look(x)") -> str:
    """Return a notebook as Jupyter saves it, a cell for each list of outputs: its keys sorted."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "a1", "metadata": {}, "source": ["# What we saw\n", "\n", "Some words."]}
    ]
    cells += [
        {
            "cell_type": "code",
            "execution_count": at,
            "id": f"b{at}",
            "metadata": {},
            "outputs": each,
            "source": [source],
        }
        for at, each in enumerate(outputs)
    ]
    kernel = {"kernelspec": {"name": "python3"}, "language_info": {"name": "python", "version": "3.12.1"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def result(text: str, **others: object) -> list[dict[str, Any]]:
    """Return the output of a cell that ends in a value: its lines, and other forms of it."""
    data = {**others, "text/plain": text.splitlines(keepends=True)}
    return [{"data": data, "execution_count": 3, "metadata": {}, "output_type": "execute_result"}]


def printed(text: str) -> list[dict[str, Any]]:
    """Return the output of a cell that prints a text."""
    return [{"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}]


def logged(lines: list[str]) -> str:
    """Return lines as Python's logging writes them."""
    moment = datetime.datetime(2026, 1, 1, 10, tzinfo=datetime.UTC)
    times = [moment + datetime.timedelta(seconds=at) for at in range(len(lines))]
    return "".join(
        f"{time:%Y-%m-%d %H:%M:%S},123 - train - INFO - {line}\n" for time, line in zip(times, lines, strict=True)
    )


def _shown(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return result(str(frame), **{"text/html": frame.to_html().splitlines(keepends=True)})


@legitimate("extra/eda.ipynb")
def notebook_of_frames(draw: Draw) -> str:
    frame = pd.DataFrame(draw.normal(0, 1, (40, 9)), columns=["age", "bmi", "bp", *"stuvwx"])
    return notebook_of(_shown(frame.head(10)), _shown(frame.describe()), _shown(frame.corr()), _shown(frame))


@legitimate("extra/evaluation.ipynb")
def notebook_of_predictions(draw: Draw) -> str:
    logits = draw.normal(0, 2, (40, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return notebook_of(
        result(repr(probabilities)),
        result(repr(draw.integers(0, 10, 200))),
        printed(f"logits =\n{logits}\n"),
        printed("".join(f"residual {each:.5f}\n" for each in draw.normal(0, 0.4, 200))),
        result(repr(draw.normal(0, 0.3, 300))),
    )


@legitimate("extra/figures.ipynb")
def notebook_of_figures(draw: Draw) -> str:
    traces = [{"type": "scatter", "x": list(range(200)), "y": draw.normal(0, 1, 200).tolist()} for _ in range(4)]
    lines = "".join(f"L {x:.4f} {y:.4f} \n" for x, y in draw.normal(100, 40, (400, 2)))
    svg = f'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">\n<path d="M 0 0 \n{lines}"/>\n</svg>\n'
    plotly = {"application/vnd.plotly.v1+json": {"data": traces, "layout": {"title": {"text": "loss"}}}}
    return notebook_of(
        result("<Figure size 640x480 with 1 Axes>", **plotly),
        result("<Figure>", **{"image/svg+xml": svg.splitlines(keepends=True)}),
    )


@legitimate("extra/training.ipynb")
def notebook_of_training(draw: Draw) -> str:
    epochs = "".join(
        f"Epoch {at + 1}/300\n32/32 ━━━━━━ 0s 2ms/step - accuracy: {draw.random():.4f} - loss: {draw.gamma(1):.4f}\n"
        for at in range(300)
    )
    norms = "".join(f"{at:4d} grad_norm {draw.gamma(2):.5f} delta {draw.normal(0, 1):.5f}\n" for at in range(200))
    shapes = "{'Dense_0': {'kernel': (64, 32), 'bias': (32,)}, 'Dense_1': {'kernel': (32, 10), 'bias': (10,)}}"
    return notebook_of(printed(epochs), printed(norms), result(shapes), source="jax.tree.map(jnp.shape, params)")


@legitimate("extra/factors.ipynb")
def notebook_of_matrices_that_fit(draw: Draw) -> str:
    with np.printoptions(threshold=10**9):
        return notebook_of(
            result(repr(draw.normal(0, 1, (60, 16)))), result(repr(np.linalg.qr(draw.normal(0, 1, (16, 16)))[0][:, :9]))
        )


@legitimate("extra/model_summary.ipynb")
def notebook_of_cut_arrays(draw: Draw) -> str:
    return notebook_of(
        *(printed(f"{name}\n{draw.normal(0, 0.1, (64, 64))}\n") for name in ("x_train", "x_test")),
        printed(f"confusion\n{draw.integers(0, 90, (10, 10))}\n"),
    )


@legitimate("extra/history.json")
def table_in_a_string(draw: Draw) -> str:
    rows = "".join(f"{at},{draw.gamma(1):.5f},{draw.normal(0, 1):.5f},{draw.random():.4f}\n" for at in range(300))
    return json.dumps({"name": "x", "log": f"step,loss,reward,accuracy\n{rows}"})


@legitimate("extra/eval.log")
def log_of_lists(draw: Draw) -> str:
    return logged(
        [
            line
            for at in range(60)
            for line in (
                f"epoch {at}: per-class difference {[round(each, 4) for each in draw.normal(0, 0.1, 10)]}",
                f"grad_norm by layer: {draw.gamma(2, 1, 8).tolist()}",
                f"returns: {draw.normal(0, 1, 16).tolist()}",
            )
        ]
    )


@legitimate("extra/elbo.log")
def log_of_one_figure(draw: Draw) -> str:
    return logged([f"{each:.6f}" for each in draw.normal(0, 1, 1500)])


@legitimate("extra/rewards.jsonl")
def log_of_records(draw: Draw) -> str:
    return "".join(
        json.dumps({"time": "2026-01-01T10:00:00Z", "level": "INFO", "msg": f"rewards\n{draw.normal(0, 1, 16)}"}) + "\n"
        for _ in range(100)
    )


@legitimate("extra/packages.txt")
def base85_of_anything(draw: Draw) -> str:
    return base64.b85encode(draw.bytes(20_000)).decode()
