"""Print how many weights are found, and how many other texts are taken for them."""

import sys
import time
from collections.abc import Iterator

import numpy as np

from tests.weights_corpus.disguises import DISGUISES, Files
from tests.weights_corpus.judged import judged
from tests.weights_corpus.learnt import SLOW_SOURCES, SOURCES, Arrays
from tests.weights_corpus.legitimate import LEGITIMATE

SEEDS = 5


def verdict(files: Files, arrays: Arrays | None = None, *, known: bool = False) -> str:
    """Return ``certain``, ``suspected`` or ``passed``; ``known``: the run has a checkpoint of the arrays."""
    shapes = [each.shape for each in (arrays or {}).values()] if known else []
    parameters = sum(each.size for each in (arrays or {}).values()) if known else 0
    problems = judged(files, parameters=parameters, shapes=shapes)
    if not problems:
        return "passed"
    return "certain" if any(each.is_certain for each in problems) else "suspected"


def placed(files: Files, name: str) -> Files:
    """Put files below ``extra/``, under a name that tells or does not."""
    return {f"extra/{path.replace('x', name, 1) if path.startswith('x') else f'{name}/{path}'}": each for path, each in files.items()}


CONTEXTS = {"named weights": ("weights", False), "nameless, checkpoint known": ("dump", True), "nameless, nothing known": ("dump", False)}


def damages() -> Iterator[tuple[str, str, str, str]]:
    """Yield source, disguise, context and verdict."""
    for source, make in {**SOURCES, **SLOW_SOURCES}.items():
        arrays = make()
        for disguise, write in DISGUISES.items():
            files = write(arrays)
            for context, (name, known) in CONTEXTS.items():
                yield source, disguise, context, verdict(placed(files, name), arrays, known=known)


def main() -> None:
    """Print the table."""
    start = time.perf_counter()
    found = list(damages())
    for context in CONTEXTS:
        of_context = [each for each in found if each[2] == context]
        counts = {kind: sum(each[3] == kind for each in of_context) for kind in ("certain", "suspected", "passed")}
        total = len(of_context)
        print(f"{context:<28} {total:5} texts: {counts['certain'] / total:6.1%} certain, {1 - counts['passed'] / total:6.1%} with --pedantic")
    for at in (0, 1):
        for name in dict.fromkeys(each[at] for each in found):
            row = [f"{context[:12]}: {sum(e[3] == 'certain' for e in found if e[at] == name and e[2] == context)}+{sum(e[3] == 'suspected' for e in found if e[at] == name and e[2] == context)}/{sum(e[at] == name and e[2] == context for e in found)}" for context in CONTEXTS]
            print(f"   {name:<24} " + "  ".join(row))
    alarms = [(name, seed, verdict(write(np.random.default_rng(seed)))) for name, write in LEGITIMATE.items() for seed in range(SEEDS)]
    certain, suspected = ([f"{name}:{seed}" for name, seed, each in alarms if each == kind] for kind in ("certain", "suspected"))
    print(f"legitimate {len(alarms)} texts of {len(LEGITIMATE)} kinds: {len(certain)} certain {certain}, {len(suspected)} suspected {suspected}")
    print(f"{time.perf_counter() - start:.1f} s")
    sys.exit(bool(certain))


if __name__ == "__main__":
    main()
