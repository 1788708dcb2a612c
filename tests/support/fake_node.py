"""A node that a test can break: it keeps Idempotency-Keys, refuses some lines, and may not answer.

`FakeNode` is a handler of `httpx.MockTransport`; `served` puts it behind a real loopback port.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class FakeNode:
    """Takes signals whose theme is not `unknown`; `posted` are their case references, in order.

    `lose_request` and `lose_answer` hold the numbers of posts (from 0) that never arrive, or whose
    answer never comes back. `state` is what the node says of what it took.
    """

    posted: list[str] = field(default_factory=list)
    lose_request: set[int] = field(default_factory=set)
    lose_answer: set[int] = field(default_factory=set)
    state: str = "final"
    spoilt: str | None = None
    status: int | None = None
    keys: list[str] = field(default_factory=list)
    authorization: list[str | None] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    _known: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.authorization.append(request.headers.get("authorization"))
        if request.method == "GET":
            found = self.files.get(request.url.path)
            return (
                _problem(404, "not here") if found is None else httpx.Response(200, content=found)
            )
        number = len(self.keys)
        self.keys.append(request.headers["idempotency-key"])
        if number in self.lose_request:
            raise httpx.ConnectError("no answer")
        answer = self._post(self.keys[-1], request.read())
        if number in self.lose_answer:
            raise httpx.ReadTimeout("no answer")
        return answer

    def _post(self, key: str, body: bytes) -> httpx.Response:
        if self.status is not None:
            return _problem(self.status, "the node cannot do it now")
        signals = json.loads(body)["signals"]
        if self.spoilt is not None and any(s["caseReference"] == self.spoilt for s in signals):
            return _problem(400, "the body is not right")
        if key in self._known:
            known, answer = self._known[key]
            return httpx.Response(200, json=answer) if known == body else _problem(409, "key used")
        answer = {"results": [self._take(signal) for signal in signals]}
        self._known[key] = (body, answer)
        return httpx.Response(200, json=answer)

    def _take(self, signal: dict[str, str]) -> dict[str, Any]:
        if signal.get("theme") == "unknown":
            return {"status": 400, "signal": None, "problem": {"detail": "theme must be one of …"}}
        self.posted.append(signal["caseReference"])
        local_id = f"{len(self.posted):032x}"
        taken = {"localId": local_id, "state": self.state, "height": None, "receipt": None}
        return {"status": 201, "signal": taken, "problem": None}


@contextmanager
def served(handler: Handler) -> Iterator[str]:
    """Yield the URL of a loopback server that answers with `handler`."""

    class Bridge(BaseHTTPRequestHandler):
        def _bridge(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = httpx.Request(
                self.command, f"http://node{self.path}", headers=dict(self.headers), content=body
            )
            try:
                response = handler(request)
            except httpx.HTTPError:
                self.close_connection = True
                return
            self.send_response(response.status_code)
            self.send_header("content-length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = do_PUT = _bridge  # noqa: N815 -- the names are the library's

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Bridge) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def signal_line(case: str, **changes: str) -> str:
    """Return a line of a file to post, about nobody."""
    return json.dumps({"bsn": "999900006", "caseReference": case, "theme": "schulden"} | changes)


def _problem(status: int, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"title": "…", "status": status, "detail": detail})
