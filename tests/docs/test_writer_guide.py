"""The guide to the writer: its Python runs from top to bottom in an empty folder, and what it leaves conforms."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import runcheck

GUIDE = Path(__file__).parents[2] / "docs/writer.md"


def test_the_code_of_the_guide_runs_and_what_it_writes_is_clean(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    script = tmp_path / "guide.py"
    script.write_text('"""Follow the guide."""\n\n' + "\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stderr
    kept, resumed, loaded = done.stdout.splitlines()
    (unit,) = (tmp_path / "artefacts/model/line_linear_kept").glob("2*")
    rows = [json.loads(line) for line in (unit / "metrics.jsonl").read_text().splitlines()]
    losses = {row["step"]: row["value"] for row in rows if row["metric"] == "loss" and row["step"] % 10 == 0}
    assert json.loads(kept) == sorted({0, 30, min(losses, key=losses.__getitem__), 50})
    assert resumed == "19"
    status, rate, best = loaded.split()
    assert (status, rate) == ("completed", "0.1")
    assert 0 <= float(best) < 0.1
    report = runcheck.check(tmp_path / "artefacts", depth="deep")
    assert {finding.code for finding in report.findings} <= {"RC208"}, report.findings  # in no repository


def test_every_page_and_command_that_the_guide_names_is_there() -> None:
    text = GUIDE.read_text()
    assert [page for page in re.findall(r"\]\(([^)]+)\)", text) if not (GUIDE.parent / page).exists()] == []
    commands = set(re.findall(r"`runcheck ([a-z]+) RUN`", text))
    assert commands == {"recover", "reproduce"}
