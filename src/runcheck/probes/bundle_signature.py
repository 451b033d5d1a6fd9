"""Who signed a bundle of model-signing: the key that is given, or certificates that lead to one that is."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from runcheck.convention.bundle import CURVES, signed_bytes
from runcheck.convention.signers import CertificateSigner, KeySigner
from runcheck.errors import MissingLibraryError
from runcheck.probes.contents import BundleContent

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, ExtensionType
    from cryptography.x509.verification import Policy

NEEDS_KEY = "bundles signed by a key that is not in them; `--verify-signature KEY.pem` gives it"
_MOST_BETWEEN = 8  # certificates between the signer's and one that is trusted


def verified(bundle: BundleContent, keys: Iterable[KeySigner]) -> BundleContent:
    """Return the bundle with whether its key made the signature: that of its certificate, or the one of its hint."""
    try:
        if not bundle.certificates:
            fitting = [each.key for each in keys if bundle.hint in ("", each.hint)]
            if not fitting:
                return bundle._replace(unverified=NEEDS_KEY)
            return bundle._replace(holds=any(is_by(bundle, key) for key in fitting))
        from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - an extra

        key = load_der_x509_certificate(bundle.certificates[0]).public_key()
        return bundle._replace(holds=_holds(bundle, key))
    except ImportError:
        return bundle._replace(unverified=str(MissingLibraryError("cryptography", "sign", "verify signatures")))
    except ValueError:  # no certificate, or one that nobody could make
        return bundle._replace(holds=False)


def is_by(bundle: BundleContent, key: bytes) -> bool:
    """Say whether a public key, in DER, made the signature of a bundle."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    return _holds(bundle, load_der_public_key(key))


def fault_of_chain(bundle: BundleContent, trusted: Sequence[CertificateSigner], finished: datetime) -> str | None:
    """Return why the certificates of a bundle do not lead to one that is trusted, as the end of a sentence; or None.

    They must have been valid when the signer's became so, as model-signing asks: nobody knows when it was used, and
    many are valid for minutes. When the unit was ``finished`` the signer's was not over yet.
    """
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509 import verification  # noqa: PLC0415

    signers, *between = map(x509.load_der_x509_certificate, bundle.certificates)
    if finished > signers.not_valid_after_utc:
        return f"which was valid until {signers.not_valid_after_utc:%Y-%m-%d}, before the unit was finished"
    if not _may_sign(signers):
        return "which is not one to sign with (digitalSignature, or codeSigning)"
    anchors = [x509.load_der_x509_certificate(each.certificate) for each in trusted]
    if signers in anchors:
        return None
    if not anchors:
        return "and no certificate is among the signers"
    everything = verification.ExtensionPolicy.permit_all()
    authority = everything.require_present(
        x509.BasicConstraints, verification.Criticality.AGNOSTIC, _assert_authority
    ).may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _assert_signs_certificates)
    builder = verification.PolicyBuilder().store(verification.Store(anchors)).max_chain_depth(_MOST_BETWEEN)
    builder = builder.time(signers.not_valid_before_utc).extension_policies(ca_policy=authority, ee_policy=everything)
    try:
        chain = builder.build_client_verifier().verify(signers, between).chain
    except verification.VerificationError:
        return "which does not lead to a certificate among the signers"
    if any(each.critical and not isinstance(each.value, _known()) for one in chain for each in one.extensions):
        return "whose certificates ask for what nobody here knows, such as constraints of names"
    return None


def name_of(certificate: bytes) -> str:
    """Return whose certificate it says that it is, and its SHA-256, as ``openssl x509 -fingerprint`` has it."""
    from cryptography import x509  # noqa: PLC0415

    print_ = hashlib.sha256(certificate).hexdigest()
    try:
        return f"of {x509.load_der_x509_certificate(certificate).subject.rfc4514_string()[:80]!r} ({print_[:12]}...)"
    except ValueError:
        return f"of a broken certificate ({print_[:12]}...)"


def _holds(bundle: BundleContent, key: object) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        return False
    try:
        key.verify(bundle.signature, signed_bytes(bundle.payload), ec.ECDSA(getattr(hashes, CURVES[key.curve.name])()))
    except InvalidSignature:
        return False
    return True


def _known() -> "tuple[type[ExtensionType], ...]":
    """Return the extensions that a certificate may insist on. The library passes some others that it does not hold."""
    from cryptography import x509  # noqa: PLC0415

    return x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName


def _may_sign(certificate: "Certificate") -> bool:
    from cryptography.x509 import ExtendedKeyUsage, ExtensionNotFound, KeyUsage  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    try:
        if certificate.extensions.get_extension_for_class(KeyUsage).value.digital_signature:
            return True
    except ExtensionNotFound:
        pass
    try:
        return (
            ExtendedKeyUsageOID.CODE_SIGNING in certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
        )
    except ExtensionNotFound:
        return False


def _assert_authority(_: "Policy", __: "Certificate", extension: "ExtensionType | None") -> None:
    if not getattr(extension, "ca", False):
        raise ValueError("is no authority")


def _assert_signs_certificates(_: "Policy", __: "Certificate", extension: "ExtensionType | None") -> None:
    if extension is not None and not getattr(extension, "key_cert_sign", False):
        raise ValueError("signs no certificates")
