"""The fingerprint of what a step depends on: the same one, and the step need not be run again.

A step is stale if its command is another, or a file that a word of it names, or what its script imports of the
project, or what the configuration says that it reads, or a lock file, an installed package, the version of Python, a
variable of the environment that changes what a run comes to, or the content of what the steps before it made. The
commit is not asked: one that changes a README makes nothing stale, and code that is not committed yet does.
"""

import glob
import hashlib
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from runcheck.convention.canonical import canonical_json
from runcheck.convention.checksums import digest_of_list
from runcheck.convention.layout import layout
from runcheck.errors import FlowError
from runcheck.flows.definition import BUNDLE, EVALUATION, Flow, Step, filled
from runcheck.flows.sources import sources_of
from runcheck.tree.entry import Entry
from runcheck.tree.walk import walk
from runcheck.writer.provenance.environment import installed_packages, lock_files, read_variables
from runcheck.writer.seal import fingerprint_of_unit, hash_file

_FORM = 1  # of the fingerprint; another one, and every step is stale


class Inputs(NamedTuple):
    """What a step depends on: by kind, each thing by its name with its value or its digest."""

    parts: Mapping[str, Mapping[str, str]]

    @property
    def key(self) -> str:
        """The fingerprint."""
        return hashlib.sha256(canonical_json([_FORM, self.parts]).encode()).hexdigest()


def inputs_of(flow: Flow, step: Step, before: Sequence[str]) -> Inputs:
    """Return what a step depends on; ``before`` are the fingerprints of what earlier steps made.

    Raises:
        FlowError: something that it reads cannot be read.
    """
    given = {name: value for name, value in flow.given.items() if f"{{{name}}}" in " ".join(step.words)}
    if EVALUATION in given or step.name == "evaluate":
        given[EVALUATION] = digest_of(os.path.join(flow.folder, flow.given[EVALUATION]))
    words = [filled(word, {BUNDLE: flow.given.get(BUNDLE, "")}) for word in step.words]
    folder = flow.folder
    made = {os.path.normpath(os.path.join(folder, filled(step.makes or "", flow.given)))}  # is named, too, and no input
    files = {*(set(_named(words, folder)) - made), *sources_of(words, folder), *_read_too(flow.reads, folder)}
    return Inputs(
        {
            "step": {"name": step.name, "makes": step.makes or ""},
            "words": {str(at): word for at, word in enumerate(words)},
            "given": given,
            "files": {os.path.relpath(path, folder): digest_of(path) for path in sorted(files)},
            "locks": lock_files(folder),
            "packages": installed_packages(),
            "python": {"version": platform.python_version(), "implementation": platform.python_implementation()},
            "variables": read_variables(),
            "before": {str(at): digest for at, digest in enumerate(before)},
        }
    )


def digest_of(path: str) -> str:
    """Return the digest of a unit, by its list, of a file, or of all files of a folder.

    Raises:
        FlowError: it cannot be read.
    """
    try:
        if os.path.isfile(path):
            return hash_file(path)
        if fingerprint := fingerprint_of_unit(path):
            return fingerprint
        entries = [entry for entry in walk(path, enter=_is_entered) if entry.is_file]
        return digest_of_list({entry.path: hash_file(f"{path}/{entry.path}") for entry in entries})
    except OSError as error:
        raise FlowError(f"{path}: cannot be read: {error.strerror or error}") from error


def _named(words: Iterable[str], folder: str) -> Iterator[str]:
    """Yield the files that words of a command name, `--config=small.yaml` included."""
    for word in words:
        for name in (word, word.partition("=")[2]):
            path = os.path.join(folder, name)
            if name and os.path.isfile(path) and not os.path.isabs(name):
                yield os.path.normpath(path)


def _read_too(patterns: Iterable[str], folder: str) -> Iterator[str]:
    for pattern in patterns:
        found = glob.glob(pattern, root_dir=folder, recursive=True)
        if not found:
            raise FlowError(f"reads: {pattern!r} fits no file below {folder}")
        yield from (os.path.normpath(os.path.join(folder, each)) for each in found)


def _is_entered(entry: Entry) -> bool:
    return os.path.basename(entry.path) not in {"__pycache__", layout().state}
