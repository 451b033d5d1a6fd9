"""Print how many weights are found, and how many other texts are taken for them."""

import sys
import time
from collections.abc import Iterator

import numpy as np

from tests.weights_corpus.disguises import DISGUISES, Files
from tests.weights_corpus.hard import LEGITIMATE
from tests.weights_corpus.judged import judged
from tests.weights_corpus.learnt import SLOW_SOURCES, SOURCES, Arrays

SEEDS = 5
# The stem of the files' names, and whether the run has a checkpoint of the arrays.
CONTEXTS = {
    "named weights": ("weights", False),
    "nameless, with a checkpoint": ("dump", True),
    "nameless": ("dump", False),
}


def verdict(files: Files, arrays: Arrays | None = None) -> str:
    """Return ``certain``, ``suspected`` or ``passed``, in a run whose checkpoint has ``arrays``."""
    known = (arrays or {}).values()
    problems = judged(files, parameters=sum(each.size for each in known), shapes=[each.shape for each in known])
    if not problems:
        return "passed"
    return "certain" if any(each.is_certain for each in problems) else "suspected"


def placed(files: Files, name: str) -> Files:
    """Put files below ``extra/``, under a name that tells or does not."""
    return {
        f"extra/{path.replace('x', name, 1) if path.startswith('x') else f'{name}/{path}'}": content
        for path, content in files.items()
    }


def damages() -> Iterator[tuple[str, str, str, str]]:
    """Yield source, disguise, context and verdict."""
    for source, make in {**SOURCES, **SLOW_SOURCES}.items():
        arrays = make()
        for disguise, write in DISGUISES.items():
            files = write(arrays)
            for context, (name, known) in CONTEXTS.items():
                yield source, disguise, context, verdict(placed(files, name), arrays if known else None)


def main() -> None:
    """Print the tables; exit 1 where a text that is none is taken for weights with certainty."""
    start = time.perf_counter()
    found = list(damages())
    print(f"{'certain + suspected':<32}" + "".join(f"{context:>30}" for context in CONTEXTS))
    _row("all", found)
    for at in (0, 1):
        for name in dict.fromkeys(each[at] for each in found):
            _row(name, [each for each in found if each[at] == name])
    alarms = [
        (f"{name}:{seed}", verdict(write(np.random.default_rng(seed))))
        for name, write in LEGITIMATE.items()
        for seed in range(SEEDS)
    ]
    certain, suspected = ([name for name, each in alarms if each == kind] for kind in ("certain", "suspected"))
    print(f"{len(alarms)} other texts of {len(LEGITIMATE)} kinds: {len(certain)} certain, {len(suspected)} suspected")
    print("  ", *certain, *suspected)
    print(f"{time.perf_counter() - start:.1f} s")
    sys.exit(bool(certain))


def _row(name: str, found: list[tuple[str, str, str, str]]) -> None:
    cells = []
    for context in CONTEXTS:
        verdicts = [each[3] for each in found if each[2] == context]
        cells.append(f"{verdicts.count('certain')} + {verdicts.count('suspected')} of {len(verdicts)}")
    print(f"{name:<32}" + "".join(f"{cell:>30}" for cell in cells))


if __name__ == "__main__":
    main()
