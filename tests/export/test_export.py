"""What is exported is what was written, as a reader of each format reads it; the unit and its tree stay as they are."""

import csv
import hashlib
import json
import math
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import runcheck
from runcheck.cli import main
from runcheck.cli.export import _FORMATS
from runcheck.convention.ranking import Best
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.export.export import FORMATS, Wishes, export
from runcheck.publish.sealed import SealedUnit, sealed_unit
from runcheck.tree.store import LocalStore
from tests.conftest import remembered
from tests.fixes.test_fixes import everything, reseal

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
_WITH_RDFLIB = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # which warns of itself
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with a dataset of several types and a run with two checkpoints and a model. Not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        nowhere = tmp_path_factory.mktemp("nowhere")
        patch.chdir(nowhere)
        patch.setattr(sys, "argv", [str(nowhere / "train.py")])
        root = tmp_path_factory.mktemp("export") / "artefacts"
        about = {"kind": "external", "hashes": {"source": "0" * 64}}
        with runcheck.new_dataset(root, "digits", provenance=about, description="Digits.") as dataset:
            table = {"x": [1.5, 2.5], "n": [1, 2], "s": ["a", "b"], "b": [True, False], "d": [date(2026, 1, 2)] * 2}
            dataset.write_parquet("train", pa.table({**table, "v": [[1.0, 2.0], [3.0, 4.0]], "raw": [b"\0", b"\1"]}))
            dataset.write_parquet("test", pa.table({"x": [3.5]}))
        with runcheck.start_run(
            root,
            dataset="digits",
            model="cnn",
            variant="base",
            config={"rate": 0.1},
            seeds={"init": 0},
            tags={"experiment": "digits", "run_type": "train"},
            data=root / "dataset/digits/v1",
            description="A run.",
        ) as run:
            for step, loss in ((1, 0.25), (2, 0.75), (3, math.nan)):
                run.log(step, {"loss": loss}, split="train")
                if step < 3:
                    run.log(step, {"loss": loss, "accuracy": 1 - loss}, split="val")
                    run.save_checkpoint(step, {"params": {"kernel": KERNEL * step}})
            run.export("model.onnx", product(), 2)
        return root


def product() -> onnx.ModelProto:
    """Return a model of one product."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "kernel"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(KERNEL * 2, "kernel")],
    )
    return helper.make_model(graph, producer_name="converter", producer_version="1.2")


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the tree, which no export changes."""
    root = Path(shutil.copytree(written, tmp_path / "artefacts", symlinks=True, ignore=remembered))
    yield root
    assert everything(root) == everything(written)
    assert not (root / ".runcheck").exists()


@pytest.fixture
def unit(root: Path) -> str:
    """The run."""
    return str(root / "model/digits_cnn_base")


@pytest.fixture
def damaged(written: Path, tmp_path: Path) -> Path:
    """A copy of the tree to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "damaged", symlinks=True, ignore=remembered))


def test_csv_has_a_row_a_step_and_a_column_a_series(unit: str, tmp_path: Path) -> None:
    export(unit, "csv", str(tmp_path / "m.csv"))
    with (tmp_path / "m.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["step", "train/loss", "val/loss", "val/accuracy"],
        ["1", "0.25", "0.25", "0.75"],
        ["2", "0.75", "0.75", "0.25"],
        ["3", "nan", "", ""],
    ]


def test_pandas_reads_the_csv_as_numbers(unit: str, tmp_path: Path) -> None:
    import pandas as pd

    export(unit, "csv", str(tmp_path / "m.csv"))
    frame = pd.read_csv(tmp_path / "m.csv", index_col="step")
    assert [str(kind) for kind in frame.dtypes] == ["float64"] * 3
    assert frame["val/accuracy"].dropna().to_dict() == {1: 0.75, 2: 0.25}


def test_tensorboard_reads_the_scalars(unit: str, tmp_path: Path) -> None:
    export(unit, "tensorboard", str(tmp_path / "events"))
    events = EventAccumulator(str(tmp_path / "events"), size_guidance={"scalars": 0})
    events.Reload()
    found = {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert found["val/loss"] == [(1, 0.25), (2, 0.75)]
    assert found["val/accuracy"] == [(1, 0.75), (2, 0.25)]
    assert math.isnan(found["train/loss"][2][1])


@pytest.mark.parametrize(
    ("wishes", "step"),
    [
        (Wishes(), 2),
        (Wishes(step=1), 1),
        (Wishes(best=Best("val/loss")), 1),
        (Wishes(best=Best("val/loss", "max")), 2),
        (Wishes(best=Best("val/accuracy")), 1),
    ],
)
def test_safetensors_reads_the_checkpoint_that_was_asked_for(
    unit: str, tmp_path: Path, wishes: Wishes, step: int
) -> None:
    export(unit, "safetensors", str(tmp_path / "w.safetensors"), wishes)
    arrays = load_file(tmp_path / "w.safetensors")
    assert arrays.keys() == {"params.kernel"}
    np.testing.assert_array_equal(arrays["params.kernel"], KERNEL * step)
    sidecar = json.loads((tmp_path / "w.safetensors.json").read_text())
    assert (sidecar["source_step"], sidecar["file"], sidecar["format"]) == (step, "w.safetensors", "safetensors")


def test_torch_reads_the_checkpoint_without_trust(unit: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is no part of the development environment: it is large")
    export(unit, "torch", str(tmp_path / "w.pt"))
    loaded = torch.load(tmp_path / "w.pt", weights_only=True)
    np.testing.assert_array_equal(loaded["params.kernel"].numpy(), KERNEL * 2)


def test_a_checkpoint_that_is_not_there_is_told(unit: str, tmp_path: Path) -> None:
    with pytest.raises(CannotReadError, match="holds no checkpoint of step 3; there are 1, 2"):
        export(unit, "safetensors", str(tmp_path / "w.safetensors"), Wishes(step=3))
    with pytest.raises(CannotReadError, match=r"has no value of val/los at the step of a checkpoint"):
        export(unit, "safetensors", str(tmp_path / "w.safetensors"), Wishes(best=Best("val/los")))
    assert [path.name for path in tmp_path.iterdir()] == ["artefacts"]


@pytest.mark.parametrize("name", [None, "model", "model.onnx"])
def test_onnx_computes_with_the_model_of_the_unit(unit: str, tmp_path: Path, name: str | None) -> None:
    export(unit, "onnx", str(tmp_path / "m.onnx"), Wishes(name=name))
    x = np.ones((1, 2), np.float32)
    (y,) = ReferenceEvaluator(str(tmp_path / "m.onnx")).run(None, {"x": x})
    np.testing.assert_array_equal(y, x @ (KERNEL * 2))


def test_a_run_without_a_model_says_where_one_comes_from(unit: str, tmp_path: Path, damaged: Path) -> None:
    with pytest.raises(CannotReadError, match=r"has the ONNX exports model.onnx; none is other"):
        export(unit, "onnx", str(tmp_path / "m.onnx"), Wishes(name="other"))
    run = damaged / "model/digits_cnn_base/latest"
    (run / "exports/model.onnx").write_bytes(b"other")
    with pytest.raises(CannotReadError, match="is not the file that its sidecar names"):
        export(str(run), "onnx", str(tmp_path / "m.onnx"))
    shutil.rmtree(run / "exports")
    with pytest.raises(CannotReadError, match=r"A checkpoint holds arrays and no graph"):
        export(str(run), "onnx", str(tmp_path / "m.onnx"))
    assert not (tmp_path / "m.onnx").exists()


# --- RO-Crate ---------------------------------------------------------------------------------------------------------


def sealed(folder: Path) -> SealedUnit:
    """Return a unit, by its folder or the link to it."""
    folder = folder.resolve()
    return sealed_unit(LocalStore(str(folder.parents[2])), "/".join(folder.parts[-3:]))


@pytest.mark.parametrize("path", ["model/digits_cnn_base/latest", "dataset/digits/v1"])
def test_a_crate_holds_the_files_as_they_are_sealed(root: Path, tmp_path: Path, path: str) -> None:
    export(str(root / path), "ro-crate", str(tmp_path / "crate"), Wishes(licence="CC-BY-4.0"))
    crate = everything(tmp_path / "crate")
    described = crate.pop("ro-crate-metadata.json")
    assert crate == everything((root / path).resolve())
    assert described is not None
    graph = {
        each["@id"]: each for each in json.loads((tmp_path / "crate/ro-crate-metadata.json").read_text())["@graph"]
    }
    sums = sealed(root / path).sums
    digests = {each["@id"]: each["sha256"] for each in graph.values() if each["@type"] == "File"}
    listed = (tmp_path / "crate/SHA256SUMS").read_bytes()
    assert digests == {**sums, "SHA256SUMS": hashlib.sha256(listed).hexdigest()}
    assert graph["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert graph["#creation"]["@type"] == "CreateAction"
    assert {each["@id"] for each in graph["#creation"]["result"]} == {*sums, "SHA256SUMS"}


@pytest.mark.parametrize("path", ["model/digits_cnn_base/latest", "dataset/digits/v1"])
def test_the_library_of_ro_crate_reads_it(root: Path, tmp_path: Path, path: str) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate", reason="a reader of RO-Crate that only this test needs")
    export(str(root / path), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    crate = rocrate.ROCrate(str(tmp_path / "crate"))
    files = {each.id for each in crate.data_entities}
    assert files == {*sealed(root / path).sums, "SHA256SUMS"}
    assert crate.root_dataset["license"].id == LICENCE
    assert crate.mainEntity is None


@_WITH_RDFLIB
@pytest.mark.parametrize("profile", ["ro-crate-1.1", "process-run-crate-0.5"])
@pytest.mark.parametrize("path", ["model/digits_cnn_base/latest", "dataset/digits/v1"])
def test_the_validator_of_ro_crate_finds_all_that_is_required(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, profile: str
) -> None:
    reason = "the validator of RO-Crate, which only this test needs"
    models = pytest.importorskip("rocrate_validator.models", reason=reason)
    services = pytest.importorskip("rocrate_validator.services", reason=reason)
    serve_context(monkeypatch)
    export(str(root / path), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    settings = services.ValidationSettings(
        rocrate_uri=str(tmp_path / "crate"),
        profile_identifier=profile,
        requirement_severity=models.Severity.REQUIRED,
        cache_path=str(tmp_path / "cache"),
    )
    assert [issue.message for issue in services.validate(settings).get_issues()] == []
    (tmp_path / "crate/SHA256SUMS").unlink()
    assert services.validate(settings).has_issues()


def serve_context(patch: pytest.MonkeyPatch) -> None:
    """Let the validator take the context of RO-Crate from the library, which has it, and not from the network."""
    from importlib import resources

    http: Any = pytest.importorskip("rocrate_validator.utils.http")
    loader: Any = pytest.importorskip("rocrate_validator.utils.document_loader")
    text = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text()
    context = {"@context": json.loads(text)["@context"]}

    class Response:
        status_code, text = 200, json.dumps(context)

        def __init__(self) -> None:
            self.headers = {"Content-Type": "application/ld+json"}

        def json(self) -> object:
            return context

        def raise_for_status(self) -> None: ...

    patch.setattr(loader, "_fetch_json_ld", lambda _: context)
    patch.setattr(http.HttpRequester, "__getattr__", lambda *_: lambda *_, **__: Response())


def test_the_signature_of_a_unit_goes_with_it(damaged: Path, tmp_path: Path) -> None:
    (damaged / "dataset/digits/v1/SHA256SUMS.sig").write_text("signed")
    export(str(damaged / "dataset/digits/v1"), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    assert (tmp_path / "crate/SHA256SUMS.sig").read_text() == "signed"


def test_a_description_that_a_unit_has_itself_is_not_written_over(damaged: Path, tmp_path: Path) -> None:
    dataset = damaged / "dataset/digits/v1"
    (dataset / "ro-crate-metadata.json").write_text("{}")
    reseal(dataset, "ro-crate-metadata.json")
    with pytest.raises(CannotReadError, match=r"ro-crate-metadata.json: is a crate already"):
        export(str(dataset), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    assert not (tmp_path / "crate").exists()


def test_a_unit_of_which_nobody_knows_what_it_ran_on_has_a_crate(damaged: Path, tmp_path: Path) -> None:
    unit = damaged / "model/digits_cnn_base/latest"
    metadata = json.loads((unit / "metadata.json").read_text())
    adopted = {"from": "mlflow"}
    (unit / "metadata.json").write_text(json.dumps({**metadata, "env": None, "command": None, "adopted": adopted}))
    reseal(unit, "metadata.json")
    export(str(unit), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    assert "softwareVersion" not in (tmp_path / "crate/ro-crate-metadata.json").read_text()


def test_a_crate_needs_a_licence_and_a_seal_that_holds(unit: str, tmp_path: Path, damaged: Path) -> None:
    with pytest.raises(CannotReadError, match="name no licence, and a crate has one"):
        export(unit, "ro-crate", str(tmp_path / "crate"))
    run = damaged / "model/digits_cnn_base/latest"
    (run / "README.md").write_text("other")
    with pytest.raises(CannotReadError, match=r"README.md: is not the file that SHA256SUMS lists"):
        export(str(run), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    (run / "SHA256SUMS").unlink()
    with pytest.raises(CannotReadError, match="is not sealed"):
        export(str(run), "ro-crate", str(tmp_path / "crate"), Wishes(licence=LICENCE))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artefacts", "damaged"]


# --- Croissant --------------------------------------------------------------------------------------------------------


@_WITH_RDFLIB
def test_mlcroissant_reads_the_rows_where_the_files_are(root: Path, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="the reader of Croissant, which only this test needs")
    moved = Path(shutil.copytree(root, tmp_path / "my data/artefacts", symlinks=True))
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere/digits.json"
    export(str(moved / "dataset/digits"), "croissant", str(target), Wishes(licence="CC-BY-4.0"))
    dataset = mlcroissant.Dataset(jsonld=str(target))
    assert dataset.metadata.issues.errors == set()
    assert [each for each in dataset.metadata.issues.warnings if "citeAs" not in each] == []  # which nobody wrote down
    rows = list(dataset.records("train"))
    assert [row["train/x"] for row in rows] == [1.5, 2.5]
    assert [row["train/n"] for row in rows] == [1, 2]
    assert [bytes(row["train/s"]) for row in rows] == [b"a", b"b"]
    assert [row["train/b"] for row in rows] == [True, False]
    assert [list(row["train/v"]) for row in rows] == [[1.0, 2.0], [3.0, 4.0]]
    assert [row["test/x"] for row in dataset.records("test")] == [3.5]


def test_a_croissant_names_files_with_their_digests_and_columns_with_their_types(root: Path, tmp_path: Path) -> None:
    export(str(root / "dataset/digits"), "croissant", str(tmp_path / "digits.json"))
    document = json.loads((tmp_path / "digits.json").read_text())
    files = {each["contentUrl"]: each["sha256"] for each in document["distribution"]}
    sums = sealed(root / "dataset/digits/v1").sums
    assert files == {f"artefacts/dataset/digits/v1/{name}": sums[name] for name in ("test.parquet", "train.parquet")}
    assert document["version"] == "1.0.0"
    assert "license" not in document
    fields = {each["name"]: each["dataType"] for each in document["recordSet"][0]["field"]}
    assert fields == {
        "x": "sc:Float",
        "n": "sc:Integer",
        "s": "sc:Text",
        "b": "sc:Boolean",
        "d": "sc:Date",
        "v": "sc:Float",
    }
    assert str(tmp_path) not in (tmp_path / "digits.json").read_text()


def test_a_split_of_several_files_is_several_record_sets(damaged: Path, tmp_path: Path) -> None:
    unit = damaged / "dataset/digits/v1"
    pq.write_table(pa.table({"x": [4.5]}), unit / "test-2.parquet")
    metadata = json.loads((unit / "metadata.json").read_text())
    metadata["splits"]["test"] = {"files": ["test.parquet", "test-2.parquet"], "rows": 2}
    (unit / "metadata.json").write_text(json.dumps(metadata))
    reseal(unit, "metadata.json", "test-2.parquet")
    export(str(unit), "croissant", str(tmp_path / "digits.json"))
    document = json.loads((tmp_path / "digits.json").read_text())
    assert [each["@id"] for each in document["recordSet"]] == ["train", "test-1", "test-2"]


def test_damaged_data_are_not_described(damaged: Path, tmp_path: Path) -> None:
    (damaged / "dataset/digits/v1/test.parquet").write_bytes(b"PAR1")
    with pytest.raises(CannotReadError, match=r"test.parquet: is not the file that SHA256SUMS lists"):
        export(str(damaged / "dataset/digits/v1"), "croissant", str(tmp_path / "digits.json"))
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    (damaged / "dataset/digits/v1/test.parquet").write_text(pointer)
    with pytest.raises(CannotReadError, match="is a Git LFS pointer"):
        export(str(damaged / "dataset/digits/v1"), "croissant", str(tmp_path / "digits.json"))
    assert not (tmp_path / "digits.json").exists()


# --- where it goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_is_written_over(root: Path, tmp_path: Path, format_: str) -> None:
    unit = root / ("dataset/digits" if format_ == "croissant" else "model/digits_cnn_base")
    for name in ("there", "there.tmp"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(CannotWriteError, match=rf"{name}: is there, and nothing is written over"):
            export(str(unit), format_, str(tmp_path / "there"), Wishes(licence=LICENCE))
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    (tmp_path / "there").symlink_to("nowhere")
    with pytest.raises(CannotWriteError, match="is there"):
        export(str(unit), format_, str(tmp_path / "there"), Wishes(licence=LICENCE))


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_is_written_into_the_tree(root: Path, tmp_path: Path, format_: str) -> None:
    unit = root / ("dataset/digits" if format_ == "croissant" else "model/digits_cnn_base")
    (tmp_path / "way").symlink_to(root)
    for place in (unit / "latest/extra.x", root / "x", tmp_path / "way/x", Path(f"{tmp_path}/way/../artefacts/x")):
        with pytest.raises(CannotWriteError, match="lies in the tree"):
            export(str(unit), format_, str(place), Wishes(licence=LICENCE))
    with pytest.raises(CannotWriteError, match="there is no folder"):
        export(str(unit), format_, str(tmp_path / "a/b"), Wishes(licence=LICENCE))
    with pytest.raises(CannotWriteError, match="is a URL"):
        export(str(unit), format_, "s3://bucket/x", Wishes(licence=LICENCE))


@pytest.mark.parametrize("format_", sorted(set(FORMATS) - {"ro-crate", "croissant"}))
def test_what_a_dataset_has_not_is_told(root: Path, tmp_path: Path, format_: str) -> None:
    with pytest.raises(CannotReadError, match=r"is a dataset, which has no .*; it goes to ro-crate or croissant"):
        export(str(root / "dataset/digits"), format_, str(tmp_path / "x"))


def test_the_command(unit: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "w.safetensors"
    assert main(["export", unit, "--to", "safetensors", "--into", str(weights), "--best", "val/loss"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert (first, second) == (
        f"{weights}: the checkpoint of step 1",
        f"{weights}.json: where it is from, and its SHA-256",
    )
    assert main(["export", unit, "--to", "croissant", "--into", str(tmp_path / "x")]) == 2
    assert "is a run, and Croissant describes datasets" in capsys.readouterr().err
    assert set(_FORMATS) == set(FORMATS)
