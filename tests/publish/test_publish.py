"""``publish`` and ``pull``: what is there afterwards is what the list says, and nothing else is ever written over."""

import json
import shutil
import subprocess
from pathlib import Path

import fsspec
import pytest

import runcheck
from runcheck.cli import main
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.pipeline import check_in
from runcheck.publish.folder import FolderDestination
from runcheck.publish.publish import publish
from runcheck.publish.pull import pull
from runcheck.publish.references import with_references
from runcheck.publish.sealed import SealedUnit, sealed_unit
from runcheck.publish.transfer import transfer
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import LocalStore
from runcheck.tree.writable import AT_ONCE, WritableStore
from tests.conftest import DATASET
from tests.fixes.test_fixes import edit_json, everything, reseal
from tests.object_store import BUCKET, object_store
from tests.publish.carried import check_with, dataset_in, files_at, files_of, notes_at, run_in, url

__all__ = ["url"]


@pytest.fixture
def place(tree: Path) -> str:
    """The place of the run in a tree."""
    return run_in(tree).relative_to(tree).as_posix()


def clean(quarantine: Quarantine, root: Path | str) -> bool:
    """Say whether a tree has no finding, but for that it was written outside of Git."""
    return not [each for each in check_in(quarantine, root).findings if each.code != "RC208"]


# --- a folder ---------------------------------------------------------------------------------------------------------


def test_a_published_tree_is_clean_and_its_units_are_those_that_were_sealed(
    tree: Path, tmp_path: Path, quarantine: Quarantine
) -> None:
    kept = tmp_path / "kept"
    for unit in (dataset_in(tree), run_in(tree)):
        published = publish(str(unit), str(kept), check_with(quarantine))
        assert published.transferred is not None
        assert not published.transferred.was_whole
        there = kept / unit.relative_to(tree)
        assert files_of(there) == files_of(unit)
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=there, check=True)
        assert (there.parent / "latest").readlink() == Path(unit.name)
    assert clean(quarantine, kept)
    assert not list((kept / ".runcheck/incoming").iterdir())


def test_what_is_there_is_not_sent_again(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    kept = tmp_path / "kept"
    publish(str(run_in(tree)), str(kept), check_with(quarantine))
    before = everything(kept)
    again = publish(str(run_in(tree)), f"file://{kept}", check_with(quarantine)).transferred
    assert again is not None
    assert (again.was_whole, again.sent, again.done) == (True, 0, ())
    assert everything(kept) == before


def test_what_was_damaged_where_it_is_kept_is_sent_anew(
    tree: Path, tmp_path: Path, quarantine: Quarantine, place: str
) -> None:
    kept = tmp_path / "kept"
    publish(str(run_in(tree)), str(kept), check_with(quarantine))
    (kept / place / "config.json").write_bytes(b"?" * (kept / place / "config.json").stat().st_size)
    (kept / place / "README.md").unlink()
    again = publish(str(run_in(tree)), str(kept), check_with(quarantine)).transferred
    assert again is not None
    assert again.sent == 2
    assert files_of(kept / place) == files_of(run_in(tree))


def test_a_unit_with_an_error_is_refused_with_what_is_wrong(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    (run_in(tree) / "config.json").write_text("{}\n")
    published = publish(str(run_in(tree)), str(tmp_path / "kept"), check_with(quarantine))
    assert published.refused is not None
    assert {each.code for each in published.refused.findings} >= {"RC304"}
    assert published.transferred is None
    assert not (tmp_path / "kept").exists()


def test_a_unit_that_is_not_sealed_is_refused(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    (run_in(tree) / "SHA256SUMS").unlink()
    with pytest.raises(CannotReadError, match="is not sealed"):
        publish(str(run_in(tree)), str(tmp_path / "kept"), check_with(quarantine))


def test_another_version_of_the_same_name_is_never_written_over(
    tree: Path, tmp_path: Path, quarantine: Quarantine
) -> None:
    kept = tmp_path / "kept"
    publish(str(run_in(tree)), str(kept), check_with(quarantine))
    before = everything(kept)
    (run_in(tree) / "README.md").write_text((run_in(tree) / "README.md").read_text() + "\nMore.\n")
    reseal(run_in(tree), "README.md")
    with pytest.raises(CannotWriteError, match="with another SHA256SUMS"):
        publish(str(run_in(tree)), str(kept), check_with(quarantine))
    assert everything(kept) == before


def test_what_is_there_and_not_sealed_is_never_written_over(
    tree: Path, tmp_path: Path, quarantine: Quarantine, place: str
) -> None:
    (tmp_path / "kept" / place).mkdir(parents=True)
    (tmp_path / "kept" / place / "notes.txt").write_text("mine\n")
    before = everything(tmp_path / "kept")
    with pytest.raises(CannotWriteError, match="is there and is not sealed"):
        publish(str(run_in(tree)), str(tmp_path / "kept"), check_with(quarantine))
    assert everything(tmp_path / "kept") == before


@pytest.mark.parametrize("link", ["model", "model/digits_logreg_baseline", ".runcheck"])
def test_no_link_leads_out_of_the_tree_that_is_published_to(
    tree: Path, tmp_path: Path, quarantine: Quarantine, link: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "kept" / link).parent.mkdir(parents=True)
    (tmp_path / "kept" / link).symlink_to(elsewhere)
    with pytest.raises(CannotWriteError, match="link"):
        publish(str(run_in(tree)), str(tmp_path / "kept"), check_with(quarantine))
    assert not list(elsewhere.iterdir())


def test_the_place_of_the_unit_is_no_root(tree: Path, tmp_path: Path, quarantine: Quarantine, place: str) -> None:
    for wrong in (place, place.rpartition("/")[0]):
        with pytest.raises(CannotWriteError, match="give its root"):
            publish(str(run_in(tree)), f"{tmp_path}/kept/{wrong}", check_with(quarantine))
    with pytest.raises(CannotWriteError, match="lies in the unit"):
        publish(str(run_in(tree)), str(run_in(tree) / "extra"), check_with(quarantine))


def test_a_pointer_of_git_lfs_is_not_published(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    data = dataset_in(tree) / "train.parquet"
    digest = next(line[:64] for line in (data.parent / "SHA256SUMS").read_text().splitlines() if "train" in line)
    size = data.stat().st_size
    data.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n")
    with pytest.raises(CannotReadError, match="git lfs pull"):
        publish(str(dataset_in(tree)), str(tmp_path / "kept"), check_with(quarantine))
    assert not (tmp_path / "kept").exists()


def test_a_file_that_changes_between_the_check_and_its_turn_is_noticed(
    tree: Path, tmp_path: Path, quarantine: Quarantine, place: str
) -> None:
    def check(path: str) -> runcheck.Report:
        report = check_in(quarantine, path)
        (run_in(tree) / "config.json").write_bytes(b"?" * (run_in(tree) / "config.json").stat().st_size)
        return report

    with pytest.raises(CannotReadError, match=r"config.json: has SHA-256 .* it changed, or is damaged"):
        publish(str(run_in(tree)), str(tmp_path / "kept"), check)
    assert not (tmp_path / "kept" / place).exists()


def test_an_older_version_does_not_become_latest(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(dataset_in(tree), tree / DATASET / "v2")
    edit_json(tree / DATASET / "v2/metadata.json", lambda each: each.update(version="v2"))
    reseal(tree / DATASET / "v2", "metadata.json")
    for version in ("v2", "v1"):
        published = publish(str(tree / DATASET / version), str(kept), check_with(quarantine))
        assert published.transferred is not None, published.refused
    assert (kept / DATASET / "latest").readlink() == Path("v2")


# --- a store ----------------------------------------------------------------------------------------------------------


def test_a_tree_in_a_store_is_clean_and_comes_back(
    tree: Path, tmp_path: Path, quarantine: Quarantine, url: str, place: str
) -> None:
    for unit in (dataset_in(tree), run_in(tree)):
        publish(str(unit), url, check_with(quarantine))
    there = files_at(url)
    for unit in (dataset_in(tree), run_in(tree)):
        start = f"{unit.relative_to(tree).as_posix()}/"
        assert {path.removeprefix(start): each for path, each in there.items() if path.startswith(start)} == files_of(
            unit
        )
    assert there[f"{DATASET}/latest"] == b"v1\n"
    assert notes_at(url) == []
    assert clean(quarantine, url)
    back = tmp_path / "back"
    pull(f"{url}/{DATASET}", None, str(back))
    pull(f"{url}/{place}", None, str(back))
    assert files_of(back / place) == files_of(run_in(tree))
    assert clean(quarantine, back)
    before = everything(back)
    assert pull(f"{url}/{place}", None, str(back)).transferred.sent == 0
    assert everything(back) == before


def test_another_version_in_a_store_is_never_written_over(tree: Path, quarantine: Quarantine, url: str) -> None:
    publish(str(run_in(tree)), url, check_with(quarantine))
    before = files_at(url)
    (run_in(tree) / "README.md").write_text((run_in(tree) / "README.md").read_text() + "\nMore.\n")
    reseal(run_in(tree), "README.md")
    with pytest.raises(CannotWriteError, match="with another SHA256SUMS"):
        publish(str(run_in(tree)), url, check_with(quarantine))
    assert files_at(url) == before


def test_a_version_that_another_one_seals_meanwhile_is_not_written_over(
    tree: Path, quarantine: Quarantine, url: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = WritableStore.write

    def late(self: WritableStore, path: str, content: bytes, *, is_new: bool = False) -> None:
        if path.endswith("/SHA256SUMS"):
            write(self, path, b"another\n")
        write(self, path, content, is_new=is_new)

    monkeypatch.setattr(WritableStore, "write", late)
    with pytest.raises(CannotWriteError, match="is another one"):
        publish(str(run_in(tree)), url, check_with(quarantine))
    assert files_at(url)[f"{place}/SHA256SUMS"] == b"another\n"


def test_what_is_in_a_store_and_not_sealed_is_never_written_over(
    tree: Path, quarantine: Quarantine, url: str, place: str
) -> None:
    fsspec.url_to_fs(url)[0].pipe_file(f"{url}/{place}/config.json", b"mine")
    with pytest.raises(CannotWriteError, match=r"is there and is not sealed, as config.json in it tells"):
        publish(str(run_in(tree)), url, check_with(quarantine))
    assert files_at(url) == {f"{place}/config.json": b"mine"}


def test_what_a_store_gives_back_otherwise_than_it_was_sent_is_noticed(
    tree: Path, quarantine: Quarantine, url: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = WritableStore.send

    def flipped(self: WritableStore, path: str, *arguments: object) -> str:
        sent = send(self, path, *arguments)  # type: ignore[arg-type]
        if path.endswith("config.json"):
            self.write(path, b"?")
        return sent

    monkeypatch.setattr(WritableStore, "send", flipped)
    with pytest.raises(CannotWriteError, match=r"config.json: has SHA-256 .* when it is read back"):
        publish(str(run_in(tree)), url, check_with(quarantine))
    assert f"{place}/SHA256SUMS" not in files_at(url)


def test_a_large_file_goes_in_parts_and_comes_back(
    tree: Path, tmp_path: Path, quarantine: Quarantine, url: str
) -> None:
    (run_in(tree) / "extra").mkdir(exist_ok=True)
    (run_in(tree) / "extra/large.bin").write_bytes(bytes(range(256)) * ((2 * AT_ONCE + 1000) // 256))
    reseal(run_in(tree), "extra/large.bin")
    object_store().asked.clear()
    publish(str(run_in(tree)), url, check_with(quarantine))
    if url.startswith("s3"):
        parts = [each for each in object_store().asked if each.method == "PUT" and "partNumber" in each.query]
        assert len(parts) == 3
        assert not object_store().client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    pulled = pull(f"{url}/{run_in(tree).relative_to(tree)}", None, str(tmp_path / "back"))
    assert files_of(Path(pulled.transferred.place)) == files_of(run_in(tree))


def test_a_bucket_that_is_not_there_is_not_made(tree: Path, quarantine: Quarantine) -> None:
    object_store().clear()
    with pytest.raises(CannotWriteError):
        publish(str(run_in(tree)), "s3://nobodys-bucket/artefacts", check_with(quarantine))
    assert [each["Name"] for each in object_store().client.list_buckets()["Buckets"]] == [BUCKET]


# --- pull -------------------------------------------------------------------------------------------------------------


def test_a_unit_is_found_by_its_label(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    label = publish(str(run_in(tree)), str(tmp_path / "kept"), check_with(quarantine)).label
    assert label == json.loads((run_in(tree) / "metadata.json").read_text())["label"]
    pulled = pull(str(tmp_path / "kept"), label, str(tmp_path / "back"))
    assert files_of(Path(pulled.transferred.place)) == files_of(run_in(tree))
    for wrong, why in (
        (label.replace("@", "@f"), "no unit with"),
        ("digits", "is no label"),
        ("../x@0", "is no label"),
    ):
        with pytest.raises(CannotReadError, match=why):
            pull(str(tmp_path / "kept"), wrong, str(tmp_path / "back"))


def test_a_label_that_two_units_have_names_neither(tree: Path, tmp_path: Path) -> None:
    run = run_in(tree)
    label = json.loads((run / "metadata.json").read_text())["label"]
    shutil.copytree(run, run.with_name(f"{run.name}-2"))
    with pytest.raises(CannotReadError, match=f"2 units with the label {label}: take .*{run.name} or .*-2"):
        pull(str(tree), label, str(tmp_path / "back"))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda run: (run / "config.json").write_text("{}\n"), "config.json: has SHA-256"),
        (lambda run: (run / "config.json").unlink(), "config.json: is not there"),
        (lambda run: (run / "SHA256SUMS").unlink(), "is not sealed"),
        (lambda run: (run / "SHA256SUMS").write_text("x\n"), "SHA256SUMS: line 1 is not"),
        (lambda run: (run / "SHA256SUMS").write_text(f"{'0' * 64}  ../../x\n"), "lists '../../x'"),
        (lambda run: (run / "SHA256SUMS").write_text(f"{'0' * 64}  /etc/passwd\n"), "lists '/etc/passwd'"),
        (lambda run: (run / "config.json").unlink() or (run / "config.json").symlink_to("/etc/passwd"), "is not there"),
    ],
)
def test_what_is_not_what_its_list_says_is_not_pulled(tree: Path, tmp_path: Path, damage: object, why: str) -> None:
    damage(run_in(tree))  # type: ignore[operator]
    with pytest.raises(CannotReadError, match=why):
        pull(str(run_in(tree)), None, str(tmp_path / "back"))
    assert not list((tmp_path / "back").glob("model/*/*"))


def test_a_unit_that_lies_where_it_does_not_belong_is_not_pulled(tree: Path, tmp_path: Path) -> None:
    moved = run_in(tree).rename(run_in(tree).with_name("v7"))
    with pytest.raises(CannotWriteError, match="by its metadata"):
        pull(str(moved), None, str(tmp_path / "back"))
    assert not (tmp_path / "back/model").exists()


def test_what_no_list_names_stays_where_it_is(tree: Path, tmp_path: Path) -> None:
    (run_in(tree) / "later.txt").write_text("x\n")
    pulled = pull(str(run_in(tree)), None, str(tmp_path / "back"))
    assert pulled.beside == ("later.txt",)
    assert "later.txt" not in files_of(Path(pulled.transferred.place))


class CaseFree(FolderDestination):
    """A place below whose folder ``extra`` case does not count, as on the file systems of two systems of three."""

    workers = 1  # which of two files comes last would be chance

    def put(self, path: str, unit: SealedUnit) -> str:
        """Bring a file of the unit to its name."""
        read = super().put(path, unit)
        Path(self._to, path).rename(Path(self._to, self._name_of(path)))
        return read

    def sha256(self, path: str) -> str:
        """Read a file back by any of its names."""
        return super().sha256(self._name_of(path))

    def _name_of(self, path: str) -> str:
        return path.lower() if path.startswith("extra/") else path


def test_where_case_does_not_count_no_file_takes_the_place_of_another(tree: Path, tmp_path: Path) -> None:
    (run_in(tree) / "extra").mkdir()
    for name in ("A.txt", "a.txt"):
        (run_in(tree) / "extra" / name).write_text(f"{name}\n")
    reseal(run_in(tree), "extra/A.txt", "extra/a.txt")
    path = run_in(tree).relative_to(tree).as_posix()
    with pytest.raises(CannotWriteError, match=r"extra/A.txt: was written and is not there"):
        transfer(sealed_unit(LocalStore(str(tree)), path), CaseFree(str(tmp_path / "back"), path))
    assert not (tmp_path / "back" / path).exists()


def test_a_folder_of_the_tools_in_a_unit_is_a_folder_as_any(tree: Path, tmp_path: Path) -> None:
    (run_in(tree) / ".runcheck").mkdir()
    (run_in(tree) / ".runcheck/x").write_text("x\n")
    reseal(run_in(tree), ".runcheck/x")
    for was_whole in (False, True):
        pulled = pull(str(run_in(tree)), None, str(tmp_path / "back")).transferred
        assert (pulled.was_whole, pulled.sent > 0) == (was_whole, not was_whole)


def test_a_url_is_pulled_from_and_not_into(tree: Path) -> None:
    with pytest.raises(CannotWriteError, match="is not on this machine"):
        pull(str(run_in(tree)), None, "memory://kept")


@pytest.mark.parametrize(
    "words",
    [
        ["pull", "{tree}", "--into", "{url}"],
        ["publish", "{url}", "{tree}"],
        ["seal", "{url}"],
        ["recover", "{url}"],
        ["prune", "{url}"],
        ["show", "{url}"],
    ],
    ids=lambda words: words[0],
)
def test_no_error_has_the_password_of_a_url(tree: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main([word.format(tree=run_in(tree), url="sftp://ada:hunter2@host.example/kept") for word in words]) == 2
    said = capsys.readouterr()
    assert "sftp://host.example/kept: " in said.err
    assert "hunter2" not in said.out + said.err


# --- the commands -----------------------------------------------------------------------------------------------------


def test_the_commands_say_what_they_did_and_what_is_missing(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    kept, back = tmp_path / "kept", tmp_path / "back"
    assert main(["publish", str(run_in(tree)), str(kept)]) == 0
    said = capsys.readouterr().out
    assert f"{kept}/{place}: sent " in said
    assert "names dataset/digits/v1, which is not there: --with-references publishes it too" in said
    label = said.rpartition("label ")[2].strip()
    assert main(["pull", str(kept), label, "--into", str(back)]) == 0
    assert f"{back}/{place}: sent " in capsys.readouterr().out
    assert main(["pull", str(kept), label, "--into", str(back)]) == 0
    assert "nothing to send" in capsys.readouterr().out


def test_what_a_unit_names_comes_first(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], quarantine: Quarantine, place: str
) -> None:
    kept, back = tmp_path / "kept", tmp_path / "back"
    assert main(["publish", "--with-references", str(run_in(tree)), str(kept)]) == 0
    said = capsys.readouterr().out
    assert said.index(f"{kept}/dataset/digits/v1: sent") < said.index(f"{kept}/{place}: sent")
    assert "which is not there" not in said
    assert main(["pull", "--with-references", str(kept / place), "--into", str(back)]) == 0
    assert clean(quarantine, back)


def test_units_that_name_each_other_are_each_brought_once(tree: Path) -> None:
    run, store = run_in(tree), LocalStore(str(tree))
    place = run.relative_to(tree).as_posix()
    links = {"a": place, "b": f"{place}-2"}
    edit_json(run / "metadata.json", lambda each: each.update(links=links))
    assert with_references(store, place) == [f"{place}-2", f"{DATASET}/v1", place]
    edit_json(run / "metadata.json", lambda each: each.update(links={"c": "../../etc"}))
    assert with_references(store, place) == [place]
    (run / "metadata.json").write_text("[" * 100_000)
    assert with_references(store, place) == [place]


def test_a_refused_unit_ends_with_1_and_the_others_are_published(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_in(tree) / "config.json").write_text("{}\n")
    status = main(["publish", str(run_in(tree)), str(dataset_in(tree)), str(tmp_path / "kept")])
    said = capsys.readouterr()
    assert status == 1
    assert "RC304 checksum-mismatch" in said.out
    assert "was not published" in said.err
    assert (tmp_path / "kept/dataset/digits/v1/SHA256SUMS").exists()
    assert not (tmp_path / "kept/model").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("publish", "nowhere", "kept"),
        ("publish", "s3://bucket/artefacts/model/a_b_c/v1", "kept"),
        ("pull", "nowhere"),
        ("pull", "s3://bucket/nothing-here"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    object_store()
    monkeypatch.chdir(tmp_path)
    assert main(list(words)) == 2
    assert capsys.readouterr().err.count("\n") == 1
