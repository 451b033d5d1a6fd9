"""``python -m tests.mutation [ROUNDS [SEED]]``: damage good trees in every way, and say which clause found what."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from runcheck.tree.quarantine import Quarantine

from .harness import Harness, Result, all_damages
from .specimens import build


def main(rounds: int, seed: int) -> int:
    """Print what became of each kind of damage; return how many kinds survived without a reason."""
    with tempfile.TemporaryDirectory() as folder, Quarantine() as quarantine:
        harness = Harness(build(Path(folder)), quarantine)
        for name, findings in harness.before.items():
            for code, path, message in findings:
                print(f"before: {name}: {code} {path} {message}")
        results = [harness.run(damage, rounds, seed) for damage in all_damages()]
    for result in results:
        clauses = ", ".join(f"{code} {count}" for code, count in sorted(result.clauses.items()))
        print(f"{result.found:4} of {result.made:4}  {result.damage.name:50} {clauses}")
    return print_survivors(results)


def print_survivors(results: list[Result]) -> int:
    """Print the survivors and the totals, and return how many kinds survived without a reason."""
    unexplained = 0
    for result in results:
        for survivor in result.survivors:
            print(f"survived: {result.damage.name}: {survivor}: {result.damage.survives or 'NO REASON'}")
        unexplained += bool(result.survivors and not result.damage.survives) or not result.made
        if not result.made:
            print(f"never made: {result.damage.name}")
    clauses: Counter[str] = sum((result.clauses for result in results), Counter())
    made, found = sum(result.made for result in results), sum(result.found for result in results)
    print(f"{found} of {made} damages of {len(results)} kinds found, by {len(clauses)} clauses")
    return unexplained


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    sys.exit(bool(main(*(arguments + [1, 1][len(arguments) :]))))
