"""A case signal on its way: what a caller posts, and the entry and body that are drafted from it.

The body has three items: `alpha`, the blinded person for the key holders; `content`, the SD-JWT
sealed to this agency's own offline recovery key, for a custodian to hold; `jwt`, the SD-JWT without
its disclosures, for whoever is granted some. BSN and case reference stand in none: of the BSN the
SD-JWT has a digest under a salt that only this agency keeps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from ledger.body import Body, Item
from ledger.bsn import Bsn
from ledger.commitment import commit
from ledger.consortium import VOCABULARY, Consortium
from ledger.disclosure import BSN, signal_claims
from ledger.entry import Entry, SignedEntry
from ledger.group import Scalar
from ledger.rules.signal import ALPHA, CONTENT, JWT
from ledger.sdjwt import SdJwt, issue
from ledger.seal import SealContext, seal
from ledger.voprf import Alpha, blind, person_input
from nodes.errors import InputError
from nodes.keyring import Keyring

KIND = "signal"
TOTAL_DIGESTS = 16
SALT_BYTES = 32
MAX_CASE_REFERENCE = 100
KEPT = timedelta(days=730)
"""How long a signal is kept where the document says nothing about it."""
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Posting:
    """What a caller posts about the person with that `bsn`."""

    bsn: Bsn = field(repr=False)
    desk: str
    purpose: str
    case_reference: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry with its author's line only, and what must be kept to stand for it."""

    signed: SignedEntry
    body: Body = field(repr=False)
    sdjwt: SdJwt = field(repr=False)
    blind: Scalar = field(repr=False)


def verify_posting(posting: Posting, *, member: str, document: Consortium) -> None:
    """Check desk, purpose and words against the document in force.

    Raises:
        InputError: which field, and what it may be.
    """
    desk = document.desk(posting.desk)
    if desk is None or desk.member != member or desk.kind != "case":
        own = [d.name for d in document.desks if d.member == member and d.kind == "case"]
        raise InputError(f"must be one of {', '.join(own)}", field="desk")
    purpose = document.purpose(posting.purpose)
    if purpose is None:
        known = ", ".join(p.name for p in document.purposes)
        raise InputError(f"must be one of {known}", field="purpose")
    if not document.is_usable(purpose):
        raise InputError("has no legal basis in force", field="purpose")
    if not 1 <= len(posting.case_reference) <= MAX_CASE_REFERENCE:
        raise InputError(f"must be 1 to {MAX_CASE_REFERENCE} characters", field="caseReference")
    for name in VOCABULARY:
        words = document.vocabulary[name]
        if posting.fields.get(name) not in words:
            raise InputError(f"must be one of {', '.join(words)}", field=name)
    if unknown := set(posting.fields) - set(VOCABULARY):
        raise InputError("is not a field of a case signal", field=min(unknown))


def draft_signal(
    posting: Posting,
    *,
    keyring: Keyring,
    day: date,
    random: Random,
    kept: timedelta = KEPT,
) -> Draft:
    """Make the entry and body for `posting`, dated `day`; every call makes new ones.

    For how long it is `kept`, what it says can be shown to others.
    """
    blinding = Scalar.reduce(random(64))
    alpha = Alpha(posting.purpose, blind(person_input(posting.bsn), blinding=blinding))
    fields = {"desk": posting.desk, "purpose": posting.purpose, **posting.fields}
    sdjwt = issue(
        {**fields, BSN: posting.bsn.digits},
        always=signal_claims(iss=keyring.entry.name, day=day, last_day=day + kept),
        key=keyring.sdjwt,
        total_digests=TOTAL_DIGESTS,
        random=random,
    )
    context = SealContext(
        origin=keyring.origin, kind=KIND, author=keyring.member, date=day.isoformat()
    )
    content = seal(
        sdjwt.only(fields).encode().encode(),
        recipients=[keyring.recovery],
        context=context,
        random=random,
    )
    contents = {ALPHA: alpha.encode(), CONTENT: content, JWT: sdjwt.jwt.encode()}
    body = Body(
        items=tuple(Item(i, random(SALT_BYTES), content) for i, content in contents.items()),
        r=Scalar.reduce(random(64)),
    )
    commitment = commit(
        origin=keyring.origin,
        kind=KIND,
        author=keyring.member,
        date=day.isoformat(),
        digests=body.digests,
        r=body.r,
    )
    entry = Entry(keyring.origin, keyring.member, KIND, day, commitment.encode())
    return Draft(
        signed=SignedEntry.of(entry, (keyring.entry.sign(entry.encode()),)),
        body=body,
        sdjwt=sdjwt,
        blind=blinding,
    )
