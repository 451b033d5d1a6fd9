"""The commands of the page on signing, in a shell, as they stand there."""

import shutil
from pathlib import Path

from tests.docs.commands import blocks, need, run

TREE = Path(__file__).parents[2] / "fixtures/good/dataset-and-run/tree"


def test_the_commands_of_the_page_sign_and_verify(tmp_path: Path) -> None:
    need("ssh-keygen")
    shutil.copytree(TREE, tmp_path / "artefacts", symlinks=True)
    need("openssl")
    sign, verify, without, bundle = blocks("signing.md", "sh")
    shown, shown_of_bundle = blocks("signing.md", "console")
    for script, said in ((sign, shown), (bundle, shown_of_bundle)):
        done = run(script, tmp_path, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith(said.partition("...")[0].replace("/home/ada/digits", str(tmp_path)))
    for script in (verify, without):
        done = run(script, tmp_path, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert 'Good "runcheck" signature for ada@example.org' in done.stdout
