"""`locate` names signals of its author's own, each once, and asks every other issuer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.entry import Entry, SignedEntry
from ledger.outstanding import Locate
from tests.support.chain import ChainBuilder, make_entry
from tests.support.parties import DAY, make_consortium
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()


@pytest.fixture
def chain() -> ChainBuilder:
    """Return a chain with signals of UWV at 1, 2 and 4, and of SVB at 3."""
    chain = ChainBuilder()
    for author in ("uwv", "uwv", "svb", "uwv"):
        chain.post(author)
    return chain


def locate(*heights: int, author: str = "uwv", by: tuple[str, ...] = ("svb",)) -> bytes:
    further = "".join(f"{height}\n" for height in heights)
    return make_entry(FOUNDED, author, "locate", further, by=by)


def test_located_signals_owe_nothing_and_every_other_issuer_an_answer(chain: ChainBuilder) -> None:
    chain.apply(locate(1, 4))

    owed = chain.state.outstanding
    assert sorted(owed.signals) == [2, 3]
    assert owed.locates == {5: Locate("uwv", DAY, 2, frozenset({"szw", "svb"}))}


@pytest.mark.parametrize(
    "heights", [(3,), (1, 3), (0,), (5,), (1, 99)], ids=["svb's", "too", "no signal", "own", "none"]
)
def test_height_that_is_no_own_signal_to_be_located_is_refused(
    chain: ChainBuilder, heights: tuple[int, ...]
) -> None:
    assert refusal(chain.state, locate(*heights)) == "heights"


def test_signal_is_located_once(chain: ChainBuilder) -> None:
    chain.apply(locate(1))

    assert refusal(chain.state, locate(1, 2)) == "heights"
    assert chain.apply(locate(2)).height == 6


@pytest.mark.parametrize(
    "further",
    ["", "2\n1\n", "1\n1\n", "01\n", "-1\n", "1 missing\n", "1", "1\n\n", " 1\n", "１\n"],
)
def test_heights_have_one_spelling(chain: ChainBuilder, further: str) -> None:
    reason = refusal(chain.state, make_entry(FOUNDED, "uwv", "locate", further, by=("svb",)))

    assert reason == ("malformed" if further == "1" else "further-lines")


def test_65_heights_are_one_too_many(chain: ChainBuilder) -> None:
    assert refusal(chain.state, locate(*range(1, 66))) == "further-lines"


@pytest.mark.parametrize("by", [("svb",), ("szw",), ("bzk",), ("bzk", "svb", "szw")])
def test_issuers_and_custodians_store_it(chain: ChainBuilder, by: tuple[str, ...]) -> None:
    assert chain.apply(locate(1, by=by)).height == 5


@pytest.mark.parametrize("by", [(), ("uwv",), ("svb", "svb"), ("svb", "bzk")])
def test_stored_lines_are_by_others_once_each_in_order(
    chain: ChainBuilder, by: tuple[str, ...]
) -> None:
    assert refusal(chain.state, locate(1, by=by)) == "stored-line"


def test_witness_that_neither_issues_nor_keeps_does_not_store_it(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft.update(custodians=["szw"]))

    assert refusal(chain.state, locate(1, by=("bzk",))) == "stored-line"


def test_only_issuers_locate(chain: ChainBuilder) -> None:
    assert refusal(chain.state, locate(1, author="bzk")) == "role"


def test_locate_commits_to_its_items(chain: ChainBuilder) -> None:
    entry = Entry(ORIGIN, "uwv", "locate", DAY, None, "1\n")

    assert refusal(chain.state, FOUNDED.sign(entry, by=("svb",)).encode()) == "commitment"


@pytest.mark.parametrize("commitment", [bytes(32), b"\xff" * 32])
def test_commitment_is_a_point_that_can_hide_something(
    chain: ChainBuilder, commitment: bytes
) -> None:
    entry = Entry(ORIGIN, "uwv", "locate", DAY, commitment, "1\n")

    assert refusal(chain.state, FOUNDED.sign(entry, by=("svb",)).encode()) == "commitment"


def test_signal_that_comes_later_cannot_be_located_before_it(chain: ChainBuilder) -> None:
    ahead = locate(1, 5)
    assert refusal(chain.state, ahead) == "heights"

    chain.post("uwv")

    assert chain.apply(ahead).height == 6


def test_locate_is_not_itself_located_nor_is_an_answer(chain: ChainBuilder) -> None:
    chain.apply(locate(1))
    chain.apply(make_entry(FOUNDED, "szw", "answer", "5\n"))

    assert refusal(chain.state, locate(5)) == "heights"
    assert refusal(chain.state, locate(6, author="szw")) == "heights"


def test_same_locate_again_is_a_repeat_while_it_is_remembered(chain: ChainBuilder) -> None:
    chain.apply(locate(1))

    assert refusal(chain.state, locate(1, by=("szw",))) == "duplicate"
    chain.post("svb", day=DAY + timedelta(days=3))
    assert refusal(chain.state, locate(1, by=("szw",))) == "stale"


def test_locate_dated_before_its_signals_is_stale_by_the_chains_date_only(
    chain: ChainBuilder,
) -> None:
    further = "1\n"
    yesterday = DAY - timedelta(days=1)
    old = DAY - timedelta(days=3)

    too_old = make_entry(FOUNDED, "uwv", "locate", further, day=old)
    assert refusal(chain.state, too_old) == "stale"
    assert chain.apply(make_entry(FOUNDED, "uwv", "locate", further, day=yesterday)).height == 5


def test_quota_of_locates_is_kept_like_any_other() -> None:
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["quota"].update(locate=1))
    for author in ("uwv", "uwv", "svb"):
        chain.post(author)
    consortium = chain.consortium

    chain.apply(make_entry(consortium, "uwv", "locate", "2\n"))

    assert refusal(chain.state, make_entry(consortium, "uwv", "locate", "3\n")) == "over-quota"
    assert chain.apply(make_entry(consortium, "svb", "locate", "4\n")).height == 6


def test_stored_line_over_another_locate_does_not_fit(chain: ChainBuilder) -> None:
    one, other = (SignedEntry.decode(locate(height)) for height in (1, 2))

    moved = replace(one, lines=(one.lines[0], other.lines[1]))

    assert refusal(chain.state, moved.encode()) == "stored-line"


def test_only_issuer_there_is_asks_nobody() -> None:
    chain = ChainBuilder()
    chain.amend(
        lambda draft: [
            table.update(roles=["witness", "holder", "custodian"])
            for table in draft["member"]
            if table["name"] != "uwv"
        ]
    )
    chain.post("uwv")

    chain.apply(locate(2, by=("bzk",)))

    assert chain.state.outstanding.locates == {}
    assert chain.state.outstanding.signals == {}
