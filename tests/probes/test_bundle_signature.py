"""Chains of certificates in bundles: what is no authority makes nobody a signer."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from runcheck.convention.signers import CertificateSigner
from runcheck.probes.bundle_signature import fault_of_chain, verified
from runcheck.probes.contents import BundleContent
from tests.signing.pem import Authority, authority, certificate, key_usage

FINISHED = datetime(2026, 5, 27, tzinfo=UTC)
ROOT = authority("root")
NAMES = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ada")]))]
SHORT = authority("short", ROOT, length=0)


def fault(*between: Authority) -> str | None:
    """Return what is wrong with a chain by these authorities, the nearest first."""
    key = ec.generate_private_key(ec.SECP256R1())
    chain = [certificate(key, between[0]), *(each.certificate for each in between)]
    bundle = BundleContent(certificates=tuple(each.public_bytes(Encoding.DER) for each in chain))
    return fault_of_chain(bundle, [CertificateSigner(ROOT.certificate.public_bytes(Encoding.DER))], FINISHED)


def test_a_chain_of_authorities_leads_to_the_one_that_is_trusted() -> None:
    between = authority("between", ROOT, more=[key_usage("key_cert_sign")])
    assert fault(between) is None
    assert fault(authority("lower", between), between) is None


@pytest.mark.parametrize(
    "between",
    [
        [authority("none", ROOT, is_one=False)],
        [authority("for signatures", ROOT, more=[key_usage("digital_signature")])],
        [authority("for others", ROOT, more=[x509.NameConstraints(None, NAMES)])],
        [authority("for one domain", ROOT, more=[x509.NameConstraints([x509.DNSName("example.org")], None)])],
        [authority("odd", ROOT, more=[x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")])],
        [authority("too deep", SHORT), SHORT],
        [authority("without what is between", SHORT)],
        [authority("root")],
    ],
    ids=lambda each: str(each[0].certificate.subject.rfc4514_string()),
)
def test_an_authority_that_may_not_makes_nobody_a_signer(between: list[Authority]) -> None:
    assert fault(*between) in (
        "which does not lead to a certificate among the signers",
        "whose certificates ask for what nobody here knows, such as constraints of names",
    )


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x80", b"0" * 5000])
def test_a_certificate_that_is_none_made_no_signature(junk: bytes) -> None:
    assert verified(BundleContent(certificates=(junk,), payload=b"{}", signature=b"s"), ()).holds is False
