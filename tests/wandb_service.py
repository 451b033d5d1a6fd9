"""A stand-in for the service of W&B on 127.0.0.1, as small as what its client of version 0.31 asks for.

The service is not for these tests to reach. What stands here was written by what the real client was seen to ask, and
by the GraphQL documents in it: so the tests hold our side to the real client, and the client to this. Whether the
service itself answers like this is not verified by any of them.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.wandb_answers import Answers

KEY = "x" * 40
_OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Service(Answers):
    """The answers by HTTP, what was asked, and the faults that a test may want."""

    def __init__(self) -> None:
        """Begin with no run, and listen."""
        super().__init__()
        self.asked: list[str] = []  # paths
        self.sent: list[bytes] = []  # all that a client sent: paths, headers, bodies
        self.unknown: list[str] = []  # questions that it has no answer to
        self.refuses = "nothing"  # a part of the paths that it refuses
        self.when: tuple[str, Callable[[], None]] = ("nothing", lambda: None)  # what is done before such an answer
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.port = self._server.server_port
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: bytes) -> object:
        """Answer a request."""
        what, do = self.when
        with self._lock:
            if path == "/graphql":
                asked = json.loads(body)
                found = _OPERATION.search(asked["query"])
                name = found[1] if found else "?"
                answer = self._ask(name, asked.get("variables") or {})
            else:
                name, answer = path, {}
                self.take(path, body)
        if what in name:
            do()
        return answer

    def _ask(self, name: str, variables: dict[str, object]) -> object:
        answer = getattr(self, f"on_{_HUMP.sub('_', name).lower()}", None)
        if answer is None:
            self.unknown.append(name)
            return {"errors": [{"message": f"the stand-in knows no {name}"}]}
        return {"data": answer(variables)}


def _handler_of(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *words: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.asked.append(self.path)
            service.sent.append(f"{self.path}\n{self.headers}".encode() + body)
            if service.refuses in self.path:
                self.send_error(400)
            else:
                self._say(json.dumps(service.answer(self.path, body)).encode())

        do_PUT = do_POST  # noqa: N815

        def do_GET(self) -> None:
            service.asked.append(self.path)
            self._say(service.stored[self.path])

        def _say(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@contextmanager
def running() -> Iterator[Service]:
    """Have a service, and end it."""
    service = Service()
    yield service
    service.close()
