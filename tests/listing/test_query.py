"""``runcheck query``: SQL over what the units say now, and over nothing else on the machine."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runcheck.cli import main
from runcheck.listing.render import MOST_ROWS
from runcheck.reading.opened import OpenedTree

pytest.importorskip("duckdb")


@pytest.fixture
def two(tree: Path, run_folder: Path) -> Path:
    """A tree of a dataset and two runs, the second of which has another configuration and metrics of its own."""
    copy = Path(shutil.copytree(run_folder, run_folder.with_name("v2")))
    (copy / "config.json").write_text('{"learning_rate": 0.5, "optimizer": {"name": "adam"}}')
    (copy / "metrics.jsonl").write_text('{"step": 1, "split": "train", "metric": "loss", "value": 7.5}\n')
    return tree


def ask(root: Path, sql: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the rows of the answer."""
    assert main(["query", sql, str(root), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_runs_datasets_and_metrics_are_tables(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(two, "SELECT count(*) AS n FROM runs", capsys) == [{"n": 2}]
    assert ask(two, "FROM datasets SELECT unit, rows", capsys) == [{"unit": "dataset/digits/v1", "rows": 4}]
    sql = """
        SELECT parse_filename(unit) AS version, r.config->>'optimizer.name' AS optimizer,
               max(m.value) AS loss, r.tags['model'] AS model
        FROM metrics m JOIN runs r USING (unit) WHERE m.metric = 'loss' GROUP BY ALL ORDER BY loss DESC;
    """
    first, second = ask(two, sql, capsys)
    assert first == {"version": "v2", "optimizer": "adam", "loss": 7.5, "model": "logreg"}
    assert (second["optimizer"], second["loss"]) == (None, 1.0)


def test_times_are_times_in_utc(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT created_at, created_at < now() AS past, finished_at - created_at < INTERVAL 1 DAY AS brief FROM runs"
    for row in ask(two, sql, capsys):
        assert row["created_at"].endswith("Z")
        assert (row["past"], row["brief"]) == (True, True)


def test_metrics_are_read_only_where_they_are_asked_for(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: object) -> None:
        raise AssertionError("the metrics were read")

    monkeypatch.setattr(OpenedTree, "metric_tables", fail)
    assert main(["query", "SELECT metrics['train/loss'] FROM runs", str(two)]) == 0
    with pytest.raises(AssertionError, match="were read"):
        main(["query", "WITH m AS (FROM metrics) SELECT * FROM m JOIN runs USING (unit)", str(two)])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_blob('{file}')",
        "SELECT * FROM read_json('{file}')",
        "SELECT * FROM read_parquet('{registry}')",
        "SELECT * FROM '{registry}'",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{file}')",
        "SELECT * FROM parquet_metadata('{registry}')",
        "SELECT * FROM query_table(['{file}'])",
        "SELECT getenv('HOME')",
        "SELECT * FROM tree",  # a variable of the program
        "SELECT * FROM tables",
        "COPY runs TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "IMPORT DATABASE '{folder}'",
        "ATTACH '{folder}/out.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA threads = 3",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW runs",
        "DELETE FROM runs_as_read",
        "CALL pragma_version()",
        "SELECT 1; COPY runs TO '{folder}/out.csv'",
        "SELECT 1) ; COPY (SELECT 1) TO '{folder}/out.csv'",
        "SELECT * FROM (COPY runs TO '{folder}/out.csv')",
        "",
        "SELECT",
        "nonsense",
    ],
)
def test_nothing_else_can_be_read_or_written(
    two: Path, tmp_path: Path, sql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "private.csv"
    file.write_text("a,b\nhidden,1\n")
    (tmp_path / "schema.sql").write_text("SELECT 1;")
    before = sorted(tmp_path.rglob("*"))
    assert main(["query", sql.format(file=file, folder=tmp_path, registry=two / "runs.parquet"), str(two)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "hidden" not in said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_no_secret_that_duckdb_keeps_is_told(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with duckdb.connect() as other:
        other.execute("CREATE PERSISTENT SECRET mine (TYPE http, BEARER_TOKEN 'hidden')")
        assert other.execute("SELECT name FROM duckdb_secrets()").fetchall() == [("mine",)]
    assert main(["query", "SELECT * FROM duckdb_secrets()", str(two)]) == 0
    assert "mine" not in capsys.readouterr().out


def test_a_fault_in_the_midst_of_an_answer_is_one_line(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT CAST(slug AS INTEGER) FROM runs", str(two)]) == 2
    assert capsys.readouterr().err.startswith("runcheck: Conversion Error")


def test_an_answer_as_a_table_and_as_csv(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT 'a' || chr(27) AS text, 1.5 AS number, NULL AS nothing, MAP {'k': 2} AS map, 12::HUGEINT AS large"
    assert main(["query", sql, str(two)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["text", "number", "nothing", "map", "large"],
        ["a\\x1b", "1.5", "-", '{"k":2}', "12"],
    ]
    assert main(["query", sql.replace("'a'", "'a,\"'"), str(two), "--csv"]) == 0
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        ["text", "number", "nothing", "map", "large"],
        ['a,"\x1b', "1.5", "", '{"k": 2}', "12"],
    ]


def test_json_has_null_for_what_is_not_finite(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(two, "SELECT 'nan'::DOUBLE AS a, ['inf'::DOUBLE] AS b", capsys) == [{"a": None, "b": [None]}]


def test_a_long_table_says_how_much_is_left(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", f"SELECT * FROM range({MOST_ROWS + 3})", str(two)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MOST_ROWS + 2
    assert lines[-1].startswith("... and 3 rows more")


def test_more_metrics_than_memory_should_hold_are_refused(
    two: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runcheck.listing.query.MOST_METRICS", 11)
    assert main(["query", "SELECT count(*) FROM metrics", str(two)]) == 2
    assert "more than 11 rows" in capsys.readouterr().err


def test_no_secret_is_shown(two: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "a8Kd02mfLq91xZs7Tbn34VcWeRyUi6Op0GhJ"
    (run_folder / "config.json").write_text(json.dumps({"remark": token}))
    shown = json.dumps(ask(two, "SELECT config, config->>'remark' AS remark FROM runs", capsys))
    assert token not in shown
    assert "[secret]" in shown


def test_no_secret_is_shown_under_another_name_or_in_part(
    two: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {
        "store": {"password": "hunter2!correct"},
        "rate": 0.5,
        "remark": "ghp_" + "a8Kd02mfLq91xZs7Tbn34VcWeRyUi6Op0GhJ",
    }
    (run_folder / "config.json").write_text(json.dumps(config))
    metadata = json.loads((run_folder / "metadata.json").read_text())
    metadata["tags"]["password"] = "hunter2x"
    (run_folder / "metadata.json").write_text(json.dumps(metadata))
    sql = """
        SELECT tags['password'] AS tag, config->>'rate' AS rate, config->>'store.password' AS word,
               config->>'remark' AS said, config, substr(config->>'remark', 1, 12) AS part, reverse(config) AS back
        FROM runs WHERE rate = '0.5' AND word IS NOT NULL
    """
    (row,) = ask(two, sql, capsys)
    assert (row["word"], row["said"], row["part"]) == ("[secret]", "[secret]", "[secret]")
    assert "hunter2" not in json.dumps(row)
    assert "hunter2"[::-1] not in json.dumps(row)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DATE '20000-01-01' AS far",
        "SELECT TIMESTAMP 'infinity' AS far",
        "SELECT TIMESTAMPTZ '0001-01-01 (BC) 00:00:00+00' AS far",
        "SELECT MAP {[1]: 2} AS far",
    ],
)
def test_what_python_has_no_value_for_is_one_line_that_says_what_to_do(
    two: Path, sql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", sql, str(two)]) == 2
    said = capsys.readouterr().err
    assert (said.startswith("runcheck: far: has values"), said.count("\n")) == (True, 1)
    assert len(ask(two, f"SELECT CAST(far AS VARCHAR) AS far FROM ({sql})", capsys)) == 1


def test_a_question_that_is_no_text_is_one_line(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT '\udcff'", str(two)]) == 2
    assert capsys.readouterr().err == "runcheck: the question is no text in UTF-8\n"
    assert ask(two, "SELECT 'é' AS a", capsys) == [{"a": "é"}]


def test_a_table_that_is_not_there_names_those_that_are(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT * FROM run", str(two)]) == 2
    assert capsys.readouterr().err.endswith("run does not exist! There are runs, datasets, metrics.\n")


def test_the_command_says_nothing_beside_its_answer(two: Path) -> None:
    command = [sys.executable, "-m", "runcheck", "query", "SELECT count(*) FROM metrics", str(two), "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.splitlines()[-1], done.stderr) == ("12", "")


def test_without_duckdb_one_line_says_what_to_install(
    two: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main(["query", "SELECT 1", str(two)]) == 2
    assert capsys.readouterr().err == "runcheck: duckdb is needed to ask in SQL: pip install 'runcheck[query]'\n"
