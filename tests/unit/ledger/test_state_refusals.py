"""Every reason for which an entry is skipped, and that nothing worse than skipping can happen."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger.state
from ledger.entry import MAX_ENTRY_BYTES, Entry, SignedEntry
from ledger.errors import RefusedError
from ledger.key import KeyType, SigningKey
from ledger.note import SignatureLine
from ledger.state import State
from tests.support.chain import ChainBuilder, make_card, make_founding, make_signal
from tests.support.parties import DAY, make_consortium, make_member
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN
from tests.support.spoiling import every_flip, spoiled

CONSORTIUM = make_consortium()
SIGNAL = make_signal(CONSORTIUM)
IDENTITY = bytes(32)
NO_POINT = b"\xff" * 32
Make = Callable[[ChainBuilder], bytes]


def signal(**changed: object) -> Make:
    """Return a maker of a signal with other fields, properly signed."""
    entry = replace(SIGNAL.signed.entry, **changed)  # type: ignore[arg-type]
    by = [name for name in ("bzk",) if name != entry.author]
    return lambda _: CONSORTIUM.sign(entry, by=by).encode()


def spelled(old: str, new: str) -> Make:
    """Return a maker of a signal whose bytes are spelled otherwise."""
    assert old.encode() in SIGNAL.raw
    return lambda _: SIGNAL.raw.replace(old.encode(), new.encode(), 1)


def lined(*lines: SignatureLine) -> Make:
    """Return a maker of the signal with other lines under it."""
    return lambda _: SignedEntry.of(SIGNAL.signed.entry, lines).encode()


def by_stranger(_: ChainBuilder) -> bytes:
    key = SigningKey(f"{ORIGIN}/mallory", KeyType.ED25519, bytes(32))
    entry = replace(SIGNAL.signed.entry, author="mallory")
    text = entry.encode()
    line = CONSORTIUM["bzk"].entry.sign(text)
    return SignedEntry.of(entry, (key.sign(text), line)).encode()


def of_another_ledger(_: ChainBuilder) -> bytes:
    return make_signal(make_consortium("signaalketen.test/elsewhere")).raw


def stale(chain: ChainBuilder) -> bytes:
    chain.post(day=date(2026, 12, 4))
    return SIGNAL.raw


def over_quota(chain: ChainBuilder) -> bytes:
    for version in range(1, 11):
        chain.apply(make_card(CONSORTIUM, "uwv", version=version))
    return make_card(CONSORTIUM, "uwv", version=11)


def again(chain: ChainBuilder) -> bytes:
    chain.apply(SIGNAL.raw)
    return SIGNAL.raw


def stated(kind: str, further: str, *by: str, author: str = "uwv") -> Make:
    """Return a maker of an entry whose further lines say everything."""
    entry = Entry(ORIGIN, author, kind, DAY, None, further)
    return lambda _: CONSORTIUM.sign(entry, by=by).encode()


def without_quorum(chain: ChainBuilder) -> bytes:
    successor = CONSORTIUM.draft(lambda draft: draft["quota"].update(signal=1))
    return CONSORTIUM.propose(successor.document, by=("uwv",)).encode()


def line_of(member: str, *, text: str | None = None, generation: int = 1) -> SignatureLine:
    key = make_member(member, generation=generation).entry
    return key.sign(SIGNAL.signed.text if text is None else text)


AUTHOR, STORED = SIGNAL.signed.lines
JUNK = SignatureLine(f"{ORIGIN}/junk", b"junk", b"\x00" * 64)
CASES: list[tuple[str, str, Make]] = [
    ("malformed", "nothing", lambda _: b""),
    ("malformed", "no note", lambda _: b"signal\n"),
    ("malformed", "not UTF-8", lambda _: b"\xff" + SIGNAL.raw),
    ("malformed", "no line", lambda _: SIGNAL.raw.partition(b"\n\n")[0] + b"\n\n"),
    ("malformed", "too long", signal(further="x" * MAX_ENTRY_BYTES + "\n")),
    ("malformed", "another version", spelled("/entry/v1\n", "/entry/v2\n")),
    ("malformed", "a day spelled otherwise", spelled("2026-12-01\n", "20261201\n")),
    ("malformed", "no such day", spelled("2026-12-01\n", "2026-02-30\n")),
    ("malformed", "an author in capitals", spelled("\nuwv\n", "\nUWV\n")),
    ("malformed", "carriage returns", spelled("\nsignal\n", "\r\nsignal\r\n")),
    ("malformed", "a space too many", spelled("— ", "—  ")),
    ("malformed", "a line after the last", lambda _: SIGNAL.raw + b"\n"),
    ("wrong-origin", "of another ledger", of_another_ledger),
    ("wrong-origin", "signed here for elsewhere", signal(origin="signaalketen.test/elsewhere")),
    ("unknown-kind", "no such kind", signal(kind="gossip")),
    ("unknown-author", "a stranger", by_stranger),
    ("role", "no issuer", lambda _: make_signal(CONSORTIUM, "bzk", by=("uwv",)).raw),
    ("signature", "another member's line", lined(line_of("svb"), STORED)),
    ("signature", "another key's line", lined(line_of("uwv", generation=2), STORED)),
    ("signature", "over another text", lined(line_of("uwv", text="else\n"), STORED)),
    ("signature", "lines the wrong way round", lined(STORED, AUTHOR)),
    ("signature", "a junk line first", lined(JUNK, AUTHOR, STORED)),
    ("stored-line", "none", lined(AUTHOR)),
    ("stored-line", "by the author", lined(AUTHOR, AUTHOR)),
    ("stored-line", "by the author too", lined(AUTHOR, STORED, AUTHOR)),
    ("stored-line", "twice", lined(AUTHOR, STORED, STORED)),
    ("stored-line", "not sorted", lined(AUTHOR, line_of("svb"), STORED)),
    ("stored-line", "over another text", lined(AUTHOR, line_of("bzk", text="else\n"))),
    ("stored-line", "a junk line", lined(AUTHOR, STORED, JUNK)),
    ("commitment", "none", signal(commitment=None)),
    ("commitment", "the identity", signal(commitment=IDENTITY)),
    ("commitment", "no point", signal(commitment=NO_POINT)),
    ("commitment", "in a document", lambda _: CONSORTIUM.sign(
        Entry(ORIGIN, "szw", "consortium", DAY, NO_POINT, CONSORTIUM.document.raw)
    ).encode()),
    ("further-lines", "in a signal", signal(further="more\n")),
    ("document", "no document", stated("consortium", "nothing\n", "bzk", "svb")),
    ("approval", "too few", without_quorum),
    ("version", "the same again", lambda _: make_founding(CONSORTIUM, date(2026, 12, 2))),
    ("version", "a card out of turn", lambda _: make_card(CONSORTIUM, "uwv", version=2)),
    ("member-document", "no document", stated("member", "nothing\n")),
    ("epoch", "no document", stated("epoch", "nothing\n", "bzk", "svb", "szw")),
    ("heights", "no signal there", signal(kind="locate", further="1\n")),
    ("stale", "three days late", stale),
    ("over-quota", "an eleventh card on one day", over_quota),
    ("duplicate", "the same bytes", again),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "make"), [pytest.param(r, make, id=f"{r}: {case}") for r, case, make in CASES]
)
def test_entry_is_skipped_for_its_reason_and_changes_nothing(reason: str, make: Make) -> None:
    chain = ChainBuilder()
    raw = make(chain)

    assert refusal(chain.state, raw) == reason


@pytest.mark.parametrize("raw", [SIGNAL.raw, make_card(CONSORTIUM, "uwv")])
def test_chain_does_not_begin_with_anything_but_a_document(raw: bytes) -> None:
    assert refusal(State(), raw) == "no-document"


def test_every_reason_that_the_state_machine_names_is_shown_here() -> None:
    documented = str(ledger.state.__doc__)
    listed = re.findall(r"^ {4}(\S.*)$", documented, re.MULTILINE)
    named = {word for line in listed for word in line.partition("(")[0].split()}

    assert named == {reason for reason, _, _ in CASES} | {"no-document"}


def test_no_flipped_bit_of_an_entry_is_admitted() -> None:
    state = ChainBuilder().state
    state.check(SIGNAL.raw)

    reasons = set()
    for raw in every_flip(SIGNAL.raw):
        with pytest.raises(RefusedError) as caught:
            state.check(raw)
        reasons.add(caught.value.reason)

    assert {"malformed", "signature", "stored-line", "wrong-origin"} <= reasons


@given(raw=spoiled(SIGNAL.raw) | spoiled(make_card(CONSORTIUM, "uwv")))
def test_spoiled_entry_is_skipped_or_was_not_spoiled(raw: bytes) -> None:
    chain = ChainBuilder()

    if raw in {SIGNAL.raw, make_card(CONSORTIUM, "uwv")}:
        assert chain.apply(raw).height == 1
    else:
        refusal(chain.state, raw)


@given(at=st.integers(0, len(make_founding(CONSORTIUM)) - 1), change=st.integers(1, 255))
def test_founding_entry_altered_in_any_byte_founds_nothing(at: int, change: int) -> None:
    raw = make_founding(CONSORTIUM)
    altered = raw[:at] + bytes([raw[at] ^ change]) + raw[at + 1 :]

    refusal(State(), altered)


@given(spoiled(make_founding(CONSORTIUM)))
def test_spoiled_founding_entry_founds_nothing(raw: bytes) -> None:
    if raw != make_founding(CONSORTIUM):
        refusal(State(), raw)
