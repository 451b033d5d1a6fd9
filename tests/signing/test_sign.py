"""``seal --sign``: what is signed is what is right, by keys of the real ``ssh-keygen``."""

import subprocess
from pathlib import Path

import pytest

from runcheck.cli import main
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.pipeline import check_in
from runcheck.publish.publish import publish
from runcheck.publish.pull import pull
from runcheck.signing.sign import sign
from runcheck.tree.quarantine import Quarantine
from tests.fixes.test_fixes import everything, reseal
from tests.publish.carried import check_with, dataset_in, files_at, files_of, run_in, url
from tests.signing.keys import NAMESPACE, make_key, signer

__all__ = ["url"]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path)


def test_a_signed_unit_is_clean_and_openssh_takes_its_signature(
    tree: Path, tmp_path: Path, key: Path, quarantine: Quarantine
) -> None:
    done = sign(str(run_in(tree)), str(key), check_with(quarantine))
    assert done.done[0].startswith("signed SHA256SUMS with the key SHA256:")
    (tmp_path / "signers").write_text(signer(key))
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "ada@example.org", "-n", NAMESPACE]
    listed = (run_in(tree) / "SHA256SUMS").read_bytes()
    subprocess.run(
        [*command, "-s", str(run_in(tree) / "SHA256SUMS.sig")], input=listed, check=True, capture_output=True
    )
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=run_in(tree), check=True)
    assert not [each for each in check_in(quarantine, tree).findings if each.code != "RC208"]


@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa", "-b", "256")], ids="-".join)
def test_what_a_key_has_signed_it_does_not_sign_again(
    tree: Path, tmp_path: Path, quarantine: Quarantine, kind: tuple[str, ...]
) -> None:
    key = make_key(tmp_path, "own", *kind)
    sign(str(run_in(tree)), str(key), check_with(quarantine))
    before = everything(tree)
    assert sign(str(run_in(tree)), str(key), check_with(quarantine)).done == ()
    assert everything(tree) == before


def test_a_signature_that_does_not_hold_any_more_is_made_anew(tree: Path, key: Path, quarantine: Quarantine) -> None:
    sign(str(run_in(tree)), str(key), check_with(quarantine))
    (run_in(tree) / "README.md").write_text((run_in(tree) / "README.md").read_text() + "\nMore.\n")
    reseal(run_in(tree), "README.md")
    assert {each.code for each in check_in(quarantine, tree).findings} - {"RC208"} == {"RC311"}
    assert sign(str(run_in(tree)), str(key), check_with(quarantine)).done
    assert not {each.code for each in check_in(quarantine, tree).findings} - {"RC208"}


def test_a_damaged_unit_is_not_signed(tree: Path, key: Path, quarantine: Quarantine) -> None:
    (run_in(tree) / "config.json").write_text("{}\n")
    done = sign(str(run_in(tree)), str(key), check_with(quarantine))
    assert done.refused is not None
    assert "RC304" in {each.code for each in done.refused.findings}
    assert not (run_in(tree) / "SHA256SUMS.sig").exists()


def test_what_cannot_be_signed_is_said_in_a_line(tree: Path, tmp_path: Path, key: Path, quarantine: Quarantine) -> None:
    (tmp_path / "no-key").write_text("x\n")
    for wrong, why in (("nowhere", "is no file of a key"), ("no-key", "could not sign with it")):
        with pytest.raises(CannotWriteError, match=why):
            sign(str(run_in(tree)), str(tmp_path / wrong), check_with(quarantine))
    (run_in(tree) / "SHA256SUMS").unlink()
    with pytest.raises(CannotReadError, match="SHA256SUMS: is not there"):
        sign(str(run_in(tree)), str(key), check_with(quarantine))
    assert not (run_in(tree) / "SHA256SUMS.sig").exists()


def test_a_signature_that_is_a_link_is_not_written_through(
    tree: Path, tmp_path: Path, key: Path, quarantine: Quarantine
) -> None:
    (tmp_path / "elsewhere").write_text("x\n")
    (run_in(tree) / "SHA256SUMS.sig").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotReadError, match="is a link"):
        sign(str(run_in(tree)), str(key), lambda path: check_in(quarantine, path)._replace(findings=()))
    assert (tmp_path / "elsewhere").read_text() == "x\n"


def test_the_command_seals_and_signs(tree: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run_in(tree) / "SHA256SUMS").unlink()
    assert main(["seal", "--sign", str(key), str(run_in(tree))]) == 0
    said = capsys.readouterr().out
    assert "sealed it: SHA256SUMS lists" in said
    assert "signed SHA256SUMS with the key" in said
    assert main(["seal", "--sign", str(key), str(run_in(tree))]) == 0
    assert "nothing to do: it is signed" in capsys.readouterr().out
    assert main(["seal", str(run_in(tree))]) == 0
    assert "nothing to do: it is sealed" in capsys.readouterr().out
    (tmp_path / "signers").write_text(signer(key))
    words = ["check", "--isolated", "--verify-signature", str(tmp_path / "signers")]
    assert main([*words, str(run_in(tree))]) == 0
    assert main([*words, str(tree)]) == 1
    assert "dataset/digits/v1" in capsys.readouterr().out


def test_signatures_are_published_and_pulled_with_their_unit(
    tree: Path, tmp_path: Path, key: Path, quarantine: Quarantine, url: str
) -> None:
    unit = dataset_in(tree)
    publish(str(unit), url, check_with(quarantine))
    sign(str(unit), str(key), check_with(quarantine))
    again = publish(str(unit), url, check_with(quarantine)).transferred  # which was there without
    assert again is not None
    assert again.done == ("brought SHA256SUMS.sig",)
    assert files_at(url)["dataset/digits/v1/SHA256SUMS.sig"] == (unit / "SHA256SUMS.sig").read_bytes()
    pulled = pull(f"{url}/dataset/digits/v1", None, str(tmp_path / "back"))
    assert files_of(Path(pulled.transferred.place)) == files_of(unit)
    assert pulled.beside == ()


def test_another_signature_of_a_unit_that_is_kept_stays(
    tree: Path, tmp_path: Path, key: Path, quarantine: Quarantine
) -> None:
    unit, kept = dataset_in(tree), tmp_path / "kept"
    sign(str(unit), str(key), check_with(quarantine))
    publish(str(unit), str(kept), check_with(quarantine))
    before = everything(kept)
    sign(str(unit), str(make_key(tmp_path, "other")), check_with(quarantine))
    again = publish(str(unit), str(kept), check_with(quarantine)).transferred
    assert again is not None
    assert again.done == ("has another SHA256SUMS.sig, which stays",)
    assert everything(kept) == before
