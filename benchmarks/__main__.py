"""Compare with peers on generated trees: ``./dev bench [CASE...]``. The trees are removed at the end."""

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks import cases, page, plot
from benchmarks.machine import machine, versions
from benchmarks.measure import Others
from benchmarks.paired import run_in_turn
from benchmarks.results import Outcome, Results, load, save


def main() -> None:
    """Run the cases in turn, and write after each what there is."""
    options = _options()
    missing = [name for name in ("sha256sum", "git", "openssl") if shutil.which(name) is None]
    missing += [name for name in ("python", "bagit.py", "model_signing") if not (options.peers / name).exists()]
    if missing:
        raise SystemExit(f"not there: {', '.join(missing)}; `./dev bench` installs the peers")
    options.into.mkdir(parents=True, exist_ok=True)
    file = options.into / "performance.json"
    earlier = load(file) if file.exists() else Results()
    results = Results(machine(), versions(options.peers), cases.variants(), earlier.outcomes if options.cases else {})
    results.writers, results.writer_versions = earlier.writers, earlier.writer_versions
    with tempfile.TemporaryDirectory(prefix="runcheck-bench-", dir=options.work) as folder:
        place = cases.Workplace(Path(folder), options.peers, options.scale)
        for name in [each for each in cases.CASES if each in (options.cases or cases.CASES.keys() - cases.ON_REQUEST)]:
            case = cases.CASES[name](place)
            others = Others()
            series = run_in_turn(case.contenders, rounds=case.times * options.rounds, seconds=options.seconds)
            results.outcomes[name] = Outcome(case.title, case.reference, round(others.cores(), 2), series)
            print(f"\n{case.title}; other work: {results.outcomes[name].others:.1f} cores\n")
            print(page.table(results.outcomes[name]), flush=True)
            _write(results, options.into)
    print(page.targets(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "cases",
        nargs="*",
        metavar="CASE",
        help=f"{', '.join(cases.CASES)} (default: all but {', '.join(cases.ON_REQUEST)})",
    )
    parser.add_argument("--peers", type=Path, required=True, help="the folder with the programs of the peers")
    parser.add_argument("--into", type=Path, required=True, help="the folder for the page, its plot and its numbers")
    parser.add_argument(
        "--work", type=Path, help="where to make the trees: 8 GB (default: the system's temporary folder)"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes (default: 1)")
    parser.add_argument("--rounds", type=int, default=7, help="at most (default: 7)")
    parser.add_argument(
        "--seconds", type=float, default=60, help="no further round of a case after these (default: 60)"
    )
    options = parser.parse_args()
    if unknown := set(options.cases) - set(cases.CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    options.peers, options.into = options.peers.absolute(), options.into.absolute()
    return options


def _write(results: Results, into: Path) -> None:
    save(results, into / "performance.json")
    (into / "performance.md").write_text(page.page(results))
    if "growth" in results.outcomes:
        (into / "performance.svg").write_text(plot.growth(results.outcomes["growth"].series))


if __name__ == "__main__":
    main()
