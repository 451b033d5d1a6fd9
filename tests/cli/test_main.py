"""The command line as a process: what it prints and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runcheck import cli
from runcheck.cli import main
from runcheck.convention.clauses import clauses

GOOD = Path(__file__).parents[2] / "fixtures/good/dataset-and-run/tree"


def runcheck(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "runcheck", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_a_clean_tree_ends_with_0(good_tree: Path) -> None:
    done = runcheck(good_tree)
    assert done.returncode == 0
    assert "2 units" in done.stdout


def test_check_is_the_command_where_none_is_named(good_tree: Path) -> None:
    assert runcheck("check", good_tree).returncode == 0


def test_artefacts_is_the_path_where_none_is_given(tree: Path) -> None:
    assert runcheck(cwd=tree.parent).returncode == 0


def test_findings_end_with_1_and_are_printed_with_their_help(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    done = runcheck(tree)
    assert done.returncode == 1
    assert "summary.yaml: error RC105 required-file\n" in done.stdout
    assert "    help: Restore the file from a copy" in done.stdout


@pytest.mark.parametrize("make", ["missing", "empty", "foreign", "file"])
def test_what_cannot_be_checked_ends_with_2_and_one_line(tmp_path: Path, make: str) -> None:
    path = tmp_path / make
    if make in ("empty", "foreign"):
        path.mkdir()
    if make == "foreign":
        (path / "notes.txt").write_text("hello")
    if make == "file":
        path.write_bytes(b"\x00" * 10)
    done = runcheck(path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("runcheck: ")
    assert done.stderr.count("\n") == 1


def test_strict_lets_warnings_and_the_unverified_fail(tree: Path, run_folder: Path) -> None:
    assert runcheck(tree, "--depth", "structure").returncode == 0
    assert runcheck(tree, "--depth", "structure", "--strict").returncode == 1


def test_json_is_one_document_with_the_findings(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    report = json.loads(runcheck(tree, "--format", "json").stdout)
    codes = [finding["code"] for finding in report["findings"]]
    assert "RC105" in codes
    assert report["errors"] == len([finding for finding in report["findings"] if finding["level"] == "error"])


def test_names_from_the_tree_cannot_move_the_cursor(tree: Path, run_folder: Path) -> None:
    (run_folder / "extra").mkdir()
    (run_folder / "extra" / "a\x1b[2Jb\n").write_text("x")
    done = runcheck(tree)
    assert "\x1b" not in done.stdout
    assert r"a\x1b[2Jb\n" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="a working directory cannot be removed here")
@pytest.mark.parametrize("is_relative", [False, True])
def test_a_working_directory_that_is_gone_is_told(good_tree: Path, tmp_path: Path, *, is_relative: bool) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = "import os, sys; from runcheck.cli import main; os.rmdir(os.getcwd()); sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "artefacts" if is_relative else str(good_tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=gone)
    assert done.returncode == 2
    assert done.stderr == "runcheck: the working directory was removed: No such file or directory\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("words", [["rules"], ["check"]])
def test_a_report_that_cannot_be_written_ends_with_2_and_one_line(tree: Path, words: list[str]) -> None:
    arguments = [*words, str(tree)] if words == ["check"] else words
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "runcheck", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "runcheck: the report could not be written: No space left on device\n"


def test_rules_lists_every_clause_with_its_level(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[:-2]]
    assert lines == [[code, clause.level.value, clause.name] for code, clause in clauses().items()]


@pytest.mark.parametrize("word", ["RC304", "rc304", "checksum-mismatch"])
def test_rule_explains_a_clause_by_code_or_name(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", word]) == 0
    page = " ".join(capsys.readouterr().out.split())
    clause = clauses()["RC304"]
    for part in (clause.code, clause.name, clause.text, clause.why, clause.fails, clause.mend):
        assert part in page


def test_an_unknown_rule_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "RC999"]) == 2
    assert "RC999" in capsys.readouterr().err


def test_select_judges_by_those_clauses_alone_and_says_so(tree: Path, run_folder: Path) -> None:
    (run_folder / "README.md").unlink()
    assert runcheck(tree, "--select", "RC4,RC303").stdout.endswith("; judged by RC303, RC4 alone.\n")
    done = runcheck(tree, "--select", "RC305")
    assert done.returncode == 1
    assert done.stdout.count(": error ") == done.stdout.count("RC305 listed-file-missing") == 1


def test_selecting_an_unknown_clause_ends_with_2(good_tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(good_tree), "--select", "RC3,RC999"]) == 2
    assert "'RC999'" in capsys.readouterr().err


def test_index_mends_what_a_broken_registry_is_found_for(tree: Path) -> None:
    (tree / "runs.parquet").write_bytes(b"PAR1")
    assert runcheck(tree).returncode == 1
    assert runcheck("index", tree).stdout.endswith(": 2 units\n")
    assert runcheck(tree).returncode == 0


def test_index_of_nothing_ends_with_2(tmp_path: Path) -> None:
    assert runcheck("index", tmp_path / "nothing").returncode == 2
    assert runcheck("index", tmp_path).returncode == 2
    assert os.listdir(tmp_path) == []


def test_version_is_printed() -> None:
    from runcheck import __version__

    assert runcheck("--version").stdout == f"runcheck {__version__}\n"


def test_the_readme_counts_the_clauses_right() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert f"All {len(clauses())} clauses of the convention are enforced" in " ".join(readme.split())


def test_a_name_that_the_terminal_cannot_show_is_escaped(tree: Path) -> None:
    (tree / "日本").mkdir()
    command = [sys.executable, "-m", "runcheck", "check", str(tree), "--depth", "structure"]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert b"\\u65e5\\u672c" in done.stdout
    assert done.stderr == b""


def test_an_executor_that_there_is_not_is_a_usage_error(tree: Path) -> None:
    done = runcheck(tree, "--executor", "ray:host")
    assert done.returncode == 2
    assert "there are processes, threads, dask:ADDRESS" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_report_goes_into_a_file_and_nothing_is_printed(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    done = runcheck(tree, "--format", "json", "--output-file", tmp_path / "report.json")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert json.loads((tmp_path / "report.json").read_text())["errors"] > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_file_that_cannot_be_written_ends_with_2_and_one_line(tree: Path) -> None:
    done = runcheck(tree, "--output-file", "/dev/full")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "runcheck: /dev/full: the report cannot be written: No space left on device\n"


def test_several_trees_are_one_document(tree: Path, good_tree: Path) -> None:
    document = json.loads(runcheck(tree, good_tree, "--format", "json").stdout)
    assert (len(document["roots"]), document["units"]) == (2, 4)


def test_a_tree_that_is_not_there_costs_a_text_nothing_and_a_document_all(tmp_path: Path) -> None:
    done = runcheck(GOOD, tmp_path / "nowhere", "--no-cache")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stdout.startswith("All clean: ")
    done = runcheck(GOOD, tmp_path / "nowhere", "--no-cache", "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")


def test_exit_zero_is_0_for_findings_and_still_2_for_what_could_not_run(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    done = runcheck(tree, "--exit-zero")
    assert done.returncode == 0
    assert "RC105" in done.stdout
    assert runcheck(tree / "nowhere", "--exit-zero").returncode == 2


def test_quiet_prints_findings_and_of_a_clean_tree_nothing(tree: Path, run_folder: Path) -> None:
    done = runcheck(GOOD, "--quiet", "--no-cache")
    assert (done.returncode, done.stdout) == (0, "")
    (run_folder / "summary.yaml").unlink()
    done = runcheck(tree, "-q")
    assert (done.returncode, "Found" in done.stdout) == (1, False)
    assert "RC105 required-file" in done.stdout


def test_statistics_count_by_clause_in_the_formats_that_they_are_for(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    text = runcheck(tree, "--statistics").stdout
    rows = json.loads(runcheck(tree, "--statistics", "--format", "json").stdout)
    assert [line.split()[:2] for line in text.splitlines()] == [[str(row["count"]), row["code"]] for row in rows]
    assert "RC105" in [row["code"] for row in rows]
    done = runcheck(tree, "--statistics", "--format", "sarif")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--statistics is for the formats text and json, not for sarif" in done.stderr


def test_colours_are_forced_by_the_environment_alone(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    command = [sys.executable, "-m", "runcheck", str(tree)]
    plain = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    forced = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "FORCE_COLOR": "1"})
    assert b"\x1b" not in plain.stdout
    assert b"\x1b[1;31merror RC105\x1b[0m required-file" in forced.stdout


def test_rules_lists_the_clauses_of_families_also_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "RC3", "RC70"]) == 0
    codes = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:-2]]
    assert codes == [code for code in clauses() if code.startswith(("RC3", "RC70"))]
    assert main(["rules", "RC3,RC70", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in rows] == codes
    assert rows[0]["level"] == clauses()[codes[0]].level.value
    assert main(["rules", "RC0"]) == 2


def test_a_name_that_is_mistyped_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "checksum-mismach"]) == 2
    assert capsys.readouterr().err.endswith("did you mean checksum-mismatch?\n")


def test_a_code_of_a_convention_of_ones_own_leads_to_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "TR005"]) == 2
    assert capsys.readouterr().err.endswith("lists them all, and --convention names a convention of one's own\n")
    assert main(["rule", "RC999"]) == 2
    assert capsys.readouterr().err.endswith("'runcheck rules' lists them all\n")


def test_explain_says_what_a_path_is(tree: Path, tmp_path: Path) -> None:
    done = runcheck("explain", "artefacts/dataset/digits/v1/train.parquet", cwd=tmp_path)
    assert done.returncode == 0
    assert "RC607 error   parquet-readable" in done.stdout
    document = json.loads(runcheck("explain", tree / "runs.parquet", "--format", "json").stdout)
    assert "RC701" in document["clauses"]
    assert runcheck("explain", "src/train.py", cwd=tmp_path / "artefacts/dataset").returncode == 0
    assert runcheck("explain", "train.py", cwd=tmp_path).returncode == 2


def test_show_files_says_what_is_checked_and_checks_nothing(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").write_text("broken: [")
    done = runcheck("artefacts", "--show-files", cwd=tree.parent)
    assert done.returncode == 0
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert ["summary", f"artefacts/{run_folder.relative_to(tree).as_posix()}/summary.yaml"] in lines
    assert not (tree / ".runcheck").exists()


def test_a_word_too_many_shows_what_the_command_takes(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["show", "one", "two"], ["ls", "--nope"], ["--version", "--nope"]):
        with pytest.raises(SystemExit) as exit_:
            main(words)
        said = capsys.readouterr().err
        assert exit_.value.code == 2
        assert said.startswith(f"usage: runcheck {words[0]}" if words[0] in ("show", "ls") else "usage: runcheck")
    assert "Traceback" not in said


def test_a_mistyped_command_is_asked_about_and_a_path_is_not(tree: Path) -> None:
    done = runcheck("chek", tree)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "runcheck: chek: there is no such file or folder; did you mean the command check?\n"
    assert "did you mean" not in runcheck(tree / "nowhere").stderr


def test_who_interrupts_a_command_is_told_so_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_command", lambda _: stopped)
    assert main(["check", "artefacts"]) == 2
    assert capsys.readouterr().err == "runcheck: interrupted\n"
