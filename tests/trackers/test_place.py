"""What of a run goes along to a tracker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.errors import CannotMirrorError
from runcheck.trackers.place import ending_of, place_of, told_of
from runcheck.trackers.state import State
from runcheck.writer.run import Run


def test_the_last_checkpoints_go_along_and_all_else_of_a_sealed_run(start: Callable[..., Run]) -> None:
    import numpy as np

    with start() as run:
        for step in (1, 2, 30):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, {"params": {"w": np.zeros(2)}})
    place = place_of(run.path)

    def sent(**settings: int | str) -> set[str]:
        paths = [path for path, _ in ending_of(place, settings).files]
        assert not paths or {"metadata.json", "metrics.jsonl", "SHA256SUMS"} <= set(paths)
        return {path.split("/")[1] for path in paths if path.startswith("checkpoints/")}

    assert sent() == {"30"}
    assert sent(checkpoints=2) == {"2", "30"}
    assert sent(checkpoints=0) == set()
    assert ending_of(place, {"artifact": "none"}).files == ()


def test_a_run_that_is_not_sealed_sends_no_files(start: Callable[..., Run]) -> None:
    run = start()
    assert ending_of(place_of(run.path), {}).files == ()
    run.finish()


def test_a_configuration_that_was_written_by_hand_loses_its_secrets(finished: Path) -> None:
    (finished / "config.json").write_text('{"api_key": "sk-abcdefghijklmnopqrstuvwxyz0123456789abcd", "layers": [1]}')
    told = told_of(place_of(str(finished)), "wandb", {}, State())
    assert told.config["layers"] == [1]
    assert "abcdefghijkl" not in str(told.config)


def test_two_runs_have_two_identities_and_one_has_the_same_each_time(start: Callable[..., Run]) -> None:
    def identity(path: str) -> str:
        return told_of(place_of(path), "wandb", {}, State()).identity

    paths = []
    for _ in range(2):
        with start() as run:
            paths.append(run.path)
    assert identity(paths[0]) == identity(paths[0]) != identity(paths[1])


def test_a_unit_that_lies_in_no_tree_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotMirrorError, match="lies in no tree"):
        place_of(str(finished.rename(tmp_path / "alone")))
