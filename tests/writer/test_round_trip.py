"""What the writer writes the linter passes, and one byte changed in any sealed file it does not."""

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import runcheck
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine
from tests.checking import check
from tests.drawing import examples

# Outside of a repository; no seed given; a series that ended on NaN; TODO or nothing in the README; no description.
WARNINGS = {"RC208", "RC213", "RC413", "RC808", "RC810"}
SEALED = ["completed", "failed", "aborted"]
# Control characters in texts have tests of their own, see test_run.py.
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
TOKENS = st.from_regex(r"[a-z0-9]{1,5}(?:[.-][a-z0-9]{1,5})?", fullmatch=True)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
CONFIGS = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
METRICS = st.sampled_from(["loss", "accuracy", "a/b", "x@10", "_y", "n:o"])
VALUES = st.floats() | st.integers(-(10**18), 10**18)
POINTS = st.dictionaries(METRICS, VALUES, min_size=1, max_size=3)
STEPS = st.lists(
    st.tuples(st.integers(1, 10**6), st.sampled_from(["train", "test", "val-1"]), POINTS), min_size=1, max_size=6
)
RUNS = st.fixed_dictionaries(
    {
        "slug": st.tuples(TOKENS, TOKENS, TOKENS),
        "config": CONFIGS,
        "seeds": st.dictionaries(TEXT, st.integers(-(2**63), 2**63 - 1), max_size=2),
        "sweep": st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True),
        "run_type": st.sampled_from(["train", "finetune", "evaluate", "tune", "debug"]),
        "description": TEXT,
        "risks": TEXT,
        "architecture": TEXT,
        "error": TEXT,
        "steps": STEPS,
        "stopped": st.booleans(),
        "with_data": st.booleans(),
    }
)
# A whole tree is written for each example, so that making a failing one smaller would take minutes.
SETTINGS = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


def write(root: Path, drawn: dict[str, Any], status: Any) -> Path:  # noqa: ANN401
    """Write a run, and a dataset under it where one was drawn; return the run's folder."""
    data: Any = {"kind": "synthetic", "seed": 3}
    if drawn["with_data"]:
        with runcheck.new_dataset(
            root,
            "numbers",
            provenance={"kind": "external", "hashes": {"a": "0" * 64}},
            description=drawn["description"],
        ) as dataset:
            dataset.write_parquet("train", {"x": [1.0, 2.0]})
        data = dataset.path
    dataset_name, model, variant = drawn["slug"]
    tags = {"experiment": "e", "run_type": drawn["run_type"], **({"sweep": drawn["sweep"]} if drawn["sweep"] else {})}
    run = runcheck.start_run(
        root,
        dataset=dataset_name,
        model=model,
        variant=variant,
        config=drawn["config"],
        seeds=drawn["seeds"],
        tags=tags,
        data=data,
        description=drawn["description"],
        architecture=drawn["architecture"],
        risks=drawn["risks"],
    )
    step = -1
    for gap, split, points in drawn["steps"]:
        step += gap
        run.log(step, points, split=split)
    if drawn["stopped"]:
        run.stopped_early(step)
    run.finish(status, None if status == "completed" else drawn["error"])
    return Path(run.path)


@settings(SETTINGS, max_examples=examples(60))
@given(drawn=RUNS, status=st.sampled_from([*SEALED, "preempted"]))
def test_what_the_writer_writes_conforms(quarantine: Quarantine, drawn: dict[str, Any], status: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "artefacts"
        run = write(root, drawn, status)
        report = check_in(quarantine, root)
        errors = [(finding.code, finding.path, finding.message) for finding in report.findings if finding.is_error]
        assert errors == []
        assert {finding.code for finding in report.findings} <= WARNINGS
        assert report.unverified == ()
        assert report.units == 1 + drawn["with_data"]
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        values = [float(value) for _, _, points in drawn["steps"] for value in points.values()]
        assert repr([float(row.get("nonfinite") or row["value"]) for row in rows]) == repr(values)
        assert any(not math.isfinite(value) for value in values) == any("nonfinite" in row for row in rows)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tree of a dataset and a run of each sealed status, with a checkpoint and an export."""
    import numpy as np

    drawn: dict[str, Any] = {
        "slug": ("numbers", "m", "v"),
        "config": {"lr": 0.1, "nested": {"a": [1, None, "x"]}},
        "seeds": {"init": 1},
        "sweep": None,
        "run_type": "train",
        "description": "A run.",
        "risks": "",
        "architecture": "none",
        "error": "why",
        "steps": [(1, "train", {"loss": 1.0, "nan": math.nan}), (2, "test", {"loss": 0.5})],
        "stopped": False,
        "with_data": True,
    }
    root = tmp_path_factory.mktemp("sealed") / "artefacts"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root.parent)
        for status in SEALED:
            write(root, drawn | {"slug": ("numbers", "m", status), "with_data": status == "completed"}, status)
        with runcheck.start_run(
            root,
            dataset="numbers",
            model="m",
            variant="saved",
            config={},
            seeds={"a": 1},
            tags={"experiment": "e", "run_type": "train"},
            data=root / "dataset/numbers/v1",
            description="With weights.",
        ) as run:
            run.log(1, {"loss": 1.0})
            run.save_checkpoint(1, {"params": {"w": np.arange(6.0)}})
            run.export("weights", {"w": np.arange(6.0)}, 1)
    assert check(root).is_clean
    yield root
    assert check(root).is_clean


@settings(SETTINGS, max_examples=examples(250))
@given(data=st.data())
def test_one_byte_changed_in_a_sealed_file_is_found(quarantine: Quarantine, sealed: Path, data: st.DataObject) -> None:
    files = sorted(path for path in sealed.glob("*/*/*/**/*") if path.is_file() and not path.is_symlink())
    files = [path for path in files if "latest" not in path.relative_to(sealed).parts and path.stat().st_size]
    path = data.draw(st.sampled_from(files))
    content = path.read_bytes()
    at, mask = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    changed = content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :]
    if path.name == "SHA256SUMS" and changed[at : at + 1] == b"*" and content[at - 1 : at + 1] == b"  ":
        return  # the mark of binary mode, which means the same
    try:
        path.write_bytes(changed)
        report = check_in(quarantine, sealed)
    finally:
        path.write_bytes(content)
    assert report.errors
    unit = "/".join(path.relative_to(sealed).parts[:3])
    assert any(finding.path.startswith(unit) for finding in report.findings if finding.is_error)
