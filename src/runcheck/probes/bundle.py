"""Bundles of OpenSSF model-signing: what one names, taken apart without a belief in any of it."""

import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Iterator
from typing import TypeVar

from runcheck.convention import bundle as format_
from runcheck.convention.names import is_unit_relative
from runcheck.convention.patterns import late
from runcheck.probes.contents import BundleContent
from runcheck.probes.document import JsonProbe

KEYLESS = "bundles that Sigstore signed without a key, for which `model_signing verify sigstore` asks its log"
_SHA256 = late(r"[0-9a-f]{64}")
_MEDIA_TYPES = re.compile(r"application/vnd\.dev\.sigstore\.bundle(\.v\d+(\.\d+)*)?\+json(;version=[\d.]+)?")
_MOST_CERTIFICATES = 16
_Value = TypeVar("_Value")


class _FormError(Exception):
    """What a bundle lacks, as the end of a sentence."""


class _OtherKindError(Exception):
    """What kind of sound bundles this one is, of which nobody here can tell more."""


def bundle_of(document: dict[str, object]) -> BundleContent:
    """Return what a document says as a bundle; nothing of it is verified."""
    try:
        return _content(document)
    except _FormError as error:
        return BundleContent(str(error))
    except _OtherKindError as error:
        return BundleContent(unverified=str(error))


def _content(document: dict[str, object]) -> BundleContent:
    media_type = _part(document, str, "mediaType")
    if not _MEDIA_TYPES.fullmatch(media_type):
        raise _FormError(f"has the mediaType {media_type[:80]!r}, which is of no bundle of Sigstore")
    material = _part(document, dict, "verificationMaterial")
    if "dsseEnvelope" not in document:
        raise _FormError("has no dsseEnvelope: it is over one file, and no bundle of model-signing")
    payload = _bytes(document, "dsseEnvelope", "payload")
    payload_type = _part(document, str, "dsseEnvelope", "payloadType")
    if payload_type != format_.PAYLOAD_TYPE:
        raise _FormError(f"has the payloadType {payload_type[:80]!r}, not {format_.PAYLOAD_TYPE!r}")
    signatures = _part(document, list, "dsseEnvelope", "signatures")
    if len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise _FormError(f"has {len(signatures)} signatures, not one")
    resources = _resources(payload)
    content = BundleContent(None, resources, payload=payload, signature=_bytes(signatures[0], "sig"))
    if "certificate" in material or material.get("tlogEntries"):
        return content._replace(unverified=KEYLESS)
    if media_type != format_.MEDIA_TYPE:
        return content._replace(unverified=f"bundles that are not of the type {format_.MEDIA_TYPE}")
    if "x509CertificateChain" in material:
        return content._replace(certificates=tuple(_certificates(material)))
    hint = _part(material, dict, "publicKey").get("hint") or ""
    if not isinstance(hint, str) or (hint and not _SHA256.fullmatch(hint)):
        raise _FormError("has a publicKey.hint that is no SHA-256 of a public key")
    return content._replace(hint=hint)


def _certificates(material: dict[str, object]) -> Iterator[bytes]:
    certificates = _part(material, list, "x509CertificateChain", "certificates")
    if not 0 < len(certificates) <= _MOST_CERTIFICATES:
        raise _FormError(f"has {len(certificates):,} certificates, not 1 to {_MOST_CERTIFICATES}")
    for each in certificates:
        yield _bytes(each, "rawBytes")


def _resources(payload: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file that the statement names."""
    probe = JsonProbe()
    probe.feed(payload)
    read = probe.content()
    if not isinstance(read.value, dict):
        raise _FormError(f"has a payload that {read.error or 'is too large'}")
    statement = read.value
    if (type_ := _part(statement, str, "_type")) != format_.STATEMENT_TYPE:
        raise _FormError(f"has a payload of the type {type_[:80]!r}, not {format_.STATEMENT_TYPE!r}")
    if (predicate := _part(statement, str, "predicateType")) != format_.PREDICATE_TYPE:
        if predicate.startswith("https://model_signing/"):
            raise _OtherKindError(f"bundles whose predicate is {predicate[:80]}")
        raise _FormError(f"states {predicate[:80]!r}, not {format_.PREDICATE_TYPE!r}")
    serialization = _part(statement, dict, "predicate", "serialization")
    how = tuple(str(serialization.get(name)) for name in ("method", "hash_type"))
    if how != (format_.METHOD, format_.ALGORITHM):
        raise _OtherKindError("bundles with digests that are not the SHA-256 of whole files")
    subjects = _part(statement, list, "subject")
    if len(subjects) != 1:
        raise _FormError(f"has {len(subjects):,} subjects, not one")
    found = _named(_part(statement, list, "predicate", "resources"))
    if _part(subjects[0], str, "digest", format_.ALGORITHM) != format_.root_digest(found.values()):
        raise _FormError("has a subject that is not the digest of what it names")
    return found


def _named(resources: list[object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in resources:
        name, digest = _part(each, str, "name"), _part(each, str, "digest")
        if _part(each, str, "algorithm") != format_.ALGORITHM or not _SHA256.fullmatch(digest):
            raise _FormError(f"has no SHA-256 of {name[:80]!r}")
        if not is_unit_relative(name):
            raise _FormError(f"names {name[:80]!r}, which is no path inside the unit")
        if name in found:
            raise _FormError(f"names {name[:80]!r} twice")
        found[name] = digest
    return found


def _part(value: object, type_: type[_Value], *keys: str) -> _Value:
    """Return what stands under keys within each other, of a type."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, type_):
        raise _FormError(f"has no {'.'.join(keys)}" if value is None else f"has another kind of {'.'.join(keys)}")
    return value


def _bytes(value: object, *keys: str) -> bytes:
    try:
        return b64decode(_part(value, str, *keys), validate=True)
    except (NoBase64, ValueError):
        raise _FormError(f"has a {'.'.join(keys)} that is no base64") from None
