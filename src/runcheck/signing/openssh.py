"""Signs a checksum list with a key of OpenSSH, by ``ssh-keygen``, as Git does: it knows agents, passphrases, tokens."""

import os

from runcheck.convention.layout import layout
from runcheck.convention.signers import fingerprint_of
from runcheck.errors import CannotWriteError
from runcheck.probes.contents import SignatureContent
from runcheck.probes.signature import SignatureProbe, verified
from runcheck.signing.made import Made


def signature_over(listed: bytes, key: str, there: bytes | None) -> Made:
    """Return the signature of a key over a list; the one that is ``there`` where that is it already.

    Raises:
        CannotWriteError: ``ssh-keygen`` is not there or refuses.
    """
    armour = _signature(listed, key)
    made = _read(armour, listed)
    if made.error is not None or made.holds is False:
        raise CannotWriteError(f"{key}: what ssh-keygen made with it is no signature of the list")
    by = f"the key {fingerprint_of(made.key)}"
    if there is not None:
        before = _read(there, listed)
        if before.holds and before.key == made.key and before.namespace == made.namespace:
            return Made(there, by)
    return Made(armour, by)


def _read(armour: bytes, listed: bytes) -> SignatureContent:
    probe = SignatureProbe()
    probe.feed(armour)
    content = probe.content()
    return content if content.error is not None else verified(content, [listed])


def _signature(listed: bytes, key: str) -> bytes:
    import subprocess  # noqa: PLC0415

    if not os.path.isfile(key):
        raise CannotWriteError(f"{key}: is no file of a key; give a private key, or a public one that an agent knows")
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", layout().namespace, "-f", key]
    try:  # its questions go to the terminal, not to this pipe
        done = subprocess.run(command, input=listed, capture_output=True, check=False)  # noqa: S603
    except OSError:
        raise CannotWriteError("ssh-keygen is not installed, and signing takes it: it comes with OpenSSH 8.1") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason"]
        raise CannotWriteError(f"{key}: ssh-keygen could not sign with it: {said[-1][:200]}")
    return done.stdout
