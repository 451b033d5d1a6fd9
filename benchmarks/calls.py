"""What Python's calls alone take to verify a tree: no rule, no message. ``python calls.py WORKERS ROOT``.

List, stat, open, read, hash and compare with the list of each unit, complete both ways, in processes that share the
units: what a check in Python can come near to.
"""

import hashlib
import multiprocessing
import os
import sys

_DIGITS, _BETWEEN = 64, 2


def verify(unit: str) -> int:
    """Return how many files of a unit have another digest than its list says, or are in one of the two only."""
    with open(f"{unit}/SHA256SUMS", encoding="utf-8") as stream:
        listed = {line[_DIGITS + _BETWEEN : -1]: line[:_DIGITS] for line in stream}
    found: dict[str, str] = {}
    folder = os.open(unit, os.O_RDONLY)
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(f"{unit}/{prefix}") as listing:
            for item in listing:
                path = prefix + item.name
                if item.is_dir(follow_symlinks=False):
                    pending.append(f"{path}/")
                elif path != "SHA256SUMS":
                    found[path] = _digest(path, item.stat(follow_symlinks=False).st_size, folder)
    os.close(folder)
    return len(listed.items() ^ found.items())


def _digest(path: str, size: int, folder: int) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    content = os.read(descriptor, size + 1)
    os.close(descriptor)
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    workers, root = int(sys.argv[1]), sys.argv[2]
    slugs = [slug.path for kind in os.scandir(root) if kind.is_dir() for slug in os.scandir(kind) if slug.is_dir()]
    units = [unit.path for slug in slugs for unit in os.scandir(slug) if unit.is_dir(follow_symlinks=False)]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        sys.exit(bool(sum(pool.imap_unordered(verify, units, 16))))
