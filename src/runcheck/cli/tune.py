"""``runcheck tune SCRIPT.py:objective``: search for the configuration that trains best."""

import argparse

from runcheck.cli import CLEAN, FINDINGS


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "tune",
        help="search for the configuration that trains best, with Optuna",
        epilog="The same command goes on where a study stopped. A space is a range, lr=1e-4..1e-1:log or "
        "width=16..128:int:step=16, or choices, optimizer=adam,sgd. Without --space it is SPACE (and FIXED) of the "
        "script, or what the objective suggests itself. Exit status 1: no trial completed. Needs Optuna: "
        "pip install 'runcheck[tune]'.",
    )
    parser.add_argument("objective", metavar="SCRIPT.py:FUNCTION", help="what is to be tuned (default: objective)")
    parser.add_argument("--trials", type=int, default=20, metavar="N", help="of the study in all (default: 20)")
    parser.add_argument("--timeout-minutes", type=float, metavar="M", help="begin no trial after this")
    parser.add_argument("--sampler", default="tpe", metavar="NAME", help="tpe, random or cmaes (default: tpe)")
    parser.add_argument(
        "--pruner",
        default="median",
        metavar="NAME",
        help="median, successive_halving, hyperband or none (default: median)",
    )
    parser.add_argument(
        "--direction", choices=("min", "max"), help="the better end (default: as the metric's name tells)"
    )
    parser.add_argument(
        "--metric", metavar="SERIES", help="such as test/loss: its best value in a run, and not what FUNCTION returns"
    )
    parser.add_argument("--eval-batches", type=int, metavar="N", help="handed to FUNCTION as config['eval_batches']")
    parser.add_argument(
        "--study-name", metavar="NAME", help="of the study, its unit and the tag (default: the script's)"
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="sqlite:///FILE or a journal, FILE.log (default: one in the tree's state folder)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sampler (default: 0)")
    parser.add_argument("--space", metavar="FILE", help="a TOML file with [space] and [fixed]")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=SPACE", help="one parameter of the space")
    parser.add_argument("--fix", action="append", default=[], metavar="NAME=VALUE", help="a value of all trials")
    parser.add_argument("--isolated", action="store_true", help="each trial in a process of its own, which may die")
    parser.add_argument(
        "--allow-space-change", action="store_true", help="go on with a study whose space was another one"
    )
    parser.add_argument("--root", default="artefacts", help="the tree that FUNCTION writes to (default: artefacts)")
    parser.add_argument("--quiet", action="store_true", help="no line a trial")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Search, and print the table of the best."""
    from runcheck.tuning.command import tuned  # noqa: PLC0415 - each command loads what it needs

    told = tuned(options.objective, options)
    print(told)
    return CLEAN if any(each["state"] == "completed" for each in told.trials) else FINDINGS
