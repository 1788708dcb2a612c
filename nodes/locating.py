"""Locating: every own final signal gets its `locate`, whatever is found.

A slot is reserved at posting; once final, the signal is evaluated by the key holders and placed in
a `locate` with up to 63 others. A signal that was withdrawn meanwhile, for which no epoch is open
or that is too old for the holders, is placed with random bytes: outside nothing tells the
difference.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from ledger.body import Share
from ledger.encoding import Digest
from ledger.errors import LedgerError
from ledger.heights import MAX_HEIGHTS, Heights
from ledger.locator import Placement, encode_item, place
from ledger.rules.signal import ALPHA
from ledger.voprf import Alpha, person_input
from nodes.clock import Clock
from nodes.courier import Courier
from nodes.errors import InputError, NodeError
from nodes.evaluator import Evaluator, Person
from nodes.holder import OLDEST, Asked
from nodes.logbook import Act, Logbook, Processing
from nodes.replica import Replica
from nodes.signal import Posting
from nodes.store import chain, matching
from nodes.store.database import Database
from nodes.store.dispatches import Dispatches
from nodes.store.presence import Presence, Presences
from nodes.store.signals import Signals
from nodes.store.writer import Writer
from nodes.tracing import Trace, begun

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _ToPlace:
    """An own final signal, with what its placement is made from."""

    height: int
    entry_id: Digest
    local_id: str
    posting: Posting = field(repr=False)
    person: Person = field(repr=False)
    epochs: tuple[int, ...]


class Locating:
    """Places own signals."""

    def __init__(
        self,
        *,
        member: str,
        origin: str,
        replica: Replica,
        database: Database,
        writer: Writer,
        signals: Signals,
        presences: Presences,
        dispatches: Dispatches,
        evaluator: Evaluator,
        courier: Courier,
        clock: Clock,
        logbook: Logbook,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Place signals of `member`."""
        self._member = member
        self._origin = origin
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._presences = presences
        self._dispatches = dispatches
        self._evaluator = evaluator
        self._courier = courier
        self._clock = clock
        self._logbook = logbook
        self._random = random
        self._woken = asyncio.Event()
        self._batch = MAX_HEIGHTS
        self.trouble: str | None = None
        """Why signals cannot be located now, or None."""

    def reserve(self, connection: Connection, local_id: str, posting: Posting) -> None:
        """Reserve a slot for a new signal in every open epoch of its purpose.

        Raises:
            InputError: sixteen signals about this person were posted in one of them.
        """
        for epoch in self._replica.state.epochs.with_key(posting.purpose):
            self._reserve(connection, local_id, posting, epoch.number)

    def own_final(self, connection: Connection, final: Sequence[tuple[int, Digest, str]]) -> None:
        """Note that own signals, as (height, entry id, local id), are final: to be placed.

        Before the first epoch of all there is nothing to place them under: they wait for it.
        """
        for height, entry_id, local_id in final:
            # By height: this node may have applied an epoch that has not taken effect yet.
            if not self._replica.state.epochs.has_begun(height):
                continue
            matching.add_placing(connection, height=height, local_id=local_id)
            posting = self._signals.posting(connection, local_id)
            numbers = self._replica.state.epochs.open_at(posting.purpose, height)
            self._let_go(connection, local_id, posting, numbers)
            for number in numbers:
                presence = self._presences.of(
                    connection,
                    digits=posting.bsn.digits,
                    purpose=posting.purpose,
                    epoch=number,
                )
                known = presence.of(bytes.fromhex(local_id))
                if known is not None:
                    final_now = replace(known, height=height, entry_id=entry_id)
                    self._presences.put(connection, presence.with_signal(final_now))

    def _let_go(
        self, connection: Connection, local_id: str, posting: Posting, numbers: Sequence[int]
    ) -> None:
        """Keep no place under an epoch that lost its key before the signal was on the chain.

        Else a pseudonym would stay for it, when no signal is left that was located under that.
        """
        digits, purpose = posting.bsn.digits, posting.purpose
        for epoch in self._replica.state.epochs.open_now(purpose):
            if epoch.number in numbers:
                continue
            key = self._presences.key(digits=digits, purpose=purpose, epoch=epoch.number)
            presence = self._presences.at(connection, key)
            if presence is not None and presence.of(bytes.fromhex(local_id)) is not None:
                left = presence.without(bytes.fromhex(local_id))
                self._presences.put(connection, left, digits=digits)

    def wake(self) -> None:
        """Look for signals to place now."""
        self._woken.set()

    async def run(self) -> None:
        """Place signals until cancelled."""
        while True:
            self._woken.clear()
            try:
                while await self._place():
                    self.trouble = None
                    self._batch = min(2 * self._batch, MAX_HEIGHTS)
            except (NodeError, LedgerError) as cause:
                self.trouble = str(cause)
                # Holders that are too slow for so many would be for the same ones again.
                self._batch = max(1, self._batch // 2)
                _log.warning("locating waits: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._woken.wait()

    async def _place(self) -> bool:
        """Put up to 64 signals into one `locate`; tell whether there were any."""
        with self._database.read() as connection:
            waiting = matching.placing(connection, self._batch)
            days = chain.days_at(connection, [one.height for one in waiting])
            to_place = [
                self._read(connection, one, day=days[one.height])
                for one in waiting
                if not one.is_withdrawn
            ]
        if not waiting:
            return False
        outputs: dict[int, dict[int, bytes]] = {}
        # The holders record what they do for this under the same trace.
        with begun() as trace:
            for purpose in sorted({one.posting.purpose for one in to_place if one.epochs}):
                of = [one for one in to_place if one.posting.purpose == purpose and one.epochs]
                found = await self._evaluator.pseudonyms([o.person for o in of], purpose=purpose)
                for at, one in enumerate(of):
                    outputs[one.height] = {number: ys[at] for number, ys in found.items()}
        entry_id = await self._writer.do(
            lambda connection: self._locate(connection, to_place, outputs, trace)
        )
        if entry_id is not None:
            self._courier.send(entry_id)
        return True

    def _locate(
        self,
        connection: Connection,
        to_place: Sequence[_ToPlace],
        outputs: Mapping[int, Mapping[int, bytes]],
        trace: Trace,
    ) -> Digest | None:
        """Store pseudonyms, and the `locate` that names all that still wait, withdrawn or not."""
        by_height = {one.height: one for one in to_place}
        # Withdrawn since they were read: theirs are random bytes.
        now = matching.placing(connection, MAX_HEIGHTS)
        ready = [p for p in now if p.is_withdrawn or p.height in by_height]
        if not ready:
            return None
        contents = []
        for one in ready:
            placements: list[Placement] = []
            if not one.is_withdrawn:
                known = by_height[one.height]
                placements = self._placements(connection, known, outputs.get(one.height, {}))
            contents.append(encode_item(placements, random=self._random))
        heights = [one.height for one in ready]
        dispatch = self._courier.draft(
            "locate",
            further=Heights(tuple(heights)).encode(),
            contents=contents,
            routes={name: range(len(contents)) for name in self._receivers()},
        )
        self._dispatches.add(connection, dispatch)
        matching.placed(connection, heights)
        located = [by_height[one.height].posting for one in ready if not one.is_withdrawn]
        self._logbook.write(
            connection,
            [Processing(Act.LOCATE, posting.purpose, posting.bsn.digits) for posting in located],
            trace=trace,
        )
        return dispatch.signed.id

    def _placements(
        self, connection: Connection, one: _ToPlace, outputs: Mapping[int, bytes]
    ) -> list[Placement]:
        placements = []
        with_key = self._replica.state.epochs.with_key(one.posting.purpose)
        still = {epoch.number for epoch in with_key}
        for number in one.epochs:
            # It may have closed while the holders worked: nothing may follow from it any more.
            if number not in still:
                continue
            y = outputs.get(number)
            presence = self._reserved(connection, one, number)
            placed = None if presence is None else presence.of(bytes.fromhex(one.local_id))
            if y is None or presence is None or placed is None:
                continue
            known = replace(presence, y=y)
            self._presences.put(connection, known)
            placements.append(
                place(
                    known.pseudonym(self._origin),
                    author=self._member,
                    signal=placed.entry_id,
                    slot=placed.slot,
                    desk=placed.desk,
                )
            )
        return placements

    def _reserved(self, connection: Connection, one: _ToPlace, number: int) -> Presence | None:
        """Return the presence with the signal's slot; reserved now if its epoch opened since."""
        presence = self._presence(connection, one.posting, number)
        if presence.of(bytes.fromhex(one.local_id)) is not None:
            return presence
        try:
            self._reserve(connection, one.local_id, one.posting, number)
        except InputError:
            return None
        self.own_final(connection, [(one.height, one.entry_id, one.local_id)])
        return self._presence(connection, one.posting, number)

    def _reserve(
        self, connection: Connection, local_id: str, posting: Posting, number: int
    ) -> None:
        document = self._replica.state.document
        desk = None if document is None else document.desk(posting.desk)
        if desk is None:
            return
        presence = self._presence(connection, posting, number)
        self._presences.put(
            connection,
            presence.reserve(bytes.fromhex(local_id), desk=desk.number, random=self._random),
        )

    def _presence(self, connection: Connection, posting: Posting, number: int) -> Presence:
        return self._presences.of(
            connection, digits=posting.bsn.digits, purpose=posting.purpose, epoch=number
        )

    def _receivers(self) -> list[str]:
        document = self._replica.state.document
        issuers = () if document is None else document.issuers
        return [issuer.name for issuer in issuers if issuer.name != self._member]

    def _read(self, connection: Connection, one: matching.Placing, *, day: date) -> _ToPlace:
        posting = self._signals.posting(connection, one.local_id)
        share = Share.decode(self._signals.body(connection, one.local_id))
        alpha = tuple(item for item in share.items if item.index == ALPHA)
        shown = Share(alpha, share.digests, share.r).encode()
        return _ToPlace(
            height=one.height,
            entry_id=self._signals.entry_id(connection, one.local_id),
            local_id=one.local_id,
            posting=posting,
            person=Person(
                asked=Asked(one.height, shown),
                alpha=Alpha.decode(alpha[0].content).element,
                message=person_input(posting.bsn),
                blinding=self._signals.blinding(connection, one.local_id),
            ),
            epochs=self._epochs(posting.purpose, one.height, day),
        )

    def _epochs(self, purpose: str, height: int, day: date) -> tuple[int, ...]:
        """Return under which epochs a signal can still be evaluated, newest first."""
        # One that the holders must refuse would keep all that is asked with it from its `locate`.
        if day < self._clock.today() - OLDEST:
            _log.warning(
                "the signal in block %s is too old to be evaluated: it matches none", height
            )
            return ()
        epochs = self._replica.state.epochs
        still = {epoch.number for epoch in epochs.with_key(purpose)}
        return tuple(number for number in epochs.open_at(purpose, height) if number in still)
