"""The prober: does an item that another shows name a person of this agency's own?

Every item is probed once and answered by a slot: cards where it hits, noise where it does not. Hit
and miss do the same work in the transaction: whoever could time it would not learn which (MATCHING,
rule 3). What comes of a match is done afterwards.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.answer import MAX_CARDS, MatchCard, SlotContext, noise_slot, seal_slot
from ledger.body import Item, Share
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.errors import LedgerError, VerificationError
from ledger.heights import Heights
from ledger.locator import ITEM_BYTES, LocateItem, Placement
from ledger.voprf import OUTPUT_BYTES
from nodes.errors import NodeError
from nodes.matcher import Matcher
from nodes.store import chain, matching
from nodes.store.matches import Matches
from nodes.store.presence import PlacedSignal, Presence, Presences
from nodes.store.statement import savepoint
from nodes.store.watch import Watch

_FALSE_CARD = "false-card"
_FAILED_HIT = "failed-hit"
_KEY_BYTES = 32
_NO_SIGNAL = Digest(bytes(32))


class _Hit(NamedTuple):
    """A placement that this agency watches, and the desk on its card."""

    presence: Presence
    desk: int


class Answered(NamedTuple):
    """The slot that answers an item, and the BSN of whom it hit, empty where it hit nobody."""

    slot: bytes
    digits: str


class Prober:
    """Answers what other issuers place."""

    def __init__(
        self,
        *,
        member: str,
        origin: str,
        matcher: Matcher,
        presences: Presences,
        watch: Watch,
        matches: Matches,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Answer as `member`."""
        self._member = member
        self._origin = origin
        self.matcher = matcher
        self._presences = presences
        self._watch = watch
        self._matches = matches
        self._random = random
        placed = PlacedSignal(random(16), 0, 1, is_live=True)
        nobody = Presence("0" * 9, "-", 1, random(OUTPUT_BYTES), 1, (placed,))
        self._nobody = nobody.encode()

    def others_locate(
        self, connection: Connection, *, height: int, signed: SignedEntry, share: Share
    ) -> list[str]:
        """Probe the items of another's `locate` and store the frame that answers it.

        Returns for each item the BSN of whom it hit, empty where it hit nobody.
        """
        if matching.has_frame(connection, height):
            return []
        author = signed.entry.author
        heights = Heights.decode(signed.entry.further).named
        answered = [
            self._answer(
                connection,
                author=author,
                located=located,
                item=share.item(index),
                context=SlotContext(self._member, signed.id, index),
            )
            for index, located in enumerate(heights)
        ]
        frame = matching.Frame(height, author, b"".join(one.slot for one in answered))
        matching.add_frame(connection, frame)
        return [one.digits for one in answered]

    def miss(self, connection: Connection, *, height: int, author: str, slots: int) -> None:
        """Store a frame of noise for a `locate` whose items never came."""
        content = b"".join(noise_slot(self._random) for _ in range(slots))
        matching.add_frame(connection, matching.Frame(height, author, content, is_missing=True))

    def _answer(
        self,
        connection: Connection,
        *,
        author: str,
        located: int,
        item: Item | None,
        context: SlotContext,
    ) -> Answered:
        """Probe one item and return what answers it: hit or miss, the same work."""
        signal = self.matcher.signal_of(connection, located, author)
        # An item that its author withdrew meanwhile is answered like any that matches nothing.
        content = self._random(ITEM_BYTES) if item is None else item.content
        hits = [
            hit
            for placement in LocateItem.decode(content).placements
            if (hit := self._probe(connection, author, placement, signal)) is not None
        ]
        if len({(hit.presence.digits, hit.presence.purpose) for hit in hits}) > 1:
            # Nobody honest places one signal under two people; the answer would tell of both.
            chain.count_refusals(connection, [_FALSE_CARD])
            hits = []
        if self._matches.is_erased(connection, author, located):
            hits = []
        cards: dict[int, int] = {}
        key = self._random(_KEY_BYTES)
        if hits and signal is not None:
            key = (
                hits[0]
                .presence.pseudonym(self._origin)
                .answer_key(answerer=self._member, signal=signal, locate=context.locate)
            )
        # What an item hits must never stop the effects of its block: what fails is noise, and
        # leaves no match here that its author does not hear of.
        try:
            with savepoint(connection):
                if hits and signal is not None:
                    cards = self._meet(connection, hits, author, located, signal)
                else:
                    self._pass(connection, author, located, context)
        except (LedgerError, NodeError):
            chain.count_refusals(connection, [_FAILED_HIT])
        # Noise is a slot under a key that nobody has: it costs what a true one costs.
        # Slots bound them to sixteen; more, by whatever fault, must not stop a block's effects.
        newest = sorted(cards)[-MAX_CARDS:]
        shown = [MatchCard(h, cards[h]) for h in newest] or [MatchCard(1, 1)]
        slot = seal_slot(shown, key=key, context=context, random=self._random)
        noise = noise_slot(self._random)
        return Answered(slot, hits[0].presence.digits) if cards else Answered(noise, "")

    def _meet(
        self,
        connection: Connection,
        hits: Sequence[_Hit],
        author: str,
        located: int,
        signal: Digest,
    ) -> dict[int, int]:
        """Record the matches with what was hit; return the desks of own signals by height."""
        record = self.matcher.record
        return {
            own.height: own.desk
            for hit in hits
            for own in hit.presence.live()
            if record(connection, hits[0].presence, own, author, located, signal, hit.desk)
        }

    def _pass(
        self, connection: Connection, author: str, located: int, context: SlotContext
    ) -> None:
        """Do for nobody what is done for a person who is watched."""
        pseudonym = Presence.decode(self._nobody).pseudonym(self._origin)
        self._presences.at(connection, self._random(_KEY_BYTES))
        with suppress(VerificationError):
            Placement(self._random(16), self._random(24)).open_card(
                pseudonym, author=author, signal=_NO_SIGNAL
            )
        pseudonym.answer_key(answerer=self._member, signal=_NO_SIGNAL, locate=context.locate)
        pseudonym.match_id(lower=_NO_SIGNAL, higher=_NO_SIGNAL)
        self._matches.add_nothing(connection, member=author, height=located)

    def _probe(
        self, connection: Connection, author: str, placement: Placement, signal: Digest | None
    ) -> _Hit | None:
        key = self._watch.probe(connection, (author, placement.locator))
        presence = None if key is None else self._presences.at(connection, key)
        if presence is None or not presence.y or signal is None:
            return None
        try:
            desk = placement.open_card(
                presence.pseudonym(self._origin), author=author, signal=signal
            )
        except VerificationError:
            chain.count_refusals(connection, [_FALSE_CARD])
            return None
        return _Hit(presence, desk)
