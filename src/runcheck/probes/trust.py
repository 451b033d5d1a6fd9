"""Whom signatures are by, of those who may sign, and whether a bundle is over what is there."""

from collections.abc import Mapping
from datetime import datetime

from runcheck.convention.bundle import is_left_out
from runcheck.convention.layout import layout
from runcheck.convention.signers import AnySigner, CertificateSigner, KeySigner, Signer, fingerprint_of
from runcheck.probes.bundle_signature import fault_of_chain, is_by, name_of
from runcheck.probes.contents import BundleContent, SignatureContent


def mistrust(signature: SignatureContent | BundleContent, signers: tuple[AnySigner, ...], at: datetime | None) -> str:
    """Return why one that holds is by none of the signers, for a unit that was finished ``at``; nothing if it is."""
    if isinstance(signature, BundleContent):
        return _mistrust_of_bundle(signature, signers, at)
    return _mistrust_of_signature(signature, signers, at)


def fault_of_signature(signature: SignatureContent) -> str:
    """Return why a signature is none, or none for this purpose; nothing where it is. Nothing is verified for this."""
    if signature.error is not None:
        return signature.error
    if signature.namespace != layout().namespace:
        return f"is for {signature.namespace[:80]!r}, not for {layout().namespace!r}"
    return ""


def faults_of_bundle(bundle: BundleContent, sums: Mapping[str, str], digests: Mapping[str, str]) -> list[str]:
    """Return why a bundle that was verified is none over what is there; the arguments as in :func:`differences`."""
    if bundle.holds is False:
        return [f"is no signature by its key {key_of(bundle)} over what it names"]
    return differences(bundle, sums, digests)


def differences(bundle: BundleContent, sums: Mapping[str, str], digests: Mapping[str, str]) -> list[str]:
    """Return in what a bundle differs from the list of checksums and from the files that this does not have.

    Files that are not as they are listed are not looked for: that is what the list is for.

    Args:
        bundle: The bundle.
        sums: The digests by path that the list has.
        digests: Those that files have, of the list itself too.
    """
    path = layout().path("checksums")
    listed = dict(sums)
    if path in digests:
        listed[path] = digests[path]
    found: list[str] = []
    for name in sorted({path, *listed, *bundle.resources}):
        named, is_listed = bundle.resources.get(name), name in listed
        if named is None and not is_left_out(name):
            found.append(f"does not name {name}")
        elif named is not None and not is_left_out(name):
            there = listed[name] if is_listed else digests.get(name)
            if there is None:
                found.append(f"names {name}, which the unit does not have")
            elif there != named:
                found.append(f"names {name} with SHA-256 {named[:12]}..., which is {there[:12]}... here")
    return found


def _mistrust_of_signature(signature: SignatureContent, signers: tuple[AnySigner, ...], at: datetime | None) -> str:
    """Return what forbids to take the signature for one of a signer; nothing where it is."""
    signers_of_ssh = [each for each in signers if isinstance(each, Signer)]
    if at is not None and any(each.may_sign(signature.key, signature.namespace, at) for each in signers_of_ssh):
        return ""
    same = next((each for each in signers_of_ssh if each.key == signature.key), None)
    why = f"of {same.principals}, who may not sign for this, or not then" if same else "which no signer has"
    return f"is by the key {fingerprint_of(signature.key)}, {why}"


def _mistrust_of_bundle(bundle: BundleContent, signers: tuple[AnySigner, ...], at: datetime | None) -> str:
    """Return what forbids to take the bundle for one of a signer; nothing where it is."""
    if not bundle.certificates:
        return "" if bundle.holds else f"is by the key {key_of(bundle)}, which no signer has"
    if any(is_by(bundle, each.key) for each in signers if isinstance(each, KeySigner)):
        return ""
    trusted = [each for each in signers if isinstance(each, CertificateSigner)]
    why = "of a unit that has no time" if at is None else fault_of_chain(bundle, trusted, at)
    return f"is by the key {key_of(bundle)}, {why}" if why else ""


def key_of(bundle: BundleContent) -> str:
    """Return who signed, as far as the bundle tells: by the SHA-256 of the key's PEM, or by the certificate."""
    if bundle.certificates:
        return name_of(bundle.certificates[0])
    return f"{bundle.hint[:12]}..." if bundle.hint else "that was given"
