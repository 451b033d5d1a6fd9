"""RC3: what signs the checksums: signatures of OpenSSH over the list, and bundles of model-signing over all files."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import layout
from runcheck.convention.settings import Settings
from runcheck.convention.signers import AnySigner, CertificateSigner, KeySigner, Signer, fingerprint_of
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.units import Unit
from runcheck.probes.contents import BundleContent, ChecksumsContent, SignatureContent
from runcheck.rules.rule import Problem, unit_rule
from runcheck.rules.signature_inputs import differences

CHECKSUMS, SIGNATURE, BUNDLE = layout().path("checksums"), layout().path("signature"), layout().path("bundle")


@unit_rule
def signature_form(signature: SignatureContent) -> Iterator[Problem]:
    """Signatures that are none, or for another purpose. Nothing is verified for this."""
    if signature.error is not None:
        yield Problem(SIGNATURE, signature.error)
    elif signature.namespace != layout().namespace:
        yield Problem(SIGNATURE, f"is for {signature.namespace[:80]!r}, not for {layout().namespace!r}")


@unit_rule
def signature_mismatch(signature: SignatureContent) -> Iterator[Problem]:
    """Signatures that the key in them did not make over the list as it is. Whose key that is, is not asked."""
    if signature.holds is False:
        yield Problem(
            SIGNATURE, f"is no signature by its key {fingerprint_of(signature.key)} over {CHECKSUMS} as it is"
        )


@unit_rule
def bundle_form(bundle: BundleContent) -> Iterator[Problem]:
    """Bundles that are none of model-signing. Nothing is verified for this."""
    if bundle.error is not None:
        yield Problem(BUNDLE, bundle.error)


@unit_rule
def bundle_mismatch(
    sound_bundle: BundleContent, checksums: ChecksumsContent, digests: Mapping[str, str]
) -> Iterator[Problem]:
    """Bundles that name other files than the list has, or that their key did not sign. Whose key, is not asked."""
    if sound_bundle.holds is False:
        yield Problem(BUNDLE, f"is no signature by its key {_key_of(sound_bundle)} over what it names")
    elif found := differences(sound_bundle, checksums, digests):
        more = f"; {len(found) - 1:,} more {'is' if len(found) == 2 else 'are'} not as listed" if found[1:] else ""  # noqa: PLR2004 - one
        yield Problem(BUNDLE, f"{found[0]}{more}")


@unit_rule
def signer_unknown(
    unit: Unit,
    good_signatures: tuple[SignatureContent | BundleContent, ...],
    settings: Settings,
    metadata: Metadata,
) -> Iterator[Problem]:
    """Sealed units without a signature that holds by one of the signers, where a check is told who they are."""
    if settings.signers is None or not unit.of_role("checksums"):
        return
    if not good_signatures:
        yield Problem(CHECKSUMS, "is not signed by anybody")
        return
    at = parse_timestamp(metadata["finished_at"] or metadata["created_at"])
    strangers = [
        Problem(BUNDLE, _stranger_of_bundle(each, settings.signers, at))
        if isinstance(each, BundleContent)
        else Problem(SIGNATURE, _stranger(each, settings.signers, at))
        for each in good_signatures
    ]
    if all(each.message for each in strangers):
        yield from strangers


def _stranger(signature: SignatureContent, signers: tuple[AnySigner, ...], at: datetime | None) -> str:
    """Return what forbids to take the signature for one of a signer; nothing where it is."""
    signers_of_ssh = [each for each in signers if isinstance(each, Signer)]
    if at is not None and any(each.may_sign(signature.key, signature.namespace, at) for each in signers_of_ssh):
        return ""
    same = next((each for each in signers_of_ssh if each.key == signature.key), None)
    why = f"of {same.principals}, who may not sign for this, or not then" if same else "which no signer has"
    return f"is by the key {fingerprint_of(signature.key)}, {why}"


def _stranger_of_bundle(bundle: BundleContent, signers: tuple[AnySigner, ...], at: datetime | None) -> str:
    """Return what forbids to take the bundle for one of a signer; nothing where it is."""
    if not bundle.certificates:
        return "" if bundle.holds else f"is by the key {_key_of(bundle)}, which no signer has"
    from runcheck.probes.bundle_signature import fault_of_chain, is_by  # noqa: PLC0415 - few trees are signed

    if any(is_by(bundle, each.key) for each in signers if isinstance(each, KeySigner)):
        return ""
    trusted = [each for each in signers if isinstance(each, CertificateSigner)]
    why = "of a unit that has no time" if at is None else fault_of_chain(bundle, trusted, at)
    return f"is by the key {_key_of(bundle)}, {why}" if why else ""


def _key_of(bundle: BundleContent) -> str:
    """Return who signed, as far as the bundle tells: by the SHA-256 of the key's PEM, or by the certificate."""
    if bundle.certificates:
        from runcheck.probes.bundle_signature import name_of  # noqa: PLC0415

        return name_of(bundle.certificates[0])
    return f"{bundle.hint[:12]}..." if bundle.hint else "that was given"
