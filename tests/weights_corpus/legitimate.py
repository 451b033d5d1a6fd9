"""Texts that people keep beside a run and that are no weights, some of them under names that sound like it."""

import base64
import io
import json
import math
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import yaml
from sklearn.calibration import calibration_curve
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from tests.weights_corpus.learnt import Array, digits

Files: TypeAlias = dict[str, bytes]
Draw: TypeAlias = np.random.Generator
LEGITIMATE: dict[str, Callable[[Draw], Files]] = {}


def legitimate(path: str) -> Callable[[Callable[[Draw], str | bytes]], Callable[[Draw], Files]]:
    """Register what writes the text of ``path``."""

    def register(write: Callable[[Draw], str | bytes]) -> Callable[[Draw], Files]:
        def written(draw: Draw) -> Files:
            content = write(draw)
            return {path: content if isinstance(content, bytes) else content.encode()}

        LEGITIMATE[write.__name__] = written
        return written

    return register


def _curve(draw: Draw, steps: int, start: float = 2.3, end: float = 0.1) -> Array:
    return end + (start - end) * np.exp(-np.arange(steps) / steps * 5) * (1 + draw.normal(0, 0.05, steps))


def _fit(draw: Draw) -> tuple[Any, Array, Array]:
    x, y = digits()
    rows = draw.permutation(len(x))
    return (
        LogisticRegression(C=0.02, tol=0.01, max_iter=500).fit(x[rows[:500]], y[rows[:500]]),
        x[rows[500:900]],
        y[rows[500:900]],
    )


def csv_of(columns: object, **options: object) -> str:
    return str(pd.DataFrame(columns).to_csv(**{"index": False, **options}))


@legitimate("extra/history.csv")
def curves_wide(draw: Draw) -> str:
    n = int(draw.integers(50, 2000))
    names = ("train_loss", "val_loss", "train_acc", "lr")
    return csv_of({"epoch": np.arange(n), **{name: _curve(draw, n) for name in names}})


@legitimate("extra/metrics_long.csv")
def curves_long(draw: Draw) -> str:
    return "step,split,metric,value\n" + "".join(
        f"{step},{split},{metric},{draw.normal(0.5, 0.1)}\n"
        for step in range(300)
        for split in ("train", "val")
        for metric in ("loss", "acc")
    )


@legitimate("extra/grad_norms.csv")
def gradient_norms(draw: Draw) -> str:
    return csv_of(
        {"step": np.arange(500), **{f"layer_{at}/grad_norm": draw.lognormal(0, 0.5, 500) for at in range(12)}}
    )


@legitimate("extra/gradient_stats.csv")
def gradient_means(draw: Draw) -> str:
    return csv_of(
        {
            "step": np.arange(500),
            **{
                f"{name}/grad_{what}": draw.normal(0, 0.01, 500) if what == "mean" else draw.lognormal(-3, 0.3, 500)
                for name in ("conv1", "conv2", "head")
                for what in ("mean", "std")
            },
        }
    )


@legitimate("extra/layer_stats.json")
def weight_statistics(draw: Draw) -> str:
    return json.dumps(
        {
            f"layer_{at}/kernel": {
                "mean": draw.normal(0, 0.01),
                "std": draw.random(),
                "min": -draw.random(),
                "max": draw.random(),
            }
            for at in range(40)
        },
        indent=2,
    )


@legitimate("extra/weight_histogram.json")
def weight_histogram(draw: Draw) -> str:
    counts, edges = np.histogram(draw.normal(0, 0.1, 50_000), 200)
    return json.dumps({"weights": {"bins": edges.tolist(), "counts": counts.tolist()}})


@legitimate("extra/weight_norm_trajectory.csv")
def weight_trajectory(draw: Draw) -> str:
    return csv_of(
        {"step": np.arange(400), "w0": np.cumsum(draw.normal(0, 0.01, 400)), "w1": np.cumsum(draw.normal(0, 0.01, 400))}
    )


@legitimate("extra/confusion_matrix.csv")
def confusion(draw: Draw) -> str:
    model, x, y = _fit(draw)
    return csv_of(confusion_matrix(y, model.predict(x)))


@legitimate("extra/confusion.txt")
def confusion_normalised(draw: Draw) -> str:
    model, x, y = _fit(draw)
    stream = io.StringIO()
    np.savetxt(stream, confusion_matrix(y, model.predict(x), normalize="true"))
    return stream.getvalue()


@legitimate("extra/confusion_delta.csv")
def confusion_difference(draw: Draw) -> str:
    return csv_of(draw.integers(-30, 30, (10, 10)), header=False)


@legitimate("extra/roc.csv")
def roc(draw: Draw) -> str:
    model, x, y = _fit(draw)
    fpr, tpr, thresholds = roc_curve(
        y == 3, model.predict_proba(x)[:, 3] + draw.normal(0, 0.2, len(x)), drop_intermediate=False
    )
    return csv_of({"fpr": fpr, "tpr": tpr, "threshold": thresholds})


@legitimate("extra/pr.json")
def precision_recall(draw: Draw) -> str:
    model, x, y = _fit(draw)
    curve = precision_recall_curve(y == 3, model.predict_proba(x)[:, 3])
    return json.dumps(dict(zip(("precision", "recall", "thresholds"), (each.tolist() for each in curve), strict=True)))


@legitimate("extra/roc_points.txt")
def roc_without_header(draw: Draw) -> str:
    model, x, y = _fit(draw)
    stream = io.StringIO()
    np.savetxt(stream, np.column_stack(roc_curve(y == 3, model.decision_function(x)[:, 3])[:2]))
    return stream.getvalue()


@legitimate("extra/predictions.csv")
def probabilities(draw: Draw) -> str:
    model, x, y = _fit(draw)
    table = pd.DataFrame(model.predict_proba(x), columns=[f"p_{at}" for at in range(10)])
    table.insert(0, "id", [f"img_{at:05d}" for at in range(len(x))])
    table["label"] = y
    return str(table.to_csv(index=False))


@legitimate("extra/probabilities.txt")
def probabilities_bare(draw: Draw) -> str:
    model, x, _ = _fit(draw)
    stream = io.StringIO()
    np.savetxt(stream, model.predict_proba(x))
    return stream.getvalue()


@legitimate("extra/logits.csv")
def logits(draw: Draw) -> str:
    model, x, y = _fit(draw)
    return csv_of(
        {
            "id": np.arange(len(x)),
            **{f"logit_{at}": column for at, column in enumerate(model.decision_function(x).T)},
            "label": y,
        }
    )


@legitimate("extra/test_logits.txt")
def logits_bare(draw: Draw) -> str:
    model, x, _ = _fit(draw)
    stream = io.StringIO()
    np.savetxt(stream, model.decision_function(x), delimiter=",")
    return stream.getvalue()


@legitimate("extra/eval.json")
def logits_in_json(draw: Draw) -> str:
    model, x, y = _fit(draw)
    return json.dumps({"accuracy": 0.93, "labels": y.tolist(), "logits": model.decision_function(x).tolist()})


@legitimate("extra/test_results.jsonl")
def predictions_of_jsonl(draw: Draw) -> str:
    model, x, y = _fit(draw)
    rows = zip(y.tolist(), model.predict_log_proba(x).tolist(), strict=True)
    return "".join(
        f"{json.dumps({'id': at, 'label': label, 'log_probs': row})}\n" for at, (label, row) in enumerate(rows)
    )


@legitimate("extra/regression_residuals.csv")
def residuals(draw: Draw) -> str:
    truth = draw.normal(10, 3, 500)
    guess = truth + draw.normal(0, 0.5, 500)
    return csv_of({"y_true": truth, "y_pred": guess, "residual": guess - truth})


@legitimate("extra/residuals.txt")
def residuals_bare(draw: Draw) -> str:
    return "\n".join(map(str, draw.normal(0, 0.5, 700)))


@legitimate("extra/tsne.csv")
def tsne_coordinates(draw: Draw) -> str:
    return csv_of({"x": draw.normal(0, 20, 500), "y": draw.normal(0, 20, 500), "label": draw.integers(0, 10, 500)})


@legitimate("extra/points.csv")
def coordinates_without_header(draw: Draw) -> str:
    return csv_of(draw.normal(0, 3, (500, 2)), header=False)


@legitimate("extra/pca.csv")
def principal_components(draw: Draw) -> str:
    x, _ = digits()
    return csv_of(PCA(8).fit_transform(x[draw.permutation(len(x))[:300]]))


@legitimate("extra/projector/vectors.tsv")
def projector_vectors(draw: Draw) -> str:
    return csv_of(draw.normal(0, 1, (300, 32)), sep="\t", header=False)


@legitimate("extra/kernel_pca.csv")
def kernel_pca(draw: Draw) -> str:
    return csv_of({"pc1": draw.normal(0, 0.3, 300), "pc2": draw.normal(0, 0.3, 300)})


@legitimate("extra/kernel_matrix.csv")
def gram_matrix(draw: Draw) -> str:
    x, _ = digits()
    x = x[draw.permutation(len(x))[:60]]
    return csv_of((x - x.mean(0)) @ (x - x.mean(0)).T / 64, header=False)


@legitimate("extra/corr.csv")
def correlations(draw: Draw) -> str:
    stream = io.StringIO()
    np.savetxt(stream, np.corrcoef(draw.normal(0, 1, (40, 200))), delimiter=",")
    return stream.getvalue()


@legitimate("extra/correlation.csv")
def correlations_named(draw: Draw) -> str:
    names = [f"feature_{at}" for at in range(30)]
    return str(pd.DataFrame(np.corrcoef(draw.normal(0, 1, (30, 200))), names, names).to_csv())


@legitimate("extra/attention_weights.csv")
def attention(draw: Draw) -> str:
    scores = np.exp(draw.normal(0, 1, (32, 32)))
    return csv_of(scores / scores.sum(1, keepdims=True), header=False)


@legitimate("extra/attention_weights.json")
def attention_heads(draw: Draw) -> str:
    scores = np.exp(draw.normal(0, 1, (4, 16, 16)))
    return json.dumps({"attention_weights": (scores / scores.sum(-1, keepdims=True)).tolist()})


@legitimate("extra/class_weights.json")
def class_weights(draw: Draw) -> str:
    return json.dumps({"class_weights": draw.random(100).tolist()})


@legitimate("extra/sample_weights.csv")
def sample_weights(draw: Draw) -> str:
    return csv_of({"id": np.arange(1000), "weight": draw.random(1000)})


@legitimate("extra/weights.csv")
def weights_of_samples(draw: Draw) -> str:
    return csv_of(draw.gamma(2, 0.5, (800, 1)), header=False)


@legitimate("extra/ensemble_weights.json")
def ensemble_weights(draw: Draw) -> str:
    weights = draw.random(8)
    return json.dumps({"weights": (weights / weights.sum()).tolist(), "models": [f"run_{at}" for at in range(8)]})


@legitimate("extra/loss_weights.csv")
def loss_weights(draw: Draw) -> str:
    return csv_of({"epoch": np.arange(200), "w_rec": _curve(draw, 200), "w_kl": _curve(draw, 200, 0, 1)})


@legitimate("extra/params.json")
def hyperparameters(draw: Draw) -> str:
    return json.dumps(
        {
            "lr": 3e-4,
            "betas": [0.9, 0.999],
            "weight_decay": 1e-4,
            "layers": [64, 128, 10],
            "dropout": draw.random(),
            "eps": 1e-8,
        },
        indent=2,
    )


@legitimate("extra/sweep.csv")
def sweep(draw: Draw) -> str:
    n = 300
    return csv_of(
        {
            "trial": np.arange(n),
            "learning_rate": 10 ** draw.uniform(-5, -1, n),
            "weight_decay": 10 ** draw.uniform(-6, -2, n),
            "dropout": draw.random(n),
            "hidden": draw.choice([32, 64, 128], n),
            "val_loss": draw.gamma(2, 0.2, n),
            "val_acc": draw.random(n),
        }
    )


@legitimate("extra/param_search.csv")
def sweep_standardised(draw: Draw) -> str:
    return csv_of({name: draw.normal(0, 1, 300) for name in ("log_lr", "log_wd", "width_z", "depth_z", "score_z")})


@legitimate("extra/optuna_journal.log")
def hpo_journal(draw: Draw) -> str:
    return "".join(
        f"{json.dumps({'op_code': 5, 'trial_id': at, 'param_value_internal': float(draw.normal())})}\n"
        for at in range(400)
    )


@legitimate("extra/trials.json")
def hpo_trials(draw: Draw) -> str:
    return json.dumps(
        [
            {
                "number": at,
                "value": draw.random(),
                "params": {"lr": draw.random() * 1e-2, "x": draw.normal(), "y": draw.normal()},
            }
            for at in range(200)
        ]
    )


@legitimate("extra/tokenizer.json")
def tokenizer_unigram(draw: Draw) -> str:
    return json.dumps(
        {"model": {"type": "Unigram", "vocab": [[f"▁t{at}", -draw.gamma(9)] for at in range(3000)]}}, ensure_ascii=False
    )


@legitimate("extra/vocab.json")
def vocabulary(draw: Draw) -> str:
    return json.dumps({f"w{at}": at for at in range(4000)})


@legitimate("extra/spm.vocab")
def vocabulary_scores(draw: Draw) -> str:
    return "".join(f"▁t{at}\t{-draw.gamma(9):.6g}\n" for at in range(3000))


@legitimate("extra/merges.txt")
def merges(draw: Draw) -> str:
    return "#version: 0.2\n" + "".join(f"{chr(97 + at % 26)} {chr(97 + at // 26 % 26)}\n" for at in range(3000))


@legitimate("extra/bigram_counts.txt")
def bigram_counts(draw: Draw) -> str:
    return csv_of(draw.poisson(3, (27, 27)), header=False)


@legitimate("extra/token_ids.txt")
def token_ids(draw: Draw) -> str:
    return "\n".join(" ".join(map(str, row)) for row in draw.integers(0, 50_000, (100, 64)))


@legitimate("extra/normalization.json")
def normalisation(draw: Draw) -> str:
    return json.dumps({"mean": draw.random(784).tolist(), "std": draw.random(784).tolist()})


@legitimate("extra/feature_means.csv")
def feature_means(draw: Draw) -> str:
    return csv_of({"feature": [f"f{at}" for at in range(300)], "mean": draw.normal(0, 1, 300), "std": draw.random(300)})


@legitimate("extra/train.log")
def log_lines(draw: Draw) -> str:
    return "".join(
        f"2026-05-27 12:{at // 60 % 60:02d}:{at % 60:02d},123 INFO step={at} "
        f"loss={draw.normal(0, 1):.6f} grad_norm={draw.gamma(1):.5f} lr=0.000{draw.integers(1, 9)}\n"
        for at in range(3000)
    )


@legitimate("extra/stdout.txt")
def progress_bars(draw: Draw) -> str:
    return "".join(
        f"\rEpoch {at // 50}: {at % 50 * 2}%|####  | {at}/2500 "
        f"[00:{at % 60:02d}<01:12, {draw.gamma(9):.2f}it/s, loss={draw.random():.4f}]"
        for at in range(2500)
    )


@legitimate("extra/elbo_log.txt")
def numbers_in_prose(draw: Draw) -> str:
    return "".join(
        f"step {at}: elbo {draw.normal(-100, 10):.5f} kl {draw.gamma(2):.5f} "
        f"rec {draw.normal(-90, 9):.5f} grad {draw.normal(0, 0.1):.6f}\n"
        for at in range(1500)
    )


def _path(draw: Draw, points: int) -> str:
    return "M" + "L".join(f"{at * 1.5:.3f} {y:.6f}" for at, y in enumerate(_curve(draw, points)))


@legitimate("plots/loss.svg")
def svg_path(draw: Draw) -> str:
    return f'<svg viewBox="0 0 900 400"><path d="{_path(draw, 2000)}" fill="none"/></svg>'


@legitimate("plots/scatter.svg")
def svg_scatter(draw: Draw) -> str:
    return (
        "<svg>"
        + "".join(f'<use x="{x:.6f}" y="{y:.6f}" xlink:href="#m"/>\n' for x, y in draw.normal(200, 50, (800, 2)))
        + "</svg>"
    )


@legitimate("plots/glyphs.svg")
def svg_relative_path(draw: Draw) -> str:
    return (
        "<svg>"
        + "".join(
            '<path d="m0 0 c' + " ".join(f"{each:.3f}" for each in draw.normal(0, 4, 240)) + ' z"/>\n'
            for _ in range(10)
        )
        + "</svg>"
    )


@legitimate("plots/loss.html")
def plotly_lists(draw: Draw) -> str:
    data = [
        {"x": list(range(500)), "y": _curve(draw, 500).tolist(), "name": name, "type": "scatter"}
        for name in ("train", "val")
    ]
    return f"<html><script>Plotly.newPlot('x', {json.dumps(data)}, {{}})</script></html>"


@legitimate("plots/weights_norm.html")
def plotly_base64(draw: Draw) -> str:
    values = base64.b64encode(_curve(draw, 800).astype("<f8").tobytes()).decode()
    return f'<html><script>Plotly.newPlot("x", [{{"y": {{"dtype": "f8", "bdata": "{values}"}}}}])</script></html>'


@legitimate("plots/umap.html")
def plotly_scatter_base64(draw: Draw) -> str:
    x, y = (base64.b64encode(draw.normal(0, 6, 600).astype("<f4").tobytes()).decode() for _ in range(2))
    trace = {"x": {"dtype": "f4", "bdata": x}, "y": {"dtype": "f4", "bdata": y}, "mode": "markers"}
    return f'<html><script>Plotly.newPlot("x", [{json.dumps(trace)}])</script></html>'


@legitimate("plots/scatter.json")
def vega_points(draw: Draw) -> str:
    return json.dumps(
        {"data": {"values": [{"a": x, "b": y} for x, y in draw.normal(0, 1, (400, 2)).tolist()]}, "mark": "point"}
    )


def _png(draw: Draw, side: int = 160) -> bytes:
    pixels = b"".join(b"\0" + row.tobytes() for row in draw.integers(0, 255, (side, side, 3), dtype=np.uint8))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(pixels)),
            (b"IEND", b""),
        )
    )
    return b"\x89PNG\r\n\x1a\n" + body


@legitimate("extra/analysis.ipynb")
def notebook(draw: Draw) -> str:
    image = base64.b64encode(_png(draw)).decode()
    cell = {
        "cell_type": "code",
        "source": ["plot(weights)"],
        "outputs": [{"data": {"image/png": image, "text/plain": ["<Figure>"]}}],
    }
    table = {
        "cell_type": "code",
        "source": ["frame.head()"],
        "outputs": [{"data": {"text/html": [pd.DataFrame(draw.normal(0, 1, (5, 6))).to_html()]}}],
    }
    return json.dumps({"cells": [cell, table, cell], "nbformat": 4}, indent=1)


@legitimate("plots/report.html")
def page_with_pictures(draw: Draw) -> str:
    jpeg = base64.b64encode(b"\xff\xd8\xff\xe0" + draw.bytes(30_000)).decode()
    font = base64.b64encode(b"wOF2" + draw.bytes(9000)).decode()
    style = f"<style>@font-face{{src:url(data:font/woff2;base64,{font})}}</style>"
    return f'<html>{style}<img src="data:image/jpeg;base64,{jpeg}"></html>'


@legitimate("extra/cert.pem")
def certificate(draw: Draw) -> str:
    return (
        "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(draw.bytes(3000)).decode() + "-----END CERTIFICATE-----\n"
    )


@legitimate("extra/random.txt")
def base64_of_anything(draw: Draw) -> bytes:
    return base64.b64encode(draw.bytes(20_000))


@legitimate("extra/payload.txt")
def base64_of_text(draw: Draw) -> bytes:
    return base64.b64encode(b"The quick brown fox jumps over the lazy dog. " * 400)


@legitimate("extra/mask.json")
def base64_of_masks(draw: Draw) -> str:
    return json.dumps({"mask": base64.b64encode((draw.random(6000) > 0.5).astype(np.uint8).tobytes()).decode()})


@legitimate("extra/thumbnail.json")
def base64_of_pixels(draw: Draw) -> str:
    ramp = np.clip(np.cumsum(draw.normal(0, 4, 6000)) + 128, 0, 255)
    return json.dumps({"pixels": base64.b64encode(ramp.astype(np.uint8).tobytes()).decode()})


@legitimate("extra/audio.json")
def base64_of_audio(draw: Draw) -> str:
    wave = 9000 * np.sin(np.arange(8000) / 9) + draw.normal(0, 300, 8000)
    return json.dumps({"pcm": base64.b64encode(wave.astype("<i2").tobytes()).decode()})


@legitimate("extra/inputs.sha256")
def checksum_list(draw: Draw) -> str:
    return "".join(f"{draw.bytes(32).hex()}  data/part-{at:05d}.parquet\n" for at in range(400))


@legitimate("extra/digests.hex")
def digests_bare(draw: Draw) -> str:
    return "".join(f"{draw.bytes(32).hex()}\n" for _ in range(200))


@legitimate("extra/regions.geojson")
def geojson(draw: Draw) -> str:
    walk = np.cumsum(draw.normal(0, 0.01, (800, 2)), 0) + np.array((0.1, 0.5))
    return json.dumps(
        {"type": "FeatureCollection", "features": [{"geometry": {"type": "Polygon", "coordinates": [walk.tolist()]}}]}
    )


@legitimate("extra/boxes.json")
def coco_boxes(draw: Draw) -> str:
    return json.dumps(
        [{"image_id": at, "bbox": (draw.random(4) * 500).tolist(), "score": draw.random()} for at in range(500)]
    )


@legitimate("extra/keypoints.json")
def keypoints(draw: Draw) -> str:
    return json.dumps({"keypoints": (draw.random((60, 51)) * 300).tolist()})


@legitimate("extra/gauss.py")
def source_with_tables(draw: Draw) -> str:
    nodes, weights = np.polynomial.legendre.leggauss(30)
    return f'"""Quadrature."""\n\nNODES = {nodes.tolist()}\nWEIGHTS = {weights.tolist()}\n'


@legitimate("extra/fir_filter.h")
def filter_coefficients(draw: Draw) -> str:
    taps = np.sinc(np.arange(-50, 51) / 5) * np.hamming(101)
    return "static const float taps[101] = {" + ", ".join(f"{each:.6f}f" for each in taps) + "};\n"


@legitimate("extra/colormap.py")
def colormap(draw: Draw) -> str:
    return f"VIRIDIS = {np.sort(draw.random((256, 3)), 0).round(6).tolist()}\n"


@legitimate("extra/uncommitted.diff")
def diff_of_a_table(draw: Draw) -> str:
    table = [",".join(f"{each:.4f}" for each in row) for row in draw.normal(0, 1, (60, 6))]
    return "diff --git a/data.csv b/data.csv\n--- a/data.csv\n+++ b/data.csv\n@@ -1,60 +1,60 @@\n" + "".join(
        f"-{row}\n+{row}1\n" for row in table
    )


@legitimate("extra/calibration.csv")
def calibration(draw: Draw) -> str:
    model, x, y = _fit(draw)
    true, mean = calibration_curve(y == 3, model.predict_proba(x)[:, 3], n_bins=10)
    return csv_of({"mean_predicted": mean, "fraction_positive": true})


@legitimate("extra/tfevents.csv")
def tfevents_as_csv(draw: Draw) -> str:
    return csv_of(
        {"Wall time": 1.7e9 + np.cumsum(draw.random(800)), "Step": np.arange(800), "Value": draw.normal(0, 0.1, 800)}
    )


@legitimate("extra/shap.csv")
def shap_values(draw: Draw) -> str:
    names = ["age", "height", "income", "bmi", "score", "rooms", "tax", "crime", "dist", "rad"]
    return csv_of({name: draw.normal(0, 0.2, 400) for name in names})


@legitimate("extra/coefficients.csv")
def coefficients_by_feature(draw: Draw) -> str:
    return csv_of(
        {
            "feature": [f"gene_{at}" for at in range(120)],
            "estimate": draw.normal(0, 1, 120),
            "std_err": draw.random(120),
            "p": draw.random(120),
        }
    )


@legitimate("extra/feature_importance.csv")
def importances(draw: Draw) -> str:
    return csv_of({"feature": [f"pixel_{at}" for at in range(64)], "importance": draw.normal(0, 0.01, 64)})


@legitimate("extra/standardised_sample.csv")
def standardised_data(draw: Draw) -> str:
    names = ["age", "fare", "mass", "speed", "temp", "hum", "wind", "press"]
    return csv_of({**{name: draw.normal(0, 1, 300) for name in names}, "label": draw.integers(0, 2, 300)})


@legitimate("extra/time_series.csv")
def time_series(draw: Draw) -> str:
    return csv_of(
        {
            "t": np.arange(3000),
            **{f"s{at}": np.sin(np.arange(3000) / (20 + at)) + draw.normal(0, 0.1, 3000) for at in range(4)},
        }
    )


@legitimate("extra/waveform.txt")
def waveform(draw: Draw) -> str:
    return "\n".join(f"{each:.6f}" for each in np.sin(np.arange(4000) / 12) + draw.normal(0, 0.05, 4000))


@legitimate("extra/stock_returns.csv")
def returns(draw: Draw) -> str:
    days = pd.date_range("2020-01-01", periods=500).astype(str)
    return csv_of({"date": days, "AAA": draw.normal(0, 0.01, 500), "BBB": draw.normal(0, 0.02, 500)})


@legitimate("extra/reward.csv")
def rewards(draw: Draw) -> str:
    return csv_of(
        {"episode": np.arange(1000), "reward": draw.normal(0, 1, 1000), "length": draw.integers(1, 500, 1000)}
    )


@legitimate("extra/benchmark.json")
def timings(draw: Draw) -> str:
    return json.dumps({"times": draw.gamma(9, 0.001, 500).tolist(), "throughput": draw.gamma(9, 100, 500).tolist()})


@legitimate("extra/pixels.csv")
def pixels_as_csv(draw: Draw) -> str:
    x, y = digits()
    return csv_of(np.column_stack((y, x * 16)).astype(int)[:200])


@legitimate("extra/rng_state.json")
def random_state(draw: Draw) -> str:
    return json.dumps(random.Random(int(draw.integers(1 << 30))).getstate())


@legitimate("extra/spectrum.csv")
def spectrum(draw: Draw) -> str:
    return csv_of({"index": np.arange(512), "eigenvalue": np.sort(draw.gamma(1, 1, 512))[::-1]})


@legitimate("extra/hessian_spectrum.txt")
def spectrum_of_both_signs(draw: Draw) -> str:
    return "\n".join(map(str, np.sort(draw.normal(0, 1, 512))))


@legitimate("extra/loss_landscape.csv")
def loss_landscape(draw: Draw) -> str:
    grid = np.linspace(-1, 1, 41)
    return csv_of(
        [(a, b, a * a + 2 * b * b + draw.normal(0, 0.01)) for a in grid for b in grid], header=["alpha", "beta", "loss"]
    )


@legitimate("extra/report.md")
def readme_with_tables(draw: Draw) -> str:
    rows = "".join(
        f"| model {at} | {draw.random():.3f} | {draw.random():.3f} | {draw.normal():.3f} |\n" for at in range(60)
    )
    return (
        "# Results\n\nThe gradients of the weights were clipped.\n\n| model | acc | f1 | delta |\n|---|---|---|---|\n"
        + rows
    )


@legitimate("extra/lr_schedule.txt")
def schedule(draw: Draw) -> str:
    return "\n".join(f"{3e-4 * (1 + math.cos(math.pi * at / 1000)) / 2:.10f}" for at in range(1000))


@legitimate("extra/profile.json")
def trace_events(draw: Draw) -> str:
    return json.dumps(
        {
            "traceEvents": [
                {
                    "name": f"op{at % 9}",
                    "ts": float(at * 10 + draw.random()),
                    "dur": draw.random() * 9,
                    "pid": 1,
                    "tid": 2,
                }
                for at in range(700)
            ]
        }
    )


@legitimate("config.json")
def configuration(draw: Draw) -> str:
    return json.dumps(
        {
            "model": {"hidden": [512] * 40, "init_scale": draw.random()},
            "optimizer": {"lr": 1e-3, "schedule": [[at * 100, 1e-3 * 0.9**at] for at in range(80)]},
        },
        indent=2,
    )


@legitimate("config.yaml")
def yaml_configuration(draw: Draw) -> str:
    return str(
        yaml.safe_dump(
            {
                "augment": {"mean": [0.485, 0.456, 0.406]},
                "seeds": draw.integers(0, 1 << 30, 100).tolist(),
                "anchors": draw.random((60, 2)).tolist(),
            }
        )
    )


@legitimate("extra/per_class.json")
def per_class_metrics(draw: Draw) -> str:
    return json.dumps(
        {f"class_{at}": {"precision": draw.random(), "recall": draw.random(), "f1": draw.random()} for at in range(200)}
    )


@legitimate("extra/cosine.csv")
def gradient_similarity(draw: Draw) -> str:
    return csv_of({"step": np.arange(600), "grad_cosine": draw.normal(0, 0.2, 600)})


@legitimate("extra/noise_schedule.json")
def diffusion_schedule(draw: Draw) -> str:
    betas = np.linspace(1e-4, 0.02, 1000)
    return json.dumps({"betas": betas.tolist(), "alphas_cumprod": np.cumprod(1 - betas).tolist()})


@legitimate("extra/activations.json")
def activations(draw: Draw) -> str:
    return json.dumps({"layer_3": np.maximum(draw.normal(0, 1, (40, 32)), 0).tolist()})


@legitimate("extra/ablation.tsv")
def ablation(draw: Draw) -> str:
    return csv_of(
        {
            "variant": [f"no_{at}" for at in range(100)],
            "delta_acc": draw.normal(0, 0.02, 100),
            "delta_loss": draw.normal(0, 0.1, 100),
        },
        sep="\t",
    )


def _a_file_a_sample(draw: Draw) -> Files:
    return {
        f"extra/labels/img_{at:04d}.txt": "".join(
            f"{draw.integers(3)} " + " ".join(f"{each:.6f}" for each in draw.random(4)) + "\n" for _ in range(3)
        ).encode()
        for at in range(40)
    }


def _a_file_an_epoch(draw: Draw) -> Files:
    return {
        f"extra/epoch_{at:02d}.json": json.dumps(
            {"loss": draw.random(), "val": draw.random(9).tolist(), "delta": draw.normal()}
        ).encode()
        for at in range(40)
    }


LEGITIMATE["a_file_a_sample"] = _a_file_a_sample
LEGITIMATE["a_file_an_epoch"] = _a_file_an_epoch
