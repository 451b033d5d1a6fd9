"""Each fix: the finding is there before and not after, once is enough, and the rest of the tree is as it was."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.convention.fixable import FIXES
from runcheck.findings import Report
from runcheck.fixes.fix import all_fixes
from runcheck.fixes.session import Mended, mend
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.rules.selection import select
from runcheck.tree.quarantine import Quarantine
from tests.conftest import DATASET, RUN


def fixed(quarantine: Quarantine, tree: Path, *, is_daring: bool = False) -> Mended:
    """Mend a tree."""
    return mend(str(tree), partial(check_in, quarantine, str(tree)), is_daring=is_daring)


def found(report: Report) -> set[str]:
    """Return the names of the clauses that are broken, but for those that the good tree breaks too."""
    return {finding.clause.name for finding in report.findings} - {"commit-unknown"}


def everything(root: Path) -> dict[str, object]:
    """Return what each path of a tree is, but for the state of the tools."""
    paths = [path for path in sorted(root.rglob("*")) if ".runcheck" not in path.parts]
    return {
        str(path.relative_to(root)): os.readlink(path)
        if path.is_symlink()
        else (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
        for path in paths
    }


def reseal(unit: Path, *names: str) -> None:
    """Let the list of a unit have the digests of these files as they are: the damage was there when it was sealed."""
    lines = {line[66:]: line[:64] for line in (unit / "SHA256SUMS").read_text().splitlines()}
    for name in names:
        if (unit / name).exists():
            lines[name] = hashlib.sha256((unit / name).read_bytes()).hexdigest()
        else:
            lines.pop(name, None)
    text = "".join(f"{lines[path]}  {path}\n" for path in sorted(lines))
    (unit / "SHA256SUMS").write_text(text)


def run_of(tree: Path) -> Path:
    """Return the run of the good tree."""
    return next(path for path in sorted((tree / RUN).iterdir()) if not path.is_symlink())


def point_elsewhere(target: str) -> Callable[[Path], None]:
    """Return what lets ``latest`` be a link to ``target``, in which ``{}`` is the folder of the tree."""

    def damage(tree: Path) -> None:
        (tree / RUN / "latest").unlink()
        (tree / RUN / "latest").symlink_to(target.format(tree))

    return damage


def another_version(tree: Path) -> None:
    """Add a run that failed an hour later, which ``latest`` names."""
    run = run_of(tree)
    metadata = json.loads((run / "metadata.json").read_text())
    new = f"2099-01-01T00-00-00Z{run.name[20:]}"
    copy = Path(shutil.copytree(run, tree / RUN / new))
    (copy / "SHA256SUMS").unlink()
    metadata |= {"version": new, "created_at": "2099-01-01T00:00:00.000000Z", "status": "failed"}
    metadata |= {"finished_at": "2099-01-01T01:00:00.000000Z", "name": "20990101_digits_logreg_baseline"}
    metadata.pop("label", None)
    (copy / "metadata.json").write_text(json.dumps(metadata))
    point_elsewhere(new)(tree)
    (tree / "runs.parquet").unlink()


def as_text(text: str) -> Callable[[Path], None]:
    def damage(tree: Path) -> None:
        (tree / RUN / "latest").unlink()
        (tree / RUN / "latest").write_text(text)

    return damage


def list_lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def damage(tree: Path) -> None:
        path = run_of(tree) / "SHA256SUMS"
        path.write_bytes("".join(change(path.read_text().splitlines(keepends=True))).encode())

    return damage


def readme(text: str | None) -> Callable[[Path], None]:
    def damage(tree: Path) -> None:
        run = run_of(tree)
        if text is None:
            (run / "README.md").unlink()
        else:
            (run / "README.md").write_text(text)
        reseal(run, "README.md")

    return damage


def without_line_feed(tree: Path) -> None:
    run = run_of(tree)
    (run / "metrics.jsonl").write_bytes((run / "metrics.jsonl").read_bytes()[:-1])
    reseal(run, "metrics.jsonl")


def torn(tree: Path) -> None:
    run = run_of(tree)
    with (run / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"step": 6, "spl')
    reseal(run, "metrics.jsonl")


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def absolute_in_metadata(tree: Path) -> None:
    edit_json(run_of(tree) / "metadata.json", lambda each: each["command"].append(f"--data={tree.parent}/data/x.csv"))
    reseal(run_of(tree), "metadata.json")


def absolute_in_readme(tree: Path) -> None:
    path = run_of(tree) / "README.md"
    home = "/home/ada/project"
    path.write_text(path.read_text() + f"\nRead {home}/data/a.csv first.\n")
    reseal(run_of(tree), "README.md")


def absolute_in_config(tree: Path) -> None:
    from runcheck.convention.canonical import config_sha256

    run = run_of(tree)
    edit_json(run / "config.json", lambda each: each.update(data_dir=f"{tree.parent}/data", root=str(tree.parent)))
    new = config_sha256(json.loads((run / "config.json").read_text()))
    edit_json(run / "metadata.json", lambda each: each["config"].update(sha256=new))
    reseal(run, "config.json", "metadata.json")


def wrong_summary(tree: Path) -> None:
    path = run_of(tree) / "summary.yaml"
    path.write_text(path.read_text().replace("rows: 11", "rows: 12"))
    reseal(run_of(tree), "summary.yaml")


def no_summary(tree: Path) -> None:
    (run_of(tree) / "summary.yaml").unlink()
    reseal(run_of(tree), "summary.yaml")


def wrong_best(tree: Path) -> None:
    edit_json(run_of(tree) / "metadata.json", lambda each: each["metrics"].pop("train/loss"))
    reseal(run_of(tree), "metadata.json")
    (tree / "runs.parquet").unlink()


def write(path: str, text: str = "x\n") -> Callable[[Path], None]:
    def damage(tree: Path) -> None:
        target = run_of(tree) / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)

    return damage


def heartbeat(tree: Path) -> None:
    beat = {"schema_version": "1.0", "at": "2020-01-01T00:00:00.000000Z", "process": 1, "host": "0" * 64, "boot": None}
    (run_of(tree) / "heartbeat.json").write_text(json.dumps(beat))


def registry(content: bytes | None) -> Callable[[Path], None]:
    def damage(tree: Path) -> None:
        if content is None:
            (tree / "runs.parquet").unlink()
        else:
            (tree / "runs.parquet").write_bytes(content)

    return damage


def stale_registry(tree: Path) -> None:
    edit_json(run_of(tree) / "metadata.json", lambda each: each["tags"].update(sweep="first"))
    reseal(run_of(tree), "metadata.json")


LATEST, LIST, REGISTRY = f"{RUN}/latest", "{run}/SHA256SUMS", "runs.parquet"


class Case(NamedTuple):
    """A damage, the clause that it breaks, what mending it may change, and whether it rests on a guess."""

    damage: Callable[[Path], None]
    clause: str
    changes: tuple[str, ...]
    is_daring: bool = False


CASES = {
    "latest is absolute": Case(point_elsewhere("{}/" + RUN), "latest-form", (LATEST,)),
    "latest leads out": Case(point_elsewhere("/etc"), "latest-form", (LATEST,)),
    "latest dangles": Case(point_elsewhere("v9"), "latest-dangling", (LATEST,), is_daring=True),
    "latest is missing": Case(lambda tree: (tree / RUN / "latest").unlink(), "latest-missing", (LATEST,)),
    "latest names a failed one": Case(another_version, "latest-stale", (LATEST, REGISTRY)),
    "latest is a text of something": Case(as_text("the second one\n"), "latest-form", (LATEST,)),
    "lines in another order": Case(list_lines(lambda each: each[::-1]), "checksum-order", (LIST,)),
    "a line twice": Case(list_lines(lambda each: [*each, each[0]]), "checksum-order", (LIST,)),
    "lines of Windows": Case(
        list_lines(lambda each: [line.replace("\n", "\r\n") for line in each]), "checksum-syntax", (LIST,)
    ),
    "digits in upper case": Case(
        list_lines(lambda each: [line[:64].upper() + line[64:] for line in each]), "checksum-syntax", (LIST,)
    ),
    "no last line feed": Case(
        list_lines(lambda each: [*each[:-1], each[-1].removesuffix("\n")]), "checksum-syntax", (LIST,)
    ),
    "no README": Case(readme(None), "required-file", ("{run}/README.md", LIST)),
    "a README of a title": Case(readme("# A run\n"), "readme-sections", ("{run}/README.md", LIST)),
    "a README with an open block": Case(
        readme("# A run\n\n## What\n\nA.\n\n```\ncode"), "readme-sections", ("{run}/README.md", LIST)
    ),
    "a whole last row": Case(without_line_feed, "metrics-syntax", ("{run}/metrics.jsonl", LIST)),
    "a torn last row": Case(
        torn, "metrics-syntax", ("{run}/metrics.jsonl", LIST, "{run}/extra", "{run}/extra/fixed-1")
    ),
    "a path in the metadata": Case(absolute_in_metadata, "machine-path", ("{run}/metadata.json", LIST, REGISTRY)),
    "a path in the configuration": Case(
        absolute_in_config, "machine-path", ("{run}/config.json", "{run}/metadata.json", LIST, REGISTRY)
    ),
    "no registry": Case(registry(None), "registry-missing", (REGISTRY,)),
    "a broken registry": Case(registry(b"PAR1"), "registry-readable", (REGISTRY,)),
    "a stale registry": Case(stale_registry, "registry-row-stale", (REGISTRY,)),
    "a wrong summary": Case(wrong_summary, "summary-disagrees", ("{run}/summary.yaml", LIST), is_daring=True),
    "no summary": Case(no_summary, "required-file", ("{run}/summary.yaml", LIST, REGISTRY), is_daring=True),
    "wrong best values": Case(wrong_best, "metadata-metrics", ("{run}/metadata.json", LIST, REGISTRY), is_daring=True),
    "a file that came later": Case(write("plots/a.txt"), "unlisted-file", (LIST,), is_daring=True),
    "a temporary": Case(write("plot.png.tmp"), "leftover", ("{run}/plot.png.tmp",), is_daring=True),
    "a heartbeat": Case(heartbeat, "heartbeat-left", ("{run}/heartbeat.json",), is_daring=True),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fix_mends_what_was_found_and_nothing_else(tree: Path, quarantine: Quarantine, name: str) -> None:
    case = CASES[name]
    case.damage(tree)
    run = str(run_of(tree).relative_to(tree))
    before = everything(tree)
    report = check_in(quarantine, str(tree))
    assert case.clause in found(report)
    assert any(each.fix == ("unsafe" if case.is_daring else "safe") for each in report.findings)
    mended = fixed(quarantine, tree, is_daring=case.is_daring)
    assert found(mended.report) == set()
    assert mended.fixed > 0
    after = everything(tree)
    allowed = tuple(each.replace("{run}", run) for each in case.changes)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert changed, "something was written"
    assert all(path.startswith(allowed) for path in changed), changed
    again = fixed(quarantine, tree, is_daring=case.is_daring)
    assert (again.fixed, everything(tree)) == (0, after)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_daring])
def test_what_rests_on_a_guess_is_left_unless_it_is_asked_for(tree: Path, quarantine: Quarantine, name: str) -> None:
    CASES[name].damage(tree)
    (tree / "runs.parquet").unlink(missing_ok=True)
    before = everything(tree)
    mended = fixed(quarantine, tree)
    assert CASES[name].clause in found(mended.report)
    assert "--unsafe-fixes" in {each.reason.rpartition("; ")[2].split()[0] for each in mended.refused}
    assert {path for path in everything(tree) if everything(tree)[path] != before.get(path)} <= {"runs.parquet"}


def test_the_table_of_fixable_clauses_and_the_fixes_name_the_same_clauses() -> None:
    assert set(all_fixes()) == set(FIXES)


def test_a_path_below_a_repository_becomes_relative_to_it(tree: Path, quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    absolute_in_metadata(tree)
    (tree / "runs.parquet").unlink()
    assert found(fixed(quarantine, tree).report) == set()
    command = json.loads((run_of(tree) / "metadata.json").read_text())["command"]
    assert command[-1] == "--data=data/x.csv"


def test_a_path_elsewhere_is_left(tree: Path, quarantine: Quarantine) -> None:
    absolute_in_readme(tree)
    before = everything(tree)
    mended = fixed(quarantine, tree)
    assert found(mended.report) == {"machine-path"}
    assert "does not lie below" in mended.refused[0].reason
    assert everything(tree) == before


# --- what must not be mended -----------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    """Change one byte of a file behind the back of its list."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def damaged_readme(tree: Path) -> None:
    (run_of(tree) / "README.md").write_text("# Another\n")


def damaged_metrics(tree: Path) -> None:
    path = run_of(tree) / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-10])


def damaged_metrics_and_summary(tree: Path) -> None:
    path = run_of(tree) / "metrics.jsonl"
    path.write_text(path.read_text().replace("0.5", "0.7"))


def lost_readme(tree: Path) -> None:
    (run_of(tree) / "README.md").unlink()


def damaged_config(tree: Path) -> None:
    edit_json(run_of(tree) / "config.json", lambda each: each.update(data_dir=f"{tree.parent}/data"))


def two_digests(tree: Path) -> None:
    list_lines(lambda each: [*each, f"{'0' * 64}{each[0][64:]}"])(tree)


def no_line(tree: Path) -> None:
    list_lines(lambda each: ["<<<<<<< HEAD\n", *each])(tree)


@pytest.mark.parametrize(
    "damage",
    [
        damaged_readme,
        damaged_metrics,
        damaged_metrics_and_summary,
        lost_readme,
        damaged_config,
        two_digests,
        no_line,
        lambda tree: flip(run_of(tree) / "summary.yaml"),
        lambda tree: flip(tree / DATASET / "v1/train.parquet"),
        lambda tree: (tree / DATASET / "v1/train.parquet").unlink(),
        lambda tree: (run_of(tree) / "metadata.json").write_text("{}"),
    ],
)
@pytest.mark.parametrize("is_daring", [False, True])
def test_a_damage_is_never_sealed(
    tree: Path, quarantine: Quarantine, damage: Callable[[Path], None], is_daring: bool
) -> None:
    damage(tree)
    before = everything(tree)
    broken = {each.code for each in check_in(quarantine, str(tree)).findings if each.path.startswith(("model", "data"))}
    mended = fixed(quarantine, tree, is_daring=is_daring)
    after = everything(tree)
    assert after == before
    assert {"RC304", "RC305", "RC301", "RC302"} & broken <= {each.code for each in mended.report.findings}
    assert not mended.report.is_clean


@pytest.mark.parametrize("is_registry_alone", [False, True])
def test_a_damage_does_not_come_into_the_registry(tree: Path, quarantine: Quarantine, is_registry_alone: bool) -> None:
    path = run_of(tree) / "summary.yaml"
    path.write_text(path.read_text().replace("0.4", "0.999"))
    asked = Judgement(selection=select(["RC704"])) if is_registry_alone else Judgement()
    before = (tree / "runs.parquet").read_bytes()
    report = check_in(quarantine, str(tree), asked)
    marks = {each.clause.name: fix for each, fix in zip(report.findings, report.fixes(), strict=True)}
    assert marks["registry-row-stale"] is None or is_registry_alone
    mended = mend(str(tree), partial(check_in, quarantine, str(tree), asked))
    (refusal,) = [each for each in mended.refused if each.finding.code == "RC704"]
    unit = path.parent.relative_to(tree)
    assert refusal.reason.startswith(f"{unit}/summary.yaml would go into it, and is not the file that SHA256SUMS lists")
    assert (tree / "runs.parquet").read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [f"{'0' * 64}{lines[0][64:]}", *lines],  # the README with two digests
        lambda lines: [f"{lines[0][:40]}\n", *lines[1:]],  # the line of the README cut short
    ],
)
def test_a_damaged_list_is_not_mended_by_listing_a_file(
    tree: Path, quarantine: Quarantine, damage: Callable[[list[str]], list[str]]
) -> None:
    list_lines(damage)(tree)
    (run_of(tree) / "README.md").write_text("# Changed since it was sealed\n")
    (run_of(tree) / "plots").mkdir()
    (run_of(tree) / "plots/loss.txt").write_text("not listed\n")
    before = everything(tree)
    mended = fixed(quarantine, tree, is_daring=True)
    assert any("SHA256SUMS of the unit is damaged" in each.reason for each in mended.refused)
    assert everything(tree) == before


def test_a_list_that_is_no_text_is_refused_where_a_file_is_to_be_listed(tree: Path, quarantine: Quarantine) -> None:
    path = run_of(tree) / "SHA256SUMS"
    path.write_bytes(path.read_bytes() + b"\xff\n")
    (run_of(tree) / "plots").mkdir()
    (run_of(tree) / "plots/loss.txt").write_text("not listed\n")
    before = everything(tree)
    assert any("is not UTF-8" in each.reason for each in fixed(quarantine, tree, is_daring=True).refused)
    assert everything(tree) == before


def test_a_pointer_is_not_listed_as_if_it_were_the_file(tree: Path, quarantine: Quarantine) -> None:
    (run_of(tree) / "plots").mkdir()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 123\n"
    (run_of(tree) / "plots/loss.png").write_text(pointer)
    before = everything(tree)
    mended = fixed(quarantine, tree, is_daring=True)
    assert [each.reason for each in mended.refused if each.finding.code == "RC303"] == [
        "is a Git LFS pointer; `git lfs pull` brings the file"
    ]
    assert everything(tree) == before


@pytest.mark.parametrize("value", ['"0.5"', "NaN", '0.5, "unit": "nats"'])
def test_a_whole_last_row_that_is_not_sound_is_not_cut(tree: Path, quarantine: Quarantine, value: str) -> None:
    path = run_of(tree) / "metrics.jsonl"
    path.write_text(f'{path.read_text()}{{"step": 99, "split": "train", "metric": "loss", "value": {value}}}')
    reseal(run_of(tree), "metrics.jsonl")
    before = everything(tree)
    mended = fixed(quarantine, tree)
    assert "its last row is whole, and not one of metrics; look at what it says" in {
        each.reason for each in mended.refused
    }
    assert everything(tree) == before


def test_a_sealed_dataset_keeps_its_fingerprint(tree: Path, quarantine: Quarantine) -> None:
    unit = tree / DATASET / "v1"
    (unit / "README.md").write_text("# Digits\n")
    reseal(unit, "README.md")
    before = everything(tree)
    mended = fixed(quarantine, tree, is_daring=True)
    assert "readme-sections" in found(mended.report)
    assert any("fingerprint" in each.reason for each in mended.refused)
    assert everything(tree) == before


@pytest.mark.parametrize("path", ["", "model", RUN])
def test_nothing_is_written_through_a_link(tree: Path, quarantine: Quarantine, tmp_path: Path, path: str) -> None:
    run = run_of(tree)
    readme("# A run\n")(tree)
    if path:
        outside = tmp_path / "outside"
        (tree / path).rename(outside)
        (tree / path).symlink_to(outside)
    else:
        (run / "README.md").rename(tmp_path / "outside")
        (run / "README.md").symlink_to(tmp_path / "outside")
    outside_before = everything(tmp_path / "outside") if path else (tmp_path / "outside").read_bytes()
    fixed(quarantine, tree, is_daring=True)
    assert (everything(tmp_path / "outside") if path else (tmp_path / "outside").read_bytes()) == outside_before


def test_the_state_folder_is_not_followed_out_of_the_tree(tree: Path, quarantine: Quarantine, tmp_path: Path) -> None:
    from runcheck.errors import CannotWriteError

    shutil.rmtree(tree / ".runcheck", ignore_errors=True)
    (tmp_path / "outside").mkdir()
    (tree / ".runcheck").symlink_to(tmp_path / "outside")
    registry(None)(tree)
    with pytest.raises(CannotWriteError, match="is a link"):
        fixed(quarantine, tree)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_unit_that_is_being_written_is_left(tree: Path, quarantine: Quarantine) -> None:
    from runcheck.tree import liveness

    readme("# A run\n")(tree)
    beat = {"schema_version": "1.0", "at": "2020-01-01T00:00:00.000000Z", "process": os.getpid()}
    beat |= {"host": liveness.host(), "boot": liveness.boot()}
    (run_of(tree) / "heartbeat.json").write_text(json.dumps(beat))
    before = everything(tree)
    mended = fixed(quarantine, tree, is_daring=True)
    assert any(f"process {os.getpid()} of this machine writes it" in each.reason for each in mended.refused)
    assert everything(tree) == before


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_changed(
    tree: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcheck.errors import CannotWriteError

    readme("# A run\n")(tree)
    before = everything(tree)
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and str(path) == str(run_of(tree))))
    with pytest.raises(CannotWriteError, match="permissions do not let you, so nothing was changed"):
        fixed(quarantine, tree)
    assert everything(tree) == before


def test_where_a_write_fails_the_others_are_taken_back(
    tree: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcheck.errors import CannotWriteError

    absolute_in_config(tree)
    (tree / "runs.parquet").unlink()
    (run_of(tree) / "old.tmp").write_text("what is removed comes not back")
    before = everything(tree)
    replace = os.replace

    def full(source: str, target: str) -> None:
        if target.endswith("SHA256SUMS"):
            raise OSError(28, "No space left on device", target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CannotWriteError, match="No space left on device; nothing was changed"):
        fixed(quarantine, tree, is_daring=True)
    assert everything(tree) == before
    monkeypatch.undo()
    assert found(fixed(quarantine, tree, is_daring=True).report) == set()


def test_the_permissions_of_a_file_stay(tree: Path, quarantine: Quarantine) -> None:
    readme("# A run\n")(tree)
    (run_of(tree) / "README.md").chmod(0o640)
    fixed(quarantine, tree)
    assert stat.S_IMODE((run_of(tree) / "README.md").stat().st_mode) == 0o640


def test_large_files_of_git_get_the_patterns_of_their_role(tree: Path, quarantine: Quarantine, tmp_path: Path) -> None:
    unit = tree / DATASET / "v1"
    run_of(tree)
    (unit / "train.parquet").write_bytes((unit / "train.parquet").read_bytes() + bytes(2 << 20))
    (tree / ".gitattributes").write_text("*.txt text\n")
    git = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True, text=True)
    git(["git", "init", "-q", "."])
    git(["git", "add", "."])
    assert "lfs-attributes" in found(check_in(quarantine, str(tree)))
    mended = fixed(quarantine, tree)
    assert "lfs-attributes" not in found(mended.report)
    lines = (tree / ".gitattributes").read_text().splitlines()
    assert lines[-1] == "*.txt text"
    assert "dataset/*/*/**/*.parquet filter=lfs diff=lfs merge=lfs -text" in lines
    said = git(
        ["git", "check-attr", "filter", "--", f"artefacts/{DATASET}/v1/a/b.parquet", f"artefacts/{RUN}/v1/a.json"]
    )
    assert said.stdout.splitlines() == [
        f"artefacts/{DATASET}/v1/a/b.parquet: filter: lfs",
        f"artefacts/{RUN}/v1/a.json: filter: unspecified",
    ]


# --- hostile trees ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["stamp", ".gitignore", "fix.lock", "runs.parquet.tmp", "runs.parquet.lock", "fix.json"]
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_in_the_state_folder_leads_nothing_out_of_the_tree(
    tree: Path, quarantine: Quarantine, tmp_path: Path, name: str, is_there: bool
) -> None:
    from runcheck.errors import CannotWriteError
    from runcheck.tree.cache import open_cache

    shutil.rmtree(tree / ".runcheck", ignore_errors=True)
    (tree / ".runcheck").mkdir()
    (tree / ".runcheck" / name).symlink_to(tmp_path / "outside")
    if is_there:
        (tmp_path / "outside").write_text("mine\n")
    registry(None)(tree)
    check = partial(check_in, quarantine, str(tree), open_cache=partial(open_cache, is_blind=False))
    with suppress(CannotWriteError):
        mend(str(tree), check)
    assert (tmp_path / "outside").exists() == is_there
    assert not is_there or (tmp_path / "outside").read_text() == "mine\n"


def test_a_database_of_the_cache_behind_a_link_is_none(tree: Path, quarantine: Quarantine, tmp_path: Path) -> None:
    from runcheck.tree.cache import FILE_NAME, open_cache

    shutil.rmtree(tree / ".runcheck", ignore_errors=True)
    (tree / ".runcheck").mkdir()
    (tree / ".runcheck" / FILE_NAME).symlink_to(tmp_path / "outside")
    check_in(quarantine, str(tree), open_cache=partial(open_cache, is_blind=False))
    assert not (tmp_path / "outside").exists()


def test_a_name_that_is_not_utf_8_is_not_listed(tree: Path, quarantine: Quarantine) -> None:
    folder = os.fsencode(run_of(tree) / "plots")
    os.mkdir(folder)
    with open(folder + b"/\xff.txt", "wb") as stream:
        stream.write(b"x\n")
    mended = fixed(quarantine, tree, is_daring=True)
    assert any("not UTF-8" in each.reason for each in mended.refused)


def test_a_clean_tree_is_not_written_to(tree: Path, quarantine: Quarantine) -> None:
    shutil.rmtree(tree / ".runcheck", ignore_errors=True)
    assert fixed(quarantine, tree).fixed == 0
    assert not (tree / ".runcheck").exists()


paths = st.text(alphabet="abZ0._-/ \u00e9\U0001f600", min_size=1, max_size=12).filter(lambda each: "\n" not in each)


@given(st.dictionaries(paths, st.binary(min_size=32, max_size=32), min_size=1, max_size=8), st.randoms(), st.booleans())
def test_a_list_in_any_order_and_form_is_written_as_the_writer_does(
    tmp_path_factory: pytest.TempPathFactory, sums: dict[str, bytes], chance: Random, is_windows: bool
) -> None:
    from runcheck.convention.checksums import format_checksums
    from runcheck.convention.clauses import clauses_by_name
    from runcheck.findings import Finding
    from runcheck.fixes.checksums import lines
    from runcheck.fixes.draft import Draft

    root = tmp_path_factory.mktemp("list")
    digests = {path: each.hex() for path, each in sums.items()}
    shuffled = [f"{digests[path].upper() if chance.random() < 0.3 else digests[path]}  {path}" for path in digests]
    shuffled += chance.sample(shuffled, 1)
    chance.shuffle(shuffled)
    (root / "model/a_b_c/v1").mkdir(parents=True)
    ending = "\r\n" if is_windows else "\n"
    path = "model/a_b_c/v1/SHA256SUMS"
    (root / path).write_bytes(ending.join(shuffled).encode())
    draft = Draft(str(root))
    lines(draft, Finding(clauses_by_name()["checksum-order"], path, "", ""))
    new = draft.read(path)
    assert new == format_checksums(digests).encode()


RELATIVE = {
    "/srv/ada/work": ".",
    "/srv/ada/work/": ".",
    "/srv/ada/work/a.csv": "a.csv",
    "/srv/ada/work//a.csv": "a.csv",
    "--data=/srv/ada/work/a,b": "--data=a,b",
    "file:///srv/ada/work/a": "a",
    "'/srv/ada/work/a'": "'a'",
    "(/srv/ada/work)": "(.)",
    "/srv/ada/worker/a": "/srv/ada/worker/a",
    "x/srv/ada/work/a": "x/srv/ada/work/a",
    "/mnt/srv/ada/work/a": "/mnt/srv/ada/work/a",
    "https://h/srv/ada/work/a": "https://h/srv/ada/work/a",
    "word": "word",
}


@given(st.lists(st.sampled_from(sorted(RELATIVE)), max_size=6))
def test_each_path_below_the_repository_is_written_relative_and_no_other(words: list[str]) -> None:
    from runcheck.fixes.paths import _shortener

    shorten = _shortener("/srv/ada/work")
    expected = " ".join(RELATIVE[word] for word in words)
    assert shorten(" ".join(words)) == expected
    assert shorten(expected) == expected
