"""Nodes that die: ports that end a node at a chosen call, as a power cut would.

A dead node's ports all raise `Died`, which no `except Exception` catches: nothing more reaches its
disk, the order or a peer. A transaction under way is rolled back.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection

from nodes.peers.port import Transport
from nodes.sequencer.port import Apply, Sequencer
from tests.support.disks import FillableDatabase

PLACES = (
    "before send",
    "after send",
    "before submit",
    "after submit",
    "before commit",
    "after commit",
)
"""The port calls at which a node can die, and which side of them."""


class Died(BaseException):
    """The node was killed here."""


class Fate:
    """Says when one node dies: where `doom` said, or at once by `kill`."""

    def __init__(self, on_death: Callable[[], None] = lambda: None) -> None:
        """Live; call `on_death` from whichever thread it happens in."""
        self._lock = Lock()
        self._left = 0
        self._place: str | None = None
        self._on_death = on_death
        self.is_dead = False

    def doom(self, place: str, *, after: int) -> None:
        """Die at `place`, one of `PLACES`, once it was passed `after` times."""
        with self._lock:
            self._place, self._left = place, after

    def kill(self) -> None:
        """Die now."""
        with self._lock:
            self.is_dead = True

    def reach(self, place: str) -> None:
        """Pass a port call.

        Raises:
            Died: the node is dead, or dies here.
        """
        with self._lock:
            if not self.is_dead and place == self._place:
                self.is_dead = self._left == 0
                self._left -= 1
                if self.is_dead:
                    self._on_death()
            if self.is_dead:
                raise Died(place)


class MortalTransport:
    """A `Transport` around another that ends before or after a message."""

    def __init__(self, inner: Transport, fate: Fate) -> None:
        """Send through `inner` while the node lives."""
        self._inner = inner
        self._fate = fate

    async def send(self, url: str, message: bytes, *, timeout: float) -> bytes:
        """See `Transport`."""
        self._fate.reach("before send")
        answer = await self._inner.send(url, message, timeout=timeout)
        self._fate.reach("after send")
        return answer

    async def close(self) -> None:
        """See `Transport`."""
        await self._inner.close()


class MortalSequencer:
    """A `Sequencer` around another that ends before or after a submission."""

    def __init__(self, inner: Sequencer, fate: Fate) -> None:
        """Submit through `inner` while the node lives."""
        self._inner = inner
        self._fate = fate

    async def submit(self, entries: Sequence[bytes]) -> None:
        """See `Sequencer`."""
        self._fate.reach("before submit")
        await self._inner.submit(entries)
        self._fate.reach("after submit")

    async def run(self, apply: Apply, *, after: int) -> None:
        """See `Sequencer`."""
        await self._inner.run(apply, after=after)

    def head(self) -> int:
        """See `Sequencer`."""
        return self._inner.head()

    def close(self) -> None:
        """See `Sequencer`."""
        self._inner.close()


class MortalDatabase(FillableDatabase):
    """A database that ends before or after a commit."""

    def __init__(self, path: Path, fate: Fate) -> None:
        """Open `path` for a node of that `fate`."""
        super().__init__(path)
        self._fate = fate
        self.turn = Lock()
        """Held while a transaction is under way."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """See `Database`."""
        with self.turn:
            with super().begin() as connection:
                yield connection
                self._fate.reach("before commit")
            self._fate.reach("after commit")

    def truncate_log(self) -> bool:
        """See `Database`; a dead node's log stays, for its files may be copied by now."""
        with self.turn:
            return not self._fate.is_dead and super().truncate_log()
