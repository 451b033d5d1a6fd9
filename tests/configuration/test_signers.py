"""``--verify-signature``: who may sign, by the file that OpenSSH and Git take, and RC312 by it."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runcheck.configuration.signers import read_signers
from runcheck.convention.settings import Settings
from runcheck.convention.signers import Signer, SignersError, signers_in
from runcheck.errors import ConfigurationError
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.rules.selection import select
from runcheck.tree.quarantine import Quarantine
from tests.cli.test_main import runcheck
from tests.signing.keys import make_key, signature_of, signer

FIXTURES = Path(__file__).parents[2] / "fixtures"
SIGNED = FIXTURES / "RC311-signature-mismatch/pass-a-signature/tree"
OTHER_PURPOSE = FIXTURES / "RC310-signature-form/fail-a-signature-for-another-purpose/tree"
STALE = FIXTURES / "RC311-signature-mismatch/fail-a-list-written-anew-beside-an-older-signature/tree"
# The key of the suite, whose private half stands in fixtures/builder/rc3_signatures.py.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
MOMENT = datetime(2026, 5, 27, 12, 40, tzinfo=UTC)


def codes(root: Path, signers: str, quarantine: Quarantine, **terms: object) -> list[str]:
    """Return the codes of RC31 that are found in a tree by these signers."""
    judgement = Judgement(settings=Settings(signers=signers_in(signers)), **terms)  # type: ignore[arg-type]
    return [each.code for each in check_in(quarantine, root, judgement).findings if each.code.startswith("RC31")]


@pytest.mark.parametrize(
    ("signers", "found"),
    [
        (f"ada {KEY}\n", []),
        (f"# who\n\nada,eve {KEY} ada@laptop\n", []),
        (f'"ada" namespaces="git,runcheck" {KEY}\n', []),
        (f'ada namespaces="git" {KEY}\n', ["RC312"]),
        (f'ada valid-after="20260101",valid-before="20270101Z" {KEY}\n', []),
        (f"ada valid-before=20260527124000Z {KEY}\n", ["RC312"]),
        (f"ada valid-after=20260528Z {KEY}\n", ["RC312"]),
        (f"ada cert-authority {KEY}\n", ["RC312"]),
        (f'ada namespaces="" {KEY}\n', ["RC312"]),
        (f'ada namespaces="git,run*" {KEY}\n', []),
        (f'ada namespaces="runchec?" {KEY}\n', []),
        (f'ada namespaces="*,!runcheck" {KEY}\n', ["RC312"]),
        (f'ada namespaces="runche[ck]k" {KEY}\n', ["RC312"]),
        (f"# not any more:\u2028ada {KEY}\n", ["RC312"]),
        (f"# not any more:\x0cada {KEY}\n", ["RC312"]),
        (f"ada {KEY}\r\n", []),
        ("", ["RC312"]),
    ],
)
def test_a_signed_unit_is_judged_by_the_signers(signers: str, found: list[str], quarantine: Quarantine) -> None:
    assert codes(SIGNED, signers, quarantine) == found


@pytest.mark.parametrize("tree", [OTHER_PURPOSE, STALE, FIXTURES / "good/dataset-and-run/tree"])
def test_selected_alone_it_passes_no_unit_without_a_signature_that_holds(tree: Path, quarantine: Quarantine) -> None:
    assert set(codes(tree, f"ada {KEY}\n", quarantine, selection=select(["RC312"]))) == {"RC312"}


def test_where_nobody_is_named_nobody_is_asked_for(quarantine: Quarantine) -> None:
    for tree in (SIGNED, FIXTURES / "good/dataset-and-run/tree"):
        assert check_in(quarantine, tree).findings == ()


def test_at_the_depth_of_structure_nothing_is_verified_and_this_is_said(quarantine: Quarantine) -> None:
    judgement = Judgement("structure", settings=Settings(signers=signers_in(f"ada {KEY}\n")))
    report = check_in(quarantine, SIGNED, judgement)
    assert [each.reason for each in report.unverified if "signatures" in each.reason]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ada", "line 1 is not '<principals>"),
        (f"ada {KEY.partition(' ')[0]}", "line 1 is not '<principals>"),
        ("ada ssh-ed25519 AAAA", "not of the type ssh-ed25519"),
        ("ada ssh-ed25519 ???", "no base64"),
        (f"ada sometimes {KEY}", "the option 'sometimes'"),
        (f"ada valid-after=soon {KEY}", "valid-after='soon'"),
        (f"ada valid-after=20261399 {KEY}", "line 1"),
        (f'ada namespaces=" {KEY}', "line 1"),
        (f'ada valid-before="20200101",valid-before="20990101" {KEY}', "the option 'valid-before' twice"),
        (f'"" {KEY}', "names nobody"),
        (f"!ada {KEY}", "names nobody"),
    ],
)
def test_a_line_that_is_none_is_refused(line: str, why: str) -> None:
    with pytest.raises(SignersError, match=why.replace("?", ".").replace("<", ".")):
        signers_in(f"{line}\n")


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ('namespaces="runcheck"', True),
        ('namespaces="file"', False),
        ('namespaces="git,run*"', True),
        ('namespaces="*,!run*"', False),
        ('valid-after="20260527123959Z"', True),
        ('valid-after="20260527"', True),
        ('valid-after="20260528"', False),
        ('valid-before="20260526"', False),
        ('valid-before="20270101",namespaces="a,runcheck"', True),
    ],
)
def test_a_line_means_what_it_means_to_openssh(options: str, fits: bool, tmp_path: Path) -> None:
    key = make_key(tmp_path)
    content = b"x\n"
    (tmp_path / "sig").write_bytes(signature_of(content, key))
    (tmp_path / "signers").write_text(signer(key, options=options))
    local = MOMENT.astimezone().strftime("%Y%m%d%H%M%S")
    command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "ada@example.org", "-n", "runcheck", "-s", "sig"]
    command += [f"-Overify-time={local}"]
    done = subprocess.run(command, input=content, cwd=tmp_path, capture_output=True)
    (only,) = read_signers(str(tmp_path / "signers"))
    assert isinstance(only, Signer)
    assert (done.returncode == 0) is fits, done.stderr
    assert only.may_sign(only.key, "runcheck", MOMENT) is fits


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")
    for path in (tmp_path / "nowhere", tmp_path, tmp_path / "bytes"):
        with pytest.raises(ConfigurationError, match=str(path)):
            read_signers(str(path))


def test_the_command_ends_with_what_it_found_and_recalls_only_what_was_asked(tmp_path: Path) -> None:
    tree = shutil.copytree(SIGNED, tmp_path / "artefacts", symlinks=True)
    (tmp_path / "ours").write_text(f"ada {KEY}\n")
    (tmp_path / "theirs").write_text(signer(make_key(tmp_path)))
    for signers, status in (("ours", 0), ("theirs", 1), ("ours", 0)):
        done = runcheck("check", "--verify-signature", tmp_path / signers, tree)
        assert done.returncode == status, done.stdout
        assert ("RC312 signer-unknown" in done.stdout) is bool(status)
    done = runcheck("check", "--verify-signature", tmp_path / "nowhere", tree)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
