"""Pushing to a custodian on a bench, by hand."""

from ledger.body import Share
from ledger.encoding import enc, split_enc
from ledger.entry import Entry, SignedEntry
from ledger.errors import RefusedError
from ledger.note import SignatureLine
from ledger.seal import SealContext, open_sealed
from nodes.custodian import Parcel, read_answers, seal_push
from nodes.peers.port import PULL
from nodes.signal import Draft
from tests.support.bench import Bench

Answer = SignatureLine | RefusedError


def share(draft: Draft, *indexes: int) -> Share:
    """Return the part of a body that a custodian gets, or the items at `indexes`."""
    return draft.body.share(indexes or (1,))


def parcel(draft: Draft) -> Parcel:
    """Return a draft as it is pushed."""
    return draft.signed.encode(), share(draft).encode()


def sealed_push(bench: Bench, *parcels: Parcel, sender: str = "uwv") -> bytes:
    """Return the payload of a push to the bench's member."""
    return seal_push(
        parcels,
        to=bench.node.keyring.sealing.public,
        origin=bench.founded.document.origin,
        sender=sender,
        day=bench.clock.today().isoformat(),
    )


async def push(bench: Bench, *parcels: Parcel, sender: str = "uwv") -> list[Answer]:
    """Push to the bench's member and return its answers."""
    raw = await bench.node.service._custodian.push(
        sealed_push(bench, *parcels, sender=sender), sender=sender, document=bench.founded.document
    )
    return read_answers(raw, count=len(parcels))


async def pull(bench: Bench, *ids: bytes, sender: str = "uwv") -> list[bytes]:
    """Pull from the bench's member and return the shares."""
    ring = bench.founded.keyring(sender)
    raw = await bench.node.service._custodian.pull(
        enc(*ids), sender=sender, to=ring.sealing.public, origin=ring.origin
    )
    day, frame = split_enc(raw)
    context = SealContext(ring.origin, PULL, sender, day.decode())
    return split_enc(open_sealed(frame, key=ring.sealing, context=context))


def held(bench: Bench) -> int:
    """Return how many shares the bench's member holds."""
    with bench.node.database.read() as connection:
        return bench.node.custody.count(connection)


def signed_anew(bench: Bench, entry: Entry, *, by: str = "uwv") -> SignedEntry:
    """Return an entry with the line of a member under it."""
    return SignedEntry.of(entry, (bench.founded.keyring(by).entry.sign(entry.encode()),))
