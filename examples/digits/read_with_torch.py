"""Read dataset, metrics and weights with PyTorch and NumPy, without JAX and without runcheck.

pyarrow opens the Parquet files, since neither PyTorch nor NumPy reads them; the weights are read from the bytes of
the safetensors file.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch

DATA = Path("artefacts/dataset/digits/latest")
RUN = Path("artefacts/model/digits_logreg_baseline/latest")


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file: 8 bytes of length, a JSON header, the numbers."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, about in json.loads(content[8:start]).items():
        if about["dtype"] != "F32":
            raise ValueError(f"{path}: {name} is {about['dtype']}, not F32")
        begin, end = about["data_offsets"]
        numbers = np.frombuffer(content[start + begin : start + end], "<f4").reshape(about["shape"])
        tensors[name] = torch.from_numpy(numbers.copy())
    return tensors


def main() -> int:
    """Return 0 where PyTorch gives the accuracy that JAX logged, to the last digit."""
    table = pq.read_table(DATA / "test.parquet")
    pixels = torch.from_numpy(np.stack(table["pixels"].to_numpy()).astype(np.float32)) / 16
    labels = torch.from_numpy(table["label"].to_numpy().astype(np.int64))
    weights = load_weights(RUN / "exports" / "weights.safetensors")
    predicted = (pixels @ weights["kernel"] + weights["bias"]).argmax(-1)
    accuracy = (predicted == labels).float().mean().item()
    rows = [json.loads(line) for line in (RUN / "metrics.jsonl").read_text().splitlines()]
    logged = [row["value"] for row in rows if (row["split"], row["metric"]) == ("test", "accuracy")][-1]
    print(f"test accuracy: {accuracy!r} with PyTorch, {logged!r} logged by JAX")
    return 0 if accuracy == logged else 1


if __name__ == "__main__":
    sys.exit(main())
