"""What goes goes whole, comes back whole, and leaves a tree that is as clean as it was."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import runcheck
from runcheck.convention.timestamps import now
from runcheck.errors import CannotWriteError, MissingLibraryError
from runcheck.prune.act import empty, prune, restore
from runcheck.prune.plan import make_plan
from runcheck.prune.policy import Policy
from runcheck.prune.session import look_at
from runcheck.prune.trash import in_trash
from tests.deaths import EVERY
from tests.fixes.test_fixes import everything
from tests.prune.conftest import Units, write_run
from tests.prune.test_plan import beat, edit

SOURCE = str(Path(runcheck.__file__).parents[1])
REPOSITORY = str(Path(__file__).parents[2])


def codes(root: Path) -> set[str]:
    """Return the codes of what a check finds."""
    return {each.code for each in runcheck.check(str(root)).findings} - {"RC208"}  # the tree lies in no repository


def files(folder: Path) -> dict[str, object]:
    """Return what each path of a folder of the trash is, as ``everything`` has it."""
    state = Path(*folder.parts[: folder.parts.index(".runcheck")])
    moved = state.with_name("looked-at")
    os.rename(folder, moved)
    found = everything(moved)
    os.rename(moved, folder)
    return found


def registered(root: Path) -> set[str]:
    """Return the units that the registry has."""
    import pyarrow.parquet as pq

    return set(pq.read_table(root / "runs.parquet").column("path").to_pylist())


def log(root: Path) -> list[tuple[str, str]]:
    """Return the acts of the log and their units."""
    lines = (root / ".runcheck/prune.jsonl").read_text().splitlines()
    return [(line["act"], line["unit"]) for line in map(json.loads, lines)]


def test_what_goes_is_in_the_trash_as_it_was_and_the_tree_is_clean(root: Path, units: Units) -> None:
    before = everything(root)
    pruned = prune(str(root), Policy())
    gone = {units.first, units.failed, *units.datasets[:2]}
    assert {each.path for each in pruned.moved} == gone
    assert codes(root) == set()
    assert registered(root) == {units.base, units.newest, units.datasets[2]}
    assert {each.path for each in in_trash(str(root))} == gone
    for each in in_trash(str(root)):
        assert files(root / each.place) == {
            path.removeprefix(f"{each.path}/"): it for path, it in before.items() if f"{each.path}/" in path
        }
    left = {path for path in before if not any(f"{path}/".startswith(f"{unit}/") for unit in gone)} - {"runs.parquet"}
    assert {path: before[path] for path in left} == {path: everything(root)[path] for path in left}


def test_the_log_says_when_what_and_why(root: Path, units: Units) -> None:
    prune(str(root), Policy(frozenset({"failed"})))
    (line,) = map(json.loads, (root / ".runcheck/prune.jsonl").read_text().splitlines())
    size = sum(path.stat().st_size for path in (root / ".runcheck/trash").rglob("*") if path.is_file())
    assert (line["act"], line["unit"], line["size"]) == ("trashed", units.failed, size)
    assert line["reason"].endswith("_TrainingError: CUDA out of memory")
    assert line["at"][:16].replace(":", "-") == line["session"][:16]


def test_nothing_that_git_sees_is_left_in_the_state_folder(root: Path) -> None:
    subprocess.run(["git", "init", "-q", root], check=True)
    prune(str(root), Policy())
    done = subprocess.run(["git", "status", "--short"], cwd=root, capture_output=True, text=True, check=True)
    assert ".runcheck" not in done.stdout


def test_the_second_time_there_is_nothing_to_do(root: Path) -> None:
    prune(str(root), Policy())
    before = everything(root)
    pruned = prune(str(root), Policy())
    assert (pruned.moved, pruned.left, pruned.finished) == ((), (), ())
    assert everything(root) == before


def test_what_comes_back_is_as_it_was_with_what_it_needs(root: Path, units: Units) -> None:
    before = everything(root)
    prune(str(root), Policy())
    back = restore(str(root), units.first)
    assert [each.path for each in back] == [units.datasets[0], units.first]
    assert codes(root) == set()
    assert registered(root) == {units.base, units.newest, units.datasets[2], units.first, units.datasets[0]}
    restore(str(root), units.failed)
    restore(str(root), units.datasets[1])
    assert {**everything(root), "runs.parquet": None} == {**before, "runs.parquet": None}
    assert registered(root) == {units.first, units.failed, units.base, units.newest, *units.datasets}
    assert not list((root / ".runcheck/trash").iterdir())
    assert [act for act, _ in log(root)] == ["trashed"] * 4 + ["restored"] * 4


def test_the_newest_that_comes_back_is_the_latest_again(root: Path, units: Units) -> None:
    slug = (root / units.newest).parent
    edit(root / units.newest / "metadata.json", lambda it: it.update(status="failed"))
    prune(str(root), Policy(frozenset({"failed"})))
    assert os.readlink(slug / "latest") == Path(units.base).name
    place = root / next(each.place for each in in_trash(str(root)) if each.path == units.newest)
    edit(place / "metadata.json", lambda it: it.update(status="completed"))
    restore(str(root), units.newest)
    assert os.readlink(slug / "latest") == Path(units.newest).name
    assert registered(root) >= {units.newest}


def test_a_latest_that_is_a_text_stays_one(root: Path, units: Units) -> None:
    latest = root / "model/digits_logreg_baseline/latest"
    latest.unlink()
    latest.write_text(f"{Path(units.failed).name}\n")
    prune(str(root), Policy(frozenset({"failed"})))
    assert latest.read_text() == f"{Path(units.newest).name}\n"
    assert not latest.is_symlink()
    assert codes(root) == set()


def test_a_slug_that_is_left_empty_goes_and_comes_back(root: Path, units: Units) -> None:
    other = root / units.failed.replace("baseline", "other")
    other.parent.mkdir()
    (root / units.failed).rename(other)
    prune(str(root), Policy(frozenset({"failed"})))
    assert not other.parent.exists()
    restore(str(root), other.relative_to(root).as_posix())
    assert (other / "metadata.json").exists()


def test_nothing_is_put_over_what_is_there(root: Path, units: Units) -> None:
    prune(str(root), Policy())
    (root / units.failed).mkdir()
    with pytest.raises(CannotWriteError, match=r"is there; the one in the trash is"):
        restore(str(root), units.failed)
    (root / units.first).symlink_to("nowhere")
    with pytest.raises(CannotWriteError, match="is there"):
        restore(str(root), units.first)
    assert len(in_trash(str(root))) == 4


def test_what_is_not_in_the_trash_does_not_come_back(root: Path, units: Units) -> None:
    with pytest.raises(CannotWriteError, match=r"is not in the trash of .*, which is empty"):
        restore(str(root), units.newest)
    prune(str(root), Policy(frozenset({"failed"})))
    with pytest.raises(CannotWriteError, match=rf"it holds {units.failed}"):
        restore(str(root), units.newest)


def test_of_two_of_one_path_the_one_that_went_last_comes_back(root: Path, units: Units) -> None:
    prune(str(root), Policy(frozenset({"failed"})))
    again = root / units.failed
    again.mkdir()
    for path in (root / in_trash(str(root))[0].place).iterdir():
        if path.is_file():
            (again / path.name).write_bytes(path.read_bytes())
    edit(again / "metadata.json", lambda it: it.update(error="the second one"))
    prune(str(root), Policy(frozenset({"failed"})))
    restore(str(root), units.failed)
    assert json.loads((again / "metadata.json").read_text())["error"] == "the second one"
    assert [each.path for each in in_trash(str(root))] == [units.failed]


def test_the_trash_is_emptied_and_nothing_else(root: Path, units: Units, tmp_path: Path) -> None:
    prune(str(root), Policy())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (root / in_trash(str(root))[0].place / "out").symlink_to(outside)
    (root / ".runcheck/trash/notes").mkdir()
    before = everything(root)
    assert empty(str(root), timedelta(days=1)) == ()
    gone = empty(str(root), timedelta())
    assert {each.path for each in gone} == {units.first, units.failed, *units.datasets[:2]}
    assert [path.name for path in (root / ".runcheck/trash").iterdir()] == ["notes"]
    assert everything(root) == before
    assert (outside / "file").exists()
    assert log(root)[4:] == [("emptied", each.path) for each in gone]


def test_what_is_written_to_between_plan_and_move_is_left(
    root: Path, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcheck.prune import act

    plan = make_plan(str(root), Policy(), now())
    monkeypatch.setattr(act, "make_plan", lambda *_: plan)
    beat(root / units.failed)
    (root / units.datasets[1] / "more.parquet").write_text("x")
    pruned = prune(str(root), Policy())
    assert dict(pruned.left).keys() == {units.failed, units.datasets[1]}
    assert pruned.left[0][1] == "changed while it was to be moved"
    assert (root / units.failed).exists()
    assert registered(root) >= {units.failed, units.datasets[1]}


@pytest.mark.parametrize("how", ["a run", "a run that is begun", "a link in the metadata of another"])
def test_what_is_named_between_plan_and_move_stays(
    root: Path, units: Units, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from runcheck.prune import act

    def planned_before(*arguments: object) -> object:
        plan = make_plan(*arguments)  # type: ignore[arg-type]
        if how == "a run":
            write_run(root, units.datasets[1])
        elif how == "a run that is begun":
            (root / "model/digits_logreg_baseline/2099-01-01T00-00-00Z_abc1234").mkdir()
        else:
            edit(root / units.newest / "metadata.json", lambda it: it.update(links={"base": units.first}))
        return plan

    monkeypatch.setattr(act, "make_plan", planned_before)
    pruned = prune(str(root), Policy())
    moved = {each.path for each in pruned.moved}
    if how == "a run":
        assert moved == {units.first, units.failed, units.datasets[0]}
    elif how == "a run that is begun":
        assert not moved
    else:
        assert moved == {units.failed, units.datasets[1]}


@pytest.mark.parametrize("link", [".runcheck", ".runcheck/trash"])
def test_a_trash_that_is_a_link_is_not_followed(root: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    (outside / "2020-01-01T00-00-00Z/model/a_b_c/v1").mkdir(parents=True)
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(outside)
    before = everything(root)
    assert in_trash(str(root)) == []
    with pytest.raises(CannotWriteError):
        prune(str(root), Policy())
    if link != ".runcheck":
        assert empty(str(root), timedelta()) == ()
    assert everything(root) == before
    assert [path.name for path in outside.iterdir()] == ["2020-01-01T00-00-00Z"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"lines": [{"act": "trashed", "unit": "../../x"}]}', "[" * 100_000])
def test_a_journal_that_somebody_left_does_nothing(root: Path, units: Units, text: str) -> None:
    before = everything(root)
    (root / ".runcheck").mkdir()
    (root / ".runcheck/prune.json").write_text(text)
    (root / units.failed / "metadata.json").write_text("{")
    prune(str(root), Policy(frozenset({"failed"})))
    assert not (root / ".runcheck/prune.json").exists()
    assert everything(root).keys() == before.keys()


def journal(root: Path, unit: str, session: str, reason: str = "") -> None:
    """Leave a journal that says that a unit came back."""
    line = {"act": "restored", "unit": unit, "reason": reason, "size": 1, "session": session}
    (root / ".runcheck").mkdir(exist_ok=True)
    (root / ".runcheck/prune.json").write_text(json.dumps({"lines": [line]}))


def test_a_journal_removes_no_folder_outside_of_the_trash(root: Path, units: Units, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / Path(units.newest).parent
    outside.mkdir(parents=True)
    (root / ".runcheck/trash").mkdir(parents=True)
    (root / ".runcheck/trash/2020-01-01T00-00-00Z").symlink_to(tmp_path / "outside")
    for session in ("../../../outside", "2020-01-01T00-00-00Z"):
        journal(root, units.newest, session)
        prune(str(root), Policy(frozenset({"unsealed"})))
        assert outside.is_dir()
        assert not (root / ".runcheck/prune.json").exists()


def test_what_a_journal_says_need_be_no_text_and_no_unit_behind_a_link(
    root: Path, units: Units, tmp_path: Path
) -> None:
    journal(root, units.newest, "2020-01-01T00-00-00Z", reason="\ud800")
    prune(str(root), Policy(frozenset({"unsealed"})))
    assert log(root) == [("restored", units.newest)]
    (root / "model").rename(tmp_path / "elsewhere")
    (root / "model").symlink_to(tmp_path / "elsewhere")
    journal(root, units.newest, "2020-01-01T00-00-01Z")
    prune(str(root), Policy(frozenset({"unsealed"})))
    assert not (root / ".runcheck/prune.json").exists()


@pytest.mark.parametrize("name", [b"v\xff", b"v1\n", b"v\\1"])
def test_what_cannot_be_written_down_is_not_moved(root: Path, units: Units, name: bytes) -> None:
    place = os.path.join(os.fsencode((root / units.failed).parent), name)
    os.rename(root / units.failed, place)
    prune(str(root), Policy())
    assert os.path.isdir(place)


def test_without_pyarrow_a_registry_is_not_left_behind(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    before = everything(root)
    with pytest.raises(MissingLibraryError, match=r"runcheck\[parquet\]"):
        prune(str(root), Policy())
    assert everything(root) == before


def test_a_registry_that_could_not_be_written_is_brought_up_by_the_next_one(
    root: Path, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcheck.prune import act

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(act, "drop_rows", die)
        with pytest.raises(KeyboardInterrupt):
            prune(str(root), Policy())
    assert codes(root) == {"RC703"}
    assert look_at(str(root), Policy()).is_interrupted
    pruned = prune(str(root), Policy())
    assert set(pruned.finished) == {units.first, units.failed, *units.datasets[:2]}
    assert codes(root) == set()
    assert len(log(root)) == 4


# Starts once and forks for each death.
_DEATHS = """
import sys, shutil
from datetime import timedelta
from pathlib import Path
sys.modules["pyarrow"] = None  # no registry, whose writer has threads and takes most of the time
from tests.deaths import EVERY, forked
from tests.fixes.test_fixes import everything
from tests.prune.test_act import files, log
from runcheck.prune.act import empty, prune, restore
from runcheck.prune.policy import Policy
from runcheck.prune.trash import in_trash
good, root, act, unit = sys.argv[1:]

def work():
    if act == "prune":
        prune(root, Policy())
    elif act == "empty":
        empty(root, timedelta())
    elif unit in {each.path for each in in_trash(root)}:
        restore(root, unit)
    else:
        prune(root, Policy(reasons=frozenset()))  # finishes what was interrupted

def fresh():
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(good, root, symlinks=True)

def state():
    units = {each.path: files(Path(root, each.place)) for each in in_trash(root)}
    return everything(Path(root)), units

def lines():
    return sorted(set(log(Path(root))))

fresh()
whole = {each.path: files(Path(root, each.place)) for each in in_trash(root)}
before = everything(Path(root))
assert forked(work, root) == 0
done, said = state(), lines()
deaths = 0
for number in range(1, 1000, EVERY):
    fresh()
    status = forked(work, root, number)
    if status == 0:
        break
    assert status == 9, (number, status)
    deaths += 1
    here, trashed = state()
    for path, it in {**done[0], **before}.items():
        unit_of = "/".join(path.split("/")[:3])
        if path.count("/") > 2:
            assert (unit_of in trashed and path not in here) or here.get(path) == it or act == "empty", (number, path)
    if deaths % 3 == 0:
        forked(work, root, 3)  # and the one that finishes it is killed too
    assert forked(work, root) == 0, number
    assert state() == done, (number, state()[0].keys() ^ done[0].keys(), state()[1].keys() ^ done[1].keys())
    assert lines() == said, (number, lines(), said)
    assert act == "empty" or len(log(Path(root))) == len(said), number
    assert not Path(root, ".runcheck/prune.json").exists()
print(deaths)
"""


@pytest.mark.parametrize("act", ["prune", "restore", "empty"])
def test_killed_before_any_change_each_unit_is_whole_and_the_next_one_finishes(
    root: Path, units: Units, tmp_path: Path, act: str
) -> None:
    (root / "runs.parquet").unlink()
    slug = root / "model/digits_logreg_baseline"
    (slug / "latest").unlink()
    (slug / "latest").symlink_to(Path(units.failed).name)
    if act != "prune":
        prune(str(root), Policy())
    done = subprocess.run(
        [sys.executable, "-c", _DEATHS, str(root), str(tmp_path / "again/artefacts"), act, units.first],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}:{REPOSITORY}"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) * EVERY > (5 if act == "empty" else 15)
