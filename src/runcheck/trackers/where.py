"""Where a copy goes, by the settings and the environment: what the note of a copy is compared with.

It is a digest, so that a note tells one place from another and has no address in it. Nothing is asked for it, and no
library of a tracker is imported.
"""

import hashlib
import json
import os
from collections.abc import Mapping

from runcheck.trackers.protocol import Setting
from runcheck.tree.locate import without_passwords

# What the environment says of a place, where no setting does.
_VARIABLES: Mapping[str, Mapping[str, str]] = {
    "mlflow": {"uri": "MLFLOW_TRACKING_URI", "project": "MLFLOW_EXPERIMENT_NAME"},
    "wandb": {
        "uri": "WANDB_BASE_URL",
        "project": "WANDB_PROJECT",
        "entity": "WANDB_ENTITY",
        "folder": "WANDB_DIR",
    },
}
_SETTINGS = ("uri", "project", "entity", "options")
_DIGITS = 16


def where_to(tracker: str, settings: Mapping[str, Setting]) -> str:
    """Return what tells the place of a copy from others: the same for the same settings, whoever says them."""
    variables = _VARIABLES.get(tracker, {})
    of_environment = {name: value for name, variable in variables.items() if (value := os.environ.get(variable))}
    found = {**of_environment, **{name: settings[name] for name in _SETTINGS if settings.get(name)}}
    if isinstance(address := found.get("uri"), str):
        found["uri"] = without_passwords(address).rstrip("/")
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def without_place(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return the settings that say how a run is sent, and not where to."""
    return {name: value for name, value in settings.items() if name not in _SETTINGS}
