"""What a path is to the convention, in words."""

import json
from pathlib import Path

import pytest

from runcheck.explain.meaning import explain
from runcheck.explain.text import render, render_json

RUN = "artefacts/model/digits_logreg_baseline/2026-05-27T12-34-56Z_0123456"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def facts(path: str) -> dict[str, str]:
    return dict(explain(path).facts)


def test_a_file_of_a_run_that_is_not_there_yet() -> None:
    told = facts(f"{RUN}/metrics.csv")
    assert told == {
        "unit": f"{RUN.removeprefix('artefacts/')}, a training run",
        "kind": "model",
        "slug": "digits_logreg_baseline",
        "version": "2026-05-27T12-34-56Z_0123456 (experiment-id)",
        "role": "metrics",
        "one of": "metrics.jsonl or metrics.csv",
        "required": "in a unit that is completed",
        "schema": "metrics-row",
        "format": "metrics",
        "there": "nothing yet",
    }


@pytest.mark.parametrize(
    ("path", "role", "format_", "required"),
    [
        ("artefacts/dataset/d/v1/metadata.json", "metadata", "json", "always"),
        ("artefacts/dataset/d/v1/SHA256SUMS", "checksums", "checksums", "in a unit that is completed"),
        ("artefacts/dataset/d/v1/train.parquet", "data", "parquet", "no"),
        ("artefacts/dataset/d/v1/train.zarr/0.0", "data", "zarr", "no"),
        (f"{RUN}/checkpoints/400/d/x", "checkpoint", "orbax", "no"),
        (f"{RUN}/config.yaml", "config", "document", "always"),
        (f"{RUN}/tensorboard/events.out.tfevents.1", "events", "events", "no"),
        (f"{RUN}/extra/notes.txt", "extra", None, "no"),
        (f"{RUN}/extra/a.npz", "extra", "numpy", "no"),
        (f"{RUN}/extra/a.pkl", "extra", "pickle", "no"),
        (f"{RUN}/extra/a.pt", "extra", "torch", "no"),
        (f"{RUN}/extra/a.tar", "extra", "archive", "no"),
    ],
)
def test_roles_formats_and_what_is_required(path: str, role: str, format_: str | None, required: str) -> None:
    told = facts(path)
    assert (told["role"], told.get("format"), told["required"]) == (role, format_, required)


@pytest.mark.parametrize(
    ("path", "fact", "words"),
    [
        ("artefacts/models/a_b_c/v1", "kind", "whose folder is model/ and not models/ (RC101)"),
        ("artefacts/model/Digits/v1", "slug", "(RC103)"),
        ("artefacts/dataset/d/final", "version", "(RC104)"),
    ],
)
def test_a_name_that_is_wrong_is_told_with_its_clause(path: str, fact: str, words: str) -> None:
    assert facts(path)[fact].endswith(words)


@pytest.mark.parametrize(
    ("path", "what", "code"),
    [
        ("artefacts/runs.parquet", "the registry", "RC701"),
        ("artefacts/dataset/d/latest", "the pointer to the newest completed version", "RC113"),
        ("artefacts/dataset/d/v1", "a unit", "RC104"),
        ("artefacts/dataset/d", "the versions of one dataset", "RC103"),
        ("artefacts/dataset", "the folder of every dataset", "RC101"),
        ("artefacts/dataset/d/v1/notes.txt", "nothing that the convention knows (RC106)", "RC106"),
        (f"{RUN}/tensorboard", "the folder of events", "RC416"),
        ("artefacts/dataset/d/v1/train.zarr", "the folder of data", "RC612"),
        (f"{RUN}/metrics.jsonl.tmp", "what an interrupted write leaves behind", "RC115"),
        (f"{RUN}/wandb/run-1/x", "in the folder of an experiment tracker", "RC117"),
        (f"{RUN}/extra/.gitkeep", "a placeholder", None),
    ],
)
def test_what_it_is_and_a_clause_of_it(path: str, what: str, code: str | None) -> None:
    meaning = explain(path)
    assert meaning.what.startswith(what)
    codes = {clause.code for clause in (*meaning.clauses, *meaning.general)}
    assert code in codes if code else not codes


@pytest.mark.parametrize(
    ("below", "what"),
    [
        ("", "the root"),
        ("notes.txt", "nothing that the convention knows"),
        (".runcheck/cache", "state of the tools"),
        ("README.md", "beside the kinds"),
        ("schemas/team.schema.json", "the schema of an extension"),
    ],
)
def test_in_a_tree_that_is_there_all_else_is_known_too(below: str, what: str, tree: Path) -> None:
    assert explain(str(tree / below)).what.startswith(what)


def test_what_is_there_is_said(run_folder: Path) -> None:
    assert facts(str(run_folder))["there"] == "a folder"
    size = (run_folder / "summary.yaml").stat().st_size
    assert facts(str(run_folder / "summary.yaml"))["there"] == f"a file of {size:,} bytes"


def test_text_and_json_say_the_same_and_a_name_cannot_move_the_cursor() -> None:
    path = f"{RUN}/extra/a\x1b[2Jb\n"
    text, document = render(explain(path), path), json.loads(render_json(explain(path)))
    assert "\x1b" not in text
    assert r"a\x1b[2Jb\n: among the files of extra" in text
    assert document["path"] == path.removeprefix("artefacts/")
    assert all(f" {code} " in text for code in (*document["clauses"], *document["clauses_of_every_file"]))
