"""A fix that is killed before any of its changes leaves each file old or new, and the next fix finishes it."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import runcheck
from runcheck.errors import CannotWriteError
from runcheck.fixes.apply import _write, apply, finish_interrupted, fixing
from runcheck.fixes.edits import Edit
from tests.conftest import RUN
from tests.fixes.test_fixes import everything, readme, reseal, run_of

SOURCE = str(Path(runcheck.__file__).parents[1])
REPOSITORY = str(Path(__file__).parents[2])

# Starts once and forks for each death.
_DEATHS = """
import os, sys, shutil
from pathlib import Path
sys.modules["pyarrow"] = None  # no registry, whose reader is a process of its own
from tests.checking import check
from runcheck.fixes.apply import apply, finish_interrupted, fixing
from runcheck.fixes.plan import plan
from tests.deaths import forked
from tests.fixes.test_fixes import everything
good, root = sys.argv[1:]
findings = check(good).findings

def fix():
    with fixing(root):
        finish_interrupted(root)
        for group in plan(root, findings, is_daring=True).edits:
            apply(root, group)

def fresh():
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(good, root, symlinks=True)

def files():
    return {path: each for path, each in everything(Path(root)).items() if isinstance(each, str) or each[1] is not None}

fresh()
old = files()
assert forked(fix, root) == 0
new = files()
assert not [each for each in check(root).findings if each.code not in ("RC208", "RC705")], check(root).findings
assert len([path for path in {**old, **new} if old.get(path) != new.get(path)]) > 5

deaths = 0
for number in range(1, 1000):
    fresh()
    status = forked(fix, root, number)
    if status == 0:
        break
    assert status == 9, (number, status)
    deaths += 1
    for path, each in files().items():
        if not path.endswith(".tmp"):
            assert each in (old.get(path), new.get(path)), (number, path)
    if deaths % 3 == 0:
        forked(fix, root, 4)  # and the one that finishes it is killed too
    assert forked(fix, root) == 0, f"after death {number}"
    assert files() == new, (number, {path for path in {**files(), **new} if files().get(path) != new.get(path)})
print(deaths)
"""


def test_killed_before_any_change_each_file_is_old_or_new_and_the_next_fix_finishes_it(
    tree: Path, tmp_path: Path
) -> None:
    (tree / "runs.parquet").unlink()
    run = run_of(tree)
    with (run / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"step": 6, "spl')
    (run / "plots").mkdir()
    (run / "plots/later.txt").write_text("x\n")
    (run / "x.tmp").write_text("half")
    (tree / "model/digits_logreg_baseline/latest").unlink()
    reseal(run, "metrics.jsonl")
    readme("# A run\n")(tree)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _DEATHS, str(tree), str(tmp_path / "again/artefacts")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}:{REPOSITORY}", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 20


def edit_of(root: Path, path: str, text: str) -> Edit:
    """Return an edit of a file that is there."""
    from runcheck.fixes.draft import Draft

    draft = Draft(str(root))
    draft.write(path, text)
    return draft.edits()[0]


def test_what_changed_since_the_interruption_is_not_written_over(tree: Path) -> None:
    path = run_of(tree) / "README.md"
    (run_of(tree) / "SHA256SUMS").unlink()
    with fixing(str(tree)):
        _write(str(tree), [edit_of(tree, str(path.relative_to(tree)), "# New\n")])
        path.write_text("# Mine\n")
        [line] = finish_interrupted(str(tree))
        assert "README.md changed since" in line
        assert path.read_text() == "# Mine\n"
        assert finish_interrupted(str(tree)) == []


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("../outside", "write"),
        ("/etc/passwd", "write"),
        ("dataset/digits/v1/train.parquet", "write"),
        ("dataset/digits/v1/train.parquet", "remove"),
        ("model/digits_logreg_baseline/{run}/checkpoints/1/a.tmp", "remove"),
        ("model/digits_logreg_baseline/{run}/metrics.jsonl", "write"),
        ("model/digits_logreg_baseline/{run}/tensorboard/x", "remove"),
        ("model/digits_logreg_baseline/{run}/README.md", "link"),
        ("runs.parquet", "write"),
        ("README.md", "remove"),
        (".git/config", "write"),
    ],
)
def test_a_plan_that_somebody_left_does_only_what_fixes_may(tree: Path, path: str, act: str) -> None:
    step = {"path": path.format(run=run_of(tree).name), "act": act, "before": "absent", "content": "eA==", "size": 0}
    before = everything(tree)
    with fixing(str(tree)):
        (tree / ".runcheck/fix.json").write_text(json.dumps([step]))
        [line] = finish_interrupted(str(tree))
    assert line.startswith("an interrupted fix cannot be finished")
    assert everything(tree) == before


@pytest.mark.parametrize(
    ("act", "path", "content", "size"),
    [
        ("end", "{run}/metrics.jsonl", b"", 0),  # more than a torn line
        ("end", "{run}/metrics.jsonl", b"", -1),
        ("end", "{run}/metrics.jsonl", b"", 1 << 40),
        ("end", "{run}/metrics.jsonl", b'{"step": 9}\n', None),
        ("link", "latest", b"/etc", 0),
        ("link", "latest", b"../..", 0),
        ("link", "latest", b"v1\0", 0),
    ],
)
def test_a_plan_that_somebody_left_cuts_no_rows_and_leads_nowhere(
    tree: Path, act: str, path: str, content: bytes, size: int | None
) -> None:
    run = run_of(tree)
    there = (run / "metrics.jsonl").stat().st_size
    step = {
        "path": f"{RUN}/{path.format(run=run.name)}",
        "act": act,
        "before": f"size {there}" if act == "end" else f"link {run.name}",
        "content": base64.b64encode(content).decode(),
        "size": there if size is None else size,
    }
    before = everything(tree)
    with fixing(str(tree)):
        (tree / ".runcheck/fix.json").write_text(json.dumps([step]))
        [line] = finish_interrupted(str(tree))
    assert line.startswith("an interrupted fix cannot be finished")
    assert everything(tree) == before


NO_SIZE = '[{"path": "a", "act": "write", "before": "absent", "content": "", "size": 1e999}]'


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"path": "a"}]', "[" * 100_000, NO_SIZE])
def test_a_damaged_plan_is_dropped_and_told(tree: Path, text: str) -> None:
    with fixing(str(tree)):
        (tree / ".runcheck/fix.json").write_text(text)
        lines = finish_interrupted(str(tree))
        assert finish_interrupted(str(tree)) == []
    assert lines
    assert lines[0].startswith(("an interrupted fix cannot be finished", "finished a fix"))


def test_what_changes_between_plan_and_write_is_left(tree: Path) -> None:
    path = run_of(tree) / "README.md"
    (run_of(tree) / "SHA256SUMS").unlink()
    edit = edit_of(tree, str(path.relative_to(tree)), "# New\n")
    path.write_text("# Mine\n")
    with fixing(str(tree)), pytest.raises(CannotWriteError, match="changed while it was to be mended"):
        apply(str(tree), [edit])
    assert path.read_text() == "# Mine\n"
