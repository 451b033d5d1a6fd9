"""What a team asks for reaches the rules, wherever a unit is judged, and no answer to another question is recalled."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from runcheck.configuration.judgement import judgement_for
from runcheck.convention.schemas import schema
from runcheck.convention.settings import Settings
from runcheck.convention.timestamps import format_timestamp, now
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.rules.selection import select
from runcheck.tree.cache import DiskCache, open_cache
from runcheck.tree.executor import Here, Processes, Threads
from runcheck.tree.quarantine import Quarantine
from tests.configuration.conftest import Check, codes, edit

ASKED = """
wandb-project = "team/digits"
mandatory-tags.model = ["sweep"]
tag-values.run_type = ["debug", "tune"]
tag-values.experiment = ["digits"]
limits.file-bytes = { config = 10, data = 100000 }
"""


def test_each_setting_has_the_findings_of_its_clause(configured: Check, run_folder: Path) -> None:
    found = {each.code: each for each in configured(ASKED).findings}
    assert sorted(found) == ["RC120", "RC208", "RC802", "RC804"]
    size = (run_folder / "config.json").stat().st_size
    assert found["RC120"].message == f"has {size} bytes; the configuration allows 10 for a file of role config"
    assert found["RC802"].message == "lacks the tag sweep, which the configuration asks for"
    assert found["RC804"].message == "has run_type 'train', not one of debug, tune"
    assert found["RC804"].help == "Take a value that the configuration allows: debug, tune."


@pytest.mark.parametrize(
    ("tracked", "words"),
    [
        ({"project": "digits", "entity": "team"}, None),
        ({"project": "digits"}, None),
        ({"project": "test123", "entity": "team"}, "is in the project 'test123' of Weights & Biases; .* 'team/digits'"),
        ({"project": "digits", "entity": "ada"}, "is in the entity 'ada'"),
        ({"id": "3k2j1h4g"}, "names no project of Weights & Biases"),
    ],
)
def test_a_run_that_is_tracked_is_in_the_project_of_the_team(
    configured: Check, run_folder: Path, tracked: dict[str, str], words: str | None
) -> None:
    edit(run_folder / "metadata.json", lambda metadata: metadata.update(trackers={"wandb": tracked}))
    found = [each for each in configured('wandb-project = "team/digits"').findings if each.code == "RC811"]
    assert len(found) == (words is not None)
    if words:
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(found[0].message)
    assert "RC811" not in codes(configured(""))


def test_a_run_of_another_tracker_is_in_no_project(configured: Check, run_folder: Path) -> None:
    edit(run_folder / "metadata.json", lambda metadata: metadata.update(trackers={"mlflow": {"project": "x"}}))
    assert "RC811" not in codes(configured('wandb-project = "digits"'))


def test_a_pointer_is_as_large_as_its_object(configured: Check, tree: Path) -> None:
    path = tree / "dataset/digits/v1/train.parquet"
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 4096\n")
    text = "limits.file-bytes.data = 4095"
    (found,) = [
        each for each in configured(text).findings if each.path.endswith("train.parquet") and each.code == "RC120"
    ]
    assert found.message.startswith("has 4,096 bytes")
    assert "RC120" not in codes(configured("limits.file-bytes.data = 4096"))


def test_a_heartbeat_is_as_old_as_the_team_allows(configured: Check, run_folder: Path) -> None:
    def running(metadata: dict[str, object]) -> None:
        metadata.update(status="running", finished_at=None)

    edit(run_folder / "metadata.json", running)
    beat = dict(schema("heartbeat")["examples"][0])  # type: ignore[index]
    for age, allowed, is_found in ((0, 3600, False), (600, 3600, False), (600, 300, True), (7200, 10_000, False)):
        beat["at"] = format_timestamp(now() - timedelta(seconds=age))
        (run_folder / "heartbeat.json").write_text(json.dumps(beat))
        found = codes(configured(f"limits.heartbeat-seconds = {allowed}"))
        assert "RC219" not in found
        assert ("RC216" in found) == is_found


def test_what_goes_through_lfs_is_what_is_larger_than_the_team_allows(configured: Check, tree: Path) -> None:
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(tree), *words], check=True)
    assert "RC909" not in codes(configured(""))
    assert "RC909" in codes(configured("limits.lfs-bytes = 100"))


@pytest.mark.parametrize(
    "executor", [Here(), Processes(2, least_items=1, method="spawn"), Threads(2)], ids=lambda each: type(each).__name__
)
def test_settings_reach_whoever_does_the_work(
    tree: Path, quarantine: Quarantine, executor: Here | Processes | Threads
) -> None:
    (tree.parent / "runcheck.toml").write_text(ASKED)
    judgement = judgement_for(str(tree))
    report = check_in(quarantine, tree, judgement, executor=executor)
    assert sorted(codes(report)) == ["RC120", "RC802", "RC804"]


def test_what_was_found_by_other_settings_or_clauses_is_not_recalled(tree: Path, quarantine: Quarantine) -> None:
    def opened(root: str) -> DiskCache:
        cache = open_cache(root, is_blind=False)
        assert isinstance(cache, DiskCache)
        return DiskCache(cache.folder, 1 << 63)

    def found(judgement: Judgement) -> tuple[list[str], int]:
        report = check_in(quarantine, tree, judgement, open_cache=opened)
        return codes(report), report.recalled

    plain = Judgement()
    strict = Judgement(settings=Settings(further_tags={"model": ("sweep",)}))
    without = strict._replace(selection=select([], ["RC802"]))
    assert [found(each) for each in (plain, strict, without)] == [([], 0), (["RC802"], 0), ([], 0)]
    assert [found(each) for each in (plain, strict, without)] == [([], 2), (["RC802"], 2), ([], 2)]
