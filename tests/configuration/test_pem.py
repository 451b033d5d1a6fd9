"""Signers in PEM: public keys and certificates, and what is neither."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from runcheck.configuration.signers import read_signers
from runcheck.convention.signers import CertificateSigner, KeySigner
from runcheck.errors import ConfigurationError
from tests.cli.test_main import runcheck
from tests.publish.carried import dataset_in
from tests.signing.pem import authority, make_pem, write_chain

RSA = rsa.generate_private_key(65537, 2048).public_key()


def test_keys_and_certificates_may_stand_in_one_file_with_words_between(tmp_path: Path) -> None:
    first, second = make_pem(tmp_path, "first"), make_pem(tmp_path, "second", ec.SECP521R1())
    chain = write_chain(tmp_path / "chain", authority("root").certificate, authority("other").certificate)
    texts = [first.public.read_text(), "# Ada's\n", second.public.read_text(), chain.read_text()]
    (tmp_path / "all").write_text("".join(texts).replace("\n", "\r\n"))
    found = read_signers(str(tmp_path / "all"))
    assert [type(each) for each in found] == [KeySigner, KeySigner, CertificateSigner, CertificateSigner]
    (key, *_) = found
    assert isinstance(key, KeySigner)
    assert key.hint == hashlib.sha256(first.public.read_bytes()).hexdigest(), "as sha256sum says"


def test_what_is_no_signer_is_one_line(tmp_path: Path) -> None:
    key = make_pem(tmp_path)
    whole = key.public.read_text()
    pem_of_rsa = RSA.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text, why in [
        (key.private.read_text(), "block 1 holds a private key"),
        (whole + pem_of_rsa, "block 2 holds a key that is not of the curves"),
        (make_pem(tmp_path, "k", ec.SECP256K1()).public.read_text(), "block 1 holds a key that is not of the curves"),
        (whole.replace("M", "N"), "block 1 holds a public key that is damaged"),
        (whole[:-30], "a block that does not end"),
        (whole + whole[:-30], "a block that does not end"),
        ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "block 1 holds a certificate that is damaged"),
        (whole.replace("PUBLIC KEY", "PGP MESSAGE"), "holds a pgp message"),
    ]:
        (tmp_path / "signers").write_text(text)
        with pytest.raises(ConfigurationError) as raised:
            read_signers(str(tmp_path / "signers"))
        assert why in str(raised.value)
        assert "\n" not in str(raised.value)


def test_a_configuration_names_signers_and_an_option_beats_it(tree: Path, tmp_path: Path) -> None:
    ours, _ = make_pem(tmp_path, "ours"), make_pem(tmp_path, "theirs")
    unit = dataset_in(tree)
    assert runcheck("seal", "--sign", ours.private, unit).returncode == 0
    for named, words, status in [
        ("ours", [], 0),
        ("theirs", [], 1),
        ("theirs", ["--verify-signature", str(ours.public)], 0),
        ("theirs", ["--isolated"], 0),
        ("nobodys", [], 2),
    ]:
        (tree.parent / "runcheck.toml").write_text(f'signers = ["{named}.pub.pem"]\n')
        done = runcheck("check", *words, unit)
        assert done.returncode == status, (named, words, done.stdout, done.stderr)
