"""The wheel carries the convention, and nothing that is not the library."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.parametrize("folder", ["schemas", "spec"])
def test_the_wheel_holds_every_file_of_the_convention_as_it_is(wheel: Path, folder: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for path in (path for path in (CHECKOUT / folder).rglob("*") if path.is_file()):
            within = path.relative_to(CHECKOUT).as_posix()
            assert archive.read(f"runcheck/convention/data/{within}") == path.read_bytes()


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "runcheck/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"runcheck"}


def test_the_wheel_holds_what_a_report_embeds(wheel: Path) -> None:
    assets = CHECKOUT / "src/runcheck/page/assets"
    with zipfile.ZipFile(wheel) as archive:
        for path in (path for path in assets.rglob("*") if path.is_file()):
            assert archive.read(f"runcheck/page/assets/{path.relative_to(assets).as_posix()}") == path.read_bytes()


def test_an_installed_wheel_checks_a_tree(wheel: Path, good_tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = f"import runcheck; print(runcheck.__file__); runcheck.check({str(good_tree)!r})"
    # -c puts the working directory first on the path, before the checkout that is installed editable.
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(tmp_path))
