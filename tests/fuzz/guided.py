"""``python -m tests.fuzz.guided PROBE [libFuzzer options]``: let coverage guide the fuzzing of one probe.

For the probes that are written by hand in Python; those of native libraries have fuzzers of their own upstream. Needs
atheris, which `just fuzz-guided` installs into an environment of its own.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["runcheck"]):
    from runcheck.probes import look_into_file, make_probe
    from runcheck.probes.numbers import NumbersScanner
    from runcheck.probes.words import WordsScanner

SEEDS = Path(__file__).parents[2] / "fixtures/data"
# What the roles of the layout call the formats that are streamed, with a path of theirs.
STREAMED = {
    "json": ("json", "metadata.json"),
    "yaml": ("document", "summary.yaml"),
    "jsonl": ("metrics", "metrics.jsonl"),
    "csv": ("metrics", "metrics.csv"),
    "checksums": ("checksums", "SHA256SUMS"),
    "readme": ("text", "README.md"),
    "events": ("events", "events.out.tfevents.1"),
}
SEEKING = ("onnx", "packed", "pickle", "safetensors")


def _streamed(name: str) -> Callable[[bytes], object]:
    format_, path = STREAMED[name]

    def run(content: bytes) -> object:
        probe = make_probe(format_, path)
        assert probe is not None
        probe.feed(content)
        return probe.content()

    return run


def _scanned(content: bytes) -> object:
    words, numbers = WordsScanner(), NumbersScanner()
    words.feed(content)
    numbers.feed(content)
    return words.content(), numbers.content()


def target(name: str) -> Callable[[bytes], object]:
    """Return what is fuzzed under a name."""
    if name == "texts":
        return _scanned
    if name in SEEKING:
        return lambda content: look_into_file(name, io.BytesIO(content), deep=True)
    return _streamed(name)


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target(sys.argv[1]))
    atheris.Fuzz()
