"""Disclosures: some fields of a posted signal, provably the ones that were committed to at posting.

    enc(share, disclosure, …)
    share         the item `jwt` of the signal's body (index 2) with its salt, the digests of the
                  other items, and r: together they open the commitment in the signal's block
    disclosures   of the granted fields and of the BSN, as RFC 9901 has them, in the author's order

The JWT holds a digest of every field and, under a salt of 128 bits, of the BSN: `bsn` is a claim
like the others, that no item carries in any form. Its disclosure stays with the author, is left out
of what a custodian keeps, and goes out only with a grant. So a receiver sees that the signal was
about this person from the start, and a JWT without it tells nobody about whom.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Self

from ledger.body import Body, Share
from ledger.bsn import Bsn
from ledger.claims import verify_sdjwt
from ledger.consortium import key_name
from ledger.encoding import enc, split_enc
from ledger.entry import Entry
from ledger.errors import MalformedError, VerificationError
from ledger.group import Scalar
from ledger.key import VerifierKey
from ledger.rules.signal import JWT, verify_signal_share
from ledger.sdjwt import SALT_BYTES, SdJwt, read_disclosure
from ledger.sdjwt import disclosure as claim

BSN = "bsn"
VCT = "urn:signaalketen:case-signal:v1"
"""The claim `vct`: what kind of SD-JWT this is."""
MAX_DISCLOSURES = 16


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What one recipient is given of one signal; nothing in it is verified."""

    share: Share = field(repr=False)
    disclosures: tuple[str, ...] = field(repr=False)

    def encode(self) -> bytes:
        """Return the bytes that a grant carries."""
        return enc(self.share.encode(), *self.disclosures)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a disclosure; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        share, *disclosures = split_enc(raw) or [b""]
        if not 1 <= len(disclosures) <= MAX_DISCLOSURES:
            raise MalformedError(f"disclosure: expected 1 to {MAX_DISCLOSURES} claims")
        try:
            texts = tuple(one.decode("ascii") for one in disclosures)
        except UnicodeDecodeError as cause:
            raise MalformedError("disclosure: a claim is not ASCII") from cause
        return cls(Share.decode(share), texts)


def signal_claims(*, iss: str, day: date, last_day: date) -> dict[str, str | int]:
    """Return what every signal's SD-JWT shows: its issuer, and that it holds to `last_day`."""
    return {"exp": _midnight(last_day) + 86_400, "iat": _midnight(day), "iss": iss, "vct": VCT}


def disclose(body: Body, sdjwt: SdJwt, *, fields: Collection[str]) -> Disclosure:
    """Return what whoever is granted `fields` of a signal gets: those and the BSN.

    Raises:
        MalformedError: the signal has no such field, or its BSN is not here any more.
    """
    wanted = {*fields, BSN}
    shown = sdjwt.only(wanted)
    if len(shown.disclosures) != len(wanted):
        raise MalformedError("disclosure: the signal lacks a field, or its BSN was not kept")
    return Disclosure(body.share([JWT]), shown.disclosures)


def without_values(disclosure: Disclosure) -> Disclosure:
    """Return what is left once its term is over: which claims it showed, and none of them.

    Salts, values, the JWT and r are gone; the digests open nothing by themselves.

    Raises:
        MalformedError: a disclosure is not one of ours.
    """
    names = [read_disclosure(text).name for text in disclosure.disclosures]
    return Disclosure(
        Share((), disclosure.share.digests, Scalar.reduce(bytes(63) + b"\x01")),
        tuple(claim(salt=bytes(SALT_BYTES), name=name, value="") for name in names),
    )


def verify_disclosure(
    disclosure: Disclosure,
    *,
    entry: Entry,
    key: VerifierKey,
    bsn: Bsn,
    granted: Collection[str],
    now: int,
) -> dict[str, str]:
    """Return the granted fields of the signal that `entry` posted, about the person with `bsn`.

    `entry` stands in a final block, `key` is its author's for SD-JWTs in the document in force
    there, `bsn` is of the receiver's own signal in the same match, `now` in seconds since 1970.

    Raises:
        MalformedError: bytes that no honest author sends.
        VerificationError: not what was posted, of another issuer or person, expired, or other
            fields than were granted.
    """
    share = disclosure.share
    if entry.kind != "signal" or [item.index for item in share.items] != [JWT]:
        raise VerificationError("disclosure: expected the JWT of a signal, and no other item")
    verify_signal_share(share, entry)
    shown = [read_disclosure(text) for text in disclosure.disclosures]
    claims = verify_sdjwt(_sdjwt(disclosure), key=key, now=now)
    _verify_always(claims, entry)
    fields = {one.name: one.value for one in shown}
    if not hmac.compare_digest(fields.pop(BSN, "").encode(), bsn.digits.encode()):
        raise VerificationError("disclosure: about another person than this match, or nobody")
    if set(fields) != set(granted):
        raise VerificationError("disclosure: other fields than were granted")
    return fields


def _sdjwt(disclosure: Disclosure) -> SdJwt:
    try:
        jwt = disclosure.share.items[0].content.decode("ascii")
    except UnicodeDecodeError as cause:
        raise MalformedError("disclosure: the JWT is not ASCII") from cause
    # Through its reader: what holds a tilde or no dots is none.
    return SdJwt.decode(SdJwt(jwt, disclosure.disclosures).encode())


def _verify_always(claims: dict[str, Any], entry: Entry) -> None:
    expected = {
        "iss": key_name(origin=entry.origin, member=entry.author),
        "iat": _midnight(entry.day),
        "vct": VCT,
    }
    for name, value in expected.items():
        if claims.get(name) != value:
            raise VerificationError(f"disclosure: {name} is not that of the posted signal")


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
