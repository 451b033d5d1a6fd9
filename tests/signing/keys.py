"""Keys of OpenSSH for tests, made by the real ``ssh-keygen``."""

import shutil
import subprocess
from pathlib import Path

import pytest

NAMESPACE = "runcheck"


def need_ssh_keygen() -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on the PATH: NO SIGNATURE IS TESTED")


def make_key(folder: Path, name: str = "key", kind: str = "ed25519", *more: str) -> Path:
    """Make a key without a passphrase, and return its file; the public one is beside it."""
    need_ssh_keygen()
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *more, "-N", "", "-C", name, "-f", path], check=True)
    return path


def signer(key: Path, who: str = "ada@example.org", options: str = "") -> str:
    """Return the line of ``allowed_signers`` for a key."""
    words = [who, options, *Path(f"{key}.pub").read_text().split()[:2]]
    return " ".join(filter(None, words)) + "\n"


def signature_of(content: bytes, key: Path, namespace: str = NAMESPACE, *more: str) -> bytes:
    """Return the signature that ``ssh-keygen`` makes."""
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, "-f", str(key), *more]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout
