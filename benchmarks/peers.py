"""What the peers need before they can verify a tree, and the commands that do it then."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

from benchmarks.measure import Command

_SCHEMAS = Path(__file__).parents[1] / "schemas"
_NO_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def lists_of(tree: Path) -> list[Path]:
    """Return the checksum lists of a tree, but for those seen through ``latest``."""
    found = [Path(folder) / "SHA256SUMS" for folder, _, files in os.walk(tree) if "SHA256SUMS" in files]
    return sorted(found)


def joined_list(tree: Path, into: Path) -> Path:
    """Write the lists of all units as one, with paths from the root of the tree."""
    with into.open("w") as stream:
        for each in lists_of(tree):
            unit = each.parent.relative_to(tree).as_posix()
            stream.writelines(f"{line[:66]}{unit}/{line[66:]}" for line in each.read_text().splitlines(keepends=True))
    return into


def sha256sum(tree: Path, joined: Path) -> Command:
    """One process over one list: what coreutils do at their best."""
    return Command(["sha256sum", "--check", "--quiet", "--strict", joined.absolute()], tree)


def sha256sum_each(tree: Path) -> Command:
    """A process a unit, as somebody would type it."""
    loop = """
        for list in */*/*/SHA256SUMS; do
            unit=${list%/*}
            [ -L "$unit" ] || (cd "$unit" && sha256sum --check --quiet --strict SHA256SUMS) || exit 1
        done
    """
    return Command(["sh", "-c", loop], tree)


def bag(tree: Path, into: Path, joined: Path) -> Path:
    """Make a bag (RFC 8493) of the units' files, which are the same files under a second name."""
    lines = []
    sums = {line[66:].rstrip("\n"): line[:64] for line in joined.read_text().splitlines(keepends=True)}
    for each in lists_of(tree):
        sums[each.relative_to(tree).as_posix()] = hashlib.sha256(each.read_bytes()).hexdigest()
    for path, sha256 in sorted(sums.items()):
        target = into / "data" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(tree / path, target)
        lines.append(f"{sha256}  data/{path}\n")
    (into / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (into / "manifest-sha256.txt").write_text("".join(lines))
    return into


def bagit(programs: Path, folder: Path) -> Command:
    """Validate a bag with two processes."""
    return Command([programs / "python", programs / "bagit.py", "--validate", "--processes", "2", "--quiet", folder])


def signed(programs: Path, folder: Path, keys: Path) -> Command:
    """Sign a folder with a key that is made here, and return the command that verifies it."""
    keys.mkdir(exist_ok=True)
    private, public, signature = keys / "private.pem", keys / "public.pem", keys / "model.sig"
    commands: tuple[list[str | Path], ...] = (
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private],
        ["openssl", "ec", "-in", private, "-pubout", "-out", public],
        [programs / "model_signing", "sign", "key", folder, "--private_key", private, "--signature", signature],
    )
    for arguments in commands:
        subprocess.run(arguments, check=True, capture_output=True)
    options: list[str | Path] = ["--public_key", public, "--signature", signature]
    return Command([programs / "model_signing", "verify", "key", folder, *options])


def schema_of_metadata(into: Path) -> Path:
    """Write the schema of ``metadata.json`` with the definitions of the one that it refers to among its own.

    Embedded whole, as the standard allows too, it costs the peer 8 ms a document in place of 1.5.
    """
    schema = json.loads((_SCHEMAS / "metadata.schema.json").read_text())
    names = json.loads((_SCHEMAS / "names.schema.json").read_text())
    assert not set(schema["$defs"]) & set(names["$defs"])
    schema["$defs"] |= names["$defs"]
    into.write_text(json.dumps(schema).replace(f"{names['$id']}#/", "#/"))
    return into


def check_jsonschema(programs: Path, tree: Path, schema: Path) -> Command:
    """Validate the metadata of every unit, in one process."""
    paths = sorted(path for path in tree.glob("*/*/*/metadata.json") if not path.parent.is_symlink())
    return Command([programs / "check-jsonschema", "--quiet", "--schemafile", schema, *paths])


def sha256sum_then(verify: Command, then: Command) -> Command:
    """Verify by one list, then run another command."""
    script = 'sha256sum --check --quiet --strict "$1" && shift && exec "$@"'
    return Command(["sh", "-c", script, "sh", verify.arguments[-1], *then.arguments], verify.folder)


def git_status(tree: Path, repository: Path) -> Command:
    """Track a tree by a repository outside of it, so that the tree is the same for all, and ask for its status."""
    git = ["git", f"--git-dir={repository}", f"--work-tree={tree}"]
    environment = {**os.environ, **_NO_CONFIGURATION}
    if not repository.exists():
        for arguments in (["init", "--quiet"], ["add", "--all"], ["status", "--porcelain"]):
            subprocess.run([*git, *arguments], check=True, capture_output=True, env=environment)
    return Command([*git, "status", "--porcelain"], tree, _NO_CONFIGURATION)
