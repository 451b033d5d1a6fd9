"""``runcheck flow NAME``: the steps that a configuration says, in their order, and a record of them."""

import argparse
import os
import sys

from runcheck.cli import CLEAN, FINDINGS


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "flow",
        help="prepare, train, evaluate, package: run what changed, and record it",
        epilog="What stands after -- goes to the command that trains. Where PREFECT_API_URL names a server of Prefect, "
        "the flow shows there. Exit status: 0 done, 1 a step failed, 2 could not begin.",
    )
    parser.add_argument("name", metavar="NAME", help="a flow of the configuration: [flow.NAME]")
    parser.add_argument("--evaluation", metavar="PATH", help="the evaluation set: with it the step evaluate runs")
    parser.add_argument("--bundle", metavar="NAME", help="the name of the bundle: with it the step package runs")
    parser.add_argument("--wandb", action="store_true", help="give --wandb to the command that trains")
    parser.add_argument("--retries", type=_count, metavar="N", help="try each step so often again, if it fails")
    parser.add_argument("--fresh", action="store_true", help="run every step, whether or not anything changed")
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (default: runcheck.toml or pyproject.toml here or above)"
    )
    parser.set_defaults(run=run, free=[])


def run(options: argparse.Namespace) -> int:
    """Run the flow, print the lines of its steps as they come, and say what was made."""
    from runcheck.configuration.configuration import configuration_of  # noqa: PLC0415
    from runcheck.configuration.find import find, read  # noqa: PLC0415
    from runcheck.errors import ConfigurationError  # noqa: PLC0415
    from runcheck.flows.definition import Asked, flow_of  # noqa: PLC0415
    from runcheck.flows.flow import run_flow  # noqa: PLC0415
    from runcheck.flows.text import render_outcome  # noqa: PLC0415

    source = read(options.config) if options.config else find(os.getcwd())
    if source is None:
        raise ConfigurationError("no configuration here or above; write runcheck.toml with a table [flow.train]")
    asked = Asked(
        options.evaluation, options.bundle, options.retries, options.wandb, tuple(options.free), options.fresh
    )
    outcome = run_flow(flow_of(options.name, configuration_of(source), asked), _tell)
    print(render_outcome(outcome), end="", file=sys.stderr if outcome.failure else sys.stdout)
    return FINDINGS if outcome.failure else CLEAN


def _tell(step: str, line: str) -> None:
    print(f"{step:8} | {line}", flush=True)


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("is 0 or more")
    return value
