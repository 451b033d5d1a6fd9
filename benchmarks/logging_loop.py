"""One writer in a loop, in its own environment: ``python -m benchmarks.logging_loop WRITER FOLDER STEPS [kill]``.

Prints the seconds in the loop and to the end as JSON; with ``kill`` the process and its children are killed after the
last step instead, as a machine that goes away would do, and nothing is printed.
"""

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, TextIO

SCALARS = 5


class Writer(NamedTuple):
    """What takes the values of a step, and what ends a run."""

    log: Callable[[int, dict[str, float]], object]
    close: Callable[[], object]


def runcheck_run(folder: str) -> Writer:
    from benchmarks.blank_run import start_run

    run = start_run(folder)
    return Writer(run.log, run.finish)


def json_lines(folder: str) -> Writer:
    stream: TextIO = open(f"{folder}/log.jsonl", "w", encoding="utf-8")  # noqa: SIM115

    def log(step: int, values: dict[str, float]) -> None:
        for metric, value in values.items():
            stream.write(json.dumps({"step": step, "split": "train", "metric": metric, "value": value}) + "\n")
        stream.flush()

    return Writer(log, stream.close)


def tensorboardx(folder: str) -> Writer:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(folder)

    def log(step: int, values: dict[str, float]) -> None:
        for metric, value in values.items():
            writer.add_scalar(metric, value, step)

    return Writer(log, writer.close)


def wandb_offline(folder: str) -> Writer:
    os.environ["WANDB_SILENT"] = "true"
    import wandb

    run = wandb.init(dir=folder, project="loop", mode="offline")
    return Writer(lambda step, values: run.log(values, step=step), run.finish)


def clu_summary(folder: str) -> Writer:
    from clu.metric_writers import SummaryWriter

    writer = SummaryWriter(folder)
    return Writer(writer.write_scalars, writer.close)


def clu_async(folder: str) -> Writer:
    from clu.metric_writers import AsyncWriter, SummaryWriter

    writer = AsyncWriter(SummaryWriter(folder))
    return Writer(writer.write_scalars, writer.close)


def mlflow_local(folder: str) -> Writer:
    import logging

    import mlflow

    logging.disable(logging.INFO)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.start_run()
    return Writer(lambda step, values: mlflow.log_metrics(values, step=step), mlflow.end_run)


def dvclive_steps(folder: str) -> Writer:
    from dvclive import Live

    live = Live(folder, save_dvc_exp=False, dvcyaml=None, report=None)

    def log(step: int, values: dict[str, float]) -> None:
        live.step = step
        for metric, value in values.items():
            live.log_metric(metric, value)
        live.next_step()

    return Writer(log, live.end)


WRITERS: dict[str, Callable[[str], Writer]] = {
    "runcheck, with TensorBoard events": runcheck_run,
    "json.dumps, flushed each step": json_lines,
    "tensorboardX": tensorboardx,
    "W&B offline": wandb_offline,
    "CLU, SummaryWriter": clu_summary,
    "CLU, AsyncWriter": clu_async,
    "MLflow, SQLite": mlflow_local,
    "dvclive": dvclive_steps,
}


def main(name: str, folder: str, steps: int, *, is_killed: bool) -> None:
    os.makedirs(folder, exist_ok=True)
    writer = WRITERS[name](folder)
    writer.log(0, dict.fromkeys(_metrics(), 0.5))  # what is made once
    busy, begin = _busy(), time.perf_counter()
    for step in range(1, steps + 1):
        writer.log(step, {metric: 0.1 * step + at for at, metric in enumerate(_metrics())})
    looped = time.perf_counter()
    if is_killed:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    writer.close()
    print(json.dumps({"loop": looped - begin, "end": time.perf_counter() - begin, "cores": _busy() - busy}))


def _metrics() -> list[str]:
    return [f"metric_{number}" for number in range(SCALARS)]


def _busy() -> float:
    """Return the seconds on the cores of this process and of its children that ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), is_killed=sys.argv[4:] == ["kill"])
