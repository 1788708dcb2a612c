"""A disclosure shows what was committed at posting, and nothing else passes for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.body import Body, Item
from ledger.bsn import Bsn, synthetic_numbers
from ledger.commitment import commit
from ledger.disclosure import (
    Disclosure,
    disclose,
    signal_claims,
    verify_disclosure,
    without_values,
)
from ledger.encoding import enc
from ledger.entry import Entry
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.group import Scalar
from ledger.key import SigningKey
from ledger.sdjwt import SdJwt, disclosure, issue, read_disclosure, to_base64url
from tests.support.parties import DAY, make_member, seeded
from tests.support.signers import NOON, ORIGIN

ANN, BEN = (next(n for i, n in enumerate(synthetic_numbers()) if i == at) for at in (0, 1))
UWV, SVB = make_member("uwv"), make_member("svb")
FIELDS = {"regulation": "WIA", "theme": "schulden", "severity": "crisis"}
GRANTED = ("theme", "regulation")
R = Scalar.reduce(b"\x07" * 64)


class Posted(NamedTuple):
    """A signal as its author has it."""

    entry: Entry
    body: Body
    sdjwt: SdJwt


def post(
    *,
    bsn: Bsn = ANN,
    fields: dict[str, str] = FIELDS,
    key: SigningKey = UWV.sdjwt,
    iss: str = f"{ORIGIN}/uwv",
    days: int = 730,
    kind: str = "signal",
    jwt: bytes | None = None,
    number: int = 0,
) -> Posted:
    """Return a signal that UWV posted on the day of the tests."""
    drawn = iter(range(1000))
    always = signal_claims(iss=iss, day=DAY, last_day=DAY + timedelta(days=days))
    sdjwt = issue(
        {**fields, "bsn": bsn.digits},
        always=always,
        key=key,
        total_digests=16,
        random=lambda size: seeded(size, number, next(drawn)),
    )
    contents = (b"alpha", b"content", jwt or sdjwt.jwt.encode())
    body = Body(tuple(Item(i, seeded(32, i), c) for i, c in enumerate(contents)), R)
    commitment = commit(
        origin=ORIGIN,
        kind=kind,
        author="uwv",
        date=DAY.isoformat(),
        digests=body.digests,
        r=R,
    )
    return Posted(Entry(ORIGIN, "uwv", kind, DAY, commitment.encode()), body, sdjwt)


POSTED = post()
SHOWN = disclose(POSTED.body, POSTED.sdjwt, fields=GRANTED)


def read(
    shown: Disclosure = SHOWN,
    *,
    posted: Posted = POSTED,
    bsn: Bsn = ANN,
    granted: Sequence[str] = GRANTED,
    now: int = NOON,
    key: SigningKey = UWV.sdjwt,
) -> dict[str, str]:
    """Return what SVB reads in it."""
    return verify_disclosure(
        shown, entry=posted.entry, key=key.verifier, bsn=bsn, granted=granted, now=now
    )


def with_disclosures(*disclosures: str) -> Disclosure:
    return replace(SHOWN, disclosures=disclosures)


def test_exactly_the_granted_fields_are_read() -> None:
    received = Disclosure.decode(SHOWN.encode())

    assert read(received) == {"theme": "schulden", "regulation": "WIA"}


def test_what_was_not_granted_is_not_in_the_bytes() -> None:
    kept = POSTED.sdjwt.only({"severity"}).disclosures

    assert len(kept) == 1
    assert kept[0].encode() not in SHOWN.encode()
    assert len(SHOWN.share.items) == 1


@pytest.mark.parametrize("fields", [(), ("theme",), tuple(FIELDS)])
def test_any_choice_of_fields_can_be_granted(fields: tuple[str, ...]) -> None:
    shown = disclose(POSTED.body, POSTED.sdjwt, fields=fields)

    assert read(shown, granted=fields) == {name: FIELDS[name] for name in fields}


def test_field_that_the_signal_lacks_cannot_be_disclosed() -> None:
    with pytest.raises(MalformedError, match="lacks a field"):
        disclose(POSTED.body, POSTED.sdjwt, fields=("period",))


def test_signal_that_came_back_from_a_custodian_has_no_bsn_to_disclose() -> None:
    with pytest.raises(MalformedError, match="BSN was not kept"):
        disclose(POSTED.body, POSTED.sdjwt.only(FIELDS), fields=GRANTED)


def test_disclosure_about_another_person_is_refused() -> None:
    with pytest.raises(VerificationError, match="another person"):
        read(bsn=BEN)


def test_bsn_that_was_not_committed_to_at_posting_is_refused() -> None:
    # Posted about Ben and placed as if about Ann: now it is to be about Ann all along.
    about_ben = post(bsn=BEN)
    shown = disclose(about_ben.body, about_ben.sdjwt, fields=GRANTED)
    lie = disclosure(salt=bytes(16), name="bsn", value=ANN.digits)

    with pytest.raises(VerificationError, match="another person"):
        read(shown, posted=about_ben)
    with pytest.raises(VerificationError, match="does not hold"):
        read(replace(shown, disclosures=(*shown.disclosures[:-1], lie)), posted=about_ben)


def test_disclosure_without_the_bsn_is_refused() -> None:
    with pytest.raises(VerificationError, match="another person than this match, or nobody"):
        read(with_disclosures(*SHOWN.disclosures[:-1]))


@pytest.mark.parametrize("granted", [(), ("theme",), ("theme", "regulation", "severity")])
def test_other_fields_than_were_granted_are_refused(granted: tuple[str, ...]) -> None:
    with pytest.raises(VerificationError, match="other fields"):
        read(granted=granted)


SALT = seeded(16, 0, 0)
FORGED = {
    "another value": disclosure(salt=SALT, name="regulation", value="WW"),
    "another name": disclosure(salt=SALT, name="theme", value="WIA"),
    "another salt": disclosure(salt=bytes(16), name="regulation", value="WIA"),
    "a reserved name": disclosure(salt=SALT, name="_sd", value="WIA"),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_forged_field_is_refused(forged: str) -> None:
    assert SHOWN.disclosures[0] == disclosure(salt=SALT, name="regulation", value="WIA")

    with pytest.raises(VerificationError, match="does not hold"):
        read(with_disclosures(forged, *SHOWN.disclosures[1:]))


def test_field_shown_twice_is_refused() -> None:
    with pytest.raises(VerificationError, match="twice"):
        read(with_disclosures(*SHOWN.disclosures, SHOWN.disclosures[0]))


@pytest.mark.parametrize(
    "text",
    [
        to_base64url(b'["c2FsdA", "theme", "x"]'),
        to_base64url(b'["c2FsdA","theme","x"]'),
        to_base64url(b'["c2FsdA","x"]'),
        to_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","theme",5]'),
        to_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","theme",{"a":"b"}]'),
        to_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","theme","\\u0078"]'),
        to_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","theme","\\ud800"]'),
        to_base64url(b"[" * 100_000),
        "e30",
        "",
    ],
)
def test_disclosure_in_another_spelling_or_shape_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        read(with_disclosures(text, *SHOWN.disclosures[1:]))


def test_disclosure_of_another_signal_is_refused() -> None:
    other = post(number=1)
    shown = disclose(other.body, other.sdjwt, fields=GRANTED)
    assert read(shown, posted=other)

    with pytest.raises(VerificationError, match="do not open"):
        read(shown)
    with pytest.raises(VerificationError, match="does not hold"):
        read(replace(SHOWN, disclosures=shown.disclosures))
    with pytest.raises(VerificationError, match="not what its digest says"):
        read(replace(SHOWN, share=replace(SHOWN.share, items=shown.share.items)))


def test_jwt_signed_after_posting_is_refused() -> None:
    # The issuer itself, with its own key, says something else now.
    later = post(fields=FIELDS | {"theme": "zorg"})
    changed = replace(POSTED.body.items[2], content=later.sdjwt.jwt.encode())
    share = replace(SHOWN.share, items=(changed,))

    with pytest.raises(VerificationError, match="not what its digest says"):
        read(Disclosure(share, later.sdjwt.only({*GRANTED, "bsn"}).disclosures))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": f"{ORIGIN}/svb"}, "iss is not"),
        ({"iss": "elsewhere/uwv"}, "iss is not"),
        ({"key": SVB.sdjwt}, "another key"),
        ({"key": UWV.entry}, "another key"),
        ({"days": -2}, "expired"),
        ({"kind": "bottleneck"}, "JWT of a signal"),
        ({"jwt": b"a.b"}, "expected <JWT>"),
        ({"jwt": b"a.b.c~"}, "expected <JWT>"),
        ({"jwt": "é.b.c".encode()}, "not ASCII"),
    ],
)
def test_what_an_issuer_posted_wrongly_is_refused(change: dict[str, object], reason: str) -> None:
    posted = post(**change)  # type: ignore[arg-type]
    shown = disclose(posted.body, posted.sdjwt, fields=GRANTED)

    with pytest.raises(LedgerError, match=reason):
        read(shown, posted=posted)


def test_token_of_another_day_or_kind_is_refused() -> None:
    for changed in ({"iat": 5}, {"vct": "urn:other"}, {"iat": None}):
        always = signal_claims(iss=f"{ORIGIN}/uwv", day=DAY, last_day=DAY) | changed
        sdjwt = issue(
            {"bsn": ANN.digits},
            always={n: v for n, v in always.items() if v is not None},
            key=UWV.sdjwt,
            total_digests=1,
            random=bytes,
        )
        posted = post(jwt=sdjwt.jwt.encode())

        with pytest.raises(VerificationError, match="not that of the posted signal"):
            read(disclose(posted.body, sdjwt, fields=()), posted=posted, granted=())


def test_the_token_holds_to_the_end_of_its_last_day() -> None:
    posted = post(days=0)
    shown = disclose(posted.body, posted.sdjwt, fields=GRANTED)
    midnight = NOON + 12 * 3600

    assert read(shown, posted=posted, now=midnight - 1)
    with pytest.raises(VerificationError, match="expired"):
        read(shown, posted=posted, now=midnight)


def test_items_beside_the_jwt_are_refused() -> None:
    for indexes in ((0, 2), (1, 2), (0, 1, 2), (1,), ()):
        with pytest.raises(VerificationError, match="no other item"):
            read(replace(SHOWN, share=POSTED.body.share(indexes)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        enc(SHOWN.share.encode()),
        enc(SHOWN.share.encode(), *[b"a"] * 17),
        enc(SHOWN.share.encode(), b"\xff"),
        enc(b"", b"a"),
        SHOWN.encode()[:-1],
        SHOWN.encode() + b"\0",
    ],
)
def test_what_is_no_disclosure_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        Disclosure.decode(raw)


@given(at=st.integers(0, 8 * len(SHOWN.encode()) - 1))
def test_no_flipped_bit_goes_unnoticed(at: int) -> None:
    raw = bytearray(SHOWN.encode())
    raw[at // 8] ^= 1 << at % 8

    with pytest.raises(LedgerError):
        read(Disclosure.decode(bytes(raw)))


def test_nothing_that_is_printed_shows_a_field_or_a_number() -> None:
    assert repr(SHOWN) == "Disclosure()"
    for shown, bsn in ((SHOWN, BEN), (with_disclosures(FORGED["another value"]), ANN)):
        with pytest.raises(VerificationError) as refused:
            read(shown, bsn=bsn)
        assert not {ANN.digits, BEN.digits, "WIA", "WW"} & set(str(refused.value).split())


def test_what_is_left_after_its_term_says_which_claims_and_none_of_them() -> None:
    left = without_values(SHOWN)

    assert {read_disclosure(text).name for text in left.disclosures} == {*GRANTED, "bsn"}
    assert Disclosure.decode(left.encode()) == left
    for secret in (ANN.digits, "schulden", "WIA"):
        assert to_base64url(secret.encode())[:-1] not in left.encode().decode("latin-1")
        assert all(secret not in read_disclosure(text).value for text in left.disclosures)
    assert POSTED.sdjwt.jwt.encode() not in left.encode()
    assert R.encode() not in left.encode()
    with pytest.raises(LedgerError):
        read(left)
