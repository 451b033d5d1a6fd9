"""What a file says and what options say, joined."""

import shutil
from pathlib import Path

import pytest

from runcheck.cli import main
from runcheck.configuration.judgement import Asked, codes_in, judgement_for, paths_of
from runcheck.convention.clauses import clauses
from runcheck.errors import ConfigurationError, RuncheckError
from runcheck.judgement import Judgement
from runcheck.rules.selection import EVERYTHING, UnknownClauseError
from tests.configuration.conftest import Check, codes


def judged(tree: Path, text: str | None, *options: str) -> set[str]:
    """Return the codes that are judged by; options are ``select``, ``ignore`` and ``extend_select``, in this order."""
    if text is not None:
        (tree.parent / "runcheck.toml").write_text(text)
    selected, ignored, further = (codes_in(each) for each in (*options, "", "", "")[:3])
    selection = judgement_for(str(tree), Asked(select=selected, ignore=ignored, extend_select=further)).selection
    return {code for code in clauses() if selection.has(code)}


def beginning(*prefixes: str) -> set[str]:
    return {code for code in clauses() if code.startswith(prefixes)}


ALL = beginning("RC")


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (None, (), ALL),
        (None, ("RC3,RC808",), beginning("RC3", "RC808")),
        (None, ("", "RC3, RC808"), ALL - beginning("RC3", "RC808")),
        ("", (), ALL),
        ('select = ["RC3"]', (), beginning("RC3")),
        (
            'select = ["RC3"]\nextend-select = ["RC8"]\nignore = ["RC808", "RC304"]',
            (),
            beginning("RC3", "RC8") - {"RC808", "RC304"},
        ),
        ('ignore = ["RC8"]\nextend-select = ["RC808"]', (), ALL - beginning("RC8") | {"RC808"}),
        ('select = ["RC304"]\nignore = ["RC3"]', (), {"RC304"}),
        ('levels = { RC8 = "off", RC808 = "error" }', (), ALL - beginning("RC8")),
        # options beat the file
        ('select = ["RC3"]\nextend-select = ["RC9"]', ("RC8",), beginning("RC8")),
        ('ignore = ["RC808"]', ("RC8",), beginning("RC8")),
        ('ignore = ["RC8"]', ("RC808",), {"RC808"}),
        ('ignore = ["RC808"]', ("", "", "RC8"), ALL),
        ('select = ["RC3"]', ("", "", "RC808"), beginning("RC3") | {"RC808"}),
        ('select = ["RC3", "RC808"]', ("", "RC8"), beginning("RC3")),
        ('extend-select = ["RC808"]\nignore = ["RC8"]', ("", "RC808"), ALL - beginning("RC8")),
        ('levels = { RC808 = "off" }', ("RC808",), {"RC808"}),
        ('ignore = ["RC3"]', ("", "RC8"), ALL - beginning("RC3", "RC8")),
        # within the options
        (None, ("RC8", "RC808"), beginning("RC8") - {"RC808"}),
        (None, ("RC808", "RC8"), {"RC808"}),
        (None, ("", "RC8", "RC808"), ALL - beginning("RC8") | {"RC808"}),
    ],
    ids=lambda value: f"{len(value)} clauses" if isinstance(value, set) else str(value),  # a set has no order
)
def test_which_clauses_are_judged_by(
    tree: Path, text: str | None, options: tuple[str, ...], expected: set[str]
) -> None:
    assert judged(tree, text, *options) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('ignore = ["RC999"]', "ignore: no clause has the code 'RC999'; the families are RC1"),
        ('levels = { RC999 = "off" }', "levels: no clause has the code 'RC999'"),
        ('per-path-ignores = { "a" = ["RC999"] }', "per-path-ignores: no clause has the code 'RC999'"),
        ('per-path-ignores = { "!a" = ["RC8"] }', "per-path-ignores: '!a': patterns that begin with !"),
        (
            'mandatory-tags = { model = ["team"] }',
            "mandatory-tags.model: 'team' is no tag of the convention; there is exp",
        ),
        ('mandatory-tags = { dataset = ["sweep"] }', "mandatory-tags.dataset: 'sweep' is no tag"),
        ('mandatory-tags = { modell = ["sweep"] }', "mandatory-tags.modell: is no kind of unit; did you mean model?"),
        ('tag-values = { team = ["a"] }', "tag-values.team: is no tag of the convention"),
        ('tag-values = { run_type = ["trian"] }', "tag-values.run_type: 'trian' is no value .*; did you mean train?"),
        (
            "limits = { file-bytes = { plots = 1 } }",
            "limits.file-bytes.plots: is no role of the layout; did you mean plot?",
        ),
        ("sellect = []\nignor = []", r"sellect: is no key here; did you mean select\? \(1 more like it\)"),
    ],
)
def test_what_a_file_asks_for_that_is_not_there_is_told_with_file_and_key(tree: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=f"runcheck.toml: {words}"):
        judged(tree, text)


def test_an_unknown_code_of_an_option_is_no_fault_of_the_file(tree: Path) -> None:
    with pytest.raises(UnknownClauseError, match=r"^no clause has the code 'RC999'"):
        judged(tree, 'ignore = ["RC8"]', "", "RC999")
    with pytest.raises(UnknownClauseError, match=r"^no clause has the code 'RC999'"):
        judged(tree, 'ignore = ["RC8"]', "RC3", "RC999")


def test_a_check_by_no_clause_at_all_is_refused(tree: Path) -> None:
    with pytest.raises(UnknownClauseError, match="no clause is left to judge by: RC are ignored"):
        judged(tree, 'ignore = ["RC"]')


def test_a_configuration_inside_the_tree_says_nothing(tree: Path, configured: Check) -> None:
    (tree / "runcheck.toml").write_text('ignore = ["RC"]')
    (tree / "model/pyproject.toml").write_text('[tool.runcheck]\nselect = ["RC3"]')
    assert judgement_for(str(tree)) == Judgement()
    assert judgement_for(str(tree / "model/digits_logreg_baseline")) == Judgement()
    assert codes(configured("", path=tree)) == ["RC102", "RC101"]


def test_the_nearest_above_the_tree_is_taken_for_every_part_of_it(tree: Path) -> None:
    (tree.parent / "runcheck.toml").write_text('ignore = ["RC8"]')
    for path in (tree, tree / "model", tree / "runs.parquet", next((tree / "dataset").rglob("README.md"))):
        assert judgement_for(str(path)).selection.ignored == ("RC8",)


def test_isolated_and_another_file(tree: Path) -> None:
    (tree.parent / "runcheck.toml").write_text("broken =")
    other = tree.parent / "other.toml"
    other.write_text('ignore = ["RC9"]')
    assert judgement_for(str(tree), Asked(is_isolated=True)) == Judgement()
    judgement = judgement_for(str(tree), Asked(config=str(other)))
    assert judgement.selection.ignored == ("RC9",)
    assert judgement.path == str(other)


def test_a_url_takes_the_configuration_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runcheck.toml").write_text('ignore = ["RC8"]')
    monkeypatch.chdir(tmp_path)
    assert judgement_for("s3://bucket/tree").selection.ignored == ("RC8",)


def test_the_roots_of_the_file_are_what_is_checked_without_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "src/deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert paths_of([], Asked(), "artefacts") == ["artefacts"]
    (tmp_path / "runcheck.toml").write_text('roots = ["artefacts", "s3://bucket/tree", "src/deep/here"]')
    expected = [str(tmp_path / "artefacts"), "s3://bucket/tree", "here"]
    assert paths_of([], Asked(), "artefacts") == expected
    assert paths_of(["x"], Asked(), "artefacts") == ["x"]
    assert paths_of([], Asked(is_isolated=True), "artefacts") == ["artefacts"]


def test_what_no_configuration_changes_is_judged_as_ever(tree: Path) -> None:
    assert judgement_for(str(tree)) == Judgement()
    (tree.parent / "runcheck.toml").write_text('roots = ["artefacts"]')
    judgement = judgement_for(str(tree))
    assert judgement._replace(path=None) == Judgement()
    assert judgement.selection is EVERYTHING


# --- a convention of one's own ----------------------------------------------------------------------------------------


OWN = Path(__file__).parents[2] / "fixtures/conventions/tracker-runs/fail-TR002-no-params/tree"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose folder is the tree, with its configuration beside the runs."""
    folder = tmp_path / "project"
    shutil.copytree(OWN, folder)
    monkeypatch.chdir(folder)
    return folder


def test_the_convention_of_the_file_is_what_is_judged_by(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "runcheck.toml").write_text('roots = ["."]\nconvention = "tracker-runs"\n')
    assert main([]) == 1
    out = capsys.readouterr().out
    assert "error TR002" in out
    assert out.endswith("; by the convention tracker-runs.\n")


def test_who_is_in_a_folder_of_the_project_has_its_convention_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "runcheck.toml").write_text('roots = ["."]\nconvention = "tracker-runs"\n')
    monkeypatch.chdir(project / "experiments")
    assert main([]) == 1
    assert capsys.readouterr().out.endswith("; by the convention tracker-runs.\n")
    assert judgement_for("..").convention == "tracker-runs"


def test_codes_are_those_of_the_convention_and_of_the_main_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = project / "runcheck.toml"
    config.write_text('roots = ["."]\nconvention = "tracker-runs"\nignore = ["TR002", "RC808"]\n')
    assert main([]) == 0
    assert capsys.readouterr().out.endswith("; by the convention tracker-runs; without TR002.\n")
    config.write_text('roots = ["."]\nconvention = "tracker-runs"\nlevels = { TR002 = "warning" }\n')
    assert main([]) == 0
    assert "warning TR002" in capsys.readouterr().out
    config.write_text('convention = "tracker-runs"\nignore = ["XX001"]\n')
    assert main(["."]) == 2
    assert "runcheck.toml: ignore: no clause has the code 'XX001'" in capsys.readouterr().err


def test_an_option_beats_the_convention_of_the_file_and_one_that_is_not_there_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "runcheck.toml").write_text('convention = "nothing-of-the-kind"\n')
    assert main(["."]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([".", "--convention", "tracker-runs"]) == 1


def test_what_was_handed_over_does_not_bring_its_own_convention(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "runcheck.toml").write_text('convention = "tracker-runs"\n')
    beside = project.parent / "project-2"
    beside.mkdir()
    monkeypatch.chdir(beside)
    assert judgement_for("../project") == Judgement()
    monkeypatch.chdir(project.parent)
    assert judgement_for("project") == Judgement()
    (project / ".git").mkdir()
    assert judgement_for("project").convention == "tracker-runs"


def test_the_path_of_a_convention_is_relative_to_the_file(project: Path) -> None:
    (project / "runcheck.toml").write_text('convention = "conventions/ours.toml"\n')
    with pytest.raises(RuncheckError, match=r"conventions/ours\.toml"):
        judgement_for(".")
