"""What a script asks of a mirror: ``runcheck.Mirror``."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from runcheck.errors import InvalidArgumentError

Mode = Literal["online", "offline", "disabled"]
MODES = ("online", "offline", "disabled")
PARTS = ("unit", "none")
WAIT_SECONDS = 60  # for the end of a copy, where nobody says
_LEAST = {"checkpoints": 0, "wait_seconds": 1}


@dataclass(frozen=True)
class Mirror:
    """A copy of a run at an experiment tracker, kept while it is written. What is None is as the configuration says.

    Attributes:
        tracker: ``wandb``, ``mlflow``, or what another package registers.
        project: The project of W&B, ``project`` or ``entity/project``; the experiment of MLflow. By default the tag
            ``experiment`` of the run.
        entity: The team or the user of W&B.
        group: The group of W&B; by default the tag ``sweep`` where there is one.
        job_type: The job type of W&B; by default the tag ``run_type``.
        mode: ``online``, ``offline`` to keep a log of W&B on this machine, or ``disabled``.
        uri: The address of the server of MLflow; by default ``MLFLOW_TRACKING_URI``.
        artifact: ``unit`` to send the files of the sealed run at its end, or ``none``.
        checkpoints: How many of the last checkpoints go along; 1 where nobody says.
        wait_seconds: How long the end of a run waits for its copy, at most; 60 where nobody says.
        options: Settings of a tracker that another package registers.
    """

    tracker: str
    project: str | None = None
    entity: str | None = None
    group: str | None = None
    job_type: str | None = None
    mode: Mode | None = None
    uri: str | None = None
    artifact: Literal["unit", "none"] | None = None
    checkpoints: int | None = None
    wait_seconds: int | None = None
    options: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold the arguments to what they may be.

        Raises:
            InvalidArgumentError: one is something else.
        """
        if not str(self.tracker).isidentifier():  # it is the name of a file as well
            raise InvalidArgumentError(f"tracker is {self.tracker!r}; give a name, such as 'wandb'")
        for name, allowed in (("mode", MODES), ("artifact", PARTS)):
            if getattr(self, name) not in (None, *allowed):
                raise InvalidArgumentError(f"{name} is {getattr(self, name)!r}, not one of {', '.join(allowed)}")
        for each in fields(self)[1:]:
            value, least = getattr(self, each.name), _LEAST.get(each.name)
            if value is None or each.name == "options":
                continue
            if least is None and not (isinstance(value, str) and value):
                raise InvalidArgumentError(f"{each.name} is {value!r}; give a text")
            if least is not None and (type(value) is not int or value < least):
                raise InvalidArgumentError(f"{each.name} is {value!r}; give a whole number from {least}")

    def settings(self) -> dict[str, str | int | dict[str, str]]:
        """Return what is asked for, by the keys of the configuration."""
        asked = {each.name.replace("_", "-"): getattr(self, each.name) for each in fields(self)[1:]}
        return {name: value for name, value in asked.items() if value not in (None, {})}


def mirrors_of(asked: Sequence[str | Mirror]) -> list[Mirror]:
    """Return the mirrors that are asked for, each tracker once.

    Raises:
        InvalidArgumentError: one is neither a name nor a mirror, there is no such tracker, or one is named twice.
    """
    if isinstance(asked, str):
        raise InvalidArgumentError(f"trackers is {asked!r}; give a list, [{asked!r}]")
    from runcheck.trackers.find import unknown  # noqa: PLC0415 - most runs are mirrored nowhere

    mirrors = [each if isinstance(each, Mirror) else Mirror(each) for each in asked]
    for at, each in enumerate(mirrors):
        if (fault := unknown(each.tracker)) is not None:
            raise InvalidArgumentError(f"trackers: {fault}")
        if each.tracker in (other.tracker for other in mirrors[:at]):
            raise InvalidArgumentError(f"trackers name {each.tracker} twice; a run has one copy at each")
    return mirrors
