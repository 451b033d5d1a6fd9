"""A run as the manifest of a sweep: what the convention ``sweep-manifest`` asks for, of what the run says of itself."""

import json
import sys
from datetime import datetime
from pathlib import Path

import pytest

import runcheck
from runcheck.cli import main
from runcheck.errors import CannotReadError
from tests.repositories import commit, repository
from tests.runs import start_run

CALIBRATION = {
    "master_seed": 7,
    "n_configs": 1,
    "scales": [0.1],
    "generator_family": "gaussian",
    "sweep_kind": "train",
    "save_samples": False,
}
SYNTHETIC = {"kind": "synthetic", "seed": 7}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, in which the tests are the script."""
    monkeypatch.chdir(repository(tmp_path))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "sweep.py"), raising=False)
    (tmp_path / "sweep.py").write_text("# a sweep\n")
    (tmp_path / ".gitignore").write_text("/artefacts/\n/sweeps/\n")
    commit(tmp_path)
    return tmp_path


def swept(project: Path, data: object = SYNTHETIC, extensions: object = None, variant: str = "train") -> runcheck.Run:
    """Return a run that is finished."""
    with start_run(
        project / "artefacts",
        variant=variant,
        config={"noise": {"kind": "white"}},
        data=data,
        extensions={"acme": {"calibration": CALIBRATION}} if extensions is None else extensions,
    ) as run:
        run.log(0, {"error": 0.5}, split="train")
    return run


def manifest_of(run: runcheck.Run, project: Path, sweep: str = "noise-train") -> dict[str, object]:
    """Return the manifest that is written for a run."""
    target = project / "sweeps" / sweep / "manifest.json"
    target.parent.mkdir(parents=True)
    runcheck.export_unit(run.path, to="sweep-manifest", into=target)
    document: dict[str, object] = json.loads(target.read_text())
    return document


def test_a_manifest_says_of_the_run_what_its_metadata_say(project: Path) -> None:
    run = swept(project)
    manifest = manifest_of(run, project)
    metadata = json.loads((Path(run.path) / "metadata.json").read_text())
    assert manifest["experiment_id"] == metadata["version"]
    assert manifest["timestamp_utc"] == metadata["created_at"]
    assert manifest["git"] == {"sha": metadata["git"]["sha"], "dirty": False, "branch": "main"}
    assert manifest["params"] == {"noise": {"kind": "white"}}
    assert manifest["data_provenance"] == SYNTHETIC
    assert manifest["acme"] == {"calibration": CALIBRATION}
    env = manifest["env"]
    assert isinstance(env, dict)
    assert env["python"] == metadata["env"]["python"]
    assert env["pytest"] == pytest.__version__


def test_a_manifest_conforms(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest_of(swept(project), project)
    codes = ["SM003", "SM004", "SM005", "SM006", "SM007", "SM008"]
    asked = [f"--select={','.join(codes)}"]
    assert main(["check", str(project), "--convention", "sweep-manifest", *asked]) == 0, capsys.readouterr().out


def test_sweeps_of_one_second_have_ids_of_their_own(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime.fromisoformat("2026-05-27T12:34:56.5+00:00")
    monkeypatch.setattr("runcheck.writer.unit.now", lambda: moment)
    first, second, third = (
        str(manifest_of(swept(project, variant=each), project, each)["experiment_id"]) for each in ("a", "b", "c")
    )
    assert first.startswith("2026-05-27T12-34-56Z_")
    assert second.startswith(first)
    assert third.startswith(second)
    assert (len(first), len(second), len(third)) == (28, 29, 30)
    asked = ["--select=SM003,SM004,SM005,SM006"]
    assert main(["check", str(project), "--convention", "sweep-manifest", *asked]) == 0, capsys.readouterr().out


def test_a_manifest_may_be_written_before_the_first_configuration(project: Path) -> None:
    with start_run(project / "artefacts", config={}) as run:
        assert manifest_of(run, project)["experiment_id"] == run.metadata["version"]
        run.log(0, {"error": 0.5})


def test_a_dataset_of_the_tree_is_external_to_the_sweep(project: Path) -> None:
    given = {"kind": "external", "hashes": {"source": "0" * 64}}
    with runcheck.new_dataset(project / "artefacts", "noise", provenance=given, description="Noise.") as dataset:
        dataset.write_parquet("train", {"x": [1.0]})
    fingerprint = runcheck.load(dataset.path).metadata["fingerprint"]
    path = "dataset/noise/v1"
    manifest = manifest_of(swept(project, project / "artefacts" / path), project)
    assert manifest["data_provenance"] == {"kind": "external", "hashes": {path: fingerprint}}


def test_what_the_convention_refuses_is_told_by_its_own_words_and_nothing_is_left(project: Path) -> None:
    wrong = {"acme": {"calibration": {**CALIBRATION, "sweep_kind": "tst"}}}
    with pytest.raises(CannotReadError) as caught:
        manifest_of(swept(project, extensions=wrong), project)
    assert str(caught.value).endswith(
        'gives no manifest of sweep-manifest: /acme/calibration/sweep_kind is "tst", none of "train", "test", '
        '"exploratory"'
    )
    assert not list((project / "sweeps/noise-train").iterdir())


def test_an_extension_takes_no_field_of_the_manifest(project: Path) -> None:
    with pytest.raises(CannotReadError, match="the extension params has the name of a field of the manifest"):
        manifest_of(swept(project, extensions={"params": {"a": 1}}), project)


def test_a_run_without_a_commit_has_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "sweep.py"), raising=False)
    run = swept(tmp_path)
    (tmp_path / "sweeps").mkdir()
    command = ["export", run.path, "--to", "sweep-manifest", "--into", str(tmp_path / "sweeps/manifest.json")]
    assert main(command) == 2
    assert "has no commit, which a manifest names; commit the code, and run it again" in capsys.readouterr().err
