"""The matcher: who else has posted about a person of this agency's own (MATCHING, rules 1 to 9).

What others place is probed by `nodes.prober`. Every method works inside the writer's transaction,
in order of height, and may be repeated: after a crash it finds what it did. Nothing here waits for
anybody.

    own signal is final       it is to be placed
    own locate is final       watch where others would place a signal about the same person
    other's answer            open its slots for own signals
    other's erasure           remember it; its matches go
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledger.answer import (
    MatchCard,
    SlotContext,
    open_slot,
    split_frame,
)
from ledger.block import Block
from ledger.body import Share
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.heights import Heights
from ledger.parts import decode_erasure
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.matches import Match, Matches
from nodes.store.presence import PlacedSignal, Presence, Presences
from nodes.store.watch import Place, Watch

_VOID = "void-slot"
_VOID_ERASURE = "void-erasure"
_FALSE_CARD = "false-card"
_FAILED_HIT = "failed-hit"


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
    ) -> None:
        """Match as `member`."""
        self._member = member
        self._origin = origin
        self._replica = replica
        self._presences = presences
        self._watch = watch
        self._matches = matches

    def own_locate(self, connection: Connection, own: Sequence[tuple[str, str, str]]) -> None:
        """Make own signals live: each is (local id, digits, purpose)."""
        for local_id, digits, purpose in own:
            for presence in self._about(connection, digits, purpose):
                placed = presence.of(bytes.fromhex(local_id))
                # Height 0: its block came after this epoch had closed, and its slot stays unused.
                if placed is None or not presence.y or not placed.height:
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
        # At once: whoever reads that all have answered must find the case there, too.
        self._matches.take_in(connection)
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
        own = [h for h in heights if self.signal_of(connection, h, author) is not None]
        self._matches.remember_erased(connection, author, own)
        self._matches.take_in(connection)
        for height in own:
            for match in self._matches.of_other(connection, author, height):
                self._matches.remove(connection, match)
        return own

    def forget(self, connection: Connection, *, local_id: str, digits: str, purpose: str) -> None:
        """Drop all that stood for a withdrawn own signal, once its erasure is final."""
        self._matches.take_in(connection)
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
        signal = self.signal_of(connection, at, self._member)
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
            self.signal_of(connection, card.height, answerer) is None
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
        signal = self.signal_of(connection, card.height, answerer)
        if signal is None or self._matches.is_erased(connection, answerer, card.height):
            return
        self.record(connection, presence, own, answerer, card.height, signal, card.desk)

    def record(
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

        Only signals that share an open epoch do (rule 8). `presence` is of the newest epoch that
        hit: that one both sides know, even where a newer one lost its key before both had theirs.
        """
        epochs = self._replica.state.epochs
        shared = set(epochs.open_at(presence.purpose, own.height))
        shared &= set(epochs.open_at(presence.purpose, height))
        if not shared:
            return False
        lower, higher = (own.entry_id, signal) if own.height < height else (signal, own.entry_id)
        match_id = presence.pseudonym(self._origin).match_id(lower=lower, higher=higher)
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

    def signal_of(self, connection: Connection, height: int, author: str) -> Digest | None:
        """Return the entry id of `author`'s signal at `height`, or None where it is none."""
        return chain.entry_id_at(connection, height, author=author, kind="signal")
