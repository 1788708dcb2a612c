"""The opener: takes what is in the frames of others' exchanges, and hands on whole messages.

Frame by frame, in the transaction in which the block takes effect: each item is opened with the
keys of own case desks, its id remembered, its piece put beside the others of its message. What
must be refused is counted by author and reason and costs no other item its place:

    no-frame            the beat was made for other issuers than there were in its block
    frame-not-opened    no item of it opens here: its author has no key of ours, or no longer one
    size, repeated, malformed, not-opened       an item; see `ledger.exchange.item`
    pieces, desk        pieces that do not make one message, or not for one desk
    the receiver's      what the message itself may not be
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import Connection

from ledger.body import Share
from ledger.entry import Entry, SignedEntry
from ledger.errors import DeniedError, LedgerError, VerificationError
from ledger.exchange.beat import KIND, Size, exchange_receivers
from ledger.exchange.item import ITEM_BYTES, Opened, Piece, join_pieces, open_item
from ledger.parts import frame_index
from ledger.seal import SealContext, SealingKey, message_id_of
from nodes.desks import KEPT, Desks
from nodes.logbook import EXCHANGE, Act, Processing
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.incoming import Incoming
from nodes.store.statement import savepoint

REFUSALS = "exchange/"
"""What refusals are counted under: `exchange/<author>/<reason>`."""
_ITEM_DAYS = 7
"""Over the two after which an entry is stale: an item opens under its entry's date alone."""
_NOT_OPENED = "not-opened"
Keys = Mapping[str, Sequence[SealingKey]]


class Receiver(Protocol):
    """Whoever takes messages. `tests/contract` holds every one to this."""

    def receive(
        self,
        connection: Connection,
        *,
        author: str,
        desk: str,
        message: bytes,
        raw: bytes,
        height: int,
    ) -> None:
        """Take in, in the transaction that marks its last piece opened, a whole message.

        `raw` is what member `author` sent under the random 16-byte id `message`; it was opened with
        a key of own `desk` (`member/desk`), and its last piece stood in the block at `height`. Of a
        message that was for two own desks it is the first of the document. It comes once, whatever
        happens; what this raises undoes what it did, and nothing else.

        Raises:
            LedgerError: it may not be; it is counted and does not come again.
        """


class NoReceiver:
    """A `Receiver` where no desk works with cases."""

    def receive(
        self,
        connection: Connection,
        *,
        author: str,
        desk: str,
        message: bytes,
        raw: bytes,
        height: int,
    ) -> None:
        """Refuse it; see `Receiver`."""
        del connection, author, desk, message, raw, height
        raise DeniedError("no-receiver", "nobody at this node takes messages")


class Opener:
    """Opens frames for own desks."""

    def __init__(
        self,
        *,
        member: str,
        origin: str,
        replica: Replica,
        desks: Desks,
        incoming: Incoming,
        receiver: Receiver,
    ) -> None:
        """Open what is for `member`, and hand it to `receiver`."""
        self._member = member
        self._origin = origin
        self._replica = replica
        self._desks = desks
        self._incoming = incoming
        self.receiver = receiver

    def concerns(self, connection: Connection, height: int, signed: SignedEntry) -> bool:
        """Tell whether an exchange in that block has a frame for this member; see `Taker`."""
        document = self._replica.document_at(connection, height)
        return document is not None and self._member in exchange_receivers(
            document, author=signed.entry.author
        )

    def take(
        self, connection: Connection, *, height: int, signed: SignedEntry, share: Share
    ) -> list[Processing]:
        """Take what is in this member's frame of a final exchange; see `Taker`.

        Raises:
            VerificationError: there must be a frame and its author did not give it.
        """
        entry = signed.entry
        refused: list[str] = []
        heard = 0
        for desk, one in self._items(connection, height, entry, share, refused):
            reason, is_whole = self._take_piece(
                connection, one, author=entry.author, desk=desk, height=height, entry=entry
            )
            heard += is_whole
            refused += [reason] if reason else []
        chain.count_refusals(connection, [f"{REFUSALS}{entry.author}/{why}" for why in refused])
        return [Processing(Act.UNSEAL, EXCHANGE, asked_by=entry.author)] * heard

    def turn_day(self, connection: Connection, day: int) -> None:
        """Forget, and destroy, what is too old on the day with that ordinal."""
        document = self._replica.document
        kept = KEPT.days if document is None else document.retention.get(KIND, KEPT.days)
        self._incoming.forget(connection, items=day - _ITEM_DAYS, messages=day - kept)
        # By then no key is left that would open it.
        matching.give_up(connection, kind=KIND, before=day - KEPT.days)
        self._desks.destroy(today=date.fromordinal(day))

    def _items(
        self,
        connection: Connection,
        height: int,
        entry: Entry,
        share: Share,
        refused: list[str],
    ) -> list[tuple[str, Piece]]:
        """Return the pieces in the frame by desk, and remember its items; add to `refused`."""
        document = self._replica.document_at(connection, height)
        if len(share.items) != 1:
            if frame_index(share, document, author=entry.author, receiver=self._member):
                raise VerificationError("exchange: this member's frame is withheld")
            refused.append("no-frame")
            return []
        frame = share.items[0].content
        if len(frame) != Size.decode(entry.further).count * ITEM_BYTES:
            refused.append("size")
            return []
        keys = {} if document is None else self._desks.opening(document, day=entry.day)
        context = SealContext(self._origin, KIND, entry.author, entry.day.isoformat())
        items = [frame[at : at + ITEM_BYTES] for at in range(0, len(frame), ITEM_BYTES)]
        ids = [message_id_of(item) for item in items]
        met = set(self._incoming.known_items(connection, entry.author, ids))
        opened: list[tuple[str, Opened]] = []
        for item in items:
            desk, one = _open(item, keys=keys, context=context, known=met)
            opened.append((desk, one))
            if one.refused is None:
                met.add(one.id)
        why = [one.refused for _, one in opened if one.refused]
        # A sender that has no key of this member's desks yet seals dummies to nobody.
        refused += ["frame-not-opened"] if why == [_NOT_OPENED] * len(items) else why
        fresh = [one.id for _, one in opened if one.refused is None]
        self._incoming.add_items(connection, entry.author, fresh, day=entry.day.toordinal())
        return [(desk, one.piece) for desk, one in opened if one.piece is not None]

    def _take_piece(
        self,
        connection: Connection,
        piece: Piece,
        *,
        author: str,
        desk: str,
        height: int,
        entry: Entry,
    ) -> tuple[str | None, bool]:
        """Return why a piece or its message is refused, and whether it made one whole."""
        incoming, day = self._incoming, entry.day.toordinal()
        # A beat that was made again may have come both times: each message counts once.
        if incoming.is_heard(connection, author, piece.message):
            return None, False
        stored = incoming.add_piece(connection, author, piece, desk=desk, day=day)
        try:
            raw = join_pieces([one for _, one in stored])
        except VerificationError:
            incoming.drop_pieces(connection, author, piece.message)
            return "pieces", False
        if {name for name, _ in stored} != {desk}:
            incoming.drop_pieces(connection, author, piece.message)
            return "desk", False
        if raw is None:
            return None, False
        incoming.hear(connection, author, piece.message, day=day)
        try:
            with savepoint(connection):
                self.receiver.receive(
                    connection,
                    author=author,
                    desk=desk,
                    message=piece.message,
                    raw=raw,
                    height=height,
                )
        except LedgerError as cause:
            return cause.reason if isinstance(cause, DeniedError) else "refused", True
        return None, True


def _open(
    item: bytes, *, keys: Keys, context: SealContext, known: set[bytes]
) -> tuple[str, Opened]:
    """Return what is in an item, and with which desk's key it opened."""
    one = Opened(message_id_of(item), refused=_NOT_OPENED)
    for desk, of_desk in keys.items():
        one = open_item(item, keys=of_desk, context=context, known=known)
        if one.refused != _NOT_OPENED:
            return desk, one
    return "", one
