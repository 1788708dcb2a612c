"""The engine's own interface, JSON-RPC over a Unix socket: handing transactions in, asking it.

{"jsonrpc": "2.0", "id": 1, "method": "broadcast_tx_sync", "params": {"tx": "<base64>"}}
"""

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from ledger.encoding import to_base64
from nodes.errors import SequencerError

_KNOWN = "already exists in cache"


class EngineRpc:
    """Asks the engine behind the socket at `path`."""

    def __init__(self, path: Path) -> None:
        """Open no connection yet."""
        self._path = path
        self._session: aiohttp.ClientSession | None = None

    async def broadcast(self, transaction: bytes, *, timeout: float) -> str | None:
        """Hand a transaction to the engine's pool; return why it is refused, or None.

        One that the pool has already is not refused.

        Raises:
            SequencerError: the engine does not answer, or its pool is full.
        """
        answer = await self._call("broadcast_tx_sync", timeout, tx=to_base64(transaction))
        error = answer.get("error")
        if error is not None:
            text = f"{error.get('message', '')} {error.get('data', '')}".strip()
            if _KNOWN in text:
                return None
            raise SequencerError(f"the engine refuses: {text}")
        result = answer["result"]
        return str(result["log"]) if result["code"] else None

    async def peers(self, *, timeout: float) -> set[str]:
        """Return the ids of the engines to which this one is connected.

        Raises:
            SequencerError: the engine does not answer.
        """
        answer = await self._call("net_info", timeout)
        return {peer["node_info"]["id"] for peer in answer["result"]["peers"]}

    async def status(self, *, timeout: float) -> dict[str, Any]:
        """Return what the engine says of its own chain (`sync_info`).

        Raises:
            SequencerError: the engine does not answer.
        """
        answer = await self._call("status", timeout)
        sync: dict[str, Any] = answer["result"]["sync_info"]
        return sync

    async def heights(self, *, timeout: float) -> list[int]:
        """Return at which heights the connected engines that decide are now, where they said so.

        Raises:
            SequencerError: the engine does not answer.
        """
        answer = await self._call("dump_consensus_state", timeout)
        peers = answer["result"]["peers"]
        return [int(peer["peer_state"]["round_state"]["height"]) for peer in peers]

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, timeout: float, **params: str) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            async with asyncio.timeout(timeout):
                async with self._open().post("http://engine/", json=body) as response:
                    answer: dict[str, Any] = await response.json(content_type=None)
                    if response.status != HTTPStatus.OK and "error" not in answer:
                        raise SequencerError(f"the engine answers with {response.status}")
                    return answer
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as cause:
            raise SequencerError(f"the engine does not answer: {type(cause).__name__}") from cause

    def _open(self) -> aiohttp.ClientSession:
        # A session belongs to the loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._path)),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
            )
        return self._session
