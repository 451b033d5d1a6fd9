"""Surveys as texts and back; and checks that recall what did not change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.card import Card, Source
from runcheck.cli import main
from runcheck.convention.clauses import clauses
from runcheck.convention.registry import registry_row
from runcheck.convention.schemas import schema
from runcheck.findings import Finding, Report, Survey, Unverified
from runcheck.pipeline import check_in
from runcheck.probes import Facts
from runcheck.probes.contents import RegistryContent
from runcheck.recall import registry_of, survey_of, text_of, text_of_registry
from runcheck.tree.cache import _READERS, FILE_NAME, DiskCache, open_cache
from runcheck.tree.entry import Entry
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.read import Reader
from tests.test_pipeline import edit_json

SURVEY = Survey(
    findings=(
        Finding(
            clauses()["RC304"], "model/a/v1/x\udcff", "is 'é'", "Restore it.", 3, "/a", "model/a/v1", is_certain=False
        ),
        Finding(clauses()["RC101"], ".", "m", "h"),
    ),
    unverified=(Unverified("needs h5py", ("a", "b")),),
    card=Card(
        status="completed",
        row=registry_row(schema("metadata")["examples"][0], "model/a/v1"),  # type: ignore[index]
        source=Source("dataset/d/v1", "0" * 64),
        links={"parent": "model/a/v0"},
        fingerprint="1" * 64,
        extensions={"team": {"a": [1, 2.5, None]}},
        large={"data": {"model/a/v1/x.bin": 1 << 30}},
    ),
    files=7,
    hashed_bytes=99,
)


@pytest.mark.parametrize("survey", [SURVEY, Survey((), (), Card(), 0, 0)])
def test_a_survey_is_the_same_as_a_text_and_back_but_for_what_was_read(survey: Survey) -> None:
    assert survey_of(text_of(survey)) == survey._replace(hashed_bytes=0, is_recalled=True)


def test_a_registry_is_the_same_as_a_text_and_back() -> None:
    assert SURVEY.card.row is not None
    for content in (
        RegistryContent((SURVEY.card.row,)),
        RegistryContent(),
        RegistryContent(error="has a column twice"),
    ):
        text = text_of_registry(content)
        assert text is not None
        assert registry_of(text) == content


@pytest.fixture
def check_again(tree: Path, quarantine: Quarantine) -> Callable[..., Report]:
    """Check the tree with a cache for which no file is too young."""

    def opened(root: str, *, is_blind: bool = False) -> DiskCache:
        cache = open_cache(root, is_blind=is_blind)
        assert isinstance(cache, DiskCache)
        return DiskCache(cache.folder, 1 << 63, is_blind)

    def check(*, is_blind: bool = False) -> Report:
        return check_in(quarantine, tree, open_cache=lambda root: opened(root, is_blind=is_blind))

    check()
    return check


def test_what_did_not_change_is_not_opened(check_again: Callable[..., Report], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runcheck.tree.store.open_regular", lambda path: pytest.fail(f"opened {path}"))
    report = check_again()
    assert (report.recalled, report.units, report.hashed_bytes) == (2, 2, 0)


def test_only_the_unit_that_changed_is_read(check_again: Callable[..., Report], run_folder: Path) -> None:
    (run_folder / "README.md").write_text("# Changed\n")
    report = check_again()
    assert report.recalled == 1
    assert "RC304" in {each.code for each in report.findings}
    assert check_again().findings == report.findings
    assert check_again().recalled == 2


def test_a_finding_between_units_is_found_where_neither_is_read(
    check_again: Callable[..., Report], run_folder: Path, tree: Path
) -> None:
    data = next((tree / "dataset").glob("*/v1"))
    data.rename(data.with_name("v2"))
    report = check_again()
    assert ("RC704" in codes_of(report)) == ("RC704" in codes_of(check_again(is_blind=True)))
    assert report.findings == check_again(is_blind=True).findings


def codes_of(report: Report) -> set[str]:
    """Return the codes of the findings."""
    return {each.code for each in report.findings}


def test_what_could_not_be_read_once_is_asked_again(
    check_again: Callable[..., Report], run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run_folder / "README.md").touch()
    read = Reader.file

    def failing(reader: Reader, entry: Entry, format_: str | None, *, hashed: bool, scanned: bool) -> Facts:
        if entry.path.endswith("README.md"):
            return Facts(error="Input/output error")
        return read(reader, entry, format_, hashed=hashed, scanned=scanned)

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "file", failing)
        assert "RC118" in codes_of(check_again())
    assert "RC118" not in codes_of(check_again())


def test_rehash_trusts_nothing_and_remembers_anew(check_again: Callable[..., Report]) -> None:
    assert check_again(is_blind=True).recalled == 0
    assert check_again().recalled == 2


def test_a_running_run_is_read_each_time_since_the_clock_is_judged_too(
    check_again: Callable[..., Report], run_folder: Path
) -> None:
    edit_json(run_folder / "metadata.json", lambda metadata: metadata.update(status="running", finished_at=None))
    check_again()
    assert check_again().recalled == 1


def test_the_command_line_remembers_and_can_be_told_not_to(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("runcheck.tree.cache._RACY_NS", -(10**12))  # the tree was written just now
    kept = tree / ".runcheck" / FILE_NAME
    main(["check", str(tree), "--no-cache"])
    assert not kept.exists()
    main(["check", str(tree)])
    assert kept.exists()
    assert "unchanged" not in capsys.readouterr().out
    main(["check", str(tree)])
    assert "2 units (2 unchanged since the last check)" in capsys.readouterr().out
    main(["check", str(tree), "--rehash"])
    assert "unchanged" not in capsys.readouterr().out
    main(["cache", str(tree)])
    assert f"{FILE_NAME}: 3 results, " in capsys.readouterr().out
    main(["cache", str(tree), "--clean"])
    assert not kept.exists()
    main(["cache", str(tree)])
    assert "nothing is remembered" in capsys.readouterr().out


def test_in_continuous_integration_nothing_is_remembered(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("runcheck.tree.cache._RACY_NS", -(10**12))
    main(["check", str(tree)])
    assert not (tree / ".runcheck" / FILE_NAME).exists()


def test_a_check_leaves_no_database_open(check_again: Callable[..., Report]) -> None:
    check_again()
    assert check_again().recalled > 0
    assert _READERS == {}
