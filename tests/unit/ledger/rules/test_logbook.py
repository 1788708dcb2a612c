"""`logbook` says about how much its author recorded, and goes to nobody."""

from datetime import timedelta

import pytest

from ledger.entry import Entry
from tests.support.chain import ChainBuilder, make_entry
from tests.support.parties import ALL, DAY, make_consortium
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder().fill(3)


def logbook(further: str = "64\n", author: str = "uwv", by: tuple[str, ...] = ()) -> bytes:
    return make_entry(FOUNDED, author, "logbook", further, by=by)


@pytest.mark.parametrize("author", ALL)
def test_every_member_may_commit_to_its_log(chain: ChainBuilder, author: str) -> None:
    assert chain.apply(logbook(author=author)).height == 4


@pytest.mark.parametrize("count", [64, 128, 1 << 30])
def test_rounded_counts_are_admitted(chain: ChainBuilder, count: int) -> None:
    assert chain.apply(logbook(f"{count}\n")).height == 4


@pytest.mark.parametrize("further", ["", "0\n", "17\n", "63\n", "65\n", "064\n", "64\n64\n"])
def test_an_exact_count_and_other_spellings_are_refused(chain: ChainBuilder, further: str) -> None:
    assert refusal(chain.state, logbook(further)) == "further-lines"


@pytest.mark.parametrize("by", [("bzk",), ("svb", "szw")])
def test_nobody_signs_that_it_stores_it(chain: ChainBuilder, by: tuple[str, ...]) -> None:
    assert refusal(chain.state, logbook(by=by)) == "stored-line"


def test_logbook_commits_to_its_item(chain: ChainBuilder) -> None:
    entry = Entry(ORIGIN, "uwv", "logbook", DAY, None, "64\n")

    assert refusal(chain.state, FOUNDED.sign(entry).encode()) == "commitment"


def test_logbook_does_not_move_the_date_of_the_chain(chain: ChainBuilder) -> None:
    before = chain.state.chain_day

    chain.apply(make_entry(FOUNDED, "uwv", "logbook", "64\n", by=(), day=DAY + timedelta(days=9)))

    assert chain.state.chain_day == before == DAY


def test_old_logbook_is_stale(chain: ChainBuilder) -> None:
    chain.post("svb", day=DAY + timedelta(days=3))

    assert refusal(chain.state, logbook()) == "stale"


def test_the_same_logbook_twice_is_a_duplicate(chain: ChainBuilder) -> None:
    chain.apply(logbook())

    assert refusal(chain.state, logbook()) == "duplicate"


def test_logbooks_have_a_quota_of_their_own(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft["quota"].update(logbook=1))
    chain.apply(logbook())

    assert refusal(chain.state, logbook("128\n")) == "over-quota"
    assert chain.apply(logbook(author="svb")).admission.author == "svb"
