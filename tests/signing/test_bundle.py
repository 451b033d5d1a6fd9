"""The bundle of OpenSSF model-signing: no finding of its own, and no place to hide a secret in."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from runcheck.pipeline import check_in
from runcheck.publish.publish import publish
from runcheck.tree.quarantine import Quarantine
from tests.publish.carried import check_with, dataset_in, files_of

# As `model_signing sign key` 1.1.1 wrote it, its payload shortened.
BUNDLE = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {
        "publicKey": {"hint": "89043fdc82e89a0a4aa541e93d088ad878b1272bbb54280b99ce484f94069875"},
        "tlogEntries": [],
    },
    "dsseEnvelope": {
        "payload": "ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIn0K",
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [
            {
                "sig": "MEYCIQDg5ddNUdTfZ2vYwAk0X3q3vYp0nJpQ8cQFhOeRkUQJtwIhAN1cnKx0c6D4tG9lq1CjvH5y8T7m2bW4eZk9uRrX",
                "keyid": "",
            }
        ],
    },
}


def codes(quarantine: Quarantine, tree: Path) -> set[str]:
    return {each.code for each in check_in(quarantine, tree).findings} - {"RC208"}


def test_a_bundle_is_no_finding_and_is_published(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    (dataset_in(tree) / "model.sig").write_text(json.dumps(BUNDLE))
    assert codes(quarantine, tree) == set()
    publish(str(dataset_in(tree)), str(tmp_path / "kept"), check_with(quarantine))
    assert files_of(dataset_in(tmp_path / "kept")) == files_of(dataset_in(tree))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", {"RC201"}),
        (json.dumps({**BUNDLE, "password": "Tr0ub4dor-and-3"}), {"RC902"}),
        (json.dumps({**BUNDLE, "sig": "Zk9uRrXo3aLq1CjvH5y8T7m2bW4e"}), {"RC902"}),
        (json.dumps({**BUNDLE, "made_in": "/home/ada/models/digits"}), {"RC904"}),
    ],
)
def test_what_is_wrong_in_it_is_found(tree: Path, quarantine: Quarantine, content: str, found: set[str]) -> None:
    (dataset_in(tree) / "model.sig").write_text(content)
    assert codes(quarantine, tree) == found


def test_the_real_tool_signs_and_verifies_a_unit(tree: Path, tmp_path: Path, quarantine: Quarantine) -> None:
    program, unit = shutil.which("model_signing"), dataset_in(tree)
    if program is None:
        pytest.skip("model_signing is not on the PATH: NO BUNDLE OF ITS OWN IS TESTED; pip install model-signing")
    key, public = str(tmp_path / "key.pem"), str(tmp_path / "key.pub")
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key], check=True)
    subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    ends = ["--signature", str(unit / "model.sig"), "--ignore-paths", str(unit / "SHA256SUMS.sig"), str(unit)]
    subprocess.run([program, "sign", "key", "--private_key", key, *ends], check=True)
    subprocess.run([program, "verify", "key", "--public_key", public, *ends], check=True)
    assert codes(quarantine, tree) == set()
