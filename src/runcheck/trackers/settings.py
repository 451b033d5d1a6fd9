"""What is asked of a mirror, by whom it is asked last: the configuration, the environment, the run, the command.

The configuration is the one above the tree. What stands in the tree itself, and came with it, says no address.
"""

import os
from collections.abc import Mapping

from runcheck.configuration.configuration import Configuration, configuration_of
from runcheck.configuration.find import find
from runcheck.errors import ConfigurationError, warn
from runcheck.trackers.asked import MODES, WAIT_SECONDS
from runcheck.trackers.find import unknown
from runcheck.trackers.protocol import Setting

TURNED_OFF = "disabled"
_WANDB = "wandb"
_VARIABLES = {_WANDB: {"mode": "WANDB_MODE"}}
_MODES_OF_WANDB = {"dryrun": "offline", "run": "online"}  # older words of W&B's


def settings_of(
    tracker: str, root: str, asked: Mapping[str, Setting], more: Mapping[str, Setting]
) -> dict[str, Setting]:
    """Return the settings of a mirror of a run in the tree at ``root``.

    Args:
        tracker: Its name.
        root: The tree, above which the configuration is looked for.
        asked: What the run asked for when it started.
        more: What the command asks for, which counts most.

    Raises:
        ConfigurationError: the configuration cannot be read, or the environment names no mode.
    """
    configuration = configuration_above(root)
    of_file = {} if configuration is None else configuration.trackers.get(tracker, {})
    project = {}
    if tracker == _WANDB and configuration is not None and configuration.settings.wandb_project:
        project = {"project": configuration.settings.wandb_project}
    return {**project, **of_file, **_of_environment(tracker), **asked, **more}


def wait_of(settings: Mapping[str, Setting]) -> float:
    """Return for how many seconds the end of a run waits for its copy."""
    wait = settings.get("wait-seconds")
    return float(wait) if isinstance(wait, int) else float(WAIT_SECONDS)


def trackers_above(root: str) -> list[str]:
    """Return the trackers that the configuration above a tree asks for.

    Of one that is not known here a warning tells: others may share the configuration, and have what registers it.

    Raises:
        ConfigurationError: it cannot be read.
    """
    configuration = configuration_above(root)
    tables = {} if configuration is None else configuration.trackers
    asked = [name for name, table in tables.items() if table.get("mode") != TURNED_OFF]
    faults = {name: unknown(name) for name in asked}
    for name, fault in faults.items():
        if fault is not None:
            warn(f"the run is not mirrored to {name}, as the configuration asks: {fault}")
    return [name for name in asked if faults[name] is None]


def configuration_above(root: str) -> Configuration | None:
    """Return the configuration that counts for the tree at ``root``, None where there is none.

    Raises:
        ConfigurationError: it cannot be read.
    """
    source = find(os.path.dirname(os.path.realpath(root)))
    return None if source is None else configuration_of(source)


def _of_environment(tracker: str) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for key, variable in _VARIABLES.get(tracker, {}).items():
        value = os.environ.get(variable)
        if not value:
            continue
        mode = _MODES_OF_WANDB.get(value, value)
        if mode not in MODES:
            raise ConfigurationError(f"{variable} is {value!r}, not one of {', '.join(MODES)}")
        found[key] = mode
    return found
