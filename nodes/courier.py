"""The courier: brings own entries with items to their receivers and onto the chain.

draft → commit → push to all receivers at once (`nodes.handover`) → submit on the first stored-line.
Who was down comes later and asks (`nodes.pickup`). A draft is durable before its first push; a
restart resumes the same bytes; one that went stale off the chain is made again, with the same
contents, under today's date. Batches go side by side, so that a slow receiver delays only what
nobody else can sign for.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from ledger.body import Body, Item, Share
from ledger.commitment import commit
from ledger.encoding import Digest
from ledger.entry import Entry, SignedEntry
from ledger.errors import LedgerError
from ledger.group import Scalar
from ledger.note import SignatureLine
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH
from nodes.errors import NodeError
from nodes.handover import Handover
from nodes.keyring import Keyring, is_signed_under
from nodes.replica import Applied, Replica
from nodes.sequencer.port import Sequencer
from nodes.store import matching
from nodes.store.database import Database
from nodes.store.dispatches import LEFT, Dispatch, Dispatches
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_REFUSED_SECONDS = 10.0
_SALT_BYTES = 32
_DAY = timedelta(days=1)
_OVER_QUOTA = "over-quota"
_AGAIN = frozenset({"stale", _OVER_QUOTA, "signature", "stored-line"})
DISPATCHED = frozenset({"locate", "answer", "erasure", "exchange"})
"""The kinds of entries that the courier brings."""
Random = Callable[[int], bytes]


class Maker(Protocol):
    """Who makes the dispatches of a kind that cannot be sent a second time as they are."""

    async def remake(self, dispatch: Dispatch) -> Dispatch:
        """Replace a dispatch that cannot come on the chain any more, and return the new one."""

    def dropped(self, connection: Connection, entry_id: Digest) -> None:
        """Take back what stood in a dispatch that was refused for good."""

    async def stored(self, entry_id: Digest, by: str) -> None:
        """Note that a receiver has its part of a dispatch."""


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
        handover: Handover,
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
        self._handover = handover
        self._sequencer = sequencer
        self._clock = clock
        self._random = random
        self._queue: asyncio.Queue[Digest] = asyncio.Queue()
        self._background: set[asyncio.Task[Any]] = set()
        self._troubles: dict[Digest, str] = {}
        self._makers: dict[str, Maker] = {}

    def register(self, kind: str, maker: Maker) -> None:
        """Let `maker` say what becomes of dispatches of that kind."""
        self._makers[kind] = maker

    @property
    def trouble(self) -> str | None:
        """Why something cannot be delivered now, or None."""
        return next(iter(self._troubles.values()), None)

    def draft(
        self,
        kind: str,
        *,
        further: str,
        contents: Sequence[bytes],
        routes: Mapping[str, Sequence[int]],
        subject: str = "",
        day: date | None = None,
    ) -> Dispatch:
        """Return a new dispatch of `contents`, one item each; nothing is stored.

        Dated today, unless the contents are bound to a `day`.
        """
        body = Body(
            items=tuple(
                Item(index, self._random(_SALT_BYTES), content)
                for index, content in enumerate(contents)
            ),
            r=Scalar.reduce(self._random(64)),
        )
        dated = day or self._clock.today()
        commitment = commit(
            origin=self._keyring.origin,
            kind=kind,
            author=self._keyring.member,
            date=dated.isoformat(),
            digests=body.digests,
            r=body.r,
        )
        entry = Entry(
            self._keyring.origin, self._keyring.member, kind, dated, commitment.encode(), further
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

    def later(self, entry_id: Digest, *, is_refused: bool = False) -> None:
        """Deliver a dispatch in a moment; much later one that the state machine refused."""
        delay = _REFUSED_SECONDS if is_refused else _RETRY_SECONDS
        asyncio.get_running_loop().call_later(delay, self.send, entry_id)

    def landed(self, connection: Connection, applied: Applied) -> list[Digest]:
        """Note which own dispatches came on the chain, and return those to deliver again.

        What was skipped for good is dropped; the frames in it are free for another `answer`.
        """
        own = [
            (new.height, new.admission.id)
            for new in applied.appended
            if new.admission.author == self._keyring.member and new.admission.kind in DISPATCHED
        ]
        self._dispatches.place(connection, own)
        again = []
        for entry_id, reason in applied.refused:
            if entry_id is None or not self._dispatches.known(connection, [entry_id]):
                continue
            maker = self._maker_of(self._dispatches.get(connection, entry_id))
            # What has a maker goes with the next one, which may have another day's quota.
            if reason in _AGAIN and not (maker and reason == _OVER_QUOTA):
                again.append(entry_id)
            elif reason != "duplicate":
                _log.warning("an own dispatch was skipped: %s", reason)
                self._dispatches.drop(connection, entry_id)
                matching.free_frames(connection, entry_id)
                if maker is not None:
                    maker.dropped(connection, entry_id)
        return again

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Deliver until cancelled; starts once `caught_up` returns."""
        await caught_up()
        with self._database.read() as connection:
            for entry_id in self._dispatches.waiting(connection):
                self.send(entry_id)
        try:
            async with asyncio.TaskGroup() as batches:
                while True:
                    batch = [await self._queue.get()]
                    while len(batch) < MAX_PUSH and not self._queue.empty():
                        batch.append(self._queue.get_nowait())
                    batches.create_task(self._try(batch))
        finally:
            for task in list(self._background):
                task.cancel()

    async def _try(self, batch: list[Digest]) -> None:
        """Deliver a batch; what waits comes again in a moment."""
        left: dict[Digest, Dispatch] = {}
        waiting = set(batch)
        try:
            for dispatch in self._waiting(batch):
                fresh = await self._fresh(dispatch)
                waiting.discard(dispatch.signed.id)
                left[fresh.signed.id] = fresh
            waiting.clear()
            await self._deliver(left)
            why = "nobody who must sign for a part of it does"
        except (NodeError, LedgerError) as cause:
            why = str(cause)
            _log.warning("dispatches wait: %s", cause)
        for entry_id in batch:
            self._troubles.pop(entry_id, None)
        for entry_id in (*waiting, *left):
            self._troubles[entry_id] = why
            self.later(entry_id)

    def _waiting(self, batch: Sequence[Digest]) -> list[Dispatch]:
        with self._database.read() as connection:
            found = [self._dispatches.get(connection, i) for i in dict.fromkeys(batch)]
        return [dispatch for dispatch in found if dispatch and dispatch.height is None]

    async def _deliver(self, left: dict[Digest, Dispatch]) -> None:
        """Bring dispatches onto the chain, and take out of `left` those that are on their way."""
        pushes = self._push_to_all(list(left.values()))
        while pushes and left:
            done, pushes = await asyncio.wait(pushes, return_when=asyncio.FIRST_COMPLETED)
            await self._submit([pair for task in done for pair in task.result()], left)
        for name in self._custodians():
            # Frames only: whoever is no issuer must see no locator (MATCHING, rules 5 and 10).
            for_others = [
                d for d in left.values() if d.signed.entry.kind in LEFT and name not in d.routes
            ]
            if for_others:
                pairs = await self._hand_over(name, for_others, is_for_others=True)
                await self._submit(pairs, left)

    def _push_to_all(
        self, batch: Sequence[Dispatch]
    ) -> set[asyncio.Task[list[tuple[Digest, SignatureLine]]]]:
        names = sorted({name for dispatch in batch for name in dispatch.routes})
        pushes = {
            asyncio.create_task(self._hand_over(name, [d for d in batch if name in d.routes]))
            for name in names
        }
        # Slow ones are served all the same, after the entry was submitted.
        for task in pushes:
            self._keep(task)
        return pushes

    async def _submit(
        self, pairs: Sequence[tuple[Digest, SignatureLine]], left: dict[Digest, Dispatch]
    ) -> None:
        """Submit those in `left` for which a line came, and take them out of it."""
        lines: dict[Digest, list[SignatureLine]] = {}
        for entry_id, line in pairs:
            lines.setdefault(entry_id, []).append(line)
        stored = [entry_id for entry_id in left if entry_id in lines]
        if stored:
            entries = [left[i].signed.with_lines(tuple(lines[i])).encode() for i in stored]
            await self._sequencer.submit(entries)
        for entry_id in stored:
            del left[entry_id]

    def _keep(self, task: "asyncio.Task[Any]") -> None:
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _custodians(self) -> list[str]:
        document = self._replica.document
        names = () if document is None else document.custodians
        return [name for name in names if name != self._keyring.member]

    async def _hand_over(
        self, name: str, batch: Sequence[Dispatch], *, is_for_others: bool = False
    ) -> list[tuple[Digest, SignatureLine]]:
        signed = await self._handover.to(name, batch, is_for_others=is_for_others)
        for dispatch, _ in signed:
            maker = self._maker_of(dispatch)
            if maker is not None and name in dispatch.routes:
                self._keep(asyncio.create_task(maker.stored(dispatch.signed.id, name)))
        return [(dispatch.signed.id, line) for dispatch, line in signed]

    async def _fresh(self, dispatch: Dispatch) -> Dispatch:
        """Return the dispatch, made again under today's date if its own, or its key, has passed."""
        day = dispatch.signed.entry.day
        # Over a day old no receiver signs for it any more.
        is_old = self._clock.today() - day > _DAY or self._replica.state.is_stale(day)
        is_signed = is_signed_under(dispatch.signed, self._replica.document)
        return dispatch if is_signed and not is_old else await self.redraft(dispatch)

    async def redraft(self, dispatch: Dispatch) -> Dispatch:
        """Make a dispatch again under today's date; with the same contents, or by its maker."""
        maker = self._maker_of(dispatch)
        if maker is not None:
            return await maker.remake(dispatch)
        share = Share.decode(dispatch.body)
        anew = self.draft(
            dispatch.signed.entry.kind,
            further=dispatch.signed.entry.further,
            contents=[item.content for item in share.items],
            routes=dispatch.routes,
            subject=dispatch.subject,
        )

        def replace(connection: Connection) -> bool:
            # It may have come on the chain meanwhile.
            is_replaced = self._dispatches.replace(connection, dispatch.signed.id, anew)
            if is_replaced and anew.signed.entry.kind == "answer":
                # Should this one be skipped for good, its frames must be free for another.
                matching.send_frames(connection, self._dispatches.heights(anew), anew.signed.id)
            return is_replaced

        return anew if await self._writer.do(replace) else dispatch

    def _maker_of(self, dispatch: Dispatch | None) -> Maker | None:
        return None if dispatch is None else self._makers.get(dispatch.signed.entry.kind)
