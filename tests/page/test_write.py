"""What is on the page of a tree, and where it is not written."""

import json
import re
import shutil
from pathlib import Path
from typing import cast

import pytest

import runcheck
from runcheck.cli import FAILED, main
from runcheck.page.document import asset, policy
from runcheck.page.write import Written, write_page
from runcheck.pipeline import check


def written(paths: list[Path], target: Path, most_told: int = 24) -> str:
    """Return the text of the page of some paths."""
    write_page(
        [str(path) for path in paths], str(target), lambda each: [check(path) for path in each], most_told=most_told
    )
    return target.read_text(encoding="utf-8")


def drawn(page: str) -> dict[str, object]:
    """Return what the scripts of a page draw."""
    found = re.search(r'<script type="application/json" id="drawn">(.*?)</script>', page)
    assert found
    told: dict[str, object] = json.loads(found[1])
    return told


def words(page: str) -> str:
    """Return the text of a page without its scripts, its style and its markup."""
    return re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)


def add_run(root: Path, variant: str, learning_rate: float, steps: int = 5, **tags: str) -> None:
    """Add a run to the tree."""
    with runcheck.start_run(
        root,
        dataset="digits",
        model="logreg",
        variant=variant,
        config={"learning_rate": learning_rate, "layers": [64, 10]},
        seeds={"init": 0},
        tags={"experiment": "digits", "run_type": "train", **tags},
        data=f"{root}/dataset/digits/v1",
    ) as run:
        for step in range(1, steps + 1):
            run.log(step, {"loss": learning_rate / step})


def test_the_page_of_a_root_tells_of_all_units(tree: Path, tmp_path: Path) -> None:
    add_run(tree, "other", 0.2)
    page = written([tree], tmp_path / "page.html")
    told = words(page)
    for each in ("digits_logreg_baseline", "digits_logreg_other", "dataset/digits/v1", "A baseline.", "Numbers."):
        assert each in told
    assert "3 units and" in told
    assert drawn(page)["runs"] != []
    assert re.search(
        r"Different configuration.*learning_rate\s+0\.[12]\s+0\.[12]\s.*1 key the same in all", told, re.DOTALL
    )


def test_the_comparison_is_that_of_compare(tree: Path, tmp_path: Path) -> None:
    for variant, rate in (("worse", 0.4), ("other", 0.2)):
        add_run(tree, variant, rate)
    for variant, direction in (("worse", "min"), ("other", "max")):
        summary = tree / f"model/digits_logreg_{variant}/latest/summary.yaml"
        text = summary.read_text()
        summary.write_text(text.replace('direction: "min"', f'direction: "{direction}"'))
    units = [tree / f"model/digits_logreg_{variant}/latest" for variant in ("worse", "other")]
    page = written(units, tmp_path / "page.html")
    part = page[page.index('id="comparison"') : page.index('id="details"')]
    assert re.search(r"train/loss.*0\.04.*@5.*0\.08.*@5", words(part), re.DOTALL)
    assert "<b>" not in part  # they do not agree on which end is the better one
    (units[0] / "summary.yaml").unlink()
    assert re.search(r"train/loss.*0\.04.*@5.*0\.08.*@5", words(written(units, tmp_path / "page.html")), re.DOTALL)


def test_the_time_that_a_unit_took_is_that_of_its_summary(tree: Path, tmp_path: Path) -> None:
    add_run(tree, "other", 0.2)
    summary = tree / "model/digits_logreg_other/latest/summary.yaml"
    summary.write_text(re.sub(r"duration_seconds: .*", "duration_seconds: 7200.5", summary.read_text()))
    page = words(written([summary.parent], tmp_path / "page.html"))
    assert len(re.findall(r"took\s+2 h", page)) == 1


def test_the_findings_are_those_of_the_check(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    (run_folder / "config.json").write_text('{"learning_rate": 0.5, "layers": [64, 10]}\n')
    found = check(tree).findings
    assert found
    page = words(written([tree], tmp_path / "page.html"))
    for finding in found:
        assert finding.code in page
    assert f"✗ {sum(each.is_error for each in found)} error" in page


def test_the_page_of_a_unit_tells_of_it_alone_and_where_it_came_from(tree: Path, tmp_path: Path) -> None:
    add_run(tree, "other", 0.2)
    page = words(written([tree / "model/digits_logreg_other/latest"], tmp_path / "page.html"))
    assert "digits_logreg_other" in page
    assert "digits_logreg_baseline" not in page
    assert "data: dataset/digits/v1" in re.sub(r"\s+", " ", page)


def test_a_dataset_tells_which_runs_were_made_from_it(tree: Path, tmp_path: Path) -> None:
    page = words(written([tree / "dataset/digits/v1"], tmp_path / "page.html"))
    assert "model/digits_logreg_baseline/" in page


def test_a_page_says_of_how_many_runs_a_dataset_is_and_of_a_run_whether_it_is_as_it_was(
    tree: Path, run_folder: Path, tmp_path: Path
) -> None:
    for number in range(2, 26):
        shutil.copytree(run_folder, run_folder.with_name(f"v{number}"))
    told = words(written([tree / "dataset/digits/v1"], tmp_path / "page.html"))
    assert re.search(r"used by\s.*\s25\s", told, re.DOTALL)
    assert "and 5 more" in told
    assert re.search(r"data:\s+dataset/digits/v1\s+, as it was", words(written([run_folder], tmp_path / "page.html")))
    metadata = json.loads((tree / "dataset/digits/v1/metadata.json").read_text())
    (tree / "dataset/digits/v1/metadata.json").write_text(json.dumps(metadata | {"fingerprint": "0" * 64}))
    assert "has another fingerprint now" in words(written([run_folder], tmp_path / "page.html"))
    shutil.rmtree(tree / "dataset/digits/v1")
    assert "(is not in the tree)" in words(written([run_folder], tmp_path / "page.html"))


def test_units_of_two_trees_are_two_pages(tree: Path, good_tree: Path, tmp_path: Path) -> None:
    with pytest.raises(runcheck.RuncheckError, match="two trees"):
        written([tree / "dataset/digits/v1", good_tree / "dataset/digits/v1"], tmp_path / "page.html")


def test_older_runs_are_in_the_table_alone_and_the_page_says_so(tree: Path, tmp_path: Path) -> None:
    add_run(tree, "other", 0.2)
    page = written([tree], tmp_path / "page.html", most_told=1)
    assert drawn(page)["runs"] == [(tree / "model/digits_logreg_other/latest").resolve().name]
    assert "2 older units are in the table alone" in words(page)
    assert "digits_logreg_baseline" in words(page)


def test_long_curves_are_cut_and_the_page_says_so(tree: Path, tmp_path: Path) -> None:
    add_run(tree, "long", 0.2, steps=4000)
    page = written([tree], tmp_path / "page.html")
    assert len(page) < 300_000
    assert "none of their peaks is left out" in words(page)


def test_what_nobody_recorded_is_not_told_and_stops_nothing(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    metadata = json.loads((run_folder / "metadata.json").read_text())
    (run_folder / "metadata.json").write_text(
        json.dumps(metadata | {"env": None, "command": None, "adopted": {"from": "mlflow"}})
    )
    add_run(tree, "other", 0.2)
    page = written([tree], tmp_path / "page.html")
    assert "nobody recorded it" in words(page)
    assert re.search(r"adopted from\s+mlflow", words(page))
    assert len(cast("list[str]", drawn(page)["runs"])) == 2


def test_what_is_broken_is_told_and_the_rest_is_there(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    add_run(tree, "other", 0.2)
    (run_folder / "metadata.json").write_text("{")
    with open(tree / "model/digits_logreg_other/latest/metrics.jsonl", "a") as stream:
        stream.write("broken\n")
    page = words(written([tree], tmp_path / "page.html"))
    assert "digits_logreg_other" in page
    assert "lines that are no rows are not drawn" in page
    assert re.search(r"model/digits_logreg_baseline/\S+: metadata.json is not JSON", page)


@pytest.mark.parametrize("place", ["page.html", "plots/page.html"])
def test_a_sealed_unit_does_not_get_the_page(
    tree: Path, run_folder: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tree), "--html", "--output", str(run_folder / place)]) == FAILED
    said = capsys.readouterr().err
    assert "is sealed and must not change; give another file" in said
    assert not (run_folder / place).exists()


def test_the_command_writes_the_page_and_prints_its_path(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 0
    assert re.fullmatch(r"runcheck-report\.html  [\d.]+ KiB\n", capsys.readouterr().out)
    assert (tmp_path / "runcheck-report.html").read_text().startswith("<!DOCTYPE html>")
    assert main(["report", str(tmp_path / "nowhere")]) == FAILED
    assert main(["report", "--output", str(tmp_path)]) == FAILED
    assert "is a folder" in capsys.readouterr().err


def test_no_secret_and_no_folder_of_this_machine_is_on_the_page(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    key = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    metadata = json.loads((run_folder / "metadata.json").read_text())
    metadata["description"] = f"with {key}"
    metadata["command"] = ["train.py", f"--token={key}"]
    metadata["tags"]["note"] = key
    metadata["trackers"] = {"wandb": {"api_key": key}}
    (run_folder / "metadata.json").write_text(json.dumps(metadata))
    (run_folder / "config.json").write_text(json.dumps({"api_token": key, key: 1, "list": [key]}))
    page = written([tree], tmp_path / "page.html")
    assert key not in page
    assert str(tree) not in page


def test_the_policy_names_each_script_and_no_address() -> None:
    said = policy("a{}", "1;")
    assert "default-src 'none'" in said
    assert "script-src 'sha256-" in said
    assert "unsafe" not in said
    assert "http" not in said


def test_what_is_vendored_is_what_was_released() -> None:
    import hashlib
    import tomllib

    noted = tomllib.loads(asset("uplot/vendored.toml"))
    for name, sha256 in noted["sha256"].items():
        assert hashlib.sha256(asset(f"uplot/{name}").encode()).hexdigest() == sha256
    assert f"v{noted['version']}" in asset("uplot/uPlot.iife.min.js")[:200]
    assert noted["licence"] in asset("uplot/LICENSE")


def test_the_licence_of_what_is_embedded_is_on_the_page(tree: Path, tmp_path: Path) -> None:
    page = written([tree], tmp_path / "page.html")
    assert "Copyright (c) 2022 Leon Sorokin" in page
    assert "Permission is hereby granted" in page


def test_a_page_that_cannot_be_written_leaves_the_old_one(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(runcheck.RuncheckError):
        write_page([str(tree)], str(tmp_path / "page.html"), _fail, most_told=1)
    assert (tmp_path / "page.html").read_text() == "old"
    assert isinstance(
        write_page([str(tree)], str(tmp_path / "page.html"), lambda _: [check(tree)], most_told=1), Written
    )


def _fail(paths: object) -> list[runcheck.Report]:
    raise runcheck.RuncheckError("no")
