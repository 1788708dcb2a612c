"""The matcher: who else has posted about a person of this agency's own (MATCHING, rules 1 to 9).

Every method works inside the writer's transaction, in order of height, and may be repeated: after
a crash it finds what it did. Nothing here waits for anybody.

    own signal is final       it is to be placed
    own locate is final       watch where others would place a signal about the same person
    other's locate            probe each item once; keep the frame that answers it; forget the item
    other's answer            open its slots for own signals
    other's erasure           remember it; its matches go
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.answer import (
    MAX_CARDS,
    MatchCard,
    SlotContext,
    noise_slot,
    open_slot,
    seal_slot,
    split_frame,
)
from ledger.block import Block
from ledger.body import Item, Share
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.heights import Heights
from ledger.locator import ITEM_BYTES, LocateItem, Placement
from ledger.parts import decode_erasure
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.matches import Match, Matches
from nodes.store.presence import PlacedSignal, Presence, Presences
from nodes.store.watch import Place, Watch

_VOID = "void-slot"
_VOID_ERASURE = "void-erasure"
_FALSE_CARD = "false-card"
Random = Callable[[int], bytes]


class _Hit(NamedTuple):
    """A placement that this agency watches, and the desk on its card."""

    presence: Presence
    desk: int


class Matcher:
    """Finds matches at one issuer."""

    def __init__(
        self,
        *,
        member: str,
        origin: str,
        replica: Replica,
        presences: Presences,
        watch: Watch,
        matches: Matches,
        random: Random = secrets.token_bytes,
    ) -> None:
        """Match as `member`."""
        self._member = member
        self._origin = origin
        self._replica = replica
        self._presences = presences
        self._watch = watch
        self._matches = matches
        self._random = random

    def own_locate(self, connection: Connection, own: Sequence[tuple[str, str, str]]) -> None:
        """Make own signals live: each is (local id, digits, purpose)."""
        for local_id, digits, purpose in own:
            for presence in self._about(connection, digits, purpose):
                placed = presence.of(bytes.fromhex(local_id))
                if placed is None or not presence.y:
                    continue
                changed = presence.with_signal(replace(placed, is_live=True))
                key = self._presences.put(connection, changed)
                self._watch.add(connection, self.places(presence), presence=key)

    def places(self, presence: Presence) -> list[Place]:
        """Return where every other issuer would place a signal about that person."""
        document = self._replica.state.document
        issuers = () if document is None else document.issuers
        pseudonym = presence.pseudonym(self._origin)
        return [
            (issuer.name, locator)
            for issuer in issuers
            if issuer.name != self._member
            for locator in pseudonym.locators(issuer.name)
        ]

    def others_locate(
        self, connection: Connection, *, height: int, signed: SignedEntry, share: Share
    ) -> None:
        """Probe the items of another's `locate` and store the frame that answers it."""
        if matching.has_frame(connection, height):
            return
        author = signed.entry.author
        heights = Heights.decode(signed.entry.further).named
        slots = [
            self._answer(
                connection,
                author=author,
                located=located,
                item=share.item(index),
                context=SlotContext(self._member, signed.id, index),
            )
            for index, located in enumerate(heights)
        ]
        frame = matching.Frame(height, author, b"".join(slots))
        matching.add_frame(connection, frame)

    def miss(self, connection: Connection, *, height: int, author: str, slots: int) -> None:
        """Store a frame of noise for a `locate` whose items never came."""
        content = b"".join(noise_slot(self._random) for _ in range(slots))
        matching.add_frame(connection, matching.Frame(height, author, content, is_missing=True))

    def others_answer(
        self,
        connection: Connection,
        *,
        height: int,
        signed: SignedEntry,
        share: Share,
        own: Callable[[int], tuple[str, str, str] | None],
    ) -> list[str]:
        """Open what another's `answer` says of own locates; return the reasons of findings.

        `own` gives (local id, digits, purpose) of the own live signal at a height, or None.
        """
        findings: list[str] = []
        named = Heights.decode(signed.entry.further).named
        for item in share.items:
            locate = chain.block_at(connection, named[item.index])
            if locate is None:
                continue
            block = Block.decode(locate).signed
            if block.entry.author != self._member:
                continue
            located = Heights.decode(block.entry.further).named
            for position, slot in enumerate(split_frame(item.content, slots=len(located))):
                known = own(located[position])
                if known is None:
                    continue
                context = SlotContext(signed.entry.author, block.id, position)
                try:
                    self._open(
                        connection,
                        slot,
                        known=known,
                        at=located[position],
                        context=context,
                        below=height,
                    )
                except LedgerError:
                    findings.append(_VOID)
        return findings

    def others_erasure(self, connection: Connection, *, author: str, share: Share) -> list[int]:
        """Remember which signals `author` withdrew, and drop their matches; return the heights."""
        try:
            heights = [h for item in share.items for h in decode_erasure(item.content)]
        except MalformedError:
            # It is final all the same: raising here would stop every node at this block.
            chain.count_refusals(connection, [_VOID_ERASURE])
            return []
        # Nobody but their author can withdraw signals.
        own = [h for h in heights if self._signal_of(connection, h, author) is not None]
        matching.remember_erased(connection, author, own)
        for height in own:
            for match in self._matches.of_other(connection, author, height):
                self._matches.remove(connection, match)
        return own

    def forget(self, connection: Connection, *, local_id: str, digits: str, purpose: str) -> None:
        """Drop all that stood for a withdrawn own signal, once its erasure is final."""
        for match in self._matches.of_own(connection, local_id):
            self._matches.remove(connection, match)
        for presence in self._about(connection, digits, purpose):
            left = presence.without(bytes.fromhex(local_id))
            if presence.y and not left.live():
                self._watch.remove(connection, self.places(presence))
            self._presences.put(connection, left, digits=digits)

    def withdraw(self, connection: Connection, *, local_id: str, digits: str, purpose: str) -> None:
        """Let nothing probed from now on name this own signal (rule 1)."""
        for presence in self._about(connection, digits, purpose):
            placed = presence.of(bytes.fromhex(local_id))
            if placed is not None:
                self._presences.put(
                    connection, presence.with_signal(replace(placed, is_live=False))
                )

    def _about(self, connection: Connection, digits: str, purpose: str) -> list[Presence]:
        """Return the presences of a person under the purpose's epochs, newest first."""
        spans = self._replica.state.epochs.spans.get(purpose, [])
        found = []
        for span in reversed(spans):
            key = self._presences.key(digits=digits, purpose=purpose, epoch=span.document.number)
            presence = self._presences.at(connection, key)
            if presence is not None and presence.digits:
                found.append(presence)
        return found

    def _answer(
        self,
        connection: Connection,
        *,
        author: str,
        located: int,
        item: Item | None,
        context: SlotContext,
    ) -> bytes:
        """Probe one item and return the slot that answers it: hit or miss, the same work."""
        signal = self._signal_of(connection, located, author)
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
        is_erased = matching.is_erased(connection, author, located)
        cards: dict[int, int] = {}
        key = self._random(32)
        if hits and signal is not None and not is_erased:
            key = (
                hits[0]
                .presence.pseudonym(self._origin)
                .answer_key(answerer=self._member, signal=signal, locate=context.locate)
            )
            for hit in hits:
                for own in hit.presence.live():
                    if self._record(
                        connection, hit.presence, own, author, located, signal, hit.desk
                    ):
                        cards[own.height] = own.desk
        # Noise is a slot under a key that nobody has: it costs what a true one costs.
        # Two epochs can hold over sixteen live signals together: the newest are told, and what an
        # item hits must never stop the effects of its block.
        newest = sorted(cards)[-MAX_CARDS:]
        shown = [MatchCard(h, cards[h]) for h in newest] or [MatchCard(1, 1)]
        slot = seal_slot(shown, key=key, context=context, random=self._random)
        return slot if cards else noise_slot(self._random)

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

    def _open(
        self,
        connection: Connection,
        slot: bytes,
        *,
        known: tuple[str, str, str],
        at: int,
        context: SlotContext,
        below: int,
    ) -> None:
        """Open one slot about the own signal at height `at`.

        Raises:
            VerificationError: it opens to what no honest answerer writes.
        """
        local_id, digits, purpose = known
        signal = self._signal_of(connection, at, self._member)
        if signal is None:
            return
        for presence in self._about(connection, digits, purpose):
            own = presence.of(bytes.fromhex(local_id))
            if own is None or not presence.y:
                continue
            key = presence.pseudonym(self._origin).answer_key(
                answerer=context.answerer, signal=signal, locate=context.locate
            )
            cards = open_slot(slot, key=key, context=context)
            if cards is None:
                continue
            for card in cards:
                self._verify_card(connection, card, answerer=context.answerer, below=below)
            if own.is_live:
                for card in cards:
                    self._take(connection, presence, own, context.answerer, card)
            return

    def _verify_card(
        self, connection: Connection, card: MatchCard, *, answerer: str, below: int
    ) -> None:
        locate = matching.located_at(connection, card.height)
        if (
            self._signal_of(connection, card.height, answerer) is None
            or locate is None
            or locate >= below
        ):
            raise VerificationError("answer: a height that is no located signal of the answerer's")

    def _take(
        self,
        connection: Connection,
        presence: Presence,
        own: PlacedSignal,
        answerer: str,
        card: MatchCard,
    ) -> None:
        signal = self._signal_of(connection, card.height, answerer)
        if signal is None or matching.is_erased(connection, answerer, card.height):
            return
        self._record(connection, presence, own, answerer, card.height, signal, card.desk)

    def _record(
        self,
        connection: Connection,
        presence: Presence,
        own: PlacedSignal,
        member: str,
        height: int,
        signal: Digest,
        desk: int,
    ) -> bool:
        """Store the match of an own signal with `member`'s at `height`; tell whether they match.

        Only signals that share an open epoch do (rule 8).
        """
        epochs = self._replica.state.epochs
        shared = set(epochs.open_at(presence.purpose, own.height))
        shared &= set(epochs.open_at(presence.purpose, height))
        if not shared:
            return False
        named = self._presences.at(
            connection,
            self._presences.key(
                digits=presence.digits, purpose=presence.purpose, epoch=max(shared)
            ),
        )
        if named is None or not named.y:
            return False
        lower, higher = (own.entry_id, signal) if own.height < height else (signal, own.entry_id)
        match_id = named.pseudonym(self._origin).match_id(lower=lower, higher=higher)
        self._matches.add(
            connection,
            Match(
                id=match_id.hex(),
                own_local_id=own.local_id.hex(),
                own_height=own.height,
                member=member,
                height=height,
                desk=desk,
                purpose=presence.purpose,
                digits=presence.digits,
            ),
        )
        return True

    def _signal_of(self, connection: Connection, height: int, author: str) -> Digest | None:
        """Return the entry id of `author`'s signal at `height`, or None where it is none."""
        return chain.entry_id_at(connection, height, author=author, kind="signal")
