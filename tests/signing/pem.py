"""Keys and certificates in PEM for tests, and the real command of model-signing."""

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)


def model_signing(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    program = shutil.which("model_signing")
    if program is None:
        pytest.skip("model_signing is not on the PATH: NO BUNDLE OF ITS OWN IS TESTED; pip install model-signing")
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True)


class PemFiles(NamedTuple):
    """A private key, its file, and that of the public one."""

    key: ec.EllipticCurvePrivateKey
    private: Path
    public: Path


def make_pem(folder: Path, name: str = "key", curve: ec.EllipticCurve | None = None, passphrase: str = "") -> PemFiles:
    """Make a key of a curve, P-256 by default."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return PemFiles(key, private, public)


class Authority(NamedTuple):
    """Who makes certificates: a key, and its own certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def authority(
    name: str,
    above: Authority | None = None,
    *,
    is_one: bool = True,
    length: int | None = None,
    more: Sequence[x509.ExtensionType] = (),
) -> Authority:
    """Make an authority, by one above it if there is one; one that is none where ``is_one`` is not so."""
    key = ec.generate_private_key(ec.SECP384R1())
    constraints = x509.BasicConstraints(ca=is_one, path_length=length)
    extensions: list[tuple[x509.ExtensionType, bool]] = [(constraints, True)]
    extensions += [(each, True) for each in more]
    return Authority(key, _certificate(name, key.public_key(), above or key, extensions, FROM, UNTIL))


def key_usage(purpose: str) -> x509.KeyUsage:
    """Return that a key is for one purpose."""
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    names += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{each: each == purpose for each in names})


def certificate(
    key: ec.EllipticCurvePrivateKey,
    by: Authority,
    usage: str = "digital",
    *,
    begin: datetime = FROM,
    end: datetime = UNTIL,
    more: x509.ExtensionType | None = None,
) -> x509.Certificate:
    """Return a certificate of a key, to sign with."""
    purposes: dict[str, x509.ExtensionType] = {
        "digital": key_usage("digital_signature"),
        "agreement": key_usage("key_agreement"),
        "code": x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
        "server": x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    }
    extensions = [(purposes[usage], True)] if usage else []
    extensions += [(more, True)] if more is not None else []
    return _certificate("ada", key.public_key(), by, extensions, begin, end)


def write_chain(path: Path, *certificates: x509.Certificate) -> Path:
    """Write certificates into one file."""
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return path


def _certificate(  # noqa: PLR0917 - all that one says
    name: str,
    key: ec.EllipticCurvePublicKey,
    by: Authority | ec.EllipticCurvePrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    begin: datetime,
    end: datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = by.certificate.subject if isinstance(by, Authority) else subject
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    builder = builder.not_valid_after(end)
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(by.key if isinstance(by, Authority) else by, SHA256())
