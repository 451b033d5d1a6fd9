"""Files and plots that are added to a run: copies, without secrets, where the layout has them."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from runcheck.errors import InvalidArgumentError
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]
KEY = "ghp_" + "x7Kq2mVb9Rt4Wz8Yc1Nd6Hf3Js5Lp0Ga1eQu"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>\n'


@pytest.fixture
def run(start: StartRun) -> Run:
    """A run that is writing."""
    run = start()
    run.log(0, {"loss": 1.0})
    return run


def finished(run: Run) -> dict[str, Any]:
    """Finish the run, see that its tree conforms, and return the metadata."""
    run.finish()
    report = check(Path(run.path).parents[2])
    findings = [each for each in report.findings if each.code != "RC208"]  # it is written outside of a repository
    assert [(each.code, each.path, each.message) for each in findings] == []
    metadata: dict[str, Any] = json.loads(Path(run.path, "metadata.json").read_text())
    return metadata


def test_a_file_is_copied_under_extra_and_sealed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "confusion.csv").write_bytes(b"a,b\r\n1,2\r\n")
    path = run.add_file(tmp_path / "confusion.csv")
    assert path == f"{run.path}/extra/confusion.csv"
    assert Path(path).read_bytes() == b"a,b\r\n1,2\r\n"
    assert run.add_file(tmp_path / "confusion.csv", "test/first.csv") == f"{run.path}/extra/test/first.csv"
    assert finished(run)["governance"]["redactions"] == []
    assert "  extra/test/first.csv\n" in Path(run.path, "SHA256SUMS").read_text()


def test_a_secret_and_a_home_folder_are_taken_out_of_a_text_and_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(f"key={KEY}\nreading /home/ada/data/train.csv\nepoch 1\n")
    path = run.add_file(str(tmp_path / "log.txt"))
    assert path is not None
    text = Path(path).read_text()
    assert KEY not in text
    assert "ada" not in text
    assert text.endswith("epoch 1\n")
    assert [each["where"] for each in finished(run)["governance"]["redactions"]] == ["extra/log.txt"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_secret_in_a_text_of_two_bytes_a_character_is_taken_out(run: Run, tmp_path: Path, encoding: str) -> None:
    for name, text in (("bad.txt", f"\ufeffkey={KEY}\n"), ("good.txt", "\ufeffepoch 1\n")):
        (tmp_path / name).write_bytes(text.encode(encoding))
        run.add_file(tmp_path / name)
    assert Path(run.path, "extra/bad.txt").read_text(encoding="utf-8") == "key=[redacted]\n"
    assert Path(run.path, "extra/good.txt").read_bytes() == (tmp_path / "good.txt").read_bytes()
    finished(run)


def test_what_is_no_text_is_copied_byte_for_byte(run: Run, tmp_path: Path) -> None:
    content = b"\x00" + KEY.encode() + bytes(range(256)) * 10_000
    (tmp_path / "blob.dat").write_bytes(content)
    path = run.add_file(tmp_path / "blob.dat")
    assert path is not None
    assert Path(path).read_bytes() == content
    run.finish()


def test_a_link_is_copied_as_what_it_leads_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "target")
    path = run.add_file(tmp_path / "link.txt")
    assert path is not None
    assert not os.path.islink(path)
    assert Path(path).read_text() == "x\n"
    finished(run)


def test_a_file_of_the_same_name_replaces_the_one_before(run: Run, tmp_path: Path) -> None:
    for text in ("first\n", "second\n"):
        (tmp_path / "a.txt").write_text(text)
        run.add_file(tmp_path / "a.txt")
    assert Path(run.path, "extra/a.txt").read_text() == "second\n"
    assert [path.name for path in Path(run.path, "extra").iterdir()] == ["a.txt"]
    finished(run)


@pytest.mark.parametrize(
    "name",
    [
        *("", "..", "../a.txt", "a/../../b", "/etc/passwd", "a//b", "a\\b", "a\0b", "a\nb", "a:b", "con.txt", "a."),
        *("a" * 256, "a.tmp", ".env", "uncommitted.diff", "A.TXT", "SUB/x", 3),
    ],
)
def test_a_name_that_does_not_fit_is_refused(run: Run, tmp_path: Path, name: Any) -> None:  # noqa: ANN401
    (tmp_path / "a.txt").write_text("x\n")
    run.add_file(tmp_path / "a.txt")
    run.add_file(tmp_path / "a.txt", "sub/a.txt")
    with pytest.raises(InvalidArgumentError):
        run.add_file(tmp_path / "a.txt", name)
    assert sorted(path.name for path in Path(run.path, "extra").rglob("*")) == ["a.txt", "a.txt", "sub"]
    finished(run)


def test_what_is_no_file_is_refused(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nothing.txt", tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidArgumentError, match="is no file"):
            run.add_file(path)
    assert not Path(run.path, "extra").exists()
    run.finish()


def test_a_text_too_large_to_be_searched_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"epoch 1\n" * (8 << 20) + b"x")
    with pytest.raises(InvalidArgumentError, match="a text of more than 64 MiB"):
        run.add_file(tmp_path / "log.txt")
    finished(run)


def test_what_the_disk_refuses_is_a_warning(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n")
    run.add_file(tmp_path / "a.txt")
    with pytest.warns(RuntimeWarning, match=r"extra/a\.txt/b of .* was not written") as told:
        assert run.add_file(tmp_path / "a.txt", "a.txt/b") is None
    assert told[0].filename == __file__
    assert Path(run.path, "extra/a.txt").read_text() == "x\n"
    finished(run)


def test_nothing_is_written_through_a_link_in_the_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "a.txt").write_text("x\n")
    Path(run.path, "extra").symlink_to(tmp_path / "outside")
    with pytest.warns(RuntimeWarning, match="was not written: a folder on the way is a link"):
        run.add_file(tmp_path / "a.txt")
    assert list((tmp_path / "outside").iterdir()) == []
    run.finish()


# --- plots ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("loss", PNG, "loss.png"),
        ("loss.png", PNG, "loss.png"),
        ("val/roc", SVG, "val/roc.svg"),
        ("a.b", SVG, "a.b.svg"),
    ],
)
def test_an_image_is_kept_as_it_is(run: Run, tmp_path: Path, name: str, image: bytes, expected: str) -> None:
    (tmp_path / "image").write_bytes(image)
    for given in (image, tmp_path / "image", str(tmp_path / "image")):
        path = run.plot(name, given)
        assert path == f"{run.path}/plots/{expected}"
        assert Path(path).read_bytes() == image
    finished(run)


@pytest.mark.parametrize(
    ("name", "figure", "words"),
    [
        ("loss", b"GIF89a", "neither PNG nor SVG"),
        ("loss", b"", "neither PNG nor SVG"),
        ("loss.png", SVG, r"is SVG by how it begins; call it \*\.svg"),
        ("loss", object(), "the plot is an object; give a figure"),
        ("loss", None, "the plot is None"),
        ("loss", "nothing.png", "is no file"),
        ("../loss", PNG, "stays in plots/"),
        ("a:b", PNG, "holds ':'"),
    ],
)
def test_what_is_no_plot_is_refused(run: Run, name: str, figure: object, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        run.plot(name, figure)
    assert not Path(run.path, "plots").exists()
    finished(run)


def test_a_figure_of_matplotlib_is_drawn(run: Run) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1.0, 2.0], label="loss")
    path = run.plot("loss", figure)
    assert path == f"{run.path}/plots/loss.png"
    assert Path(path).read_bytes().startswith(PNG[:8])
    svg = run.plot("curves.svg", axes)
    assert svg == f"{run.path}/plots/curves.svg"
    assert b"<svg" in Path(svg).read_bytes()
    assert b"dc:date" not in Path(svg).read_bytes()
    finished(run)


def test_a_figure_that_cannot_be_drawn_is_a_warning(run: Run) -> None:
    figure = Figure()
    figure.suptitle(r"$\notacommand$")
    with pytest.warns(RuntimeWarning, match="a plot could not be drawn"):
        assert run.plot("loss", figure) is None
    assert not Path(run.path, "plots").exists()
    finished(run)
