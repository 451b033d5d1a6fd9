"""Bundles of OpenSSF model-signing: made and verified, held against the real command and against OpenSSL."""

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from runcheck.configuration.signers import read_signers
from runcheck.convention.settings import Settings
from runcheck.errors import CannotWriteError
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.publish.publish import publish
from runcheck.rules.selection import EVERYTHING, select
from runcheck.signing.sign import sign
from runcheck.tree.quarantine import Quarantine
from tests.cli.test_main import runcheck
from tests.fixes.test_fixes import everything, reseal
from tests.publish.carried import check_with, dataset_in, files_of
from tests.signing.keys import make_key, signature_of, signer
from tests.signing.pem import (
    FROM,
    UNTIL,
    Authority,
    PemFiles,
    authority,
    certificate,
    make_pem,
    model_signing,
    write_chain,
)

CURVES = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]


@pytest.fixture
def unit(tree: Path) -> Path:
    return dataset_in(tree)


@pytest.fixture
def pem(tmp_path: Path) -> PemFiles:
    return make_pem(tmp_path)


def report_of(unit: Path, quarantine: Quarantine, *signers: Path, only: tuple[str, ...] = ()) -> Report:
    """Check a unit by these signers."""
    known = tuple(each for path in signers for each in read_signers(str(path)))
    settings = Settings(signers=known) if signers else Settings()
    selection = select(only) if only else EVERYTHING
    return check_in(quarantine, unit, Judgement(settings=settings, selection=selection))


def codes(unit: Path, quarantine: Quarantine, *signers: Path) -> set[str]:
    return {each.code for each in report_of(unit, quarantine, *signers).findings} - {"RC208"}


def unverified(report: Report) -> str:
    return " ".join(each.reason for each in report.unverified)


def bundle_in(unit: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((unit / "model.sig").read_text())
    return document


@pytest.mark.parametrize("curve", CURVES, ids=lambda each: each.name)
def test_what_is_signed_here_the_real_command_verifies(
    unit: Path, tmp_path: Path, quarantine: Quarantine, curve: ec.EllipticCurve
) -> None:
    key = make_pem(tmp_path, "own", curve)
    (unit / ".gitkeep").touch()
    (unit / ".gitattributes").write_text("*.parquet -text\n")
    done = sign(str(unit), str(key.private), check_with(quarantine))
    assert "in a bundle of model-signing" in done.done[0]
    verified = model_signing("verify", "key", "--public_key", key.public, "--signature", unit / "model.sig", unit)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    (unit / "README.md").write_text("another\n")
    verified = model_signing("verify", "key", "--public_key", key.public, "--signature", unit / "model.sig", unit)
    assert verified.returncode != 0


@pytest.mark.parametrize("curve", CURVES, ids=lambda each: each.name)
def test_what_the_real_command_signs_is_verified_here(
    unit: Path, tmp_path: Path, quarantine: Quarantine, curve: ec.EllipticCurve
) -> None:
    key, other = make_pem(tmp_path, "own", curve), make_pem(tmp_path, "other", curve)
    made = model_signing("sign", "key", "--private_key", key.private, "--signature", unit / "model.sig", unit)
    assert made.returncode == 0, made.stdout + made.stderr
    assert codes(unit, quarantine, key.public) == set()
    assert codes(unit, quarantine, other.public) == {"RC312"}
    assert codes(unit, quarantine, other.public, key.public) == set()
    assert "not in them" not in unverified(report_of(unit, quarantine, key.public))


def test_certificates_are_taken_both_ways_with_the_real_command(
    unit: Path, tmp_path: Path, pem: PemFiles, quarantine: Quarantine
) -> None:
    root = authority("root")
    between = authority("between", root)
    own = write_chain(tmp_path / "own.pem", certificate(pem.key, between))
    chain = write_chain(tmp_path / "chain.pem", certificate(pem.key, between), between.certificate)
    trusted = write_chain(tmp_path / "root.pem", root.certificate)
    above = write_chain(tmp_path / "between.pem", between.certificate, root.certificate)
    ends = ["--signature", unit / "model.sig", unit]
    made = model_signing(
        *["sign", "certificate", "--private_key", pem.private, "--signing_certificate", own],
        *["--certificate_chain", above, *ends],
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert codes(unit, quarantine, trusted) == set()
    (unit / "model.sig").unlink()
    sign(str(unit), str(pem.private), check_with(quarantine), str(chain))
    assert codes(unit, quarantine, trusted) == set()
    done = model_signing("verify", "certificate", "--certificate_chain", trusted, *ends)
    assert done.returncode == 0, done.stdout + done.stderr


def test_openssl_verifies_what_is_signed(unit: Path, tmp_path: Path, pem: PemFiles, quarantine: Quarantine) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on the PATH: THE SIGNATURE OF A BUNDLE IS NOT HELD AGAINST IT")
    sign(str(unit), str(pem.private), check_with(quarantine))
    envelope = bundle_in(unit)["dsseEnvelope"]
    payload = b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    (tmp_path / "signed").write_bytes(b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload]))
    (tmp_path / "signature").write_bytes(b64decode(envelope["signatures"][0]["sig"]))
    command = ["openssl", "dgst", "-sha256", "-verify", str(pem.public), "-signature", "signature", "signed"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    named = {each["name"]: each["digest"] for each in json.loads(payload)["predicate"]["resources"]}
    lines = "".join(f"{digest}  {name}\n" for name, digest in named.items())
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet"], input=lines.encode(), cwd=unit, check=True)
    assert set(named) == {each.name for each in unit.iterdir()} - {"model.sig"}


def test_a_bundle_is_published_with_its_unit(tree: Path, unit: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    sign(str(unit), str(make_pem(tmp_path).private), check_with(quarantine))
    assert codes(unit, quarantine) == set()
    publish(str(unit), str(tmp_path / "kept"), check_with(quarantine))
    assert files_of(dataset_in(tmp_path / "kept")) == files_of(unit)


def test_without_the_key_its_signature_is_not_verified_and_this_is_said(
    unit: Path, pem: PemFiles, quarantine: Quarantine
) -> None:
    sign(str(unit), str(pem.private), check_with(quarantine))
    assert "a key that is not in them" in unverified(report_of(unit, quarantine))


def test_a_change_after_it_was_signed_is_found_by_everybody(unit: Path, pem: PemFiles, quarantine: Quarantine) -> None:
    sign(str(unit), str(pem.private), check_with(quarantine))
    (unit / "README.md").write_text((unit / "README.md").read_text() + "\nMore.\n")
    assert "RC304" in codes(unit, quarantine)
    assert "RC314" not in codes(unit, quarantine), "one damage, one finding"
    reseal(unit, "README.md")
    assert "RC314" in codes(unit, quarantine)
    assert sign(str(unit), str(pem.private), check_with(quarantine)).done == ()


def test_what_a_key_has_signed_it_does_not_sign_again(
    tree: Path, unit: Path, tmp_path: Path, pem: PemFiles, quarantine: Quarantine
) -> None:
    sign(str(unit), str(pem.private), check_with(quarantine))
    before = everything(tree)
    assert sign(str(unit), str(pem.private), check_with(quarantine)).done == ()
    assert everything(tree) == before
    assert sign(str(unit), str(make_pem(tmp_path, "other").private), check_with(quarantine)).done


@pytest.mark.parametrize("part", ["payload", "sig"])
def test_what_its_key_did_not_sign_is_found_with_the_key(
    unit: Path, pem: PemFiles, quarantine: Quarantine, part: str
) -> None:
    sign(str(unit), str(pem.private), check_with(quarantine))
    other = make_pem(pem.private.parent, "other")
    document, before = bundle_in(unit), (unit / "model.sig").read_bytes()
    (unit / "model.sig").unlink()
    sign(str(unit), str(other.private), check_with(quarantine))
    stranger = bundle_in(unit)["dsseEnvelope"]
    envelope = document["dsseEnvelope"]
    if part == "sig":
        envelope["signatures"] = stranger["signatures"]
    else:
        envelope["payload"] = b64encode(json.dumps(json.loads(b64decode(envelope["payload"]))).encode()).decode()
    (unit / "model.sig").write_text(json.dumps(document))
    assert codes(unit, quarantine, pem.public) == {"RC312", "RC314"}
    (found,) = report_of(unit, quarantine, pem.public, only=("RC312",)).findings
    assert (found.code, found.message) == ("RC312", "has no signature that holds")
    (unit / "model.sig").unlink()
    (found,) = report_of(unit, quarantine, pem.public, only=("RC312",)).findings
    assert found.message == "is not signed by anybody"
    (unit / "model.sig").write_bytes(before)
    assert codes(unit, quarantine, pem.public) == set()


def test_either_signature_is_enough(unit: Path, tmp_path: Path, pem: PemFiles, quarantine: Quarantine) -> None:
    key, stranger = make_key(tmp_path), make_pem(tmp_path, "stranger")
    (tmp_path / "signers").write_text(signer(key))
    sign(str(unit), str(stranger.private), check_with(quarantine))
    assert codes(unit, quarantine, tmp_path / "signers") == {"RC312"}
    (unit / "SHA256SUMS.sig").write_bytes(signature_of((unit / "SHA256SUMS").read_bytes(), key))
    assert codes(unit, quarantine, tmp_path / "signers") == set()
    assert codes(unit, quarantine, stranger.public) == set()
    found = [each for each in report_of(unit, quarantine, pem.public).findings if each.code == "RC312"]
    assert {each.path.rpartition("/")[2] for each in found} == {"SHA256SUMS.sig", "model.sig"}


def test_a_bundle_that_leaves_files_out_proves_nothing_of_them(
    unit: Path, pem: PemFiles, quarantine: Quarantine
) -> None:
    made = model_signing(
        *["sign", "key", "--private_key", pem.private, "--signature", unit / "model.sig"],
        *["--ignore-paths", unit / "train.parquet", unit],
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (found,) = [each for each in report_of(unit, quarantine).findings if each.code == "RC314"]
    assert found.message == "does not name train.parquet"
    assert codes(unit, quarantine, pem.public) == {"RC312", "RC314"}


def chained(unit: Path, pem: PemFiles, quarantine: Quarantine, *chain: x509.Certificate) -> None:
    folder = pem.private.parent
    sign(str(unit), str(pem.private), check_with(quarantine), str(write_chain(folder / "chain.pem", *chain)))


ROOT = authority("root")
BETWEEN = authority("between", ROOT)
NOBODY = authority("nobody", ROOT, is_one=False)


@pytest.mark.parametrize(
    ("by", "terms", "why"),
    [
        (BETWEEN, {}, None),
        (BETWEEN, {"usage": "code"}, None),
        (BETWEEN, {"usage": ""}, "not one to sign with"),
        (BETWEEN, {"usage": "agreement"}, "not one to sign with"),
        (BETWEEN, {"usage": "server"}, "not one to sign with"),
        (NOBODY, {}, "does not lead to a certificate among the signers"),
        (authority("root"), {}, "does not lead to a certificate among the signers"),
        (BETWEEN, {"end": FROM.replace(month=2)}, "valid until 2026-02-01, before the unit was finished"),
        (BETWEEN, {"begin": UNTIL, "end": UNTIL.replace(year=2050)}, None),
        (BETWEEN, {"begin": UNTIL.replace(year=2049), "end": UNTIL.replace(year=2050)}, "does not lead"),
        (BETWEEN, {"more": x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")}, "does not lead"),
    ],
)
def test_a_chain_is_believed_if_it_leads_to_a_signer(  # noqa: PLR0917 - fixtures
    unit: Path,
    tmp_path: Path,
    pem: PemFiles,
    quarantine: Quarantine,
    by: Authority,
    terms: dict[str, Any],
    why: str | None,
) -> None:
    chained(unit, pem, quarantine, certificate(pem.key, by, **terms), by.certificate)
    trusted = write_chain(tmp_path / "root.pem", ROOT.certificate)
    found = report_of(unit, quarantine, trusted).findings
    assert [each.code for each in found if each.code != "RC208"] == ([] if why is None else ["RC312"])
    if why is not None:
        (message,) = [each.message for each in found if each.code == "RC312"]
        assert "of 'CN=ada'" in message
        assert why in message


def test_a_certificate_itself_may_be_the_signer(
    unit: Path, tmp_path: Path, pem: PemFiles, quarantine: Quarantine
) -> None:
    own = certificate(pem.key, BETWEEN)
    chained(unit, pem, quarantine, own)
    assert codes(unit, quarantine) == set()
    assert codes(unit, quarantine, write_chain(tmp_path / "own.pem", own)) == set()
    assert codes(unit, quarantine, pem.public) == set(), "its key is a signer, whoever certified it"
    assert codes(unit, quarantine, make_pem(tmp_path, "other").public) == {"RC312"}


def test_a_key_with_a_passphrase_is_asked_for_it(unit: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    key = make_pem(tmp_path, "closed", passphrase="not told")
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "not told" if len(asked) > 1 else "guessed"

    with pytest.raises(CannotWriteError, match="passphrase is another"):
        sign(str(unit), str(key.private), check_with(quarantine), None, ask)
    assert sign(str(unit), str(key.private), check_with(quarantine), None, ask).done
    assert asked[0] == f"Passphrase of {key.private}: "


def test_what_cannot_sign_says_so_in_one_line_and_writes_nothing(
    tree: Path, unit: Path, tmp_path: Path, pem: PemFiles
) -> None:
    other = write_chain(tmp_path / "other.pem", certificate(make_pem(tmp_path, "x").key, ROOT))
    curve = make_pem(tmp_path, "curve", ec.SECP256K1()).private
    before = everything(tree)
    for words, said in [
        ((pem.private, "--certificate", other), "not of the key that is to sign"),
        ((pem.private, "--certificate", tmp_path / "none"), "No such file"),
        ((pem.private, "--certificate", pem.public), "holds no certificates"),
        ((curve,), "is no key of secp256r1"),
        ((make_key(tmp_path), "--certificate", other), "to which a certificate belongs"),
    ]:
        done = runcheck("seal", "--sign", *words, unit)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert said in done.stderr
    done = runcheck("seal", "--certificate", other, unit)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert everything(tree) == before


def test_the_command_signs_and_takes_signers_of_each_kind(
    tree: Path, unit: Path, tmp_path: Path, pem: PemFiles
) -> None:
    done = runcheck("seal", "--sign", pem.private, unit)
    assert done.returncode == 0, done.stderr
    (tmp_path / "signers").write_text(signer(make_key(tmp_path)))
    asked: list[tuple[list[str | Path], int]] = [
        (["--verify-signature", pem.public], 0),
        (["--verify-signature", tmp_path / "signers"], 1),
        (["--verify-signature", tmp_path / "signers", "--verify-signature", pem.public], 0),
    ]
    for words, status in asked:
        assert runcheck("check", *words, unit).returncode == status
    assert runcheck("check", "--strict", "--ignore", "RC208", unit).returncode == 1, "nobody verified the signature"
    done = runcheck("check", "--strict", "--ignore", "RC208", "--verify-signature", pem.public, unit)
    assert done.returncode == 0, done.stdout
