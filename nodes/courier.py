"""The courier: brings own entries with items to their receivers and onto the chain.

draft → commit → push to all receivers at once → submit on the first stored-line. Who was down comes
later and asks. A draft is durable before its first push; a restart resumes the same bytes; one that
went stale off the chain is made again, with the same contents, under today's date.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from ledger.body import Body, Item, Share
from ledger.commitment import commit
from ledger.encoding import Digest
from ledger.entry import Entry, SignedEntry
from ledger.errors import LedgerError, RefusedError
from ledger.group import Scalar
from ledger.note import SignatureLine
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH, read_answers, seal_push
from nodes.errors import NodeError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import PUSH
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer
from nodes.store.database import Database
from nodes.store.dispatches import Dispatch, Dispatches
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_SALT_BYTES = 32
_DAY = timedelta(days=1)
_ANEW = frozenset({"stale", "date", "over-quota"})
Random = Callable[[int], bytes]
Refused = Callable[[Connection, Dispatch, str], None]
"""Called in a transaction when the state machine skipped a dispatch for good."""


class Courier:
    """Takes dispatches in and delivers them."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        dispatches: Dispatches,
        peers: Peers,
        sequencer: Sequencer,
        clock: Clock,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Send as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._writer = writer
        self._dispatches = dispatches
        self._peers = peers
        self._sequencer = sequencer
        self._clock = clock
        self._random = random
        self._queue: asyncio.Queue[Digest] = asyncio.Queue()
        self._background: set[asyncio.Task[object]] = set()
        self.trouble: str | None = None
        """Why something cannot be delivered now, or None."""

    def draft(
        self,
        kind: str,
        *,
        further: str,
        contents: Sequence[bytes],
        routes: Mapping[str, Sequence[int]],
        subject: str = "",
    ) -> Dispatch:
        """Return a new dispatch of `contents`, one item each, dated today; nothing is stored."""
        body = Body(
            items=tuple(
                Item(index, self._random(_SALT_BYTES), content)
                for index, content in enumerate(contents)
            ),
            r=Scalar.reduce(self._random(64)),
        )
        today = self._clock.today()
        commitment = commit(
            origin=self._keyring.origin,
            kind=kind,
            author=self._keyring.member,
            date=today.isoformat(),
            digests=body.digests,
            r=body.r,
        )
        entry = Entry(
            self._keyring.origin, self._keyring.member, kind, today, commitment.encode(), further
        )
        line = self._keyring.entry.sign(entry.encode())
        return Dispatch(
            signed=SignedEntry.of(entry, (line,)),
            body=body.share(range(len(contents))).encode(),
            routes={name: tuple(indexes) for name, indexes in routes.items()},
            subject=subject,
        )

    def send(self, entry_id: Digest) -> None:
        """Deliver a dispatch that was stored."""
        self._queue.put_nowait(entry_id)

    def later(self, entry_id: Digest) -> None:
        """Deliver a dispatch in a moment."""
        asyncio.get_running_loop().call_later(_RETRY_SECONDS, self.send, entry_id)

    def part(self, connection: Connection, entry_id: bytes, *, receiver: str) -> bytes | None:
        """Return the share of a dispatch that is `receiver`'s, or None where it has none."""
        dispatch = self._dispatches.get(connection, entry_id)
        if dispatch is None or receiver not in dispatch.routes:
            return None
        return _part(dispatch, dispatch.routes[receiver])

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Deliver until cancelled; starts once `caught_up` returns."""
        await caught_up()
        with self._database.read() as connection:
            for entry_id in self._dispatches.waiting(connection):
                self.send(entry_id)
        while True:
            batch = [await self._queue.get()]
            while len(batch) < MAX_PUSH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._deliver(list(dict.fromkeys(batch)))
                self.trouble = None
            except (NodeError, LedgerError) as cause:
                self.trouble = str(cause)
                _log.warning("a dispatch waits: %s", cause)
                for entry_id in batch:
                    self.later(entry_id)

    async def _deliver(self, entry_ids: list[Digest]) -> None:
        with self._database.read() as connection:
            found = [self._dispatches.get(connection, entry_id) for entry_id in entry_ids]
        waiting = [dispatch for dispatch in found if dispatch and dispatch.height is None]
        fresh = [await self._fresh(dispatch) for dispatch in waiting]
        if not fresh:
            return
        lines = await self._push(fresh)
        stored = [
            d.signed.with_lines(tuple(lines[d.signed.id])) for d in fresh if lines[d.signed.id]
        ]
        for dispatch in fresh:
            if not lines[dispatch.signed.id]:
                self.later(dispatch.signed.id)
        if stored:
            await self._sequencer.submit([signed.encode() for signed in stored])

    async def _push(self, batch: Sequence[Dispatch]) -> dict[Digest, list[SignatureLine]]:
        """Return the stored-lines that came until every dispatch had one, or all had answered."""
        lines: dict[Digest, list[SignatureLine]] = {d.signed.id: [] for d in batch}
        names = sorted({name for dispatch in batch for name in dispatch.routes})
        waiting = {
            asyncio.create_task(self._push_to(name, [d for d in batch if name in d.routes]))
            for name in names
        }
        self._background |= waiting
        for task in waiting:
            task.add_done_callback(self._background.discard)
        while waiting and not all(lines.values()):
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                for entry_id, line in task.result():
                    lines[entry_id].append(line)
        left = [d for d in batch if not lines[d.signed.id]]
        for custodian in self._custodians() if left else []:
            for entry_id, line in await self._push_to(custodian, left, is_for_others=True):
                lines[entry_id].append(line)
            if all(lines.values()):
                break
        return lines

    def _custodians(self) -> list[str]:
        document = self._replica.document
        names = () if document is None else document.custodians
        return [name for name in names if name != self._keyring.member]

    async def _push_to(
        self, name: str, batch: Sequence[Dispatch], *, is_for_others: bool = False
    ) -> list[tuple[Digest, SignatureLine]]:
        parcels = []
        for dispatch in batch:
            every = sorted({i for indexes in dispatch.routes.values() for i in indexes})
            indexes = every if is_for_others else dispatch.routes[name]
            parcels.append((dispatch.signed.encode(), _part(dispatch, indexes)))
        try:
            payload = seal_push(
                parcels,
                to=await self._peers.sealing_key(name),
                origin=self._keyring.origin,
                sender=self._keyring.member,
                day=self._clock.today().isoformat(),
            )
            answers = read_answers(await self._peers.ask(name, PUSH, payload), count=len(parcels))
        except (NodeError, LedgerError) as cause:
            _log.info("%s does not take a push: %s", name, cause)
            return []
        signed = []
        for dispatch, answer in zip(batch, answers, strict=True):
            if isinstance(answer, RefusedError):
                _log.warning("%s refuses a %s: %s", name, dispatch.signed.entry.kind, answer)
            else:
                signed.append((dispatch.signed.id, answer))
        return signed

    async def _fresh(self, dispatch: Dispatch) -> Dispatch:
        """Return the dispatch, made again under today's date if its own has passed."""
        day = dispatch.signed.entry.day
        # Over a day old no receiver signs for it any more.
        is_old = self._clock.today() - day > _DAY or self._replica.state.is_stale(day)
        return await self.redraft(dispatch) if is_old else dispatch

    async def redraft(self, dispatch: Dispatch) -> Dispatch:
        """Make a dispatch again, with the same contents, under today's date."""
        share = Share.decode(dispatch.body)
        anew = self.draft(
            dispatch.signed.entry.kind,
            further=dispatch.signed.entry.further,
            contents=[item.content for item in share.items],
            routes=dispatch.routes,
            subject=dispatch.subject,
        )
        await self._writer.do(
            lambda connection: self._dispatches.replace(connection, dispatch.signed.id, anew)
        )
        return anew


def is_worth_repeating(reason: str) -> bool:
    """Tell whether a dispatch that was skipped for `reason` can come on the chain made anew."""
    return reason in _ANEW


def _part(dispatch: Dispatch, indexes: Sequence[int]) -> bytes:
    share = Share.decode(dispatch.body)
    wanted = set(indexes)
    items = tuple(item for item in share.items if item.index in wanted)
    return Share(items, share.digests, share.r).encode()
