"""What the rules of a unit are given of what signs it."""

from functools import cached_property

from runcheck.convention.layout import layout
from runcheck.convention.signers import KeySigner
from runcheck.probes.contents import BundleContent, ChecksumsContent, SignatureContent
from runcheck.rules.absent import ABSENT, Absent, NotVerified, Partly
from runcheck.rules.document_inputs import DocumentInputs

NOT_AT_THIS_DEPTH = "signatures, which are not verified at this depth"


class SignatureInputs(DocumentInputs):
    """The signatures of one unit."""

    @cached_property
    def signature(self) -> SignatureContent | Absent:
        """The signature of the list."""
        content = self._content("signature")
        return content if isinstance(content, SignatureContent) else ABSENT

    @cached_property
    def bundle(self) -> BundleContent | Absent | NotVerified:
        """The bundle of model-signing."""
        document = self._document("bundle")
        if isinstance(document, Absent | NotVerified):
            return document
        from runcheck.probes.bundle import bundle_of  # noqa: PLC0415 - few trees are signed

        return bundle_of(document)

    @cached_property
    def sound_bundle(self) -> Partly[BundleContent] | Absent | NotVerified:
        """The bundle, where it is one, with whether its key made the signature, which not everybody can tell."""
        bundle = self.bundle
        if not isinstance(bundle, BundleContent):
            return bundle
        path = f"{self.unit.path}/{layout().path('bundle')}"
        if bundle.error is not None:
            return ABSENT
        if not bundle.payload:
            return NotVerified(path, bundle.unverified or "")
        if bundle.unverified is None:
            from runcheck.probes.bundle_signature import verified  # noqa: PLC0415 - few trees are signed

            bundle = verified(bundle, (each for each in self.settings.signers or () if isinstance(each, KeySigner)))
        lacking = () if bundle.unverified is None else (NotVerified(path, bundle.unverified),)
        return Partly(bundle, lacking)

    @cached_property
    def good_signatures(self) -> Partly[tuple[SignatureContent | BundleContent, ...]] | Absent | NotVerified:
        """Those that are of their keys, over the list as it is: a bundle too whose key nobody here has.

        Nobody looks for them where nobody said who signs.
        """
        if self.settings.signers is None:
            return ABSENT
        found = [each for each in (self._good_signature, self._good_bundle) if each is not None]
        good = tuple(each for each in found if not isinstance(each, NotVerified))
        lacking = tuple(each for each in found if isinstance(each, NotVerified))
        return lacking[0] if lacking and not good else Partly(good, lacking)

    @property
    def _good_signature(self) -> SignatureContent | NotVerified | None:
        signature = self.signature
        if isinstance(signature, Absent):
            return None
        from runcheck.probes.trust import fault_of_signature  # noqa: PLC0415 - few trees are signed

        if fault_of_signature(signature):
            return None
        if signature.holds is None:
            reason = signature.unverified or NOT_AT_THIS_DEPTH
            return NotVerified(f"{self.unit.path}/{layout().path('signature')}", reason)
        return signature if signature.holds else None

    @property
    def _good_bundle(self) -> BundleContent | NotVerified | None:
        sound = self.sound_bundle
        if isinstance(sound, NotVerified):
            return sound
        if isinstance(sound, Absent) or not isinstance(self.checksums, ChecksumsContent):
            return None
        if isinstance(self.digests, NotVerified):
            return NotVerified(f"{self.unit.path}/{layout().path('bundle')}", NOT_AT_THIS_DEPTH)
        from runcheck.probes.trust import faults_of_bundle  # noqa: PLC0415 - as above

        bundle = sound.value
        if faults_of_bundle(bundle, self.checksums.sums(), self.digests):
            return None
        is_named = bundle.hint or bundle.certificates  # who signed can be told, if not whether
        return bundle if bundle.holds or is_named else sound.lacking[0]
