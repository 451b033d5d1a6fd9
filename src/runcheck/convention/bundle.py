"""The bundle of OpenSSF model-signing 1.0: files named by a statement of in-toto, in an envelope (DSSE) of Sigstore.

https://github.com/ossf/model-signing-spec. The names are theirs, and stand here for the writer and the reader.
"""

import hashlib
import os
from collections.abc import Iterable

from runcheck.convention.layout import layout

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
METHOD, ALGORITHM = "files", "sha256"
CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}  # and what each signs a digest by
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")  # which model-signing leaves out unless told otherwise


def signed_bytes(payload: bytes) -> bytes:
    """Return what a key signs: the payload, and what it is (the pre-authentication encoding of DSSE 1)."""
    return b" ".join((b"DSSEv1", _counted(PAYLOAD_TYPE.encode()), _counted(payload)))


def root_digest(digests: Iterable[str]) -> str:
    """Return the digest that stands for all files: of their digests, in the order in which they are named."""
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest()


def is_left_out(path: str) -> bool:
    """Say whether a bundle need not name a file: it belongs to Git, or is no content of the unit."""
    return path.partition("/")[0] in GIT_PATHS or os.path.basename(path) in layout().placeholders


def _counted(content: bytes) -> bytes:
    return b"%d %b" % (len(content), content)
