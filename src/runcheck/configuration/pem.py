"""Public keys and certificates in PEM, by which bundles of model-signing may be signed."""

import hashlib
import re
from collections.abc import Iterator

from runcheck.convention.bundle import CURVES
from runcheck.convention.patterns import late
from runcheck.convention.signers import CertificateSigner, KeySigner, SignersError

BEGINS = b"-----BEGIN "
_BLOCK = late(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.+?-----END \1-----", re.DOTALL)


def signers_in_pem(content: bytes) -> Iterator[KeySigner | CertificateSigner]:
    """Yield what stands in the blocks of a file; what stands between them is a comment.

    Raises:
        SignersError: one is of another kind, or damaged.
    """
    number = 0
    for number, block in enumerate(_BLOCK.finditer(content), 1):
        kind = block[1].decode()
        try:
            if kind == "CERTIFICATE":
                yield _certificate(block[0])
            elif kind == "PUBLIC KEY":
                yield _key(block[0])
            elif kind.endswith("PRIVATE KEY"):
                raise SignersError("holds a private key, which nobody but its signer should have; give its public key")
            else:
                raise SignersError(f"holds a {kind.lower()}, and neither a public key nor a certificate")
        except ValueError as error:
            said = error if isinstance(error, SignersError) else f"holds a {kind.lower()} that is damaged"
            raise SignersError(f"block {number} {said}") from None
    if number != content.count(BEGINS):
        raise SignersError("has a block that does not end")


def hint_of(pem: bytes) -> str:
    """Return how bundles name a public key: the SHA-256 of its PEM, as OpenSSL writes it."""
    return hashlib.sha256(pem).hexdigest()


def _certificate(pem: bytes) -> CertificateSigner:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - an extra
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    return CertificateSigner(load_pem_x509_certificate(pem).public_bytes(Encoding.DER))


def _key(pem: bytes) -> KeySigner:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_pem_public_key,
    )

    try:
        key = load_pem_public_key(pem)
    except UnsupportedAlgorithm:
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise SignersError(f"holds a key that is not of the curves {', '.join(CURVES)}, which model-signing takes")
    form = PublicFormat.SubjectPublicKeyInfo
    return KeySigner(key.public_bytes(Encoding.DER, form), hint_of(key.public_bytes(Encoding.PEM, form)))
