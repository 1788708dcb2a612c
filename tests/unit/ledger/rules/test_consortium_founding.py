"""How a chain is founded: block 0 holds a first document that every member signed."""

from collections.abc import Iterable

import pytest

from ledger.entry import Entry
from ledger.errors import RefusedError
from ledger.state import State
from tests.support.chain import ChainBuilder, make_founding, make_signal
from tests.support.parties import ALL, DAY, Consortium, make_consortium, make_member
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()
OTHERS = ("bzk", "svb", "uwv")
"""All but SZW, which is the author."""


def founding(consortium: Consortium, *, author: str = "szw", by: Iterable[str]) -> bytes:
    return consortium.propose(consortium.document, author=author, by=by).encode()


def test_any_member_may_be_the_author_of_the_founding_document() -> None:
    state = State()

    state.apply(founding(FOUNDED, author="bzk", by=("svb", "szw", "uwv")))

    assert state.document == FOUNDED.document


@pytest.mark.parametrize("missing", OTHERS)
def test_founding_document_is_signed_by_every_member_it_names(missing: str) -> None:
    raw = founding(FOUNDED, by=[name for name in OTHERS if name != missing])

    assert refusal(State(), raw) == "approval"
    with pytest.raises(RefusedError, match=f"not signed by {missing}$"):
        State().apply(raw)


@pytest.mark.parametrize("changed", [{"version": 2}, {"previous": "ab" * 32}])
def test_founding_document_is_the_first(changed: dict[str, object]) -> None:
    first: dict[str, object] = {"version": 1, "previous": "00" * 32}
    consortium = FOUNDED.draft(lambda draft: draft.update(first | changed))

    assert refusal(State(), founding(consortium, by=OTHERS)) == "version"


def test_founding_entry_by_a_stranger_founds_nothing() -> None:
    stranger = make_member("zzz")
    entry = Entry(ORIGIN, "zzz", "consortium", DAY, None, FOUNDED.document.raw)
    with_stranger = Consortium((*FOUNDED.members, stranger), FOUNDED.document)

    assert refusal(State(), with_stranger.sign(entry, by=ALL).encode()) == "unknown-author"


def test_founding_entry_of_another_ledgers_document_founds_nothing() -> None:
    elsewhere = make_consortium("signaalketen.test/elsewhere").document
    entry = Entry(ORIGIN, "szw", "consortium", DAY, None, elsewhere.raw)

    assert refusal(State(), FOUNDED.sign(entry, by=OTHERS).encode()) == "wrong-origin"


def test_chain_is_founded_once() -> None:
    chain = ChainBuilder()

    assert refusal(chain.state, make_founding(FOUNDED)) == "duplicate"
    assert chain.apply(make_signal(FOUNDED).raw).height == 1
