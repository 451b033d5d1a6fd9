"""Which parts of which trees a change touches."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.changes.change import Change
from runcheck.changes.touched import Touched, touched_by
from runcheck.convention.layout import layout
from runcheck.tree.index import repository_of
from runcheck.tree.store import LocalStore, Store
from tests.conftest import DATASET, RUN
from tests.repositories import commit, repository


@pytest.fixture
def top(tree: Path) -> Path:
    commit(repository(tree.parent))
    return tree.parent


@pytest.fixture
def touched(top: Path) -> Callable[..., tuple[list[Touched], frozenset[str]]]:
    """Return what returns what these paths touch, of which some were there before."""

    def store_at(folder: str) -> Store:
        return LocalStore(str(top / folder))

    def touch(*paths: str, before: tuple[str, ...] = ()) -> tuple[list[Touched], frozenset[str]]:
        here = repository_of(str(top))
        return touched_by(
            Change(here, frozenset((*paths, *before)), frozenset(before), frozenset(), is_staged=False), store_at
        )

    return touch


Touch = Callable[..., tuple[list[Touched], frozenset[str]]]


def test_files_of_one_unit_touch_it_once(touched: Touch) -> None:
    trees, outside = touched(f"artefacts/{DATASET}/v1/README.md", f"artefacts/{DATASET}/v1/a/b/c", "src/train.py")
    assert trees == [Touched("artefacts", frozenset({f"{DATASET}/v1"}), frozenset())]
    assert outside == {"src/train.py"}


def test_what_lies_above_the_units_is_touched_itself(touched: Touch) -> None:
    above = {layout().registry, f"{DATASET}/latest", "notes.txt", "notes/deep.txt", f"{DATASET}/note"}
    trees, outside = touched(*(f"artefacts/{path}" for path in above))
    assert trees == [Touched("artefacts", frozenset(above), frozenset(), has_rows=True)]
    assert outside == {f"artefacts/{path}" for path in above}


def test_a_unit_that_is_gone_is_touched(touched: Touch) -> None:
    trees, _ = touched(before=(f"artefacts/{RUN}/v9/metrics.jsonl",))
    assert trees == [Touched("artefacts", frozenset({f"{RUN}/v9"}), frozenset())]


def test_folders_that_only_bear_the_names_are_no_tree(touched: Touch, top: Path) -> None:
    (top / "src/model/layers/dense").mkdir(parents=True)
    trees, outside = touched("src/model/layers/dense/init.py")
    assert not trees
    assert outside == {"src/model/layers/dense/init.py"}


@pytest.mark.parametrize("file", ["metadata.json", "SHA256SUMS"])
def test_what_refers_to_a_unit_that_changed_is_looked_at_beside_it(touched: Touch, top: Path, file: str) -> None:
    run = next(path for path in (top / "artefacts" / RUN).iterdir() if not path.is_symlink())
    (only,), _ = touched(before=(f"artefacts/{DATASET}/v1/{file}",))
    assert run.relative_to(top / "artefacts").as_posix() in only.beside


@pytest.mark.parametrize("escaped", [r"\u0064igits", r"digit\u0073", r"d\u0069gits"])
def test_a_name_that_is_written_with_escapes_is_found_too(touched: Touch, top: Path, escaped: str) -> None:
    run = next(path for path in (top / "artefacts" / RUN).iterdir() if not path.is_symlink())
    path = run / "metadata.json"
    before = json.loads(path.read_text())
    path.write_text(path.read_text().replace("digits", escaped))
    assert json.loads(path.read_text()) == before
    (only,), _ = touched(before=(f"artefacts/{DATASET}/v1/SHA256SUMS",))
    assert run.relative_to(top / "artefacts").as_posix() in only.beside


def test_a_slug_beyond_ascii_is_found_as_json_escapes_it(touched: Touch, top: Path) -> None:
    run = next(path for path in (top / "artefacts" / RUN).iterdir() if not path.is_symlink())
    (run / "metadata.json").write_text(json.dumps({"links": {"of": "dataset/modèle/v1"}}))
    (only,), _ = touched(before=("artefacts/dataset/modèle/v1/SHA256SUMS",))
    assert run.relative_to(top / "artefacts").as_posix() in only.beside


@pytest.mark.parametrize("file", ["README.md", "train.parquet"])
def test_nobody_else_is_looked_at_for_what_no_other_unit_rests_on(touched: Touch, file: str) -> None:
    (only,), _ = touched(before=(f"artefacts/{DATASET}/v1/{file}",))
    assert only.beside == frozenset()


def test_nor_for_what_is_new(touched: Touch) -> None:
    (only,), _ = touched(f"artefacts/{DATASET}/v2/metadata.json")
    assert only.beside == frozenset()


def test_a_schema_that_any_unit_may_break_touches_all_of_the_tree(touched: Touch) -> None:
    schema = layout().extension_schemas.replace("<extension>", "calibration")
    trees, _ = touched(f"artefacts/{schema}", f"artefacts/{DATASET}/v1/README.md")
    assert trees == [Touched("artefacts", frozenset(), frozenset())]


@pytest.mark.parametrize("is_staged", [False, True])
def test_all_rows_of_a_registry_that_changed_are_judged_but_by_a_hook_with_units_to_judge(
    top: Path, is_staged: bool
) -> None:
    registry, unit = f"artefacts/{layout().registry}", f"artefacts/{DATASET}/v1/README.md"
    judged = [
        touched_by(
            Change(repository_of(str(top)), frozenset(paths), frozenset(), frozenset(), is_staged),
            lambda folder: LocalStore(str(top / folder)),
        )[0][0].has_rows
        for paths in ([registry], [registry, unit], [unit])
    ]
    assert judged == [True, not is_staged, False]
