"""The reference of the Python language, as `help("lambda")` shows it, as a dataset of texts: train and validation.

CPython ships it in pydoc_data.topics, under the PSF License Version 2 (https://docs.python.org/3/license.html).
"""

import argparse
import platform
import re
from pathlib import Path
from pydoc_data import topics

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

import runcheck

Bytes = npt.NDArray[np.uint8]

SLUG = "pydoc"
SEED = 0
VALIDATION_FRACTION = 0.1  # of the bytes, in whole topics


def paragraphs_of(text: str) -> list[str]:
    """Return what stands between empty lines."""
    return [each for each in re.split(r"\n{2,}", text.strip("\n")) if each.strip()]


def unrepeated(texts: dict[str, str]) -> dict[str, str]:
    """Return the texts without the paragraphs that came before, or a split would hold what another does."""
    seen: set[str] = set()
    kept = {}
    for name in sorted(texts):
        paragraphs = [each for each in dict.fromkeys(paragraphs_of(texts[name])) if each not in seen]
        seen.update(paragraphs)
        if paragraphs:
            kept[name] = "\n\n".join(paragraphs)
    return kept


def split(texts: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the texts of each split: topics at random go to validation until it has its part."""
    wanted = VALIDATION_FRACTION * sum(len(text.encode()) for text in texts.values())
    splits: dict[str, dict[str, str]] = {"train": {}, "validation": {}}
    held = 0
    for name in np.random.default_rng(SEED).permutation(sorted(texts)).tolist():
        size = len(texts[name].encode())
        side = "validation" if held + size <= wanted else "train"
        splits[side][name] = texts[name]
        held += size if side == "validation" else 0
    return splits


def publish(root: str) -> str:
    """Publish the next version of the dataset, and return its folder."""
    with runcheck.new_dataset(
        root,
        SLUG,
        provenance={
            "kind": "external",
            "source": f"pydoc_data.topics of CPython {platform.python_version()}, https://docs.python.org/3/reference/",
            "hashes": {"topics.py": Path(topics.__file__)},
        },
        generator=__file__,
        params={
            "seed": SEED,
            "validation_fraction": VALIDATION_FRACTION,
            "python": platform.python_version(),
            "licence": "PSF-2.0",
        },
        description="The reference of the Python language by topic, as help() shows it, each paragraph once. Copyright "
        "Python Software Foundation; licence PSF-2.0, https://docs.python.org/3/license.html.",
        risks="One style of one author's collective, and not much of it. Another version of Python has other texts.",
    ) as dataset:
        for name, texts in split(unrepeated(topics.topics)).items():
            dataset.write_parquet(name, {"topic": list(texts), "text": list(texts.values())})
    return dataset.path


def load(dataset: str | Path, name: str) -> Bytes:
    """Return the bytes of a split, one topic after the other."""
    texts = pq.read_table(Path(dataset) / f"{name}.parquet", columns=["text"])["text"].to_pylist()
    return np.frombuffer("\n\n".join(texts).encode(), np.uint8)


def draw(text: Bytes, rng: np.random.Generator, shape: tuple[int, ...], length: int) -> Bytes:
    """Return windows (*shape, length) that begin anywhere in the text."""
    starts = rng.integers(0, len(text) - length + 1, shape)
    windows: Bytes = text[starts[..., None] + np.arange(length)]
    return windows


def tiles(text: Bytes, count: int | None, batch: int, length: int) -> Bytes:
    """Return windows (batches, batch, length) that stand side by side, and share the byte at their border.

    Args:
        text: The bytes.
        count: How many batches, spread over the text; None for as many as it has.
        batch: Windows a batch.
        length: Bytes a window.

    Raises:
        ValueError: the text is too short for that.
    """
    windows = np.lib.stride_tricks.sliding_window_view(text, length)[:: length - 1] if len(text) >= length else text[:0]
    there = len(windows) // batch
    if not 0 < (wanted := there if count is None else count) <= there:
        room = f"the text has room for {there} batches of {batch} windows of {length} bytes"
        raise ValueError(f"{room}, not for {max(wanted, 1)}; ask for fewer or smaller ones")
    chosen = np.linspace(0, len(windows) - 1, wanted * batch).astype(int)
    batches: Bytes = windows[chosen].reshape(wanted, batch, length)
    return batches


def main() -> None:
    """Publish."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", default="artefacts", help="the tree (default: %(default)s)")
    print(publish(parser.parse_args().root))


if __name__ == "__main__":
    main()
