"""Curves as images: where they go, what is in them, and what must not change."""

import math
import shutil
import struct
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import runcheck
from runcheck.cli import FAILED, main
from runcheck.plots.figure import Line, Panel, draw
from runcheck.plots.plot import Asked, file_name, plot
from runcheck.reading.curves import Curve, Point

pytest.importorskip("matplotlib")

PNG = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"


def started(root: Path, variant: str = "plain", metrics: tuple[str, ...] = ("loss",)) -> Path:
    """Return the folder of a run that was preempted: it is not sealed, and nobody writes it."""
    run = runcheck.start_run(
        root,
        dataset="digits",
        model="mlp",
        variant=variant,
        config={"seed": 1},
        seeds={"init": 1},
        tags={"experiment": "e", "run_type": "train"},
        data={"kind": "synthetic", "seed": 1},
    )
    for step in range(30):
        run.log(step, dict.fromkeys(metrics, 1 / (step + 1)))
        run.log(step, dict.fromkeys(metrics, 2 / (step + 1)), split="test")
    run.finish("preempted")
    return next(path for path in (root / "model" / f"digits_mlp_{variant}").iterdir() if path.is_dir())


@pytest.fixture
def open_run(tmp_path: Path) -> Path:
    """A run that is not sealed."""
    return started(tmp_path / "artefacts")


def names(folder: Path) -> set[str]:
    """Return the paths of all files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def paths_in(image: bytes) -> list[str]:
    """Return what is drawn as lines in an SVG: the paths that are clipped to the axes, without the grid."""
    groups = [each for each in ET.fromstring(image).iter(f"{SVG}g") if each.get("id", "").startswith("axes_")]
    return [
        path.get("d", "")
        for axes in groups
        for group in axes
        if group.get("id", "").startswith("line2d")
        for path in group.iter(f"{SVG}path")
    ]


def test_an_open_run_gets_an_image_a_metric_and_is_clean_then(open_run: Path) -> None:
    before = names(open_run)
    plotted = plot([str(open_run)], Asked())
    assert plotted.images == (str(open_run / "plots/loss.png"),)
    assert names(open_run) - before == {"plots/loss.png"}
    image = (open_run / "plots/loss.png").read_bytes()
    assert image.startswith(PNG)
    width, height = struct.unpack(">II", image[16:24])
    assert (width, height) == (960, 540)
    assert not [each for each in runcheck.check(open_run.parents[2]).findings if "plots" in each.path]


def test_a_sealed_run_is_refused_in_one_line_and_does_not_change(
    tree: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(run_folder)
    assert main(["plot", str(run_folder)]) == FAILED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is sealed and must not change; say where with --into FOLDER" in said
    for folder in (run_folder, run_folder / "plots", tree / "model/digits_logreg_baseline/latest/plots/deep"):
        assert main(["plot", str(run_folder), "--into", str(folder)]) == FAILED
        assert "is sealed" in capsys.readouterr().err
    assert names(run_folder) == before


def test_a_sealed_run_is_drawn_into_another_folder(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", str(run_folder), "--into", str(tmp_path / "new/images"), "--format", "svg"]) == 0
    assert names(tmp_path / "new") == {"images/loss.svg", "images/accuracy.svg"}
    assert capsys.readouterr().out.count("\n") == 2
    text = (tmp_path / "new/images/accuracy.svg").read_text()
    assert "<dc:date>" not in text
    main(["plot", str(run_folder), "--into", str(tmp_path / "again"), "--format", "svg"])
    assert (tmp_path / "again/accuracy.svg").read_text() == text


def test_several_runs_are_compared_in_one_figure_and_need_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [str(started(tmp_path / "artefacts", variant)) for variant in ("a", "b")]
    assert main(["plot", *runs]) == FAILED
    assert "--into FOLDER" in capsys.readouterr().err
    assert main(["plot", *runs, "--into", str(tmp_path / "images"), "--format", "svg"]) == 0
    assert names(tmp_path / "images") == {"loss.svg"}
    lines = [path for path in paths_in((tmp_path / "images/loss.svg").read_bytes()) if path.count("L") > 20]
    assert len(lines) == 4  # two runs on two splits


def test_metrics_are_chosen_by_name_or_pattern_and_names_make_folders(tmp_path: Path) -> None:
    run = started(tmp_path / "artefacts", metrics=("loss", "head/a:1", "head/b"))
    plot([str(run)], Asked(("head/*",)), str(tmp_path / "some"))
    assert names(tmp_path / "some") == {"head/a_1.png", "head/b.png"}
    assert file_name("a:b") == "a_b"
    plot([str(run)], Asked(is_together=True), str(tmp_path / "one"))
    assert names(tmp_path / "one") == {"metrics.png"}
    with pytest.raises(runcheck.RuncheckError, match="none of the metrics nope; it has head/a:1, head/b, loss"):
        plot([str(run)], Asked(("nope",)), str(tmp_path / "none"))


def test_a_folder_of_plots_that_is_a_link_is_not_followed(open_run: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (open_run / "plots").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(runcheck.RuncheckError, match="a folder on the way is a link"):
        plot([str(open_run)], Asked())
    assert not names(tmp_path / "elsewhere")


def test_a_run_that_is_being_written_is_left_to_its_writer(tmp_path: Path) -> None:
    run = runcheck.start_run(
        tmp_path / "artefacts",
        dataset="d",
        model="m",
        variant="v",
        config={"seed": 1},
        seeds={"init": 1},
        tags={"experiment": "e", "run_type": "train"},
        data={"kind": "synthetic", "seed": 1},
    )
    run.log(0, {"loss": 1.0})
    with pytest.raises(runcheck.RuncheckError, match="wait for it"):
        plot([str(run.path)], Asked())
    run.finish()


def test_a_dataset_has_nothing_to_draw(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(runcheck.RuncheckError, match="is a dataset, which has no metrics"):
        plot([str(tree / "dataset/digits/v1")], Asked(), str(tmp_path))
    with pytest.raises(runcheck.RuncheckError, match="is a dataset, which has no metrics"):
        plot([str(tree / "dataset/digits/v1")], Asked())


def test_what_is_not_finite_is_a_gap_and_a_mark() -> None:
    values = [1.0, 2.0, math.nan, 2.0, math.inf, 1.0]
    curve = Curve("loss", "train", tuple(map(Point, range(6), values)), (), 6)
    image = draw([Panel("loss", [Line("run", curve)])], "svg")
    assert any(path.count("M") == 3 for path in paths_in(image))  # begun anew after each gap
    assert image.decode().count("not finite") == 1


def test_an_average_is_drawn_over_what_it_is_of() -> None:
    points = tuple(Point(step, float(step % 2)) for step in range(40))
    flat = tuple(Point(step, 0.5) for step in range(40))
    plain = draw([Panel("loss", [Line("run", Curve("loss", "train", points, (), 40))])], "svg")
    smooth = draw([Panel("loss", [Line("run", Curve("loss", "train", points, flat, 40))])], "svg")
    assert [len([path for path in paths_in(each) if path.count("L") > 20]) for each in (plain, smooth)] == [1, 2]


def test_a_name_is_no_formula() -> None:
    curve = Curve("loss", "train", (Point(0, 1.0), Point(1, 2.0)), (), 2)
    panel = Panel(r"$\frac{", [Line(r"$x_", curve), Line("$", curve)])
    assert draw([panel], "png").startswith(PNG)


def test_without_matplotlib_one_line_says_what_to_install(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", str(run_folder), "--into", str(tmp_path / "images")]) == FAILED
    assert capsys.readouterr().err == ("runcheck: matplotlib is needed to draw a plot: pip install 'runcheck[plot]'\n")
    assert not (tmp_path / "images").exists()


@pytest.mark.parametrize("weight", ["1", "-0.1", "nan", "x"])
def test_a_weight_is_from_0_up_to_1(run_folder: Path, weight: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plot", str(run_folder), f"--smooth={weight}"])
    assert ended.value.code == 2


def test_lines_that_are_no_rows_are_told(
    tree: Path, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(run_folder, tmp_path / "copy")
    with open(copy / "metrics.jsonl", "a") as stream:
        stream.write("broken\n")
    assert main(["plot", str(copy), "--into", str(tmp_path / "images")]) == 0
    assert "lines that are no rows are not drawn" in capsys.readouterr().err
