"""Units that a run links once it is begun."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from runcheck.convention.layout import layout
from runcheck.errors import InvalidArgumentError, RuncheckError
from runcheck.writer.run import Run
from tests.checking import check
from tests.writer.conftest import StartRun


@pytest.fixture
def finished(root: Path, start: StartRun) -> str:
    """The path in its tree of a run that may be linked."""
    with start(variant="finished") as run:
        run.log(0, {"loss": 1.0})
    return os.path.relpath(run.path, root)


def links_of(run: Run) -> object:
    return json.loads(Path(run.path, "metadata.json").read_text()).get("links")


def test_a_link_is_in_the_metadata_and_the_registry_at_once_beside_those_of_the_start(
    root: Path, start: StartRun, finished: str
) -> None:
    with start(links={"baseline": finished}) as run:
        run.link({"evaluates": finished, "packages": finished})
        known = {"baseline": finished, "evaluates": finished, "packages": finished}
        assert links_of(run) == known
        table = pd.read_parquet(root / layout().registry).set_index("path")
        assert known == dict(table.loc[os.path.relpath(run.path, root), "links"])
        run.log(0, {"loss": 1.0})
    assert links_of(run) == known
    assert {finding.code for finding in check(root).findings} == {"RC208"}  # no commit


@pytest.mark.parametrize(
    "links", [{"No Relation": "model/a_b_c/v1"}, {"evaluates": "model/a_b_c/v1"}, {"evaluates": "../x"}, ["evaluates"]]
)
def test_of_links_that_do_not_fit_none_is_written(start: StartRun, finished: str, links: object) -> None:
    with start() as run:
        run.log(0, {"loss": 1.0})
        given = {"baseline": finished, **links} if isinstance(links, dict) else links
        with pytest.raises(InvalidArgumentError, match="links"):
            run.link(given)  # type: ignore[arg-type]
        assert links_of(run) is None


def test_a_run_that_is_finished_links_nothing_more(start: StartRun, finished: str) -> None:
    with start() as run:
        run.log(0, {"loss": 1.0})
    with pytest.raises(RuncheckError, match="the run is completed; start another one"):
        run.link({"evaluates": finished})
