"""A cluster whose issuers exchange messages, at moments that a test says.

    async with ExchangeCluster(found(tmp_path)) as cluster:
        await cluster.send("uwv", "svb", b"hello")
        await cluster.beat("uwv")
        await cluster.until_heard("svb", b"hello")

With `period` the nodes keep a rhythm by themselves, on a clock that goes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Connection

from ledger.block import Block
from ledger.entry import SignedEntry
from ledger.exchange.beat import KIND
from nodes.settings import Settings
from nodes.store import matching
from tests.support.cluster import Cluster, Life
from tests.support.consortium import DESKS, ROLES, Founded
from tests.support.fakes import FakeClock
from tests.support.mailbox import Mail, Mailbox, mail

ISSUERS = tuple(DESKS)


class GoingClock(FakeClock):
    """A clock that goes, from wherever it was turned to."""

    def __init__(self) -> None:
        """Begin at noon."""
        super().__init__()
        self._begun = monotonic()

    def now(self) -> datetime:
        """Return the time; see `Clock`."""
        return self.moment + timedelta(seconds=monotonic() - self._begun)


class ExchangeCluster(Cluster):
    """Nodes with mailboxes."""

    def __init__(
        self,
        founded: Founded,
        *,
        start: Iterable[str] = ROLES,
        period: float = 0,
        items: int = 16,
        clock: FakeClock | None = None,
    ) -> None:
        """Let beats come every `period` seconds, or only as `beat` says."""
        super().__init__(founded, start=start, clock=clock)
        self._exchange = {"exchange_beat_seconds": period, "exchange_items": items}
        self._sent = 0

    async def until_addressed(self) -> None:
        """Let the nodes work until all running issuers know the keys of each other's desks."""
        issuers = [name for name in ISSUERS if name in self.lives]
        for name in issuers:
            await self.lives[name].do(self[name].addresses.refresh())

    async def send(
        self,
        name: str,
        to: str,
        raw: bytes,
        *,
        is_urgent: bool = False,
        desks: Sequence[str] | None = None,
    ) -> bytes:
        """Queue a message and return its id."""
        self._sent += 1
        message = self._sent.to_bytes(16, "big")
        node = self[name]

        def work(connection: Connection) -> None:
            node.beat.send(
                connection,
                to=to,
                desks=desks or [DESKS[to]],
                message=message,
                raw=raw,
                is_urgent=is_urgent,
            )

        await self.lives[name].do(node.writer.do(work))
        node.beat.wake()
        return message

    async def beat(self, name: str, *, is_urgent: bool = False) -> bool:
        """Let a moment of a node come; tell whether it made a beat."""
        life = self.lives[name]
        entry_id = await life.do(life.node.beat.prepare(is_urgent=is_urgent))
        if entry_id is not None:
            life.node.courier.send(entry_id)
        return entry_id is not None

    def mail(self, name: str) -> list[Mail]:
        """Return what a node heard."""
        return mail(self[name])

    async def until_heard(self, name: str, *raws: bytes) -> None:
        """Let the nodes work until a node heard all of these, in any order."""
        await self.until(lambda: {one.raw for one in self.mail(name)} >= set(raws))

    async def until_taken(self) -> None:
        """Let the nodes work until all is final and no frame is to be fetched."""
        await self.until(lambda: self.is_settled() and not self._is_fetching())

    def beats(self, name: str, *, author: str | None = None) -> list[SignedEntry]:
        """Return the exchanges on a node's chain, by all or one author."""
        entries = (Block.decode(raw).signed for raw in self.blocks(name))
        return [e for e in entries if e.entry.kind == KIND and author in {None, e.entry.author}]

    def _is_fetching(self) -> bool:
        for life in self.lives.values():
            with life.node.database.read() as connection:
                if matching.wanted(connection, count=1):
                    return True
        return False

    def _settings(self, name: str, *, data: str) -> Settings:
        settings = super()._settings(name, data=data)
        return settings.model_copy(update=self._exchange)

    def _live(self, name: str) -> Life:
        life = super()._live(name)
        life.node.opener.receiver = Mailbox()
        return life
