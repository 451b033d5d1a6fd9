"""A real S3 server on this machine, which counts what it is asked, and trees carried to it and into memory."""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Container, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import boto3
import botocore.session
import fsspec
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from runcheck.convention.layout import layout

# Each client would read anew what is known of all services and regions: a fifth of all that a check of a store takes.
botocore.session.create_loader = cache(botocore.session.create_loader)

BUCKET = "bucket"
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class NotCarriedError(Exception):
    """The tree holds what an object store has no place for."""


class Asked(NamedTuple):
    """A request: what of which path, and how many bytes the answer had."""

    method: str
    path: str
    query: dict[str, list[str]]
    sent: int

    @property
    def is_listing(self) -> bool:
        """Whether it lists keys."""
        return "list-type" in self.query

    @property
    def key(self) -> str:
        """The key that it is about."""
        return self.path.removeprefix(f"/{BUCKET}/")


class ObjectStore:
    """S3 as moto has it, on a port of its own, until the process ends."""

    def __init__(self) -> None:
        """Start."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.asked: list[Asked] = []
        self.is_down = False
        self._server = make_server("127.0.0.1", 0, self._count(DomainDispatcherApplication(create_backend_app)), True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        os.environ.update(
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_ACCESS_KEY_ID="id",
            AWS_SECRET_ACCESS_KEY="key",
            AWS_DEFAULT_REGION="us-east-1",
        )
        self.client = boto3.client("s3")
        self.client.create_bucket(Bucket=BUCKET)
        atexit.register(self._server.shutdown)

    def _count(self, inner: Wsgi) -> Wsgi:
        def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
            if self.is_down:
                start("403 Forbidden", [("Content-Type", "application/xml")])
                yield b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
                return
            body = b"".join(inner(environ, start))
            query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
            self.asked.append(Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, len(body)))
            yield body

        return answer

    def put(self, key: str, content: bytes, **options: str) -> None:
        """Put an object."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content, **options)

    def clear(self) -> None:
        """Remove every object, and forget what was asked."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        for page in pages:
            if objects := [{"Key": each["Key"]} for each in page.get("Contents", [])]:
                self.client.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})
        self.asked.clear()


@cache
def object_store() -> ObjectStore:
    """Return the server of this process."""
    return ObjectStore()


def objects_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the keys below the root of a tree with their content; a key with a slash at its end marks an empty folder.

    A link ``latest`` to what lies beside it becomes its text form.

    Raises:
        NotCarriedError: no key and no object can stand for what is there.
    """
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.partition("/")[0] == layout().state:
            continue
        try:
            name.encode()
        except UnicodeEncodeError:
            raise NotCarriedError(name) from None
        if path.is_symlink():
            target = os.readlink(path)
            if path.name != layout().latest or "/" in target or target in (".", ".."):
                raise NotCarriedError(name)
            yield name, f"{target}\n".encode()
        elif path.is_dir():
            if not any(path.iterdir()):
                yield f"{name}/", b""
        elif path.is_file() and os.access(path, os.R_OK) and path.stat().st_mode & 0o400:
            yield name, path.read_bytes()
        else:
            raise NotCarriedError(name)


def to_s3(root: Path, prefix: str, summed: Container[str] = ()) -> str:
    """Carry a tree to the server, with nothing else there, and return its URL.

    Of those that are ``summed`` it keeps a SHA-256.
    """
    objects = list(objects_of(root))
    store = object_store()
    store.clear()
    for name, content in objects:
        options = {"ChecksumAlgorithm": "SHA256"} if name in summed else {}
        store.put(f"{prefix}/{name}", content, **options)
    store.asked.clear()
    return f"s3://{BUCKET}/{prefix}"


def to_memory(root: Path, prefix: str) -> str:
    """Carry a tree into memory, with nothing else there, and return its URL."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    for name, content in objects_of(root):
        if name.endswith("/"):
            memory.makedirs(f"/{prefix}/{name}", exist_ok=True)
        else:
            memory.pipe_file(f"/{prefix}/{name}", content)
    return f"memory://{prefix}"
