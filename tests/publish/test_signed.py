"""``pull --verify-signature``: nothing comes that nobody of the signers signed."""

import json
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from runcheck.configuration.signers import signers_of
from runcheck.errors import CannotReadError
from runcheck.publish.publish import publish
from runcheck.publish.pull import pull
from runcheck.signing.sign import sign
from runcheck.tree.quarantine import Quarantine
from tests.cli.test_main import runcheck
from tests.publish.carried import check_with, dataset_in, files_of, url
from tests.signing.keys import make_key, signer
from tests.signing.pem import authority, certificate, make_pem, write_chain

__all__ = ["url"]


@pytest.mark.parametrize("kind", ["list", "bundle", "certificate"])
def test_what_a_signer_signed_is_brought_and_what_another_signed_is_not(
    tree: Path, tmp_path: Path, quarantine: Quarantine, url: str, kind: str
) -> None:
    unit, pem, other = dataset_in(tree), make_pem(tmp_path), make_pem(tmp_path, "other").public
    if kind == "list":
        key, ours, theirs = make_key(tmp_path, "ssh"), tmp_path / "ours", tmp_path / "theirs"
        ours.write_text(signer(key))
        theirs.write_text(signer(make_key(tmp_path, "stranger")))
        sign(str(unit), str(key), check_with(quarantine))
    elif kind == "bundle":
        ours, theirs = pem.public, other
        sign(str(unit), str(pem.private), check_with(quarantine))
    else:
        root = authority("root")
        ours, theirs = write_chain(tmp_path / "root", root.certificate), other
        chain = write_chain(tmp_path / "chain", certificate(pem.key, root))
        sign(str(unit), str(pem.private), check_with(quarantine), str(chain))
    publish(str(unit), url, check_with(quarantine))
    source = f"{url}/dataset/digits/v1"
    with pytest.raises(CannotReadError, match=r"is by the key .*; it was not brought"):
        pull(source, None, str(tmp_path / "here"), signers_of([str(theirs)]))
    assert not dataset_in(tmp_path / "here").exists()
    pull(source, None, str(tmp_path / "here"), signers_of([str(theirs), str(ours)]))
    assert files_of(dataset_in(tmp_path / "here")) == files_of(unit)


def _edit(path: str, change: Callable[[bytes], bytes]) -> None:
    files, inner = fsspec.url_to_fs(path)
    files.pipe_file(inner, change(files.cat_file(inner)))


def _with_another_name(content: bytes) -> bytes:
    document = json.loads(content)
    document["verificationMaterial"]["publicKey"]["hint"] = ""
    signature = document["dsseEnvelope"]["signatures"][0]
    signature["sig"] = signature["sig"][:-8] + "AAAAAA=="
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("SHA256SUMS", lambda it: it + it.splitlines(keepends=True)[0].replace(b"README", b"README2"), "README2"),
        ("SHA256SUMS", lambda it: b"0" * 64 + it[64:], "model.sig: names README.md|model.sig: names SHA256SUMS"),
        ("metadata.json", lambda it: it.replace(b"202", b"203"), "is not as SHA256SUMS has it"),
        ("model.sig", lambda _: b"{}", "has no mediaType"),
        ("model.sig", lambda _: b"{", "has no mediaType"),
        ("model.sig", _with_another_name, "is no signature by its key"),
    ],
)
def test_what_was_changed_in_the_store_is_not_brought(  # noqa: PLR0917 - fixtures
    tree: Path, tmp_path: Path, quarantine: Quarantine, name: str, change: Callable[[bytes], bytes], why: str
) -> None:
    unit, pem, url = dataset_in(tree), make_pem(tmp_path), str(tmp_path / "kept")
    sign(str(unit), str(pem.private), check_with(quarantine))
    publish(str(unit), url, check_with(quarantine))
    _edit(f"{url}/dataset/digits/v1/{name}", change)
    with pytest.raises(CannotReadError, match=why):
        pull(f"{url}/dataset/digits/v1", None, str(tmp_path / "here"), signers_of([str(pem.public)]))
    assert not dataset_in(tmp_path / "here").exists()


def test_the_command_brings_nothing_that_is_not_signed(tree: Path, tmp_path: Path) -> None:
    pem = make_pem(tmp_path)
    words = ["pull", "--verify-signature", str(pem.public), "--into", str(tmp_path / "here"), str(dataset_in(tree))]
    done = runcheck(*words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is not signed by anybody, and was not brought" in done.stderr
    assert runcheck("seal", "--sign", pem.private, dataset_in(tree)).returncode == 0
    assert runcheck(*words).returncode == 0
