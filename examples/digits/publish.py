"""Publish the UCI handwritten digits, the 1,797 scans that scikit-learn ships, as a Parquet dataset."""

import numpy as np
from sklearn.datasets import load_digits

import runcheck

SEED = 0
TEST_FRACTION = 0.2


def main() -> None:
    """Shuffle once, split, write."""
    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.target))
    cut = int(len(order) * (1 - TEST_FRACTION))
    pixels, labels = digits.data.astype(np.uint8), digits.target.astype(np.uint8)
    source = {
        "kind": "external",
        "source": "UCI Optical Recognition of Handwritten Digits (test part), https://doi.org/10.24432/C50P49",
        "hashes": {"pixels": pixels, "labels": labels},
    }
    with runcheck.new_dataset(
        "artefacts",
        "digits",
        provenance=source,
        generator=__file__,
        params={"seed": SEED, "test_fraction": TEST_FRACTION},
        description="1,797 handwritten digits, 8 x 8 pixels of 0 to 16, with their labels.",
        risks="43 writers in all, and the split is by image: the same hand is in train and test.",
    ) as dataset:
        for split, rows in (("train", order[:cut]), ("test", order[cut:])):
            dataset.write_parquet(split, {"pixels": pixels[rows], "label": labels[rows]})
    print(dataset.path)


if __name__ == "__main__":
    main()
