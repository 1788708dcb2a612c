"""Own signals of a simulated node: what a post stores, without what matching never looks at."""

from functools import lru_cache

from ledger.body import Body, Item
from ledger.bsn import Bsn, synthetic_numbers
from ledger.commitment import commit
from ledger.entry import Entry, SignedEntry
from ledger.group import Scalar, hash_to_point
from ledger.sdjwt import SdJwt
from ledger.seal import SealingKey
from ledger.voprf import Alpha
from nodes.keyring import Keyring
from nodes.signal import Draft, Posting, Random
from tests.support.fakes import FakeClock
from tests.support.parties import make_member, seeded
from tests.support.signers import ORIGIN
from tests.support.simulation.order import NEWCOMER

DESKS = {
    "uwv": "uwv/maatwerkplaats",
    "svb": "svb/de-bedoeling",
    "szw": "szw/maatwerk",
    NEWCOMER: f"{NEWCOMER}/zorg",
}
PERSONS: tuple[Bsn, ...] = tuple(bsn for bsn, _ in zip(synthetic_numbers(), range(8), strict=False))
_ELEMENT = hash_to_point(seeded(64, "an element that nobody evaluates"))
_SDJWT = SdJwt("e30.e30.e30", ())


@lru_cache(maxsize=8)
def keyring_of(name: str) -> Keyring:
    """Return the keys of a member; equal names give the same ones."""
    member = make_member(name)
    sealing = SealingKey(seeded(32, name, "sealing"))
    return Keyring(
        origin=ORIGIN,
        member=name,
        entry=member.entry,
        log=member.log,
        cosigning=member.cosigning,
        sdjwt=member.sdjwt,
        sealing=sealing,
        recovery=sealing.public,
        store_key=seeded(32, name, "store"),
    )


def posting_of(author: str, person: Bsn, purpose: str) -> Posting:
    """Return a posting by `author`'s desk."""
    return Posting(person, DESKS[author], purpose, "W-1", {})


def draft_of(posting: Posting, *, keyring: Keyring, clock: FakeClock, random: Random) -> Draft:
    """Return the entry and body of a signal, dated today."""
    day = clock.today()
    contents = (Alpha(posting.purpose, _ELEMENT).encode(), random(32), random(32))
    body = Body(
        tuple(Item(index, random(32), content) for index, content in enumerate(contents)),
        Scalar.reduce(random(64)),
    )
    commitment = commit(
        origin=ORIGIN,
        kind="signal",
        author=keyring.member,
        date=day.isoformat(),
        digests=body.digests,
        r=body.r,
    )
    entry = Entry(ORIGIN, keyring.member, "signal", day, commitment.encode())
    signed = SignedEntry.of(entry, (keyring.entry.sign(entry.encode()),))
    return Draft(signed, body, _SDJWT, Scalar.reduce(random(64)))
