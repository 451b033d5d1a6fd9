"""Which copies are one: those that go to the same place, whoever says where."""

import pytest

from runcheck.trackers.protocol import Setting
from runcheck.trackers.where import where_to

SERVER = "https://mlflow.example.org"


@pytest.mark.parametrize(
    ("tracker", "variable", "value", "setting"),
    [
        ("mlflow", "MLFLOW_TRACKING_URI", SERVER, "uri"),
        ("mlflow", "MLFLOW_EXPERIMENT_NAME", "digits", "project"),
        ("wandb", "WANDB_PROJECT", "digits", "project"),
        ("wandb", "WANDB_ENTITY", "team", "entity"),
        ("wandb", "WANDB_BASE_URL", SERVER, "uri"),
    ],
)
def test_the_environment_names_a_place_as_a_setting_does_and_a_setting_counts_more(
    monkeypatch: pytest.MonkeyPatch, tracker: str, variable: str, value: str, setting: str
) -> None:
    nowhere, there = where_to(tracker, {}), where_to(tracker, {setting: value})
    monkeypatch.setenv(variable, value)
    assert where_to(tracker, {}) == there != nowhere
    monkeypatch.setenv(variable, "another")
    assert where_to(tracker, {}) != there
    assert where_to(tracker, {setting: value}) == there


@pytest.mark.parametrize("address", [f"{SERVER}/", SERVER.replace("://", "://ada:secret@")])
def test_one_server_is_one_place_however_its_address_is_written(address: str) -> None:
    assert where_to("mlflow", {"uri": address}) == where_to("mlflow", {"uri": SERVER})


@pytest.mark.parametrize("settings", [{"mode": "offline"}, {"artifact": "none", "checkpoints": 2, "wait-seconds": 9}])
def test_what_says_how_a_run_is_sent_names_no_place(settings: dict[str, Setting]) -> None:
    assert where_to("wandb", settings) == where_to("wandb", {})
