"""A bare skeleton of post → receipt: the hops, signatures and commits of a post, and nothing else.

    python -m bench.skeleton FOLDER INDEX PORT PORT PORT PORT

Four processes on the same libraries as a node. A post to the first: commit it; push it to the last,
which commits and signs; put it in the order, a SQLite file that all look at every 3 ms; each checks
two signatures and commits; the first asks the others to cosign, checks two, commits, answers. Every
message between them is signed and checked both ways, as a node's are. What a node takes on top of
this is its own.
"""

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import httpx
import uvicorn
from nacl.bindings import (
    crypto_sign,
    crypto_sign_BYTES,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.bare import bare_table, commit_all

HOST = "127.0.0.1"
MEMBERS = 4
AUTHOR, CUSTODIAN = 0, MEMBERS - 1
_QUORUM = 3
_POLL_SECONDS = 0.003
_CHECKPOINT = bytes(120)


@dataclass
class Bare:
    """One of the four processes."""

    index: int
    ports: list[int]
    own: sqlite3.Connection
    order: sqlite3.Connection
    applied: int = 0
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(trust_env=False))

    def sign(self, message: bytes) -> bytes:
        """Return the signature of this process, joined with `message`."""
        return crypto_sign(message, _keys(self.index)[1])

    async def ask(self, peer: int, path: str, payload: bytes) -> bytes:
        """Return a peer's answer; signed and checked both ways."""
        url = f"http://{HOST}:{self.ports[peer]}{path}"
        answer = await self.client.post(url, content=bytes([self.index]) + self.sign(payload))
        return crypto_sign_open(answer.content, _public(peer))

    async def post(self, request: Request) -> Response:
        """Bring what was posted onto the chain; answer once a quorum has it."""
        entry = self.sign(await request.body())
        commit_all(self.own, [entry])
        line = await self.ask(CUSTODIAN, "/push", entry)
        commit_all(self.order, [entry + line])
        size = self.applied + 1
        await self.wait(size)
        lines = [self.sign(_CHECKPOINT)]
        others = {peer: self.cosignature(peer, size) for peer in range(MEMBERS) if peer != AUTHOR}
        for coming in asyncio.as_completed(others.values()):
            lines.append(await coming)
            if len(lines) == _QUORUM:
                break
        commit_all(self.own, lines)
        return Response(b"".join(lines), status_code=201)

    async def cosignature(self, peer: int, size: int) -> bytes:
        """Return a peer's checked cosignature."""
        line = await self.ask(peer, "/cosign", str(size).encode())
        crypto_sign_open(line, _public(peer))
        return line

    async def push(self, request: Request) -> Response:
        """Hold what the author sends and sign that it is held."""
        sender, entry = _opened(await request.body())
        crypto_sign_open(entry, _public(sender))
        commit_all(self.own, [entry])
        return Response(self.sign(self.sign(entry)[:crypto_sign_BYTES]))

    async def cosign(self, request: Request) -> Response:
        """Sign the checkpoint once this process has applied as much."""
        _, size = _opened(await request.body())
        await self.wait(int(size))
        return Response(self.sign(self.sign(_CHECKPOINT)))

    async def wait(self, size: int) -> None:
        """Return once `size` entries are applied."""
        async with self.grown:
            await self.grown.wait_for(lambda: self.applied >= size)

    async def follow(self) -> None:
        """Apply what comes into the order, for ever."""
        while True:
            rows = self.order.execute("SELECT v FROM t WHERE k > ?", (self.applied,)).fetchall()
            for (row,) in rows:
                entry, line = row[:-crypto_sign_BYTES], row[-crypto_sign_BYTES:]
                crypto_sign_open(entry, _public(AUTHOR))
                crypto_sign_open(line + entry, _public(CUSTODIAN))
                commit_all(self.own, [row])
                async with self.grown:
                    self.applied += 1
                    self.grown.notify_all()
            await asyncio.sleep(_POLL_SECONDS)


def _opened(raw: bytes) -> tuple[int, bytes]:
    return raw[0], crypto_sign_open(raw[1:], _public(raw[0]))


@lru_cache(maxsize=MEMBERS)
def _keys(index: int) -> tuple[bytes, bytes]:
    return crypto_sign_seed_keypair(bytes([index]) * 32)


def _public(index: int) -> bytes:
    return _keys(index)[0]


def _app(bare: Bare) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        following = asyncio.create_task(bare.follow())
        yield
        following.cancel()

    routes = [
        Route(f"/{work.__name__}", work, methods=["POST"])
        for work in (bare.post, bare.push, bare.cosign)
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _main(folder: Path, index: int, ports: list[int]) -> None:
    with ExitStack() as stack:
        own = stack.enter_context(bare_table(folder / f"{index}.db"))
        order = stack.enter_context(bare_table(folder / "order.db"))
        bare = Bare(index, ports, own, order)
        uvicorn.run(_app(bare), host=HOST, port=ports[index], log_level="error", loop="uvloop")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), [int(port) for port in sys.argv[3:]])
