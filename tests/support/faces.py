"""The face of a node: asks its application, and holds every answer to the API's contract."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from typing import Any

import httpx

from api.app import create_app
from ledger.bsn import synthetic_numbers
from nodes.node import Node
from nodes.settings import ROLES
from tests.support.cluster import FIELDS, PATIENCE_SECONDS
from tests.support.consortium import DESKS
from tests.support.contract import Contract

SIGNAL = {
    "desk": DESKS["uwv"],
    "purpose": "multiproblematiek",
    "caseReference": "W-1",
    **FIELDS,
}
_people = (number.digits for number in synthetic_numbers())
_keys = count()


def new_signal(**changed: object) -> dict[str, Any]:
    """Return the body of a signal about somebody new."""
    return SIGNAL | {"bsn": next(_people)} | changed


def new_key() -> str:
    """Return an Idempotency-Key that was not used yet."""
    return f"key-{next(_keys)}"


class Face:
    """One node and its application; requests run on `runner`, between which the node stands still.

    The token of a role is `<role>-of-<member>`.
    """

    def __init__(self, node: Node, runner: asyncio.Runner) -> None:
        """Make the application of `node`."""
        self.node = node
        self.runner = runner
        member = node.keyring.member
        app = create_app(node, tokens={f"{role}-of-{member}": role for role in ROLES})
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(
            transport=transport, base_url=node.settings.url, timeout=None
        )
        self.contract = Contract(self.get("/v1/openapi.json", checked=False).json())

    async def send(
        self,
        method: str,
        path: str,
        *,
        role: str | None = None,
        key: str | None = None,
        checked: bool = True,
        **request: Any,
    ) -> httpx.Response:
        """Return the answer to a request by somebody in `role`, held to the contract."""
        headers: dict[str, str] = request.pop("headers", {})
        if role is not None:
            headers["Authorization"] = f"Bearer {role}-of-{self.node.keyring.member}"
        if key is not None:
            headers["Idempotency-Key"] = key
        response = await self._client.request(method, path, headers=headers, **request)
        if checked:
            self.contract.verify(response)
        return response

    def get(self, path: str, **request: Any) -> httpx.Response:
        """Return the answer to a GET."""
        return self.runner.run(self.send("GET", path, **request))

    def post(self, path: str, **request: Any) -> httpx.Response:
        """Return the answer to a POST by a caseworker under a new key, if nothing else is said."""
        return self.runner.run(self.sending(path, **request))

    def sending(self, path: str, **request: Any) -> Coroutine[Any, Any, httpx.Response]:
        """Return what `post` awaits."""
        posted: dict[str, Any] = {"role": "caseworker", "key": new_key()} | request
        return self.send("POST", path, **posted)

    def together(self, *requests: Awaitable[httpx.Response]) -> list[httpx.Response]:
        """Return the answers to requests that are made at the same time."""

        async def all_of_them() -> list[httpx.Response]:
            return list(await asyncio.gather(*requests))

        return self.runner.run(all_of_them())

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the nodes work until `holds`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "what was waited for did not come"
            self.runner.run(asyncio.sleep(0.01))


def spelled_differently(body: dict[str, Any]) -> bytes:
    """Return `body` as other bytes that are the same JSON."""
    turned = dict(reversed(body.items()))
    text = json.dumps(turned, indent=3).replace("a", "\\u0061")
    return text.encode()


JSON = {"Content-Type": "application/json"}
