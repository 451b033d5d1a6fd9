"""Bundles of model-signing: whatever is in one, it is a bundle or it is told why not."""

import json
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from fixtures.builder.rc3_bundles import bundle, by_certificate, by_key, statement
from hypothesis import given
from hypothesis import strategies as st

from runcheck.probes.bundle import KEYLESS, bundle_of

DIGESTS = {"README.md": "a" * 64, "extra/über.txt": "b" * 64, "SHA256SUMS": "c" * 64}
Change = Callable[[dict[str, Any]], object]


def by_statement(change: Change) -> dict[str, Any]:
    """Return a bundle whose statement was changed before it was signed."""
    said: dict[str, Any] = statement(DIGESTS)
    change(said)
    return bundle(said, by_certificate())


def by_bundle(change: Change) -> dict[str, Any]:
    """Return a bundle that was changed."""
    document: dict[str, Any] = bundle(statement(DIGESTS), by_key())
    change(document)
    return document


def test_what_it_names_and_who_signed_is_told() -> None:
    content = bundle_of(bundle(statement(DIGESTS), by_key()))
    assert (content.error, content.unverified, content.resources) == (None, None, DIGESTS)
    assert len(content.hint) == 64
    content = bundle_of(bundle(statement(DIGESTS), by_certificate()))
    assert (content.error, len(content.certificates), content.hint) == (None, 1, "")


def _payload(text: str) -> Change:
    return lambda it: it["dsseEnvelope"].update(payload=b64encode(text.encode()).decode())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: it.clear(), "has no mediaType"),
        (lambda it: it.update(mediaType="application/json"), "is of no bundle of Sigstore"),
        (lambda it: it.pop("verificationMaterial"), "has no verificationMaterial"),
        (lambda it: it.pop("dsseEnvelope"), "is over one file"),
        (lambda it: it.update(dsseEnvelope=[]), "has no dsseEnvelope.payload"),
        (lambda it: it["dsseEnvelope"].update(payload=7), "has another kind of dsseEnvelope.payload"),
        (lambda it: it["dsseEnvelope"].update(payload="%"), "payload that is no base64"),
        (lambda it: it["dsseEnvelope"].update(payload="é"), "payload that is no base64"),
        (lambda it: it["dsseEnvelope"].update(payloadType="text/plain"), "has the payloadType 'text/plain'"),
        (lambda it: it["dsseEnvelope"].update(signatures=[]), "has 0 signatures"),
        (lambda it: it["dsseEnvelope"]["signatures"].append({}), "has 2 signatures"),
        (lambda it: it["dsseEnvelope"].update(signatures=[7]), "has 1 signatures"),
        (lambda it: it["dsseEnvelope"].update(signatures=[{}]), "has no sig"),
        (lambda it: it["verificationMaterial"].pop("publicKey"), "has no publicKey"),
        (lambda it: it["verificationMaterial"].update(publicKey={"hint": "x"}), "publicKey.hint"),
        (lambda it: it["verificationMaterial"].update(x509CertificateChain={}), "x509CertificateChain.certificates"),
        (
            lambda it: it["verificationMaterial"].update(x509CertificateChain={"certificates": [{}] * 17}),
            "17 certificates",
        ),
        (_payload("{"), "has a payload that is not JSON"),
        (_payload('{"a": 1, "a": 2}'), "has the key 'a' twice"),
        (_payload("[" * 100_000), "has a payload that"),
        (_payload('{"a":' * 100 + "1" + "}" * 100), "has a payload that"),
        (_payload("[]"), "holds an array"),
    ],
)
def test_a_document_that_is_no_bundle_is_told(change: Change, why: str) -> None:
    assert why in (bundle_of(by_bundle(change)).error or "")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: it.update(_type="https://in-toto.io/Statement/v0.1"), "payload of the type"),
        (lambda it: it.update(predicateType="https://slsa.dev/provenance/v1"), "states 'https://slsa.dev"),
        (lambda it: it.update(subject=[]), "has 0 subjects"),
        (lambda it: it["subject"][0]["digest"].update(sha256="0" * 64), "is not the digest of what it names"),
        (lambda it: it["predicate"]["resources"].reverse(), "is not the digest of what it names"),
        (lambda it: it["predicate"]["resources"].append(7), "has no name"),
        (lambda it: it["predicate"]["resources"][0].update(digest="A" * 64), "has no SHA-256 of 'README.md'"),
        (lambda it: it["predicate"]["resources"][0].update(algorithm="md5"), "has no SHA-256 of 'README.md'"),
        (lambda it: it["predicate"]["resources"][0].update(name="../README.md"), "no path inside the unit"),
        (lambda it: it["predicate"]["resources"][0].update(name="/etc/passwd"), "no path inside the unit"),
        (lambda it: it["predicate"]["resources"][0].update(name="a\\..\\b"), "no path inside the unit"),
        (lambda it: it["predicate"]["resources"][0].update(name="SHA256SUMS"), "names 'SHA256SUMS' twice"),
    ],
)
def test_a_statement_that_names_no_unit_is_told(change: Change, why: str) -> None:
    assert why in (bundle_of(by_statement(change)).error or "")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (by_bundle(lambda it: it["verificationMaterial"].update(tlogEntries=[{}])), KEYLESS),
        (by_bundle(lambda it: it["verificationMaterial"].update(certificate={"rawBytes": "MAA="})), KEYLESS),
        (by_bundle(lambda it: it.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json")), "of the type"),
        (by_statement(lambda it: it.update(predicateType="https://model_signing/Digests/v0.1")), "Digests/v0.1"),
        (by_statement(lambda it: it["predicate"]["serialization"].update(method="shards")), "SHA-256 of whole files"),
        (by_statement(lambda it: it["predicate"]["serialization"].update(hash_type="blake3")), "SHA-256 of whole"),
    ],
)
def test_a_sound_bundle_of_another_kind_is_no_error_and_not_verified(document: dict[str, Any], why: str) -> None:
    content = bundle_of(document)
    assert content.error is None
    assert why in (content.unverified or "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=5,
)


def _places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += _places(each, (*path, key))
    return found


SOUND: dict[str, Any] = bundle(statement(DIGESTS), by_certificate())
SAID: dict[str, Any] = statement(DIGESTS)


@given(st.sampled_from(_places(SOUND)), st.sampled_from(_places(SAID)), json_values, st.booleans())
def test_no_value_anywhere_ends_in_a_traceback(
    place: tuple[Any, ...], inner: tuple[Any, ...], value: object, is_inner: bool
) -> None:
    document, said = deepcopy(SOUND), deepcopy(SAID)
    at: Any = said if is_inner else document
    path = inner if is_inner else place
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    if is_inner:
        document["dsseEnvelope"]["payload"] = b64encode(json.dumps(said).encode()).decode()
    bundle_of(document)
