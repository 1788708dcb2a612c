"""Beats on a bench, by hand: desks with keys, messages, frames that somebody else sealed."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from ledger.body import Body, Item, Share
from ledger.commitment import commit
from ledger.entry import Entry, SignedEntry
from ledger.exchange.beat import KIND, Sent, Size, draft_frames, exchange_receivers
from ledger.exchange.item import split_message
from ledger.group import Scalar
from ledger.seal import SealContext, SealingPublicKey
from nodes.desks import DeskCard, Desks
from nodes.store import chain
from nodes.store.dispatches import Dispatch
from tests.support.bench import Bench
from tests.support.consortium import DESKS
from tests.support.exchanging import drawing


def card_of(bench: Bench, name: str) -> DeskCard:
    """Return what a member would answer, with seeds in its folder."""
    document, today = bench.founded.document, bench.clock.today()
    desks = Desks(bench.founded.root / name / "keys", member=name, random=drawing(name, "desk"))
    desks.turn(document, today=today)
    return desks.card(document, today=today)


async def address(bench: Bench, *names: str) -> None:
    """Let the bench's node know the desks' keys of these members, of all other issuers unless told.

    And let it have its own.
    """
    others = names or tuple(name for name in DESKS if name != bench.name)
    cards = {name: card_of(bench, name) for name in others}
    outgoing = bench.node.beat._outgoing
    await bench.node.writer.do(lambda connection: outgoing.put_cards(connection, cards))
    bench.node.addresses.own(bench.founded.document)


async def send(
    bench: Bench,
    raw: bytes,
    *,
    to: str = "svb",
    number: int = 1,
    is_urgent: bool = False,
    after: Sequence[bytes] = (),
) -> bytes:
    """Queue a message by the bench's node and return its id."""
    message = number.to_bytes(16, "big")

    def work(connection: Connection) -> None:
        bench.node.beat.send(
            connection,
            to=to,
            desks=[DESKS[to]],
            message=message,
            raw=raw,
            is_urgent=is_urgent,
            after=after,
        )

    await bench.node.writer.do(work)
    return message


async def prepared(bench: Bench, *, is_urgent: bool = False) -> Dispatch | None:
    """Return the beat that the bench's node makes now."""
    entry_id = await bench.node.beat.prepare(is_urgent=is_urgent)
    return None if entry_id is None else dispatch_of(bench, entry_id)


def dispatch_of(bench: Bench, entry_id: bytes) -> Dispatch | None:
    """Return a dispatch as it is stored."""
    with bench.node.database.read() as connection:
        return bench.node.dispatches.get(connection, entry_id)


async def bring(bench: Bench, dispatch: Dispatch, *by: str) -> int:
    """Bring a beat onto the chain with these stored-lines, let it take effect; return its height.

    By both others unless told.
    """
    lines = by or tuple(name for name in DESKS if name != bench.name)
    await bench.apply(bench.stored(dispatch.signed, *lines).encode())
    await take_effect(bench)
    return bench.node.progress.applied.value - 1


async def take_effect(bench: Bench) -> None:
    """Let everything applied take effect."""
    with bench.node.database.read() as connection:
        start = chain.cursor(connection, "effects")
    await bench.node.effects.take(start=start, end=bench.node.progress.applied.value)


def frames_of(dispatch: Dispatch) -> Mapping[str, bytes]:
    """Return each receiver's frame of a beat."""
    items = Share.decode(dispatch.body).items
    return {name: items[indexes[0]].content for name, indexes in dispatch.routes.items()}


class Foreign:
    """Exchanges by another issuer, sealed as a test says."""

    def __init__(self, bench: Bench, author: str) -> None:
        """Seal as `author` to the bench's member and others."""
        self._bench = bench
        self.author = author
        self.day: date = bench.clock.today()
        self._draw = drawing(author, "foreign")

    @property
    def context(self) -> SealContext:
        """Return what its items are bound to."""
        return SealContext(
            self._bench.founded.document.origin, KIND, self.author, self.day.isoformat()
        )

    def frame(self, *sent: Sent, desk: SealingPublicKey | None = None) -> bytes:
        """Return the frame for the bench's member with pieces and dummies."""
        own = desk or card_of(self._bench, self._bench.name).keys[DESKS[self._bench.name]]
        document = self._bench.founded.document
        receivers = exchange_receivers(document, author=self.author)
        frames = draft_frames(
            {self._bench.name: list(sent)},
            desks={name: [own] for name in receivers},
            document=document,
            count=16,
            context=self.context,
            random=self._draw,
        )
        return frames[receivers.index(self._bench.name)]

    def sent(self, raw: bytes, *, number: int = 1, desk: str | None = None) -> list[Sent]:
        """Return a message's pieces for a desk of the bench's member."""
        key = card_of(self._bench, self._bench.name).keys[desk or DESKS[self._bench.name]]
        return [Sent(p, (key,)) for p in split_message(raw, message=number.to_bytes(16, "big"))]

    def entry(self, contents: Sequence[bytes], *, urgent: bool = False) -> tuple[SignedEntry, Body]:
        """Return an exchange with these items, and its body."""
        body = Body(
            tuple(Item(at, self._draw(32), content) for at, content in enumerate(contents)),
            Scalar.reduce(self._draw(64)),
        )
        keyring = self._bench.founded.keyring(self.author)
        commitment = commit(
            origin=keyring.origin,
            kind=KIND,
            author=self.author,
            date=self.day.isoformat(),
            digests=body.digests,
            r=body.r,
        )
        further = Size(16, urgent).encode()
        entry = Entry(keyring.origin, self.author, KIND, self.day, commitment.encode(), further)
        return SignedEntry.of(entry, (keyring.entry.sign(entry.encode()),)), body

    async def say(self, frame: bytes, *, index: int | None = None) -> int:
        """Push a frame to the bench's member, bring the exchange to its chain; return the height.

        The frame stands at its place, or at another `index`.
        """
        bench = self._bench
        receivers = exchange_receivers(bench.founded.document, author=self.author)
        place = receivers.index(bench.name) if index is None else index
        contents = [bytes(len(frame))] * len(receivers)
        contents[place] = frame
        signed, body = self.entry(contents)
        custodian = bench.node.service._custodian
        parcel = (signed.encode(), body.share([place]).encode())
        (word,) = await custodian.take(
            [parcel], sender=self.author, document=bench.founded.document
        )
        assert word.startswith("— "), word
        await bench.apply(bench.stored(signed, bench.name).encode())
        await take_effect(bench)
        return bench.node.progress.applied.value - 1
