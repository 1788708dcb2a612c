"""The inbox: what others' final entries bring to this node, by the items that came with them.

Items wait in custody until their block is final here; then each is taken up once and deleted. What
has not come by then is fetched: from its author, or from a custodian to whom it was left. What one
author says is taken up in the order of its blocks: the next waits for what is to be fetched, for a
day, so that an author that withholds something keeps nobody waiting for ever.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Share
from ledger.encoding import Digest, enc
from ledger.entry import SignedEntry
from ledger.errors import LedgerError
from ledger.heights import Heights
from ledger.parts import erasure_receivers, verify_part
from nodes.clock import Clock
from nodes.closing import Closing
from nodes.errors import NodeError
from nodes.keyring import Keyring
from nodes.logbook import COMPARISON, CUSTODY, Act, Logbook, Processing
from nodes.peers.client import Peers
from nodes.peers.port import ITEMS
from nodes.peers.sealed import open_fields
from nodes.prober import Prober
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.custody import Custody, Held
from nodes.store.database import Database
from nodes.store.dispatches import Dispatches
from nodes.store.matching import Wanted
from nodes.store.signals import Signals
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_FETCH = 64
_LOOK_SECONDS = 0.5
_PATIENCE = timedelta(days=1)


class Taker(Protocol):
    """Who takes up the items of a kind that has nothing to do with matching, in order."""

    def concerns(self, connection: Connection, height: int, signed: SignedEntry) -> bool:
        """Tell whether an entry in that block has an item for this member."""

    def take(
        self, connection: Connection, *, height: int, signed: SignedEntry, share: Share
    ) -> list[Processing]:
        """Take up this member's items, which may be lacking; return what is to be recorded."""


class Inbox:
    """Takes up others' items."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        custody: Custody,
        signals: Signals,
        dispatches: Dispatches,
        prober: Prober,
        closing: Closing,
        peers: Peers,
        clock: Clock,
        logbook: Logbook,
        on_frame: Callable[[], None],
    ) -> None:
        """Take up items for the keyring's member; call `on_frame` when there may be frames."""
        self._member = keyring.member
        self._sealing = keyring.sealing
        self._replica = replica
        self._database = database
        self._writer = writer
        self._custody = custody
        self._signals = signals
        self._dispatches = dispatches
        self._matcher = prober.matcher
        self._prober = prober
        self._closing = closing
        self._peers = peers
        self._clock = clock
        self._logbook = logbook
        self._takers: dict[str, Taker] = {}
        self._on_frame = on_frame
        self._woken = asyncio.Event()

    def register(self, kind: str, taker: Taker) -> None:
        """Let `taker` take up the items of that kind."""
        self._takers[kind] = taker

    def arrive(self, connection: Connection, height: int, signed: SignedEntry) -> None:
        """Take up what a final entry of another member brings, or note that it must be fetched."""
        if not self._concerns(connection, height, signed):
            return
        raw = self._custody.share(connection, signed.id)
        entry, today = signed.entry, self._clock.today()
        wanted = Wanted(height, signed.id, entry.author, entry.kind, today)
        if raw is None or self._must_wait(connection, wanted):
            matching.want(connection, wanted)
            return
        self._take_up(connection, height, signed, Share.decode(raw))

    def settle(self, connection: Connection, height: int) -> None:
        """Let go what was kept for an own `locate` of which every answer was opened."""
        raw = chain.block_at(connection, height)
        if raw is None:
            return
        signed = Block.decode(raw).signed
        self._dispatches.drop(connection, signed.id)
        if not matching.kept_closed(connection):
            return
        named = Heights.decode(signed.entry.further).named
        own = [known for at in named if (known := self._own(connection, at)) is not None]
        self._closing.settle(connection, own)

    def wake(self) -> None:
        """Look for what is to be fetched now."""
        self._woken.set()

    async def run(self) -> None:
        """Fetch what did not come until cancelled."""
        while True:
            self._woken.clear()
            if await self.fetch():
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                await self._woken.wait()

    async def fetch(self) -> bool:
        """Ask once for what is missing; tell whether anything was."""
        with self._database.read() as connection:
            # Of each by itself: one that gives nothing must not keep others' items away.
            missing = {
                author: matching.wanted_of(connection, author, count=_FETCH)
                for author in matching.wanted_authors(connection)
            }
        for author, wanted in missing.items():
            if wanted:
                await self._fetch(author, wanted)
            await self._take_kept(author)
        return bool(missing)

    async def _take_kept(self, author: str) -> None:
        """Take up what came before something else that is here by now, or does not come."""
        with self._database.read() as connection:
            kept = matching.kept_of(connection, author, count=_FETCH)
        for one in kept:
            with self._database.read() as connection:
                must_wait = self._must_wait(connection, one)
                part = None if must_wait else self._custody.share(connection, one.entry_id)
            if part is not None:
                await self._receive(one, part)

    def _must_wait(self, connection: Connection, one: Wanted) -> bool:
        """Tell whether something that its author said before is still to be fetched."""
        since = self._clock.today() - _PATIENCE
        return one.kind in self._takers and matching.is_earlier_wanted(connection, one, since=since)

    def _concerns(self, connection: Connection, height: int, signed: SignedEntry) -> bool:
        """Tell whether the entry has an item for this node that was not taken up yet."""
        kind = signed.entry.kind
        if kind == "locate":
            known = self._replica.state.outstanding.locates.get(height)
            return known is not None and self._member in known.waiting
        if kind == "answer":
            named = Heights.decode(signed.entry.further).named
            return any(self._is_own_locate(connection, at) for at in named)
        if kind in self._takers:
            return self._takers[kind].concerns(connection, height, signed)
        if kind == "erasure":
            document = self._replica.document_at(connection, height)
            return document is not None and self._member in erasure_receivers(
                document, author=signed.entry.author
            )
        return False

    def _is_own_locate(self, connection: Connection, height: int) -> bool:
        found = chain.entry_id_at(connection, height, author=self._member, kind="locate")
        return found is not None

    def _take_up(
        self, connection: Connection, height: int, signed: SignedEntry, share: Share
    ) -> None:
        author = signed.entry.author
        if signed.entry.kind == "locate":
            done = [
                Processing(Act.COMPARE, COMPARISON, digits, asked_by=author)
                for digits in self._prober.others_locate(
                    connection, height=height, signed=signed, share=share
                )
            ]
        elif signed.entry.kind == "answer":
            opened: list[tuple[str, str, str]] = []
            findings = self._matcher.others_answer(
                connection,
                height=height,
                signed=signed,
                share=share,
                own=lambda at: self._noted(connection, at, opened),
            )
            done = [
                Processing(Act.OPEN, purpose, digits, asked_by=author)
                for _, digits, purpose in opened
            ]
            chain.count_refusals(connection, findings)
            for at in Heights.decode(signed.entry.further).named:
                if self._is_own_locate(connection, at):
                    matching.opened(connection, at, author)
                    if not matching.unopened(connection, at):
                        self.settle(connection, at)
        elif (taker := self._takers.get(signed.entry.kind)) is not None:
            done = taker.take(connection, height=height, signed=signed, share=share)
        else:
            done = [Processing(Act.ERASE, CUSTODY, asked_by=author)]
            for gone in self._matcher.others_erasure(connection, author=author, share=share):
                entry_id = chain.entry_id_at(connection, gone, author=author, kind="signal")
                if entry_id is not None:
                    self._custody.drop(connection, entry_id)
        self._custody.drop(connection, signed.id)
        matching.got(connection, height)
        self._logbook.write(connection, done)

    def _own(self, connection: Connection, height: int) -> tuple[str, str, str] | None:
        own = self._signals.at_height(connection, height)
        if own is None or own.is_withdrawn:
            return None
        posting = self._signals.posting(connection, own.local_id)
        return own.local_id, posting.bsn.digits, posting.purpose

    def _noted(
        self, connection: Connection, height: int, opened: list[tuple[str, str, str]]
    ) -> tuple[str, str, str] | None:
        """Return the own live signal at a height, and add it to `opened`."""
        own = self._own(connection, height)
        if own is not None:
            opened.append(own)
        return own

    async def _fetch(self, author: str, missing: Sequence[Wanted]) -> None:
        document = self._replica.document
        if document is None:
            return
        custodians = [n for n in document.custodians if n not in (author, self._member)]
        left = list(missing)
        for source in (author, *custodians):
            if not left:
                return
            try:
                parts = await self._ask(source, [w.entry_id for w in left], document.origin)
            except (NodeError, LedgerError) as cause:
                _log.info("%s gives no items: %s", source, cause)
                continue
            if len(parts) != len(left):
                continue
            came = [pair for pair in zip(left, parts, strict=True) if pair[1]]
            for wanted, part in came:
                if await self._receive(wanted, part):
                    left.remove(wanted)

    async def _ask(self, source: str, entry_ids: Sequence[Digest], origin: str) -> list[bytes]:
        """Return this member's parts of these entries as `source` has them, empty where not."""
        raw = await self._peers.ask(source, ITEMS, enc(*entry_ids))
        return open_fields(raw, key=self._sealing, origin=origin, operation=ITEMS, sender=source)

    async def _receive(self, wanted: Wanted, part: bytes) -> bool:
        """Check and take up a part that was fetched; tell whether it is done with."""

        def work(connection: Connection) -> None:
            raw = chain.block_at(connection, wanted.height)
            if raw is None:
                return
            signed = Block.decode(raw).signed
            if not self._concerns(connection, wanted.height, signed):
                matching.got(connection, wanted.height)
                return
            share = Share.decode(part)
            verify_part(
                share,
                signed.entry,
                receiver=self._member,
                may_lack=True,
                locate_at=lambda at: chain.locate_at(connection, at),
            )
            if self._must_wait(connection, wanted):
                self._custody.hold(connection, [Held(signed, part)])
                self._custody.place(connection, [(wanted.height, signed.id)])
                return
            self._take_up(connection, wanted.height, signed, share)

        try:
            await self._writer.do(work)
        except (NodeError, LedgerError) as cause:
            _log.warning("items of %s do not hold: %s", wanted.author, cause)
            return False
        self._on_frame()
        return True
