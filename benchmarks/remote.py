"""What a check of a tree in an object store asks for, and how long it takes: ``python -m benchmarks.remote [UNITS]``.

The store is moto's S3 server in a process of its own on this machine, which counts, and waits ``--delay`` seconds
before each answer, as a store far away does. It does not say how fast S3 is: requests and bytes are what carries over.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

_BUCKET = "bucket"
_COUNTS = "/_counts"


def main() -> None:
    """Carry a tree of so many units to the server, and check it there and here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("units", nargs="?", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.delay)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "artefacts"
        command = [sys.executable, "-m", "benchmarks.trees", "small", str(root), str(25 * options.units)]
        subprocess.run(command, check=True)
        print(
            f"{options.units} units; cards and the rest that the parent holds: {bytes_a_unit(root):,.0f} bytes a unit"
        )
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        os.environ.pop("CI", None)
        command = [sys.executable, "-m", "benchmarks.remote", "--serve", "--delay", str(options.delay)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            endpoint = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            try:
                compare(root, endpoint, options.units)
            finally:
                server.kill()


def compare(root: Path, endpoint: str, units: int) -> None:
    """Print what each check took."""
    environment = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
    os.environ.update(environment, AWS_DEFAULT_REGION="us-east-1")
    url = carried(root)
    counts(endpoint)
    for name, path, more in (
        ("here", str(root), ["--no-cache"]),
        ("there, one request at a time", url, ["--no-cache", "--jobs", "1"]),
        ("there", url, ["--no-cache"]),
        ("there, 64 requests at once", url, ["--no-cache", "--jobs", "64"]),
        ("there, remembering", url, []),
        ("there, warm", url, []),
        ("here, remembering", str(root), []),
        ("here, warm", str(root), []),
    ):
        seconds, usage, words = timed([sys.executable, "-m", "runcheck", "check", path, *more])
        asked = counts(endpoint)
        each = ", ".join(f"{what} {count / units:.2f}" for what, count in sorted(asked.items()))
        cpu = usage.ru_utime + usage.ru_stime
        print(
            f"{name:30} {seconds:7.2f} s, {cpu:6.2f} s of a core, {usage.ru_maxrss >> 10} MiB; a unit: {each or 'none'}"
        )
        print(f"    {words}")


def timed(command: list[str]) -> tuple[float, resource.struct_rusage, str]:
    """Return the seconds that a command took, what it used with its children, and the last line that it printed."""
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = 0
        output.seek(0)
        return seconds, usage, output.read().strip().splitlines()[-1]


def bytes_a_unit(root: Path) -> float:
    """Return how many bytes of each unit are held until the whole tree is judged."""
    from runcheck.convention.timestamps import now
    from runcheck.focus import Focus
    from runcheck.rules.reading import inputs_of_tree
    from runcheck.rules.selection import EVERYTHING
    from runcheck.survey import Surveyor
    from runcheck.total import Total
    from runcheck.tree.cache import NoCache
    from runcheck.tree.marks import marks_of
    from runcheck.tree.quarantine import Quarantine
    from runcheck.tree.read import Reader
    from runcheck.tree.store import LocalStore
    from runcheck.tree_reading import read_above
    from runcheck.watch import Nobody

    store = LocalStore(str(root))
    with Quarantine() as quarantine:
        surveyor = Surveyor(store, "content", EVERYTHING, quarantine, NoCache(), now(), Nobody(), marks_of(str(root)))
        surveyor.survey(Focus(store, "").tree().units[0])  # loads what reads and judges
        tracemalloc.start()
        tree = Focus(store, "").tree()
        reader = Reader(store, "content", quarantine)
        above = read_above(reader, NoCache(), tree, inputs_of_tree(EVERYTHING))
        total = Total(surveyor.kept_at, NoCache(), above.rows.get)
        for unit in tree.units:
            total.take(unit, surveyor.survey(unit))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    return size / len(total.cards)


def carried(root: Path) -> str:
    """Put every file of a tree into the store, and return its URL there."""
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket=_BUCKET)
    for folder, folders, files in os.walk(root):
        folders[:] = [each for each in folders if each != ".runcheck"]
        for name in (*files, *(each for each in folders if os.path.islink(f"{folder}/{each}"))):
            path = Path(folder, name)
            content = f"{os.readlink(path)}\n".encode() if path.is_symlink() else path.read_bytes()
            client.put_object(Bucket=_BUCKET, Key=f"artefacts/{path.relative_to(root)}", Body=content)
    return f"s3://{_BUCKET}/artefacts"


def counts(endpoint: str) -> Counter[str]:
    """Return what was asked since the last time."""
    with urllib.request.urlopen(endpoint + _COUNTS) as answer:
        return Counter(json.load(answer))


def serve(delay: float) -> None:
    """Print the port, and answer until killed."""
    import logging

    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    inner: Callable[..., Iterable[bytes]] = DomainDispatcherApplication(create_backend_app)
    asked: Counter[str] = Counter()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        if environ["PATH_INFO"] == _COUNTS:
            start("200 OK", [("Content-Type", "application/json")])
            yield json.dumps(asked).encode()
            asked.clear()
            return
        if environ["REQUEST_METHOD"] != "PUT":
            time.sleep(delay)
        body = b"".join(inner(environ, start))
        kind = "LIST" if "list-type" in environ["QUERY_STRING"] else environ["REQUEST_METHOD"]
        asked[kind] += 1
        asked["bytes"] += len(body)
        yield body

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
