"""Signatures of the real ``ssh-keygen``, of every type of key, and broken ones: what it takes holds, and no other."""

import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.probes.contents import SignatureContent
from runcheck.probes.signature import SignatureProbe, verified
from tests.signing.keys import make_key, signature_of

LIST = b"0" * 64 + b"  metadata.json\n"
KINDS = [
    ("ed25519",),
    ("ecdsa", "-b", "256"),
    ("ecdsa", "-b", "384"),
    ("ecdsa", "-b", "521"),
    ("rsa", "-b", "2048"),
]


def read(armour: bytes) -> SignatureContent:
    probe = SignatureProbe()
    probe.feed(armour)
    return probe.content()


def taken_by_ssh_keygen(armour: bytes, content: bytes, folder: Path, namespace: str = "runcheck") -> bool:
    (folder / "sig").write_bytes(armour)
    command = ["ssh-keygen", "-Y", "check-novalidate", "-n", namespace, "-s", str(folder / "sig")]
    return subprocess.run(command, input=content, capture_output=True).returncode == 0


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_signature_by_a_key_of_each_type_holds_over_its_list_and_no_other(
    kind: tuple[str, ...], tmp_path: Path
) -> None:
    armour = signature_of(LIST, make_key(tmp_path, "key", *kind))
    content = read(armour)
    assert (content.error, content.namespace) == (None, "runcheck")
    assert content.key_type.startswith(("ssh-", "ecdsa-"))
    assert verified(content, [LIST[:7], LIST[7:]]).holds is True
    assert verified(content, [LIST + b"\n"]).holds is False
    assert verified(content._replace(namespace="file"), [LIST]).holds is False
    assert verified(content._replace(hash_name="sha256"), [LIST]).holds is False


def test_a_signature_over_a_digest_by_sha256_holds(tmp_path: Path) -> None:
    armour = signature_of(LIST, make_key(tmp_path), "runcheck", "-O", "hashalg=sha256")
    assert read(armour).hash_name == "sha256"
    assert verified(read(armour), [LIST]).holds is True


@pytest.mark.parametrize("kind", KINDS[:2], ids="-".join)
def test_bytes_behind_the_signature_are_refused_as_ssh_keygen_refuses_them(
    kind: tuple[str, ...], tmp_path: Path
) -> None:
    armour = signature_of(LIST, make_key(tmp_path, "key", *kind))
    content = read(armour)
    assert verified(content._replace(signature=content.signature + b"more"), [LIST]).holds is False
    start = b64decode(b"".join(armour.splitlines()[1:-1]))[: -4 - len(content.signature)]
    longer = start + (len(content.signature) + 4).to_bytes(4, "big") + content.signature + b"more"
    lines = b"-----BEGIN SSH SIGNATURE-----\n" + b64encode(longer) + b"\n-----END SSH SIGNATURE-----\n"
    assert verified(read(lines), [LIST]).holds is False
    assert not taken_by_ssh_keygen(lines, LIST, tmp_path)
    algorithm = content.signature[: 4 + int.from_bytes(content.signature[:4], "big")]
    inner = content.signature[len(algorithm) + 4 :] + b"more"
    torn = content._replace(signature=algorithm + len(inner).to_bytes(4, "big") + inner)
    assert verified(torn, [LIST]).holds is False


def test_a_flipped_bit_anywhere_is_noticed_as_ssh_keygen_notices_it(tmp_path: Path) -> None:
    armour = signature_of(LIST, make_key(tmp_path))
    blob = b64decode(b"".join(armour.splitlines()[1:-1]))
    for at in range(0, len(blob), 7):
        damaged = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        text = b"-----BEGIN SSH SIGNATURE-----\n" + b64encode(damaged) + b"\n-----END SSH SIGNATURE-----\n"
        content = read(text)
        holds = content.error is None and verified(content, [LIST]).holds is True and content.namespace == "runcheck"
        assert not holds, at
        assert not taken_by_ssh_keygen(text, LIST, tmp_path), at


@pytest.mark.parametrize(
    "armour",
    [
        b"",
        b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\nA\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----\n",
        b"\0" * 100_000,
    ],
)
def test_what_is_no_signature_is_told_and_not_raised(armour: bytes) -> None:
    assert read(armour).error


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_read_without_an_error_of_python(more: bytes, at: int) -> None:
    blob = b"SSHSIG\0\0\0\1" + more
    blob = blob[:at] + blob[at:]
    text = b"-----BEGIN SSH SIGNATURE-----\n" + b64encode(blob) + b"\n-----END SSH SIGNATURE-----\n"
    content = read(text)
    if content.error is None:
        assert verified(content, [LIST]).holds is not True


def test_a_key_of_a_type_that_nobody_here_reads_is_not_verified() -> None:
    content = SignatureContent(None, "runcheck", "sk-ssh-ed25519@openssh.com", b"", "sha512", b"")
    made = verified(content, [LIST])
    assert made.holds is None
    assert made.unverified == "signatures by keys of the type sk-ssh-ed25519@openssh.com"


def test_without_the_library_it_is_not_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = read(signature_of(LIST, make_key(tmp_path)))
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    made = verified(content, [LIST])
    assert made.holds is None
    assert "pip install 'runcheck[sign]'" in (made.unverified or "")
