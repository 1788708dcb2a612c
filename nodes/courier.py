"""The courier: brings own entries with items to their receivers and onto the chain.

draft → commit → push to all receivers at once → submit on the first stored-line. Who was down comes
later and asks. A draft is durable before its first push; a restart resumes the same bytes; one that
went stale off the chain is made again, with the same contents, under today's date. Batches go side
by side, so that a slow receiver delays only what nobody else can sign for.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Body, Item, Share
from ledger.commitment import commit
from ledger.encoding import Digest, split_enc
from ledger.entry import Entry, SignedEntry
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.group import Scalar
from ledger.note import SignatureLine
from ledger.parts import frame_index, own_indexes
from ledger.seal import SealingPublicKey
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH, read_answers, seal_push, verify_answer
from nodes.errors import NodeError
from nodes.keyring import Keyring, is_signed_under
from nodes.peers.client import Peers
from nodes.peers.port import ITEMS, PUSH
from nodes.peers.sealed import seal_fields
from nodes.replica import Applied, Replica
from nodes.sequencer.port import Sequencer
from nodes.store import chain, matching
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.dispatches import Dispatch, Dispatches
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
_MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Half of what a peer message may have; who asked for more asks again."""
_LEFT = frozenset({"answer", "exchange"})
"""The kinds of which a custodian, who reads nothing of them, may keep what is for others."""
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
        custody: Custody,
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
        self._custody = custody
        self._peers = peers
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

    def items(self, payload: bytes, *, sender: str, to: SealingPublicKey) -> bytes:
        """Return `sender`'s parts of the entries in `payload`, sealed; empty where it has none.

        Of own entries, and of others' that were left here for it; empty, too, beyond 8 MiB.

        Raises:
            MalformedError: not a list of up to 64 entry ids.
        """
        ids = split_enc(payload)
        if not 1 <= len(ids) <= MAX_PUSH:
            raise MalformedError(f"items: expected 1 to {MAX_PUSH} entry ids")
        with self._database.read() as connection:
            parts: list[bytes] = []
            room = _MAX_ANSWER_BYTES
            for entry_id in ids:
                part = (self._part_for(connection, entry_id, sender) if room > 0 else None) or b""
                room -= len(part)
                parts.append(part)
        return seal_fields(
            parts,
            to=to,
            origin=self._keyring.origin,
            operation=ITEMS,
            sender=self._keyring.member,
            day=self._clock.today().isoformat(),
        )

    def _part_for(self, connection: Connection, entry_id: bytes, receiver: str) -> bytes | None:
        dispatch = self._dispatches.get(connection, entry_id)
        if dispatch is not None:
            indexes = self._indexes_for(connection, dispatch, receiver)
            return None if indexes is None else _part(dispatch, indexes)
        return self._left_for(connection, entry_id, receiver)

    def _indexes_for(
        self, connection: Connection, dispatch: Dispatch, receiver: str
    ) -> Sequence[int] | None:
        if dispatch.height is None:
            return dispatch.routes.get(receiver)
        if dispatch.signed.entry.kind in {"erasure", "exchange"}:
            # Whoever joined after it was drafted gets no item, and hears that.
            return dispatch.routes.get(receiver, ())
        if dispatch.signed.entry.kind != "locate":
            return dispatch.routes.get(receiver)
        # Whoever owes an answer may ask, a newcomer too, and nobody else (MATCHING, rule 5).
        known = self._replica.state.outstanding.locates.get(dispatch.height)
        if known is None or receiver not in known.waiting:
            return None
        # Only once it has taken effect here are items of withdrawn signals erased from it.
        if receiver not in matching.unopened(connection, dispatch.height):
            return None
        return range(known.slots)

    def _left_for(self, connection: Connection, entry_id: bytes, receiver: str) -> bytes | None:
        """Return what a custodian keeps of another's entry for `receiver`."""
        raw = self._custody.share(connection, entry_id)
        height = self._custody.height(connection, entry_id)
        block = None if height is None else chain.block_at(connection, height)
        if raw is None or block is None:
            return None
        entry = Block.decode(block).signed.entry
        if entry.kind not in _LEFT:
            return None
        share = Share.decode(raw)
        if entry.kind == "exchange":
            document = self._replica.document_at(connection, Block.decode(block).height)
            own = frame_index(share, document, author=entry.author, receiver=receiver)
        else:
            own = own_indexes(
                entry,
                held=[item.index for item in share.items],
                receiver=receiver,
                locate_at=lambda height: chain.locate_at(connection, height),
            )
        items = tuple(item for item in share.items if item.index in own)
        return Share(items, share.digests, share.r).encode() if items else None

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
                d for d in left.values() if d.signed.entry.kind in _LEFT and name not in d.routes
            ]
            if for_others:
                pairs = await self._push_to(name, for_others, is_for_others=True)
                await self._submit(pairs, left)

    def _push_to_all(
        self, batch: Sequence[Dispatch]
    ) -> set[asyncio.Task[list[tuple[Digest, SignatureLine]]]]:
        names = sorted({name for dispatch in batch for name in dispatch.routes})
        pushes = {
            asyncio.create_task(self._push_to(name, [d for d in batch if name in d.routes]))
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

    async def _push_to(
        self, name: str, batch: Sequence[Dispatch], *, is_for_others: bool = False
    ) -> list[tuple[Digest, SignatureLine]]:
        document = self._replica.document
        if document is None:
            return []
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
        for dispatch, given in zip(batch, answers, strict=True):
            # A line that does not hold would cost the entry its place on the chain.
            answer = verify_answer(given, dispatch.signed, by=name, document=document)
            if isinstance(answer, RefusedError):
                _log.warning("%s refuses a %s: %s", name, dispatch.signed.entry.kind, answer)
                continue
            signed.append((dispatch.signed.id, answer))
            maker = self._maker_of(dispatch)
            if maker is not None and name in dispatch.routes:
                self._keep(asyncio.create_task(maker.stored(dispatch.signed.id, name)))
        return signed

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


def _part(dispatch: Dispatch, indexes: Sequence[int]) -> bytes:
    share = Share.decode(dispatch.body)
    wanted = set(indexes)
    items = tuple(item for item in share.items if item.index in wanted)
    return Share(items, share.digests, share.r).encode()
