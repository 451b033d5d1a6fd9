"""``runcheck show``: what a unit holds, whatever is in its files."""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.asking.series import series_of
from runcheck.asking.show import show
from runcheck.errors import CannotReadError
from runcheck.reading.files import UnitFiles
from runcheck.report.sparkline import BLOCKS, sparkline
from tests.asking.conftest import FIRST, SECOND, Lab, Said


def test_a_run_in_text(lab: Lab, say: Callable[..., Said]) -> None:
    said = say("show", SECOND)
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == lab.second
    for line in (
        "  status       completed, sealed",
        f"  link         initialised_from: {lab.first}",
        "  optimizer.rate  0.2",
        "  It went well.",
    ):
        assert line in lines
    assert any(line.startswith("  data         dataset/digits/v1, ") and "as it was" in line for line in lines)
    (loss,) = (line.split() for line in lines if line.startswith("  train/loss"))
    assert loss == ["train/loss", "0.1", "(min)", "50", "0.1", "50", "50"]


def test_a_terminal_shows_drawings(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    from runcheck.cli import main

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["show", SECOND]) == 0
    (loss,) = (line for line in terminal.getvalue().splitlines() if line.startswith("  train/loss"))
    assert loss.rpartition(" ")[2][0] == "█"
    assert loss.endswith("▁")


def test_a_dataset(lab: Lab, say: Callable[..., Said]) -> None:
    said = say("show", "digits")
    assert said.status == 0
    assert "  train  3 rows  train.parquet" in said.out.splitlines()
    assert show("digits").metadata["fingerprint"] in said.out


def test_json_for_machines(lab: Lab, say: Callable[..., Said]) -> None:
    document = json.loads(say("show", SECOND, "--json", "--check").out)
    assert document["path"] == lab.second
    assert document["config"] == {"layers": [64, 10], "optimizer.name": "adam", "optimizer.rate": 0.2}
    assert document["data"] == "same"
    assert [each["metric"] for each in document["metrics"]["series"]] == ["accuracy", "accuracy", "loss"]
    assert document["check"]["errors"] == 0


def test_a_check_is_a_line(lab: Lab, say: Callable[..., Said]) -> None:
    (lab.root / lab.second / "summary.yaml").unlink()
    said = say("show", SECOND, "--check")
    assert said.status == 0
    assert "completed, sealed; 2 errors" in said.out


def test_checkpoints_and_exports_have_sizes(lab: Lab, say: Callable[..., Said]) -> None:
    unit = lab.root / lab.first
    for step in (5, 100):
        (unit / f"checkpoints/{step}/d").mkdir(parents=True)
        (unit / f"checkpoints/{step}/d/array").write_bytes(bytes(1500))
        (unit / f"checkpoints/{step}/_METADATA").write_bytes(bytes(500))
    (unit / "checkpoints/5.orbax-checkpoint-tmp").mkdir()
    (unit / "exports").mkdir()
    (unit / "exports/w.safetensors").write_bytes(bytes(3_000_000))
    (unit / "exports/alone.onnx").write_bytes(b"")
    sidecar = {"schema_version": "1.0", "file": "w.safetensors", "format": "safetensors", "framework": "flax 1"}
    (unit / "exports/w.safetensors.json").write_text(json.dumps({**sidecar, "source_step": 5, "sha256": "0" * 64}))
    shown = show(FIRST)
    assert [(each.step, each.size) for each in shown.checkpoints] == [(5, (2, 2000)), (100, (2, 2000))]
    out = say("show", FIRST).out.splitlines()
    assert "  5    2.0 KiB" in out
    assert "  w.safetensors  2.9 MiB  safetensors of step 5, flax 1" in out
    assert "  alone.onnx     0 B      has no sidecar" in out


def test_data_that_changed_or_went_is_told(lab: Lab, say: Callable[..., Said]) -> None:
    lab.change(lab.dataset, fingerprint="f" * 64)
    assert "another fingerprint now" in say("show", FIRST).out
    (lab.root / lab.dataset / "metadata.json").unlink()
    assert show(FIRST).data == "unknown"
    (lab.root / "dataset/digits").rename(lab.root / "dataset/other")
    assert "which is not in the tree" in say("show", FIRST).out


def test_metadata_that_do_not_hold_are_a_line(lab: Lab, say: Callable[..., Said]) -> None:
    (lab.root / lab.first / "metadata.json").write_text("{")
    said = say("show", lab.first)
    assert (said.status, said.out) == (2, "")
    assert "metadata.json is not JSON" in said.err
    assert said.err.count("\n") == 1
    (lab.root / lab.first / "metadata.json").write_text("[]")
    assert say("show", lab.first).status == 2


def test_other_files_that_do_not_hold_are_told_beside_what_does(lab: Lab, say: Callable[..., Said]) -> None:
    unit = lab.root / lab.first
    (unit / "config.json").write_text("[")
    (unit / "summary.yaml").write_text(": :")
    with (unit / "metrics.jsonl").open("a") as stream:
        stream.write("no row\n")
    (unit / "README.md").unlink()
    said = say("show", FIRST)
    assert said.status == 0
    told = said.out.partition("Cannot be told\n")[2]
    assert "config.json: is no configuration" in told
    assert "metrics: line 102 is not one JSON object" in told
    assert "train/loss" in said.out
    (unit / "metrics.jsonl").unlink()
    os.mkfifo(unit / "metrics.jsonl")
    assert "is no regular file" in say("show", FIRST).out


def test_control_characters_of_a_tree_do_not_reach_the_terminal(lab: Lab, say: Callable[..., Said]) -> None:
    bad = "\x1b[2J\u202e##[error]\n::set-output"
    lab.change(lab.first, description=bad, command=["python", bad], links={"from": lab.second})
    (lab.root / lab.first / "config.json").write_text(json.dumps({bad: bad, "deep": {bad: [bad, {bad: bad}]}}))
    (lab.root / lab.first / "README.md").write_text(f"## Results\n\n{bad}\n")
    said = say("show", FIRST)
    assert said.status == 0
    for sign in ("\x1b", "\u202e", "##[error]", "\n::"):
        assert sign not in said.out
    assert "\\x1b" in said.out


def test_secrets_are_not_shown(lab: Lab, say: Callable[..., Said]) -> None:
    key = "ghp_" + "aB3dE5fG7h" * 3 + "aB3dE5"
    lab.change(lab.first, command=["python", f"--token={key}"])
    drawn = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
    config = {"wandb": {"api_key": drawn}, "args": [key], "password": "hunter2x"}
    (lab.root / lab.first / "config.json").write_text(json.dumps(config))
    for format_ in ([], ["--json"]):
        out = say("show", FIRST, *format_).out
        assert "[secret]" in out
        for secret in (key, drawn, "hunter2x"):
            assert secret not in out


def test_a_series_is_drawn_from_few_values_however_long_it_is(lab: Lab) -> None:
    unit = lab.root / lab.first
    rows = [f'{{"step": {step}, "split": "a", "metric": "m", "value": {step}}}\n' for step in range(100_000)]
    rows[70_001] = '{"step": 70001, "split": "a", "metric": "m", "value": 1e9}\n'
    rows[30_001] = '{"step": 30001, "split": "a", "metric": "m", "value": null, "nonfinite": "nan"}\n'
    (unit / "metrics.jsonl").write_text("".join(rows))
    (series,) = series_of(UnitFiles(str(unit)), show(FIRST).metadata, None).series
    assert len(series.drawn) <= 256
    assert (min(series.drawn), max(series.drawn)) == (0, 1e9)
    drawn = sparkline(series.drawn)
    assert abs(drawn.index(BLOCKS.nonfinite) - 30_001 * 24 // 100_000) <= 1
    assert abs(drawn.index("█") - 70_001 * 24 // 100_000) <= 1


def test_many_keys_are_cut_until_all_are_asked_for(lab: Lab, say: Callable[..., Said]) -> None:
    (lab.root / lab.first / "config.json").write_text(json.dumps({f"k{number}": number for number in range(50)}))
    assert "  ... and 30 more; --all shows them" in say("show", FIRST).out
    whole = say("show", FIRST, "--all").out
    assert "  k49  49" in whole.splitlines()
    assert "more; --all" not in whole


def test_a_run_that_is_running_has_no_end(lab: Lab) -> None:
    lab.change(lab.first, status="running", finished_at=None)
    for name in ("summary.yaml", "SHA256SUMS"):
        (lab.root / lab.first / name).unlink()
    shown = show(FIRST)
    assert (shown.is_sealed, shown.duration_seconds, len(shown.metrics.series)) == (False, None, 3)


def test_data_behind_a_link_is_not_looked_at(lab: Lab, tmp_path: Path) -> None:
    (lab.root / "dataset/digits").rename(tmp_path / "outside")
    (lab.root / "dataset/digits").symlink_to(tmp_path / "outside")
    assert show(FIRST).data == "missing"
    with pytest.raises(CannotReadError):
        show("dataset/other")
