"""Trees by conventions of one's own: what is found where, and what is passed over."""

import json
import shutil
from pathlib import Path

import jax.numpy as jnp
import orbax.checkpoint as ocp
import pytest

from runcheck.cli import main
from runcheck.conventions.check import check_by
from runcheck.errors import CannotCheckError
from runcheck.findings import Report
from runcheck.tree.executor import Processes
from runcheck.tree.quarantine import Quarantine

GOOD = Path(__file__).parents[2] / "fixtures/conventions"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    shutil.copytree(GOOD / "tracker-runs/pass-good/tree", tmp_path / "tree")
    return tmp_path / "tree"


def convention(folder: Path, text: str, **schemas: object) -> str:
    """Write a convention with these units and checks, and return its path."""
    path = folder / "own/ours.toml"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "ours").mkdir(exist_ok=True)
    for name, schema in schemas.items():
        (path.parent / f"ours/{name}.json").write_text(json.dumps(schema))
    head = 'name = "ours"\ntitle = "Ours"\nversion = "1.0"\nprefix = "OW"\n'
    path.write_text(head + text)
    return str(path)


def found(report: Report) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in report.findings]


def test_a_part_of_a_tree_is_judged_as_in_the_whole(runs: Path, quarantine: Quarantine) -> None:
    (runs / "experiments/mlp-baseline/params.json").unlink()
    (runs / "experiments/mlp-wide/params.json").unlink()
    for part in ("experiments/mlp-wide", "experiments/mlp-wide/metadata.json"):
        report = check_by(quarantine, runs / part, "tracker-runs")
        assert report.root == str(runs)
    assert found(check_by(quarantine, runs / "experiments/mlp-wide", "tracker-runs")) == [
        ("TR002", "experiments/mlp-wide/params.json")
    ]
    assert len(check_by(quarantine, runs / "experiments", "tracker-runs").findings) == 2


def test_where_no_unit_is_nothing_is_called_clean(tmp_path: Path, quarantine: Quarantine) -> None:
    (tmp_path / "experiments").mkdir()
    with pytest.raises(CannotCheckError, match=r"holds no unit of the convention tracker-runs.*experiments/<run>"):
        check_by(quarantine, tmp_path, "tracker-runs")


def test_units_are_shared_by_processes(tmp_path: Path, runs: Path, quarantine: Quarantine) -> None:
    for number in range(8):
        shutil.copytree(runs / "experiments/mlp-baseline", runs / f"experiments/copy-{number}")
    alone = check_by(quarantine, runs, "tracker-runs")
    shared = check_by(quarantine, runs, "tracker-runs", executor=Processes(2, least_items=2, method="spawn"))
    assert alone.findings == shared.findings
    assert {each.code for each in alone.findings} == {"TR005"}
    assert [each.clause for each in shared.findings] == [each.clause for each in alone.findings]


def test_a_pointer_of_lfs_is_not_verified_and_not_broken(runs: Path, quarantine: Quarantine) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 999\n"
    (runs / "experiments/mlp-baseline/metrics.jsonl").write_text(pointer)
    report = check_by(quarantine, runs, "tracker-runs")
    assert report.findings == ()
    assert any("experiments/mlp-baseline/metrics.jsonl" in each.paths for each in report.unverified)


def test_a_link_out_of_the_tree_is_not_followed(runs: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    (tmp_path / "secret.json").write_text('{"run_name": 1}')
    (runs / "experiments/mlp-baseline/metadata.json").unlink()
    (runs / "experiments/mlp-baseline/metadata.json").symlink_to(tmp_path / "secret.json")
    assert [each.code for each in check_by(quarantine, runs, "tracker-runs").findings] == ["RC108", "TR002"]


def test_a_link_in_the_place_of_a_unit_is_told(runs: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    (runs / "experiments/mlp-baseline").rename(tmp_path / "elsewhere")
    (runs / "experiments/mlp-baseline").symlink_to(tmp_path / "elsewhere")
    report = check_by(quarantine, runs, "tracker-runs")
    assert found(report) == [("TR001", "experiments/mlp-baseline")]
    assert report.findings[0].message == "is a symbolic link where a run should be, and is not followed"


def test_what_cannot_be_read_is_never_silent(
    tmp_path: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str, size: int) -> bytes:
        raise OSError(5, "Input/output error", path)

    own = convention(tmp_path, '[units.run]\npath = "runs/<step>"\n')
    (tmp_path / "runs/1").mkdir(parents=True)
    (tmp_path / "runs/1/a.txt").write_text("a")
    monkeypatch.setattr("runcheck.tree.store.read_regular", fail)
    report = check_by(quarantine, tmp_path, own)
    assert [(each.reason, each.paths) for each in report.unverified] == [
        ("cannot be read: Input/output error", ("runs/1/a.txt",))
    ]


CHECKPOINTS = """
clauses = ["RC5", "RC3"]

[names.run]
pattern = "[a-z]+"

[names.step]
pattern = "[0-9]+"

[units.run]
path = "runs/<run>"

[units.run.roles.sums]
path = "SUMS.txt"
as = "checksums"

[units.run.roles.saved]
path = "ckpt/step_<step>/**"
as = "checkpoint"
"""


def test_an_orbax_checkpoint_elsewhere_is_judged_by_its_clauses_where_it_is(
    tmp_path: Path, quarantine: Quarantine
) -> None:
    own = convention(tmp_path, CHECKPOINTS)
    saved = tmp_path / "runs/a/ckpt/step_10"
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(saved, {"w": jnp.ones((4, 4))})
    assert found(check_by(quarantine, tmp_path, own)) == []
    (saved / "manifest.ocdbt").unlink()
    assert found(check_by(quarantine, tmp_path, own)) == [("RC502", "runs/a/ckpt/step_10/manifest.ocdbt")]


def test_a_list_of_checksums_elsewhere_is_held_to_the_files_as_they_are_called(
    tmp_path: Path, quarantine: Quarantine
) -> None:
    own = convention(tmp_path, CHECKPOINTS)
    (tmp_path / "runs/a/ckpt/step_10").mkdir(parents=True)
    (tmp_path / "runs/a/ckpt/step_10/w.bin").write_bytes(b"weights")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (tmp_path / "runs/a/SUMS.txt").write_text(f"{empty}  ckpt/step_10/w.bin\n")
    of_sums = [each for each in found(check_by(quarantine, tmp_path, own)) if each[0].startswith("RC3")]
    assert of_sums == [("RC304", "runs/a/ckpt/step_10/w.bin")]


SAME_PATH = """
clauses = ["RC902"]

[names.run]
pattern = "[a-z]+"

[units.run]
path = "runs/<run>"

[units.run.roles.config]
path = "conf/config.yaml"
format = "document"
as = "config"
"""


def test_a_file_at_the_main_path_of_a_role_that_lies_elsewhere_is_read_too(
    tmp_path: Path, quarantine: Quarantine
) -> None:
    own = convention(tmp_path, SAME_PATH)
    (tmp_path / "runs/a/conf").mkdir(parents=True)
    key = "wandb_api_key: 3f9d1c7a4be86205d7f31a9c0e5b842d6170fa3c\n"
    (tmp_path / "runs/a/conf/config.yaml").write_text(key)
    (tmp_path / "runs/a/config.yaml").write_text(key)
    report = check_by(quarantine, tmp_path, own)
    assert found(report) == [("RC902", "runs/a/conf/config.yaml"), ("RC902", "runs/a/config.yaml")]


def test_the_command_line_takes_a_convention(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(runs), "--convention", "tracker-runs"]) == 0
    (runs / "experiments/mlp-baseline/params.json").unlink()
    assert main(["check", str(runs), "--convention", "tracker-runs", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out.partition("\n\n")[2] or "{}") is not None
    assert main(["check", str(runs), "--convention", "tracker-runs", "--select", "RC9"]) == 0
    assert main(["check", str(runs), "--convention", "tracker-runs", "--select", "RC7"]) == 2
    assert main(["check", str(runs), "--convention", "none"]) == 2
    assert main(["rules", "--convention", "tracker-runs"]) == 0
    assert main(["rule", "tr005", "--convention", "tracker-runs"]) == 0
    assert "TR005 run-name (SHOULD: warning, tracker-runs.toml)" in capsys.readouterr().out
