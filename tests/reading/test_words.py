"""Words that mean a unit of ``artefacts`` mean it wherever a unit is read, finished or sent."""

import shutil
from pathlib import Path

import pytest

import runcheck
from runcheck.cli import main
from runcheck.errors import CannotReadError
from runcheck.trackers.place import place_of
from tests.conftest import RUN

SLUG = RUN.partition("/")[2]


@pytest.fixture
def here(good_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a tree at ``./artefacts``; return the folder of its run."""
    shutil.copytree(good_tree, tmp_path / "artefacts", symlinks=True)
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "artefacts" / RUN / "latest").resolve()


def words_for(run: Path) -> list[str]:
    return ["latest", SLUG, RUN, run.name, f"{RUN}/{run.name}", f"artefacts/{RUN}", f"artefacts/{RUN}/latest"]


def test_a_word_is_loaded_and_recovered_and_mirrored_as_the_unit_that_it_means(here: Path) -> None:
    for word in words_for(here):
        assert runcheck.load(word).path == str(here), word
        assert runcheck.recover(word).path == str(here), word
        assert place_of(word).folder == str(here), word


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("export", ["--to", "csv", "--into", "metrics.csv"]),
        ("plot", ["--into", "images"]),
        ("publish", ["elsewhere"]),
        ("recover", []),
        ("reproduce", []),
        ("seal", []),
    ],
)
def test_a_command_takes_a_word_for_a_unit(
    here: Path, command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for word in ("latest", SLUG):
        shutil.rmtree("elsewhere", ignore_errors=True)
        Path("metrics.csv").unlink(missing_ok=True)
        main([command, word, *words])
        told = capsys.readouterr()
        assert "there is no" not in told.err, told.err
        assert here.name in told.out or Path("metrics.csv").exists() or list(Path().glob("images/*"))


def test_a_path_that_is_there_is_meant_before_a_word(here: Path) -> None:
    shutil.copytree("artefacts", "other/artefacts", symlinks=True)
    Path(SLUG).symlink_to(f"other/artefacts/{RUN}/{here.name}")
    assert runcheck.load(SLUG).path == str(Path(f"other/artefacts/{RUN}/{here.name}").resolve())


def test_a_word_that_means_nothing_says_what_it_may_mean(here: Path) -> None:
    with pytest.raises(CannotReadError, match=f"is no unit of artefacts; did you mean {SLUG}"):
        runcheck.load(f"{SLUG}s")
    with pytest.raises(CannotReadError, match="there is no such folder"):
        runcheck.load(here.parent / "v9")


def test_latest_where_no_tree_is_names_no_folder_for_a_version(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here.parents[3])
    shutil.move("artefacts", "trained")
    with pytest.raises(CannotReadError, match="no tree to look for it in") as caught:
        runcheck.load("latest")
    assert "newest version" not in str(caught.value)
    for word in ("latest", "trained/latest"):
        with pytest.raises(runcheck.errors.CannotCheckError, match="there is no such file or folder"):
            runcheck.check(word)


def test_a_tree_is_asked_for_its_own_units_alone(here: Path) -> None:
    shutil.copytree("artefacts", "other", symlinks=True)
    with pytest.raises(CannotReadError, match="there is no"):
        runcheck.open("other").unit(SLUG)
