"""Peers over HTTP: one POST to `<url>/peer` a message, connections kept open."""

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
            response = await self._client.post(
                f"{url}/peer",
                content=message,
                headers={"content-type": CONTENT_TYPE},
                timeout=timeout,
            )
        except httpx.HTTPError as cause:
            raise PeerUnreachableError(f"{url} does not answer: {type(cause).__name__}") from cause
        if response.status_code != httpx.codes.OK or len(response.content) > MAX_MESSAGE_BYTES:
            raise PeerUnreachableError(f"{url} answers with status {response.status_code}")
        return response.content

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
