"""Whether a unit in a store is signed by one of the signers, before anything of it is brought."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from runcheck.convention.layout import layout
from runcheck.convention.signers import AnySigner, KeySigner
from runcheck.convention.timestamps import parse_timestamp
from runcheck.errors import CannotReadError
from runcheck.probes import Content, make_probe
from runcheck.probes.bundle import bundle_of
from runcheck.probes.bundle_signature import verified as verified_bundle
from runcheck.probes.contents import DocumentContent, SignatureContent
from runcheck.probes.signature import verified
from runcheck.probes.trust import fault_of_signature, faults_of_bundle, mistrust
from runcheck.publish.sealed import CHECKSUMS, SealedUnit

METADATA, SIGNATURE, BUNDLE = layout().path("metadata"), layout().path("signature"), layout().path("bundle")


def assert_signed(unit: SealedUnit, signers: tuple[AnySigner, ...]) -> None:
    """Do nothing where the list that was read of a unit is signed by one of the signers.

    All that is brought later is compared with that list, so the store cannot show one unit and give another.

    Raises:
        CannotReadError: it is not.
        OSError: a file cannot be read.
    """
    at = _finished(unit)
    found = [*_of_signature(unit, signers, at), *_of_bundle(unit, signers, at)]
    if not found:
        raise CannotReadError(f"{unit.name}: is not signed by anybody, and was not brought")
    if all(found):
        raise CannotReadError(f"{unit.name}/{found[0]}; it was not brought")


def _of_signature(unit: SealedUnit, signers: tuple[AnySigner, ...], at: datetime | None) -> Iterator[str]:
    """Yield what is wrong with the signature of OpenSSH, if there is one: no words where all is well."""
    if SIGNATURE not in unit.files:
        return
    content = _read(unit, SIGNATURE, "signature")
    if not isinstance(content, SignatureContent):
        yield f"{SIGNATURE}: is no signature of OpenSSH"
    elif fault := fault_of_signature(content):
        yield f"{SIGNATURE}: {fault}"
    else:
        content = verified(content, [unit.listed])
        if content.holds:
            why = mistrust(content, signers, at)
        else:
            why = f"is not verified: {content.unverified}" if content.holds is None else "is not over the list as it is"
        yield why and f"{SIGNATURE}: {why}"


def _of_bundle(unit: SealedUnit, signers: tuple[AnySigner, ...], at: datetime | None) -> Iterator[str]:
    """Yield what is wrong with the bundle of model-signing, if there is one: no words where all is well."""
    if BUNDLE not in unit.files:
        return
    document = _read(unit, BUNDLE, "json")
    value = document.value if isinstance(document, DocumentContent) else None
    bundle = bundle_of(value if isinstance(value, dict) else {})
    if bundle.error is not None or bundle.unverified is not None:
        yield f"{BUNDLE}: {bundle.error or f'is not verified: {bundle.unverified}'}"
        return
    bundle = verified_bundle(bundle, (each for each in signers if isinstance(each, KeySigner)))
    beside = {path: unit.sha256(path) for path in unit.signatures if path in bundle.resources}
    faults = faults_of_bundle(bundle, unit.sums, {**beside, CHECKSUMS: hashlib.sha256(unit.listed).hexdigest()})
    why = faults[0] if faults else mistrust(bundle, signers, at)
    yield why and f"{BUNDLE}: {why}"


def _finished(unit: SealedUnit) -> datetime | None:
    """Return when a unit was finished, as the metadata say that its list has."""
    document = _read(unit, METADATA, "json") if METADATA in unit.sums else None
    metadata = document.value if isinstance(document, DocumentContent) else None
    moment = (metadata.get("finished_at") or metadata.get("created_at")) if isinstance(metadata, dict) else None
    return parse_timestamp(moment) if isinstance(moment, str) else None


def _read(unit: SealedUnit, path: str, format_: str) -> Content | None:
    """Return what a small file holds, which is as the list has it where that has it."""
    entry, probe = unit.files[path], make_probe(format_, path)
    if probe is None or entry.size > layout().limits.document_bytes:
        return None
    content = unit.store.content(entry)
    if path in unit.sums and hashlib.sha256(content).hexdigest() != unit.sums[path]:
        raise CannotReadError(f"{unit.name}/{path}: is not as {CHECKSUMS} has it; nothing was brought")
    probe.feed(content)
    return probe.content()
