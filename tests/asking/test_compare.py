"""``runcheck compare``: what differs between units, and nothing that does not."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.asking.compare import Compared, compare
from runcheck.errors import CannotReadError
from tests.asking.conftest import FIRST, SECOND, Lab, Said
from tests.repositories import commit, repository


def differing(compared: Compared, section: str) -> dict[str, tuple[object, ...]]:
    """Return the rows of a section that differ."""
    return {row.name: row.values for row in getattr(compared, section) if row.differs}


def test_configuration_and_metrics_that_differ(lab: Lab) -> None:
    compared = compare([FIRST, SECOND])
    assert compared.units == (lab.first, lab.second)
    assert differing(compared, "config") == {"optimizer.rate": (0.1, 0.2)}
    assert {row.name for row in compared.config} == {"layers", "optimizer.name", "optimizer.rate"}
    (loss,) = (row for row in compared.metrics if row.metric == "loss")
    assert (loss.direction, loss.best, loss.best_step, loss.best_of) == ("min", (0.2, 0.1), (50, 50), (1,))
    for section in ("data", "code", "environment", "packages"):
        assert not differing(compared, section)


def test_in_text_the_best_is_marked_and_what_is_the_same_counted(lab: Lab, say: Callable[..., Said]) -> None:
    said = say("compare", FIRST, SECOND)
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[:2] == [f"A  {lab.first}", f"B  {lab.second}"]
    at = lines.index("Config (2 rows the same)")
    assert [line.split() for line in lines[at + 1 : at + 4]] == [["A", "B"], ["optimizer.rate", "0.1", "0.2"], []]
    (loss,) = (line for line in lines if line.startswith("  train/loss best (min)"))
    assert loss.split()[3:] == ["0.2", "at", "50", "0.1", "at", "50", "*"]
    assert "adam" not in said.out
    assert "adam" in say("compare", FIRST, SECOND, "--all").out


def test_of_an_accuracy_the_greatest_is_the_best(lab: Lab) -> None:
    rows = [row for row in compare([SECOND, FIRST, SECOND]).metrics if row.metric == "accuracy"]
    assert {(row.direction, row.best_of) for row in rows} == {("max", (0, 2))}


def test_units_that_disagree_on_the_better_end_have_no_best(lab: Lab) -> None:
    path = lab.root / lab.first / "summary.yaml"
    path.write_text(path.read_text().replace('direction: "min"', 'direction: "max"'))
    (loss,) = (row for row in compare([FIRST, SECOND]).metrics if row.metric == "loss")
    assert (loss.direction, loss.best_of) == (None, ())


def test_environment_packages_data_and_code(lab: Lab, say: Callable[..., Said]) -> None:
    metadata = json.loads((lab.root / lab.first / "metadata.json").read_text())
    env = metadata["env"]
    name = next(iter(env["packages"]))
    env["packages"] = {**env["packages"], name: "0.0.0", "only-here": "1"}
    env["python"], env["hardware"]["cores"], env["variables"] = "3.99.0", 999, {"XLA_FLAGS": "--x"}
    data = {**metadata["data_provenance"], "fingerprint": "f" * 64}
    git = {"sha": "0" * 40, "dirty": True, "branch": "main", "remote": None, "diff": "extra/uncommitted.diff"}
    lab.change(lab.first, env=env, data_provenance=data, git=git)
    compared = compare([FIRST, SECOND])
    assert differing(compared, "environment").keys() == {"python", "cores", "variable XLA_FLAGS"}
    assert differing(compared, "packages").keys() == {name, "only-here"}
    assert differing(compared, "data").keys() == {"fingerprint", "now"}
    assert differing(compared, "data")["now"] == ("different", "same")
    assert differing(compared, "code")["changes"][0] == "extra: is not there"
    (lab.root / lab.first / "extra").mkdir()
    (lab.root / lab.first / "extra/uncommitted.diff").write_text("+x")
    digest = hashlib.sha256(b"+x").hexdigest()
    assert f"kept, {digest[:12]}" in say("compare", FIRST, SECOND).out


def test_that_nobody_recorded_whether_the_code_was_as_it_was_committed_is_told(
    lab: Lab, say: Callable[..., Said]
) -> None:
    git = {"sha": "a" * 40, "dirty": None, "branch": None, "remote": None, "diff": None}
    lab.change(lab.first, git=git, adopted={"from": "mlflow", "name": "bold-cat-17"})
    lab.change(lab.second, git={**git, "dirty": False})
    assert differing(compare([FIRST, SECOND]), "code")["changes"] == ("not known", "none")
    assert f"{'a' * 12} (nobody recorded whether with changes)" in say("show", FIRST).out
    assert "nobody recorded whether with changes" not in say("show", SECOND).out


def test_commits_between_are_counted_where_the_repository_is(lab: Lab, say: Callable[..., Said]) -> None:
    folder = repository(lab.root.parent)
    shas = []
    for number in range(3):
        (folder / "train.py").write_text(str(number))
        shas.append(commit(folder))
    assert compare([FIRST, SECOND]).commits == (None, None)
    git = {"dirty": False, "branch": "main", "remote": None, "diff": None}
    lab.change(lab.first, git={"sha": shas[0], **git})
    lab.change(lab.second, git={"sha": shas[2], **git})
    assert compare([FIRST, SECOND]).commits == ((0, 0), (2, 0))
    assert "  B has 2 commits that A lacks" in say("compare", FIRST, SECOND).out.splitlines()
    assert "  B lacks 2 commits of A" in say("compare", SECOND, FIRST).out.splitlines()
    lab.change(lab.second, git={"sha": "f" * 40, **git})
    assert compare([FIRST, SECOND]).commits == ((0, 0), None)


def test_more_than_two_units_of_both_kinds(lab: Lab, say: Callable[..., Said]) -> None:
    compared = compare([FIRST, SECOND, "digits"])
    assert {row.name: row.absent for row in compared.config}["optimizer.rate"] == (2,)
    said = say("compare", FIRST, SECOND, "digits", "--markdown")
    assert said.status == 0
    assert "| --- | --- | --- | --- |" in said.out.splitlines()
    assert r"| optimizer\.rate | 0\.1 | 0\.2 | \- |" in said.out.splitlines()


def test_json_has_everything(lab: Lab, say: Callable[..., Said]) -> None:
    document = json.loads(say("compare", FIRST, SECOND, "--json").out)
    assert document["units"] == [lab.first, lab.second]
    rows = {row["name"]: row for row in document["config"]}
    assert rows["optimizer.rate"] == {"name": "optimizer.rate", "values": [0.1, 0.2], "absent": [], "differs": True}
    assert rows["layers"]["differs"] is False


def test_numbers_of_other_types_and_null_and_nothing_differ(lab: Lab) -> None:
    (lab.root / lab.first / "config.json").write_text('{"a": 1, "b": null, "c": true, "d": 2}')
    (lab.root / lab.second / "config.json").write_text('{"a": 1.0, "c": 1, "d": 2}')
    assert differing(compare([FIRST, SECOND]), "config").keys() == {"a", "b", "c"}


def test_values_that_differ_at_their_end_are_told_apart(lab: Lab, say: Callable[..., Said]) -> None:
    for unit, end in ((lab.first, "one"), (lab.second, "two")):
        (lab.root / unit / "config.json").write_text(json.dumps({"path": f"{'x' * 60}{end}"}))
    out = say("compare", FIRST, SECOND).out
    assert "xone" in out
    assert "xtwo" in out


def test_a_run_without_a_summary_is_compared_by_its_rows(lab: Lab) -> None:
    (lab.root / lab.first / "summary.yaml").unlink()
    with (lab.root / lab.first / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 51, "split": "train", "metric": "loss", "value": null, "nonfinite": "nan"}\n')
    (loss,) = (row for row in compare([FIRST, SECOND]).metrics if row.metric == "loss")
    assert loss.best == (0.2, 0.1)
    assert repr(loss.last) == "(nan, 0.1)"


def test_of_a_run_that_goes_on_no_summary_of_before_is_told(lab: Lab, say: Callable[..., Said]) -> None:
    with (lab.root / lab.first / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 51, "split": "train", "metric": "loss", "value": 0.0625}\n')
    lab.change(lab.first, status="running", finished_at=None)
    (loss,) = (row for row in compare([FIRST, SECOND]).metrics if row.metric == "loss")
    assert (loss.best, loss.best_of, loss.last) == ((0.0625, 0.1), (0,), (0.0625, 0.1))
    assert "took" not in say("show", lab.first).out


def test_no_secret_of_the_metadata_is_shown(lab: Lab, say: Callable[..., Said]) -> None:
    key = "ghp_" + "aB3dE5fG7h" * 3 + "aB3dE5"
    metadata = json.loads((lab.root / lab.first / "metadata.json").read_text())
    lab.change(
        lab.first,
        tags={**metadata["tags"], "note": key, "password": "hunter2x"},
        architecture={"text": f"of {key}", "parameters": 1},
        env={**metadata["env"], "variables": {"PASSWORD": "hunter2x"}, "devices": [key], "platform": key},
        git={"sha": "0" * 40, "dirty": False, "branch": key, "remote": None, "diff": None},
    )
    for form in ([], ["--json"], ["--markdown"], ["--all"]):
        out = say("compare", FIRST, SECOND, *form).out
        assert "[secret]" in out.replace("\\", "")
        assert key not in out
        assert "hunter2x" not in out


def test_hostile_values_are_escaped_and_secrets_left_out(lab: Lab, say: Callable[..., Said]) -> None:
    key = "ghp_" + "aB3dE5fG7h" * 3 + "aB3dE5"
    (lab.root / lab.first / "config.json").write_text(json.dumps({"\x1b[2J|": "\u202e|<b>", "token": key}))
    for form in ([], ["--markdown"], ["--json"]):
        out = say("compare", FIRST, SECOND, *form).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert key not in out
    assert "\\<b\\>" in say("compare", FIRST, SECOND, "--markdown").out


def test_what_cannot_be_compared_is_a_line(lab: Lab, say: Callable[..., Said], tmp_path: Path) -> None:
    assert say("compare", FIRST).err == "runcheck: one unit alone cannot be compared: name another one\n"
    (lab.root / lab.second / "metadata.json").unlink()
    said = say("compare", FIRST, f"artefacts/{lab.second}")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    with pytest.raises(CannotReadError):
        compare([FIRST, tmp_path])
    (lab.root / lab.first / "config.json").write_text("{")
    said = say("compare", FIRST, "digits")
    assert said.status == 0
    assert "config.json: is no configuration that can be read" in said.out
