"""The beat: own messages go to the other issuers in a rhythm that says nothing about them.

At each moment (`nodes.metronome`) an issuer sends one `exchange` with a frame of one size for every
other issuer, whatever waits. Pieces stay in line until their beat is final; what does not fit waits
for the next one. While an earlier beat has not come on the chain no other is made, so a node that
was cut off does not catch up in a burst. Urgent messages go at once, in an entry that says so, as
far as the day's quota leaves room for all beats of the day; so does what they must not overtake.
While pieces for a receiver are on their way no others are sent to it, so what was said keeps its
order.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from ledger.consortium import Consortium
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.exchange.beat import KIND, Sent, Size, draft_frames, exchange_receivers
from ledger.exchange.item import SLOTS, nobody, split_message
from ledger.seal import SealContext
from nodes.addresses import Addresses
from nodes.clock import Clock
from nodes.courier import Courier
from nodes.desks import CASE, KEPT, DeskCard
from nodes.errors import InputError
from nodes.keyring import Keyring
from nodes.logbook import EXCHANGE, Act, Logbook, Processing
from nodes.replica import Replica
from nodes.rhythm import Rhythm
from nodes.store import chain
from nodes.store.database import Database
from nodes.store.dispatches import Dispatch, Dispatches
from nodes.store.outgoing import Outgoing, Queued
from nodes.store.writer import Writer

Random = Callable[[int], bytes]
Waiting = dict[str, list[Queued]]


class Beat:
    """Sends own messages."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        outgoing: Outgoing,
        dispatches: Dispatches,
        courier: Courier,
        addresses: Addresses,
        clock: Clock,
        logbook: Logbook,
        rhythm: Rhythm | None,
        count: int,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Send `count` items to each; room is left in quotas for the moments of `rhythm`."""
        self._member = keyring.member
        self._origin = keyring.origin
        self._replica = replica
        self._database = database
        self._writer = writer
        self._outgoing = outgoing
        self._dispatches = dispatches
        self._courier = courier
        self._addresses = addresses
        self._clock = clock
        self._logbook = logbook
        self._count = count
        self._random = random
        self._rhythm = rhythm
        self._turn = asyncio.Lock()
        self.woken = asyncio.Event()
        """Set when something urgent may wait."""
        self._has_urgent = False
        self._stored: dict[Digest, set[str]] = {}
        self.trouble: str | None = None
        """Why messages wait longer than for the next beat, or None."""
        courier.register(KIND, self)

    def send(
        self,
        connection: Connection,
        *,
        to: str,
        desks: Sequence[str],
        message: bytes,
        raw: bytes,
        is_urgent: bool = False,
        after: Sequence[bytes] = (),
    ) -> None:
        """Queue the message `raw` under its random 16-byte id `message` for desks of member `to`.

        In the caller's transaction; `desks` are one or two names `member/desk`. It goes with the
        next beat with room; an urgent one at once, beside the rhythm, after `wake`, and before it
        the earlier messages to the same member with the ids `after`.

        Raises:
            InputError: not another issuer, or not one or two case desks of it.
            MalformedError: nothing, or over 26,144 bytes.
        """
        document = self._replica.document
        others = [] if document is None else exchange_receivers(document, author=self._member)
        if document is None or to not in others:
            raise InputError("messages go to the other issuers alone", field="to")
        own = {desk.name for desk in document.desks if desk.member == to and desk.kind == CASE}
        if not 1 <= len(set(desks)) == len(desks) <= SLOTS or not own.issuperset(desks):
            raise InputError(f"a message goes to one or two case desks of {to}", field="desks")
        pieces = split_message(raw, message=message)
        if is_urgent:
            self._outgoing.hasten(connection, after)
        self._outgoing.add(connection, pieces, receiver=to, desks=desks, is_urgent=is_urgent)
        self._logbook.write(connection, [Processing(Act.SEND, EXCHANGE)])
        self._has_urgent |= is_urgent

    def wake(self) -> None:
        """Send what is urgent now; call it once the transaction of `send` is durable."""
        if self._has_urgent:
            self.woken.set()

    def has_urgent(self) -> bool:
        """Look whether anything urgent stands in no beat yet, and tell."""
        with self._database.read() as connection:
            self._has_urgent = self._outgoing.has_urgent(connection)
        return self._has_urgent

    def height_of(self, connection: Connection, message: bytes) -> int | None:
        """Return the block of the beat that carried a message's last piece, once it is final."""
        return self._outgoing.height_of(connection, message)

    async def prepare(self, *, is_urgent: bool = False) -> Digest | None:
        """Make a beat durable, to be sent by the courier; None where none is to be made now."""
        document = self._replica.document
        if document is None or self._member not in self._replica.state.issuers:
            return None
        async with self._turn:
            today = self._clock.today()
            with self._database.read() as connection:
                if not self._may_go(connection, document, today, is_urgent=is_urgent):
                    return None
                cards = self._addresses.usable(connection, document, today=today)
                waiting = self._waiting(connection, cards, document)
            pieces = [piece for of in waiting.values() for piece in of]
            if is_urgent and not any(piece.is_urgent for piece in pieces):
                return None
            size = Size(self._count, is_urgent)
            beat = await self._draft(waiting, cards, document=document, size=size, day=today)

            def store(connection: Connection) -> None:
                self._dispatches.add(connection, beat)
                self._outgoing.assign(connection, pieces, beat.signed.id)

            await self._writer.do(store)
        return beat.signed.id

    async def remake(self, dispatch: Dispatch) -> Dispatch:
        """Make a beat again that cannot come on the chain any more; see `Maker`."""
        document, today = self._replica.document, self._clock.today()
        if document is None:
            return dispatch
        old = dispatch.signed.id
        async with self._turn:
            with self._database.read() as connection:
                cards = self._addresses.usable(connection, document, today=today)
                waiting: Waiting = {name: [] for name in cards}
                for piece in self._outgoing.of_beat(connection, old):
                    if piece.receiver in cards and _has_all(cards[piece.receiver], piece):
                        waiting[piece.receiver].append(piece)
            size = Size.decode(dispatch.signed.entry.further)
            beat = await self._draft(waiting, cards, document=document, size=size, day=today)

            def replace(connection: Connection) -> bool:
                # It may have come on the chain meanwhile.
                if not self._dispatches.replace(connection, old, beat):
                    return False
                self._outgoing.free(connection, old)
                pieces = [piece for of in waiting.values() for piece in of]
                self._outgoing.assign(connection, pieces, beat.signed.id)
                return True

            is_replaced = await self._writer.do(replace)
        self._stored.pop(old, None)
        return beat if is_replaced else dispatch

    def dropped(self, connection: Connection, entry_id: Digest) -> None:
        """Let a later beat carry what stood in one that was refused for good; see `Maker`."""
        self._outgoing.free(connection, entry_id)

    async def stored(self, entry_id: Digest, by: str) -> None:
        """Note that a receiver has its frame; see `Maker`."""
        self._stored.setdefault(entry_id, set()).add(by)

        def work(connection: Connection) -> None:
            dispatch = self._dispatches.get(connection, entry_id)
            if dispatch is None:
                self._stored.pop(entry_id, None)
            elif _is_final(connection, dispatch):
                self._let_go(connection, dispatch)

        await self._writer.do(work)

    def own_final(self, connection: Connection, height: int, signed: SignedEntry) -> None:
        """Let go of what went with an own beat that is final."""
        dispatch = self._dispatches.get(connection, signed.id)
        document = self._replica.document_at(connection, height)
        if dispatch is None or document is None:
            return
        if exchange_receivers(document, author=self._member) == list(dispatch.routes):
            day = signed.entry.day.toordinal()
            self._outgoing.sent(connection, signed.id, height=height, day=day)
        else:
            # The issuers are not those for whom it was sealed: none finds its frame by its place.
            self._outgoing.free(connection, signed.id)
        owners = [document.entry_keys.get((line.name, line.key_id)) for line in signed.lines]
        stored = {owner[0] for owner in owners if owner is not None}
        self._stored.setdefault(signed.id, set()).update(stored)
        self._let_go(connection, dispatch)

    def turn_day(self, connection: Connection, day: int) -> None:
        """Let go of frames that nobody could open any more on the day with that ordinal."""
        before = date.fromordinal(max(1, day - KEPT.days)).isoformat()
        for entry_id in self._outgoing.expired(connection, kind=KIND, before=before):
            self._dispatches.drop(connection, entry_id)
            self._stored.pop(entry_id, None)
        document = self._replica.document
        kept = KEPT.days if document is None else document.retention.get(KIND, KEPT.days)
        self._outgoing.forget(connection, before=day - kept)

    def _may_go(
        self, connection: Connection, document: Consortium, today: date, *, is_urgent: bool
    ) -> bool:
        """Tell whether another beat, or an urgent one, may be made."""
        ids = self._outgoing.on_its_way(connection, kind=KIND)
        known = [self._dispatches.get(connection, entry_id) for entry_id in ids]
        sizes = [Size.decode(one.signed.entry.further) for one in known if one is not None]
        if any(size.is_urgent == is_urgent for size in sizes):
            return False
        quota = document.quota.get(KIND)
        by = (self._member, KIND)
        used = self._replica.state.posted.get(today, {}).get(by, 0) + len(sizes)
        if is_urgent:
            used += self._beats_left(today)
        if quota is None or used < quota:
            return True
        self.trouble = f"today's quota of {quota} exchanges leaves no room for another"
        return False

    def _beats_left(self, today: date) -> int:
        if self._rhythm is None:
            return 0
        now = self._clock.now()
        midnight = datetime.combine(today + timedelta(days=1), time(), tzinfo=now.tzinfo)
        return self._rhythm.number(midnight) - self._rhythm.number(now)

    def _waiting(
        self, connection: Connection, cards: Mapping[str, DeskCard], document: Consortium
    ) -> Waiting:
        """Return what is to go now to those of whom there are keys."""
        waiting: Waiting = {}
        stuck, ahead = [], self._outgoing.on_its_way(connection, kind=KIND)
        going = {name for beat in ahead for name in self._outgoing.receivers_of(connection, beat)}
        for name in exchange_receivers(document, author=self._member):
            if name in going:
                waiting[name] = []
                continue
            queued = self._outgoing.waiting(connection, name, self._count)
            ready = [p for p in queued if name in cards and _has_all(cards[name], p)]
            if len(ready) < len(queued):
                stuck.append(name)
            waiting[name] = ready
        self.trouble = f"no keys of desks of {', '.join(stuck)}: messages wait" if stuck else None
        return waiting

    async def _draft(
        self,
        waiting: Waiting,
        cards: Mapping[str, DeskCard],
        *,
        document: Consortium,
        size: Size,
        day: date,
    ) -> Dispatch:
        """Return a beat with what is `waiting`, sealed; nothing is stored."""
        receivers = exchange_receivers(document, author=self._member)
        case = {desk.name for desk in document.desks if desk.kind == CASE}
        filler = [nobody(self._random)]
        desks = {}
        for name in receivers:
            keys = cards[name].keys if name in cards else {}
            # Without a key of theirs dummies go to nobody, which looks the same.
            desks[name] = [keys[desk] for desk in sorted(keys) if desk in case] or filler
        sent = {
            name: [Sent(p.piece, tuple(cards[name].keys[d] for d in p.desks)) for p in queued]
            for name, queued in waiting.items()
        }
        # Hundreds of sealings must not keep the node from answering others.
        frames = await asyncio.to_thread(
            draft_frames,
            sent,
            desks=desks,
            document=document,
            count=size.count,
            context=SealContext(self._origin, KIND, self._member, day.isoformat()),
            random=self._random,
        )
        return self._courier.draft(
            KIND,
            further=size.encode(),
            contents=frames,
            routes={name: [index] for index, name in enumerate(receivers)},
            day=day,
        )

    def _let_go(self, connection: Connection, dispatch: Dispatch) -> None:
        """Drop a final beat of which all have their frames."""
        if set(dispatch.routes) <= self._stored.get(dispatch.signed.id, set()):
            self._dispatches.drop(connection, dispatch.signed.id)
            self._stored.pop(dispatch.signed.id, None)


def _has_all(card: DeskCard, piece: Queued) -> bool:
    return all(desk in card.keys for desk in piece.desks)


def _is_final(connection: Connection, dispatch: Dispatch) -> bool:
    return dispatch.height is not None and dispatch.height < chain.cursor(connection, "effects")
