"""Peers over HTTP: one POST to `<url>/peer` a message, connections kept open."""

import asyncio

import httpx

from nodes.errors import PeerUnreachableError
from nodes.peers.message import MAX_MESSAGE_BYTES

CONTENT_TYPE = "application/octet-stream"


class HttpTransport:
    """A `Transport` over httpx."""

    def __init__(self) -> None:
        """Open no connection yet."""
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        # Proxies of the environment are not for members' own traffic.
        self._client = httpx.AsyncClient(limits=limits, trust_env=False)

    async def send(self, url: str, message: bytes, *, timeout: float) -> bytes:
        """POST the message; see `Transport`."""
        try:
            # httpx counts its timeout anew for every piece, and a peer may send many small ones.
            async with asyncio.timeout(timeout):
                return await self._post(url, message, timeout=timeout)
        except PeerUnreachableError:
            raise
        # A URL is whatever its member says: a bad one, too, must fail here and end no task.
        except Exception as cause:
            raise PeerUnreachableError(f"{url} does not answer: {type(cause).__name__}") from cause

    async def _post(self, url: str, message: bytes, *, timeout: float) -> bytes:
        headers = {"content-type": CONTENT_TYPE, "accept-encoding": "identity"}
        asked = self._client.stream(
            "POST", f"{url}/peer", content=message, headers=headers, timeout=timeout
        )
        async with asked as response:
            if response.status_code != httpx.codes.OK:
                raise PeerUnreachableError(f"{url} answers with status {response.status_code}")
            answer = bytearray()
            # Raw: a few bytes that a peer compressed could unfold to more than memory holds.
            async for piece in response.aiter_raw():
                answer += piece
                if len(answer) > MAX_MESSAGE_BYTES:
                    raise PeerUnreachableError(f"{url} answers more than any message holds")
        return bytes(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
