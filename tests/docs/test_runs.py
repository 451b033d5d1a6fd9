"""What the page on asking about runs shows is what comes out on a terminal."""

import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from runcheck.cli import main
from runcheck.convention.canonical import config_sha256
from runcheck.fixes.seal import seal
from runcheck.pipeline import check
from runcheck.writer.registry import rebuild_registry

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "fixtures/good/dataset-and-run/tree"
FIRST = "digits_logreg_baseline/2026-05-27T12-34-56Z_0123456"
SECOND = "digits_logreg_faster/2026-05-28T09-00-00Z_89abcde"
PAGE = (ROOT / "docs/runs.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n\$ runcheck (.+)\n((?s:.*?))^```$", PAGE, re.MULTILINE)
PYTHON = re.findall(r"^```python\n((?s:.*?))^```$", PAGE, re.MULTILINE)


class Terminal(io.StringIO):
    """A standard output that somebody looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def write_tree(root: Path) -> None:
    """Write the tree of the page: a dataset and a run, and a run that was begun from that one."""
    shutil.copytree(GOOD, root, symlinks=True)
    second = root / "model" / SECOND
    shutil.copytree(root / "model" / FIRST, second)
    (second / "SHA256SUMS").unlink()
    config = {"learning_rate": 0.3, "schedule": {"name": "cosine", "warmup": 2}, "steps": 8}
    (second / "config.json").write_text(json.dumps(config))
    losses = [1.0, 0.41, 0.3, 0.22, 0.17, 0.16, 0.13, 0.11]
    accuracies = [0.5, 0.91, 0.93, 0.94, 0.9625, 0.95, 0.96, 0.96]
    series = {"train": ("loss", "min", losses), "test": ("accuracy", "max", accuracies)}
    rows = [
        {"step": step, "split": split, "metric": name, "value": values[step - 1]}
        for step in range(1, 9)
        for split, (name, _, values) in series.items()
    ]
    (second / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    best = {split: (min if end == "min" else max)(values) for split, (_, end, values) in series.items()}
    summary = {
        split: {
            name: {
                "direction": end,
                "best": best[split],
                "best_step": values.index(best[split]) + 1,
                "last": values[-1],
                "last_step": 8,
                "count": 8,
            }
        }
        for split, (name, end, values) in series.items()
    }
    known = {"early_stopping_step": None, "checkpoint_step": None, "duration_seconds": 96.25}
    whole = {"schema_version": "1.0", "rows": 16, "metrics": summary, **known}
    (second / "summary.yaml").write_text(json.dumps(whole, indent=1))
    path = second / "metadata.json"
    metadata = json.loads(path.read_text())
    metadata |= {
        "slug": second.parent.name,
        "version": second.name,
        "name": "20260528_digits_logreg_faster",
        "label": "20260528-digits_logreg_faster@89abcde",
        "created_at": "2026-05-28T09:00:00Z",
        "finished_at": "2026-05-28T09:02:00Z",
        "description": "A higher rate, with warm-up.",
        "command": ["python", "train.py", "--lr", "0.3"],
        "git": {**metadata["git"], "sha": "89abcdef0123456789abcdef0123456789abcdef"},
        "config": {"path": "config.json", "sha256": config_sha256(config)},
        "metrics": {"test/accuracy": 0.9625, "train/loss": 0.11},
        "links": {"initialised_from": f"model/{FIRST}"},
    }
    metadata["env"]["packages"]["jax"] = "0.11.0"
    path.write_text(json.dumps(metadata, indent=2))
    readme = second / "README.md"
    readme.write_text(readme.read_text().replace("0.9375", "0.9625").replace("0.875", "0.96").replace("0.25", "0.11"))
    sealing = seal(str(second), check)
    assert sealing.refused is None, sealing
    rebuild_registry(str(root))


@pytest.fixture(scope="session")
def page_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the page."""
    root = tmp_path_factory.mktemp("page") / "artefacts"
    write_tree(root)
    return root


def test_the_tree_of_the_page_conforms(page_tree: Path) -> None:
    report = check(page_tree)
    assert [finding for finding in report.findings if finding.is_error] == []


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_page_shows(
    command: str, shown: str, page_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(page_tree.parent)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(shlex.split(command)) == 0
    assert terminal.getvalue() == shown


def test_every_command_that_asks_is_on_the_page() -> None:
    assert {command.split()[0] for command, _ in SHOWN} == {"show", "compare", "lineage", "diff"}


@pytest.mark.parametrize("code", PYTHON)
def test_python_of_the_page_runs(
    code: str, page_tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(page_tree.parent)
    exec(compile(code, "docs/runs.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"  # (.*)$", code, re.MULTILINE)
