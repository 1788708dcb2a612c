"""Somebody takes entries that others signed and submits them again, as they are or signed anew."""

from datetime import timedelta

import pytest

from ledger.entry import SignedEntry
from ledger.errors import LedgerError, VerificationError
from ledger.rules.signal import ALPHA, CONTENT, verify_signal_share
from tests.support.chain import ChainBuilder, make_entry, make_signal
from tests.support.parties import DAY
from tests.support.refusing import refusal

SIGNAL_AT = 1
"""The height of the signal that each of these is about."""


@pytest.fixture
def chain() -> ChainBuilder:
    """Return a chain with one signal of UWV's."""
    chain = ChainBuilder()
    chain.apply(make_signal(chain.consortium, "uwv").raw)
    return chain


@pytest.mark.parametrize("later", [0, 1, 2, 3, 30])
def test_a_replayed_entry_is_no_second_signal(chain: ChainBuilder, later: int) -> None:
    raw = make_signal(chain.consortium, "uwv").raw
    chain.post("svb", day=DAY + timedelta(days=later))

    assert refusal(chain.state, raw) == ("duplicate" if later <= 2 else "stale")


@pytest.mark.parametrize("by", [("svb",), ("bzk", "svb"), ("svb", "szw")])
def test_a_replayed_entry_with_other_stored_lines_is_no_second_signal(
    chain: ChainBuilder, by: tuple[str, ...]
) -> None:
    # Whoever stored it may say so; that does not make another entry of it.
    again = make_signal(chain.consortium, "uwv", by=by)

    assert refusal(chain.state, again.raw) == "duplicate"


def test_an_entry_resigned_in_its_authors_name_is_refused(chain: ChainBuilder) -> None:
    signed = make_signal(chain.consortium, "uwv", number=2).signed
    by_svb = chain.consortium["svb"].entry.sign(signed.text)

    forged = SignedEntry.of(signed.entry, (by_svb, *signed.lines[1:]))

    assert refusal(chain.state, forged.encode()) == "signature"


def test_a_commitment_that_another_member_signs_as_its_own_opens_for_nobody(
    chain: ChainBuilder,
) -> None:
    # SVB copies UWV's commitment, and finds a custodian that signs for what it was not given.
    theirs = make_signal(chain.consortium, "uwv")
    entry = theirs.signed.entry
    copied = type(entry)(entry.origin, "svb", "signal", entry.day, entry.commitment)
    appended = chain.apply(chain.consortium.sign(copied, by=["szw"]).encode())

    # It counts against SVB's quota and owes a locate, but even UWV's whole body does not open it.
    assert appended.height in chain.state.outstanding.signals
    for shown in ([ALPHA], [CONTENT], [ALPHA, CONTENT]):
        share = theirs.body.share(shown)
        verify_signal_share(share, entry)
        with pytest.raises(VerificationError):
            verify_signal_share(share, copied)


def test_an_entry_redated_by_its_author_needs_a_new_commitment(chain: ChainBuilder) -> None:
    # Else one body, evaluated once, would fill the quota of many days.
    theirs = make_signal(chain.consortium, "uwv")
    entry = theirs.signed.entry
    tomorrow = type(entry)(
        entry.origin, "uwv", "signal", entry.day + timedelta(days=1), entry.commitment
    )

    with pytest.raises(LedgerError):
        verify_signal_share(theirs.body.share([ALPHA]), tomorrow)


@pytest.mark.parametrize("answerer", ["svb", "szw"])
def test_a_second_answer_to_one_locate_is_refused(chain: ChainBuilder, answerer: str) -> None:
    # SVB answered noise, learned more since, and would answer otherwise; or tells two stories.
    locate = chain.apply(
        make_entry(chain.consortium, "uwv", "locate", f"{SIGNAL_AT}\n", by=["szw"])
    )
    first, second = (
        make_entry(chain.consortium, answerer, "answer", f"{locate.height}\n", by=by)
        for by in (["uwv"], ["bzk", "uwv"])
    )
    other = make_entry(
        chain.consortium, answerer, "answer", f"{locate.height}\n", day=DAY + timedelta(days=1)
    )
    missing = make_entry(
        chain.consortium,
        answerer,
        "answer",
        f"{locate.height} missing\n",
        day=DAY + timedelta(days=1),
    )
    chain.apply(first)

    assert refusal(chain.state, second) == "duplicate"
    assert refusal(chain.state, other) == "heights"
    assert refusal(chain.state, missing) == "heights"


def test_an_answer_in_anothers_place_is_refused(chain: ChainBuilder) -> None:
    located = make_entry(chain.consortium, "uwv", "locate", f"{SIGNAL_AT}\n", by=["szw"])
    locate = chain.apply(located)

    own = make_entry(chain.consortium, "uwv", "answer", f"{locate.height}\n", by=["svb"])

    assert refusal(chain.state, own) == "heights"
    assert chain.state.outstanding.locates[locate.height].waiting == {"svb", "szw"}
