"""What would go, and what stays: by what the units say, by policies, and by what refers to them."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from runcheck.convention.ranking import Best, best_of
from runcheck.convention.timestamps import format_timestamp, now
from runcheck.errors import InvalidArgumentError
from runcheck.prune.plan import Plan, make_plan
from runcheck.prune.policy import Policy, duration_of
from runcheck.tree.liveness import boot, host, namespace, started
from tests.prune.conftest import Units

LATER = timedelta(days=60)


ALL = Policy()


def planned(root: Path, policy: Policy = ALL, after: timedelta = LATER) -> Plan:
    """Return the plan, as it is so much later than now."""
    return make_plan(str(root), policy, now() + after)


def going(plan: Plan) -> dict[str, str]:
    """Return the reasons of what goes."""
    return {each.path: each.reason for each in plan.going}


def kept(plan: Plan) -> dict[str, str]:
    """Return why what stays does."""
    return {each.candidate.path: each.why for each in plan.kept}


def edit(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change a JSON document."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_what_failed_and_what_is_superseded_goes_but_not_what_others_refer_to(root: Path, units: Units) -> None:
    plan = planned(root)
    assert going(plan) == {
        units.first: "superseded",
        units.failed: "failed",
        units.datasets[0]: "superseded",
        units.datasets[1]: "superseded",
    }
    assert kept(plan) == {units.base: f"{units.newest} refers to it"}
    words = {each.path: each.words for each in plan.going}
    assert words[units.datasets[0]] == "superseded by v3"
    assert words[units.failed].endswith(": _TrainingError: CUDA out of memory")


def test_what_refers_goes_before_what_it_refers_to(root: Path, units: Units) -> None:
    order = list(going(planned(root)))
    assert order.index(units.first) < order.index(units.datasets[0])


def test_what_something_that_stays_needs_stays_by_way_of_others(root: Path, units: Units) -> None:
    edit(root / units.base / "metadata.json", lambda it: it["data_provenance"].update(path=units.datasets[1]))  # type: ignore[attr-defined]
    plan = planned(root)
    assert kept(plan) == {units.base: f"{units.newest} refers to it", units.datasets[1]: f"{units.base} refers to it"}


def test_a_policy_keeps_what_its_units_need(root: Path, units: Units) -> None:
    plan = planned(root, Policy(keep_best=(Best("val/loss", "min"),)))
    assert kept(plan)[units.first] == "is the best of its slug: val/loss 0.1"
    assert kept(plan)[units.datasets[0]] == f"{units.first} refers to it"
    assert going(plan).keys() == {units.failed, units.datasets[1]}


@pytest.mark.parametrize(
    ("best", "name"),
    [("val/loss", "first"), ("val/loss:max", "newest"), ("val/accuracy", "first"), ("val/accuracy:min", "newest")],
)
def test_the_best_is_by_the_end_that_is_said_or_known(root: Path, units: Units, best: str, name: str) -> None:
    why = kept(planned(root, Policy(keep_best=(best_of(best),)))).get(units.first, "")
    assert why.startswith("is the best") == (name == "first")


def test_the_best_is_by_the_direction_that_the_run_says(root: Path, units: Units) -> None:
    edit(root / units.newest / "metadata.json", lambda it: it.update(directions={"loss": "max"}))
    assert units.first in going(planned(root, Policy(keep_best=(Best("val/loss"),))))


def test_a_metric_that_no_run_has_is_refused(root: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"no completed run has val/los; there is val/accuracy, val/loss"):
        planned(root, Policy(keep_best=(Best("val/los"),)))


def test_where_no_run_of_a_slug_has_the_metric_all_of_them_stay(root: Path, units: Units) -> None:
    for unit in (units.first, units.base):
        copy = root / unit.replace("baseline", "other")
        shutil.copytree(root / unit, copy)
        edit(copy / "metadata.json", lambda it: it.update(metrics={}, slug="digits_logreg_other"))
    plan = planned(root, Policy(keep_best=(Best("val/loss"),)))
    assert (
        kept(plan)[units.first.replace("baseline", "other")] == "no run of its slug has val/loss, so none is the best"
    )


@pytest.mark.parametrize(("count", "stays"), [(1, []), (2, ["base"]), (3, ["base", "failed", "first"])])
def test_the_last_versions_and_the_last_completed_ones_stay(
    root: Path, units: Units, count: int, stays: list[str]
) -> None:
    edit(root / units.newest / "metadata.json", lambda it: it.pop("links"))
    plan = planned(root, Policy(keep_last=count))
    among = {path for path, why in kept(plan).items() if why == f"is among the last {count} of its slug"}
    assert {name for name in ("first", "failed", "base") if getattr(units, name) in among} == set(stays)


def test_what_ended_a_short_while_ago_stays(root: Path) -> None:
    assert not planned(root, Policy(older_than=timedelta(days=30)), timedelta(days=29)).going
    plan = planned(root, Policy(older_than=timedelta(days=30)), timedelta(days=31))
    assert len(plan.going) == 4


def test_only_the_reasons_that_are_asked_for(root: Path, units: Units) -> None:
    assert going(planned(root, Policy(frozenset({"failed", "aborted"})))).keys() == {units.failed}


def test_a_version_that_was_never_sealed_supersedes_nothing(root: Path, units: Units) -> None:
    (root / units.newest / "SHA256SUMS").unlink()
    edit(root / units.newest / "metadata.json", lambda it: it.pop("links"))
    plan = planned(root)
    assert units.base not in going(plan)
    assert units.first in going(plan)


def test_runs_of_one_sweep_do_not_supersede_each_other(root: Path, units: Units) -> None:
    for unit in (units.first, units.base, units.newest):
        edit(root / unit / "metadata.json", lambda it: it["tags"].update(sweep="rates"))  # type: ignore[attr-defined]
    assert units.first not in going(planned(root))
    edit(root / units.newest / "metadata.json", lambda it: it["tags"].update(sweep="other"))  # type: ignore[attr-defined]
    assert units.first in going(planned(root))


def test_versions_of_two_schemes_supersede_nothing(root: Path, units: Units) -> None:
    (root / units.datasets[1]).rename(root / "dataset/digits/1.0.0")
    assert not {path for path in going(planned(root)) if path.startswith("dataset")}


@pytest.fixture
def running(root: Path, units: Units) -> str:
    """The failed run, as if its process had died before it could say so."""
    edit(root / units.failed / "metadata.json", lambda it: it.update(status="running", finished_at=None))
    (root / units.failed / "SHA256SUMS").unlink()
    return units.failed


def beat(unit: Path, **changed: object) -> None:
    """Write the heartbeat of a run as this process would."""
    document = {
        "schema_version": "1.0",
        "at": format_timestamp(now()),
        "process": os.getpid(),
        "started": started(os.getpid()),
        "boot": boot(),
        "namespace": namespace(),
        "host": host(),
    }
    (unit / "heartbeat.json").write_text(json.dumps(document | changed))


def test_a_run_that_was_never_finished_goes_once_it_is_cold(root: Path, running: str) -> None:
    assert going(planned(root))[running] == "unsealed"
    assert running not in going(planned(root, after=timedelta(days=6)))


def test_a_run_that_lives_stays(root: Path, running: str) -> None:
    beat(root / running)
    assert kept(planned(root))[running] == f"process {os.getpid()} of this machine writes it"
    (root / running / "heartbeat.json").write_text("{")
    assert kept(planned(root))[running] == "its heartbeat cannot be read, so it may be written"


def test_a_run_whose_process_is_gone_goes(root: Path, running: str) -> None:
    beat(root / running, boot="0" * 64)
    assert running in going(planned(root))


def test_what_a_live_run_was_started_on_stays(root: Path, units: Units, running: str) -> None:
    edit(root / running / "metadata.json", lambda it: it["data_provenance"].update(path=units.datasets[1]))  # type: ignore[attr-defined]
    beat(root / running)
    assert kept(planned(root))[units.datasets[1]] == f"{running} refers to it"


def test_what_a_configuration_or_a_command_names_by_its_path_stays(root: Path, units: Units) -> None:
    edit(root / units.newest / "config.json", lambda it: it.update(init=f"artefacts/{units.first}/checkpoints/5"))
    assert kept(planned(root))[units.first] == f"{units.newest} refers to it"
    edit(root / units.newest / "config.json", lambda it: it.clear())
    assert units.first in going(planned(root))
    edit(root / units.newest / "metadata.json", lambda it: it["command"].append(f"--init={units.first}"))  # type: ignore[attr-defined]
    assert kept(planned(root))[units.first] == f"{units.newest} refers to it"


def test_a_unit_without_sound_metadata_is_never_touched_and_what_it_names_stays(root: Path, units: Units) -> None:
    broken = root / units.failed / "metadata.json"
    text = broken.read_text()
    broken.write_text(text.replace('"status"', '"state"').replace(units.datasets[2], units.datasets[1]))
    plan = planned(root)
    assert [each.path for each in plan.unknown] == [units.failed]
    assert kept(plan)[units.datasets[1]] == f"{units.failed} names it"
    broken.write_text(broken.read_text().replace(units.datasets[1], units.datasets[1].replace("/", "\\/")))
    assert units.datasets[1] in kept(planned(root))
    broken.write_text(f'{{"data_provenance": {{"path": "{units.datasets[1]}')
    assert units.datasets[1] in kept(planned(root))
    broken.unlink()
    assert units.datasets[1] in going(planned(root))


@pytest.mark.parametrize("metadata", ["sound", "broken", "gone"])
def test_what_a_configuration_that_is_not_sound_names_stays(root: Path, units: Units, metadata: str) -> None:
    if metadata != "sound":
        (root / units.newest / "metadata.json").write_text("{")
    if metadata == "gone":
        (root / units.newest / "metadata.json").unlink()
    (root / units.newest / "config.yaml").write_text(f"init: &there artefacts/{units.failed}\nagain: *there\n")
    assert units.failed in kept(planned(root))
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    (root / units.newest / "config.yaml").write_text(pointer)
    assert not planned(root).going


@pytest.mark.parametrize("metadata", ["sound", "broken"])
def test_what_a_link_of_a_unit_leads_to_stays(root: Path, units: Units, metadata: str) -> None:
    if metadata == "broken":
        (root / units.newest / "metadata.json").write_text("{")
    (root / units.newest / "extra").mkdir(exist_ok=True)
    (root / units.newest / "extra/base").symlink_to(f"../../../../{units.failed}/metrics.jsonl")
    assert units.newest in kept(planned(root))[units.failed]


@pytest.mark.parametrize("link", ["best", "model/best", "model/digits_logreg_baseline/best"])
def test_what_a_link_beside_the_units_leads_to_stays(root: Path, units: Units, link: str) -> None:
    (root / link).symlink_to(root / units.failed)
    assert kept(planned(root))[units.failed] == f"the link {link} leads to it"
    (root / link).unlink()
    (root / link).symlink_to("nowhere")
    assert units.failed in going(planned(root))


def test_where_nobody_can_tell_what_a_unit_needs_everything_stays(root: Path, units: Units) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    (root / units.failed / "metadata.json").write_text(pointer)
    plan = planned(root)
    assert not plan.going
    assert kept(plan)[units.first].startswith(f"{units.failed} may need it: its metadata.json is a Git LFS pointer")


def test_what_latest_names_goes_only_where_it_can_name_another(root: Path, units: Units) -> None:
    latest = root / units.failed / "../latest"
    latest.unlink()
    latest.symlink_to(Path(units.failed).name)
    plan = planned(root)
    assert plan.latest == {"model/digits_logreg_baseline": Path(units.newest).name}
    for unit in (units.first, units.base, units.newest):
        shutil.rmtree(root / unit)
    assert kept(planned(root))[units.failed] == "latest names it, and there is no completed version that it could name"


def test_what_a_text_names_as_latest_counts_too(root: Path, units: Units) -> None:
    latest = root / "model/digits_logreg_baseline/latest"
    latest.unlink()
    latest.write_text(f"{Path(units.failed).name}\n")
    assert planned(root).latest == {"model/digits_logreg_baseline": Path(units.newest).name}


def test_units_that_refer_to_each_other_in_a_circle_go_or_stay_together(root: Path, units: Units) -> None:
    edit(root / units.first / "metadata.json", lambda it: it.update(links={"twin": units.failed}))
    edit(root / units.failed / "metadata.json", lambda it: it.update(links={"twin": units.first}))
    assert {units.first, units.failed} <= going(planned(root)).keys()


def test_nothing_is_written_and_no_link_is_followed(root: Path, units: Units, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (root / units.failed).rename(outside)
    (root / units.failed).symlink_to(outside)
    assert units.failed not in going(planned(root))
    assert not (root / ".runcheck").exists()


@pytest.mark.parametrize("text", ["", "30", "d", "-3d", "3m", "1.5d", "9999999d", "3d "])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        duration_of(text)


def test_durations() -> None:
    assert [duration_of(text).total_seconds() / 3600 for text in ("12h", "30d", "4w")] == [12, 720, 672]


@pytest.mark.parametrize("text", ["loss", "val/loss:", "val/loss:least", ":min", "val/:min"])
def test_what_is_no_metric(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        best_of(text)
