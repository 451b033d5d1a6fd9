"""Signatures as OpenSSH writes them (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig)."""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable

from runcheck.convention.layout import layout
from runcheck.errors import MissingLibraryError
from runcheck.probes.bounded import BoundedBytes
from runcheck.probes.contents import SignatureContent

_ARMOUR = re.compile(rb"-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----(?:\r?\n)?")
_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_HASHES = ("sha256", "sha512")
_CURVES = {b"nistp256": "SHA256", b"nistp384": "SHA384", b"nistp521": "SHA512"}
_RSA = {b"rsa-sha2-256": "SHA256", b"rsa-sha2-512": "SHA512"}  # ssh-rsa is SHA-1, and refused by OpenSSH too


class SignatureProbe:
    """Reads a signature."""

    def __init__(self) -> None:
        """Start with no bytes."""
        self._bytes = BoundedBytes(layout().limits.signature_bytes)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._bytes.feed(chunk)

    def content(self) -> SignatureContent:
        """Return what it says of itself; nothing of it is verified."""
        if self._bytes.exceeded:
            return SignatureContent(error=f"is larger than {layout().limits.signature_bytes:,} bytes")
        armour = _ARMOUR.fullmatch(self._bytes.whole())
        if armour is None:
            return SignatureContent(error="is not between the lines that begin and end a signature of OpenSSH")
        try:
            return _content(b64decode(b"".join(armour[1].split()), validate=True))
        except (NoBase64, _TornError):
            return SignatureContent(error="has lines that are no base64 of a signature")


def signed_bytes(namespace: str, hash_name: str, digest: bytes) -> bytes:
    """Return what a key signs: not a file but its digest, and what the signature is for."""
    return _MAGIC + b"".join(_string(each) for each in (namespace.encode(), b"", hash_name.encode(), digest))


def verified(content: SignatureContent, chunks: Iterable[bytes]) -> SignatureContent:
    """Return the signature with whether its own key made it over these bytes; who has that key is not asked."""
    digest = hashlib.new(content.hash_name)
    for chunk in chunks:
        digest.update(chunk)
    try:
        holds = _holds(content, signed_bytes(content.namespace, content.hash_name, digest.digest()))
    except ImportError:
        return content._replace(unverified=str(MissingLibraryError("cryptography", "sign", "verify signatures")))
    if holds is None:
        return content._replace(unverified=f"signatures by keys of the type {content.key_type}")
    return content._replace(holds=holds)


def _holds(content: SignatureContent, signed: bytes) -> bool | None:
    """Say whether a signature is of its key; None of a key of which nobody here can tell."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key  # noqa: PLC0415

    if content.key_type.startswith("sk-") or "-cert-" in content.key_type:
        return None
    try:
        blob = _Blob(content.key)
        type_, curve = blob.string(), blob.string()
        key = load_ssh_public_key(type_ + b" " + b64encode(content.key))
        blob = _Blob(content.signature)
        algorithm, signature = blob.string(), blob.string()
        if not blob.is_over:
            return False
        if isinstance(key, ed25519.Ed25519PublicKey) and algorithm == type_:
            key.verify(signature, signed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == type_ and curve in _CURVES:
            parts = _Blob(signature)
            both = utils.encode_dss_signature(_number(parts.string()), _number(parts.string()))
            if not parts.is_over:
                return False
            key.verify(both, signed, ec.ECDSA(getattr(hashes, _CURVES[curve])()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA:
            key.verify(signature, signed, padding.PKCS1v15(), getattr(hashes, _RSA[algorithm])())
        else:
            return False
    except (InvalidSignature, _TornError, ValueError):
        return False
    except UnsupportedAlgorithm:
        return None
    return True


class _TornError(Exception):
    """A blob ends within a string."""


class _Blob:
    """Strings, each behind its length (RFC 4251, section 5)."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def raw(self, length: int) -> bytes:
        found = self._content[self._at : self._at + length]
        if len(found) < length:
            raise _TornError
        self._at += length
        return found

    def string(self) -> bytes:
        return self.raw(int.from_bytes(self.raw(4), "big"))

    @property
    def is_over(self) -> bool:
        return self._at == len(self._content)


def _content(blob: bytes) -> SignatureContent:
    strings = _Blob(blob)
    if strings.raw(len(_MAGIC)) != _MAGIC or strings.raw(4) != _VERSION:
        return SignatureContent(error="is no signature of OpenSSH of version 1")
    key, namespace, _, hash_name, signature = (strings.string() for _ in range(5))
    if not strings.is_over:
        return SignatureContent(error="has bytes behind the signature")
    name = hash_name.decode("ascii", "replace")
    if name not in _HASHES:
        return SignatureContent(error=f"is over a digest by {name[:20]!r}, not by sha256 or sha512")
    key_type = _Blob(key).string().decode("ascii", "replace")
    return SignatureContent(None, namespace.decode("utf-8", "replace"), key_type, key, name, signature)


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big")
