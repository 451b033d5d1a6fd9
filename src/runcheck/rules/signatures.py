"""RC3: what signs the checksums: signatures of OpenSSH over the list, and bundles of model-signing over all files."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import layout
from runcheck.convention.settings import Settings
from runcheck.convention.signers import fingerprint_of
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.units import Unit
from runcheck.probes.contents import BundleContent, ChecksumsContent, SignatureContent
from runcheck.rules.rule import Problem, unit_rule

CHECKSUMS, SIGNATURE, BUNDLE = layout().path("checksums"), layout().path("signature"), layout().path("bundle")


@unit_rule
def signature_form(signature: SignatureContent) -> Iterator[Problem]:
    """Signatures that are none, or for another purpose. Nothing is verified for this."""
    from runcheck.probes.trust import fault_of_signature  # noqa: PLC0415 - few trees are signed

    if fault := fault_of_signature(signature):
        yield Problem(SIGNATURE, fault)


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
    from runcheck.probes.trust import faults_of_bundle  # noqa: PLC0415 - as above

    if found := faults_of_bundle(sound_bundle, checksums.sums(), digests):
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
    if not unit.of_role("checksums"):
        return
    if not good_signatures:
        is_signed = any(unit.of_role(role) for role in ("signature", "bundle"))
        yield Problem(CHECKSUMS, "has no signature that holds" if is_signed else "is not signed by anybody")
        return
    from runcheck.probes.trust import mistrust  # noqa: PLC0415

    at = parse_timestamp(metadata["finished_at"] or metadata["created_at"])
    mistrusted = [(each, mistrust(each, settings.signers or (), at)) for each in good_signatures]
    if all(why for _, why in mistrusted):
        for each, why in mistrusted:
            yield Problem(BUNDLE if isinstance(each, BundleContent) else SIGNATURE, why)
