"""A client of one node over HTTP: posting signals, and reading the log.

    POST /v1/signals           one signal          GET /checkpoint      the newest checkpoint
    POST /v1/signal-batches    1 to 100            GET /tile/…          the log's tiles
    GET  /v1/…                 own signals, receipts, the consortium document

Errors repeat what the node says, never what was sent to it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from api.client.errors import AnsweredError, ClientError, UnreachableError
from ledger.consortium_chain import MAX_CHAIN_BYTES

MAX_BATCH = 100
_MAX_JSON_BYTES = 64 * 1024 * 1024
_MAX_TEXT_BYTES = 1_000_000
# A node answers a post within its own `wait_seconds`, a minute at most.
_TIMEOUT = httpx.Timeout(30, connect=5, read=90)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A signal that the node took: `waiting`, `on-chain` or `final`, which has a receipt."""

    local_id: str
    state: str
    height: int | None
    receipt: bytes | None = field(repr=False)
    case_id: str | None = None
    unanswered: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Tell whether a quorum of members holds it."""
        return self.state == "final"


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch of a purpose, its document, and the blocks that opened, replaced and closed it.

    `closed` and `replaced` None: not yet.
    """

    purpose: str
    number: int
    opened: int
    closed: int | None
    document: str
    replaced: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """How far `holders` are who generate an epoch's key together; `fault` says why it failed."""

    purpose: str
    number: int
    state: str
    step: str
    holders: tuple[str, ...]
    fault: str | None
    culprit: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A signal that the node did not take, and why."""

    reason: str


class NodeClient:
    """Talks to the node at `url`; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Open no connection yet.

        Raises:
            ClientError: `url` is no address of a node.
        """
        self.url = url.rstrip("/")
        try:
            parsed = httpx.URL(self.url)
        except httpx.InvalidURL as cause:
            raise ClientError(f"not an address: {cause}") from cause
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ClientError("the address of a node starts with http:// or https:// and a host")
        self.is_exposed = parsed.scheme == "http" and parsed.host not in _LOOPBACK
        """Whether what is sent can be read on the way."""
        headers = {"accept-encoding": "identity"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            headers=headers,
            timeout=_TIMEOUT,
            transport=transport,
            # A proxy of the environment cannot reach what listens on this machine only.
            trust_env=parsed.host not in _LOOPBACK,
        )

    def __enter__(self) -> Self:
        """Return the client; its connections close at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        cause: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post_signal(self, signal: Mapping[str, str], *, key: str) -> Taken:
        """Post one signal under an Idempotency-Key; again with both the same, the same answer.

        Raises:
            AnsweredError: it was refused.
            UnreachableError: no answer; post it again under the same key.
        """
        body = json.dumps(dict(signal)).encode()
        return _taken(self._json("POST", "/v1/signals", body=body, key=key))

    def post_batch(self, signals: Sequence[bytes], *, key: str) -> list[Taken | Refused]:
        """Post up to a hundred signals, each as the bytes of its JSON; one outcome each.

        Raises:
            AnsweredError: the whole was refused, and nothing of it was taken.
            UnreachableError: no answer; post the same again under the same key.
        """
        body = b'{"signals":[' + b",".join(signals) + b"]}"
        answer = self._json("POST", "/v1/signal-batches", body=body, key=key)
        try:
            outcomes = [_outcome(result) for result in answer["results"]]
        except (KeyError, TypeError) as cause:
            raise _strange(self.url) from cause
        if len(outcomes) != len(signals):
            raise _strange(self.url)
        return outcomes

    def signal(self, local_id: str) -> Taken:
        """Return an own signal in its present state."""
        return _taken(self._json("GET", f"/v1/signals/{local_id}"))

    def cases(self) -> list[dict[str, Any]]:
        """Return every case of the caller's agency, as the node shows it."""
        found: list[dict[str, Any]] = []
        path = "/v1/cases?pageSize=100"
        while True:
            page = self._json("GET", path)
            try:
                found += page["cases"]
                following = page["next"]
            except (KeyError, TypeError) as cause:
                raise _strange(self.url) from cause
            if following is None:
                return found
            path = f"/v1/cases?pageSize=100&after={following}"

    def withdraw(self, local_id: str) -> None:
        """Withdraw an own signal."""
        self._ask("DELETE", f"/v1/signals/{local_id}", limit=_MAX_JSON_BYTES)

    def submit_entry(self, note: bytes) -> str:
        """Hand in a signed governance entry; return its id."""
        raw = self._ask(
            "POST", "/v1/entries", body=note, media_type="text/plain", limit=_MAX_JSON_BYTES
        )
        try:
            return str(json.loads(raw)["entryId"])
        except (ValueError, KeyError, TypeError) as cause:
            raise _strange(self.url) from cause

    def epochs(self) -> list[Epoch]:
        """Return the epochs of pseudonym keys."""
        try:
            return [
                Epoch(
                    purpose=str(e["purpose"]),
                    number=int(e["number"]),
                    opened=int(e["opened"]),
                    closed=e["closed"],
                    document=str(e["document"]),
                    replaced=e["replaced"],
                )
                for e in self._json("GET", "/v1/epochs")["epochs"]
            ]
        except (KeyError, TypeError, ValueError) as cause:
            raise _strange(self.url) from cause

    def agree(self, purpose: str, replaces: int) -> None:
        """Say for the operator that the key of an open epoch is lost."""
        body = json.dumps({"purpose": purpose, "replaces": replaces}).encode()
        self._ask("POST", "/v1/agreements", body=body, limit=_MAX_JSON_BYTES)

    def generate(self, purpose: str, *, replaces: int | None = None) -> Generation:
        """Let the node lead the generation of the next epoch's key of a purpose.

        `replaces` is the open epoch whose key is lost, or None.
        """
        body = json.dumps({"purpose": purpose, "replaces": replaces}).encode()
        return self._generation(self._json("POST", "/v1/generations", body=body))

    def generation(self) -> Generation:
        """Return how far the generation is that the node leads, or how the last one ended."""
        return self._generation(self._json("GET", "/v1/generations/newest"))

    def readiness(self) -> list[tuple[str, str, str]]:
        """Return everything that is wrong at the node, as (code, text, remedy).

        A stranger reads codes only.
        """
        raw = self._ask("GET", "/readyz", limit=_MAX_TEXT_BYTES, accepted=(503,))
        try:
            return [
                (str(r["code"]), str(r["text"]), str(r["remedy"]))
                for r in json.loads(raw)["reasons"]
            ]
        except (KeyError, TypeError, ValueError) as cause:
            raise _strange(self.url) from cause

    def receipt(self, height: int) -> bytes:
        """Return the receipt of a final block."""
        return self.read(f"/v1/receipts/{height}", limit=_MAX_TEXT_BYTES)

    def consortium(self) -> str:
        """Return the consortium document in force, as signed."""
        return self.read("/v1/consortium", limit=_MAX_TEXT_BYTES).decode()

    def consortium_chain(self) -> bytes:
        """Return every version of the document, with proofs."""
        return self.read("/v1/consortium/chain", limit=MAX_CHAIN_BYTES)

    def contradictions(self) -> list[bytes]:
        """Return the checkpoint notes that contradict the history this node serves.

        A log that other software serves has no such list, and none is returned.
        """
        try:
            answer = self._json("GET", "/v1/contradictions")
            return [str(found["other"]).encode() for found in answer["contradictions"]]
        except AnsweredError as cause:
            if cause.status == HTTPStatus.NOT_FOUND:
                return []
            raise
        except (KeyError, TypeError) as cause:
            raise _strange(self.url) from cause

    def checkpoint(self) -> bytes:
        """Return the newest final checkpoint that this caller may see."""
        return self.read("/checkpoint", limit=_MAX_TEXT_BYTES)

    def is_ready(self) -> bool:
        """Tell whether the node answers and says that it can do its work."""
        try:
            self.read("/readyz", limit=_MAX_TEXT_BYTES)
        except (AnsweredError, UnreachableError):
            return False
        return True

    def read(self, path: str, *, limit: int) -> bytes:
        """Return what stands at `path`, at most `limit` bytes.

        Raises:
            AnsweredError: another status than 200, or longer.
            UnreachableError: no answer.
        """
        return self._ask("GET", path, limit=limit)

    def _generation(self, answer: Mapping[str, Any]) -> Generation:
        try:
            return Generation(
                purpose=str(answer["purpose"]),
                number=int(answer["number"]),
                state=str(answer["state"]),
                step=str(answer["step"]),
                holders=tuple(map(str, answer["holders"])),
                fault=answer["fault"],
                culprit=answer["culprit"],
            )
        except (KeyError, TypeError, ValueError) as cause:
            raise _strange(self.url) from cause

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        key: str | None = None,
        role: str | None = None,
    ) -> bytes:
        """Return the answer to a request in one of the caller's roles, its first that may if None.

        Raises:
            AnsweredError: it was refused.
            UnreachableError: no answer.
        """
        raw = None if body is None else json.dumps(body).encode()
        return self._ask(method, path, body=raw, key=key, role=role, limit=_MAX_JSON_BYTES)

    def _json(
        self, method: str, path: str, *, body: bytes | None = None, key: str | None = None
    ) -> dict[str, Any]:
        raw = self._ask(method, path, body=body, key=key, limit=_MAX_JSON_BYTES)
        try:
            answer = json.loads(raw)
        except ValueError as cause:
            raise _strange(self.url) from cause
        if not isinstance(answer, dict):
            raise _strange(self.url)
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        media_type: str = "application/json",
        key: str | None = None,
        role: str | None = None,
        limit: int,
        accepted: Sequence[int] = (),
    ) -> bytes:
        headers = {}
        if body is not None:
            headers["content-type"] = media_type
        if key is not None:
            headers["idempotency-key"] = key
        if role is not None:
            headers["signaalketen-role"] = role
        try:
            with self._client.stream(
                method, f"{self.url}{path}", content=body, headers=headers
            ) as response:
                # Whoever answers is not trusted to stop by itself.
                raw = bytearray()
                for piece in response.iter_bytes():
                    raw += piece
                    if len(raw) > limit:
                        raise AnsweredError(502, f"{self.url}{path} answers without end")
        except httpx.HTTPError as cause:
            raise UnreachableError(
                f"{self.url} does not answer ({type(cause).__name__}): "
                "check the address and whether the node runs"
            ) from cause
        if not response.is_success and response.status_code not in accepted:
            raise AnsweredError(response.status_code, _detail(response, bytes(raw)))
        return bytes(raw)


def _outcome(result: Mapping[str, Any]) -> Taken | Refused:
    if result["signal"] is not None:
        return _taken(result["signal"])
    return Refused(str(result["problem"]["detail"]))


def _taken(signal: Mapping[str, Any]) -> Taken:
    try:
        receipt = signal["receipt"]
        return Taken(
            local_id=str(signal["localId"]),
            state=str(signal["state"]),
            height=signal["height"],
            receipt=None if receipt is None else str(receipt).encode(),
            case_id=signal.get("caseId"),
            unanswered=tuple(signal.get("unanswered") or ()),
        )
    except (KeyError, TypeError) as cause:
        raise ClientError("that is not a node's answer: check the address") from cause


def _detail(response: httpx.Response, raw: bytes) -> str:
    """Return what the node says is wrong: the `detail` of problem details (RFC 9457)."""
    status = response.status_code
    try:
        problem = json.loads(raw)
        detail = str(problem["detail"])[:2000]
    except (ValueError, KeyError, TypeError):
        detail = ""
    known = {s.value: s.phrase for s in HTTPStatus}
    return detail or f"the node answers {status} {known.get(status, '')}".rstrip()


def _strange(url: str) -> ClientError:
    return ClientError(f"{url} does not answer as a node does: check the address")
