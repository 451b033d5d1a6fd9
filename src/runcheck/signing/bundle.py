"""Signs all files of a sealed unit with a key in PEM: the bundle of OpenSSF model-signing, by known digests."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from runcheck.convention import bundle as format_
from runcheck.convention.layout import layout
from runcheck.errors import CannotWriteError, MissingLibraryError
from runcheck.named_file import content_of_named
from runcheck.probes.bundle import bundle_of
from runcheck.probes.bundle_signature import is_by, name_of
from runcheck.probes.contents import BundleContent
from runcheck.probes.document import JsonProbe
from runcheck.signing.made import Made

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_MOST = 1 << 16  # bytes of a key, and of its certificates
_CURVE_KEYS = (b"-----BEGIN EC PRIVATE KEY-----", b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
_ANY_KEY = b"-----BEGIN PRIVATE KEY-----"
_OF_A_CURVE = bytes.fromhex("06072a8648ce3d0201")  # id-ecPublicKey


class PemKey(NamedTuple):
    """A private key, what bundles say of its public half, and in words whose it is."""

    private: "EllipticCurvePrivateKey"
    public: bytes
    material: Mapping[str, object]
    words: str


def is_pem_key(path: str) -> bool:
    """Say whether a file holds a key that makes bundles: a private one of an elliptic curve, not in OpenSSH's form."""
    try:
        content = _content(path)
    except CannotWriteError:
        return False
    if any(each in content for each in _CURVE_KEYS):
        return True
    _, begin, rest = content.partition(_ANY_KEY)
    try:
        return bool(begin) and _OF_A_CURVE in b64decode(rest.partition(b"-----END")[0])
    except ValueError:
        return False


def read_key(path: str, certificates: str | None, ask: Callable[[str], str]) -> PemKey:
    """Return the key in a file of PEM, for which ``ask`` is asked for the passphrase if it has one.

    Args:
        path: The file of the private key.
        certificates: A file of the certificate of that key, and of those between it and one that others trust.
        ask: Shows a question, and returns the answer.

    Raises:
        CannotWriteError: one of them cannot be read, or they do not belong together.
        MissingLibraryError: nothing here could sign with it.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
            Encoding,
            PublicFormat,
            load_pem_private_key,
        )
    except ImportError:
        raise MissingLibraryError("cryptography", "sign", "sign with a key in PEM") from None
    content = _content(path)
    try:
        try:
            key = load_pem_private_key(content, None)
        except TypeError:  # it has a passphrase
            key = load_pem_private_key(content, ask(f"Passphrase of {path}: ").encode())
    except EOFError:
        raise CannotWriteError(f"{path}: has a passphrase, and there is no terminal to ask for it") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CannotWriteError(f"{path}: cannot be read: it is damaged, or the passphrase is another") from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name not in format_.CURVES:
        raise CannotWriteError(f"{path}: is no key of {', '.join(format_.CURVES)}, which model-signing takes")
    form = PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(Encoding.DER, form)
    if certificates is not None:
        chain = _chain(certificates, public)
        coded = [{"rawBytes": b64encode(each).decode()} for each in chain]
        return PemKey(key, public, {"x509CertificateChain": {"certificates": coded}}, name_of(chain[0]))
    hint = hashlib.sha256(key.public_key().public_bytes(Encoding.PEM, form)).hexdigest()
    return PemKey(key, public, {"publicKey": {"hint": hint}}, hint)


def bundle_over(name: str, sums: Mapping[str, str], beside: Iterable[str], key: PemKey, there: bytes | None) -> Made:
    """Return the bundle of a key over a unit; the one that is ``there`` where that is it already.

    Args:
        name: What the unit is called; only its readers are told.
        sums: The SHA-256 of each of its files by path, of the list too.
        beside: What else lies in the unit, for `model_signing verify` to pass over.
        key: The key.
        there: A bundle that was made before.

    Raises:
        CannotWriteError: the unit has too many files for a bundle.
    """
    by = f"the key {key.words}"
    named = {path: sums[path] for path in sorted(sums, key=lambda path: path.split("/")) if not _is_of_git(path)}
    if there is not None:
        before = _read(there)
        if before.resources == named and is_by(before, key.public) and _material(there) == key.material:
            return Made(there, by)
    payload = _statement(name, named, beside)
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    algorithm = getattr(hashes, format_.CURVES[key.private.curve.name])()
    signature = key.private.sign(format_.signed_bytes(payload), ec.ECDSA(algorithm))
    envelope = {
        "payload": b64encode(payload).decode(),
        "payloadType": format_.PAYLOAD_TYPE,
        "signatures": [{"sig": b64encode(signature).decode(), "keyid": ""}],
    }
    material = {**key.material, "tlogEntries": []}
    document = {"mediaType": format_.MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope}
    content = json.dumps(document).encode() + b"\n"
    made = _read(content)
    if made.error is not None:
        raise CannotWriteError(f"{name}: {len(named):,} files are too many for a bundle: it {made.error}")
    return Made(content, by)


def _statement(name: str, named: Mapping[str, str], beside: Iterable[str]) -> bytes:
    own = (layout().path(role) for role in layout().signature_roles)
    statement = {
        "_type": format_.STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {format_.ALGORITHM: format_.root_digest(named.values())}}],
        "predicateType": format_.PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": format_.METHOD,
                "hash_type": format_.ALGORITHM,
                "allow_symlinks": False,
                "ignore_paths": sorted({*own, *format_.GIT_PATHS, *beside}),
            },
            "resources": [
                {"name": path, "algorithm": format_.ALGORITHM, "digest": digest} for path, digest in named.items()
            ],
        },
    }
    return json.dumps(statement, separators=(",", ":")).encode()


def _is_of_git(path: str) -> bool:
    return path.partition("/")[0] in format_.GIT_PATHS


def _read(content: bytes) -> BundleContent:
    value = _document(content)
    return bundle_of(value) if value else BundleContent("is no document, or a too large one")


def _material(content: bytes) -> dict[str, object]:
    """Return what a bundle says of who signed it."""
    material = _document(content).get("verificationMaterial")
    return (
        {name: each for name, each in material.items() if name != "tlogEntries"} if isinstance(material, dict) else {}
    )


def _document(content: bytes) -> dict[str, object]:
    probe = JsonProbe()
    probe.feed(content)
    value = probe.content().value
    return value if isinstance(value, dict) else {}


def _chain(path: str, public: bytes) -> list[bytes]:
    """Return the certificates in a file, the first of which must be of a key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        chain = load_pem_x509_certificates(_content(path))
    except ValueError:
        raise CannotWriteError(f"{path}: holds no certificates in PEM") from None
    if chain[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public:
        raise CannotWriteError(f"{path}: its first certificate is not of the key that is to sign")
    return [each.public_bytes(Encoding.DER) for each in chain]


def _content(path: str) -> bytes:
    return content_of_named(path, _MOST, "key or certificate", CannotWriteError)
