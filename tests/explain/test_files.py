"""Which files a check looks at."""

import os
from pathlib import Path

from runcheck.explain.files import files_of, render
from runcheck.tree.store import Remote
from tests.checking import check


def test_they_are_the_files_that_a_check_counts_each_in_its_role(tree: Path) -> None:
    shown = list(files_of(str(tree), Remote()))
    units = [each for each in shown if each.path.count("/") >= 3]
    assert len(units) == check(tree).files
    assert {each.path: each.role for each in shown if each.role in ("registry", "latest")} == {
        "runs.parquet": "registry",
        "dataset/digits/latest": "latest",
        **{each.path: "latest" for each in shown if each.path.endswith("logreg_baseline/latest")},
    }
    assert {each.role for each in units} >= {"metadata", "metrics", "data", "checksums", "readme"}
    for each in units:
        assert os.path.isfile(tree / each.path)


def test_of_a_part_of_a_tree_the_files_of_the_other_parts_are_not_shown(tree: Path) -> None:
    assert all(not each.path.startswith("model/") for each in files_of(str(tree / "dataset"), Remote()))


def test_none_is_opened_and_none_is_without_a_line(tree: Path, run_folder: Path) -> None:
    (run_folder / "no\x1brole.txt").write_text("x")
    (run_folder / "metrics.jsonl").chmod(0)
    lines = list(render(files_of(str(run_folder), Remote())))
    assert [line.split()[0] for line in lines if line.endswith("metrics.jsonl")] == ["metrics"]
    assert [line[:7] for line in lines if line.endswith(r"no\x1brole.txt")] == ["no role"]
