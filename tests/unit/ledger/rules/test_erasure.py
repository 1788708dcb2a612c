"""`erasure` says how many signals its author withdraws, and not which."""

from datetime import timedelta

import pytest

from ledger.entry import Entry
from tests.support.chain import ChainBuilder, make_entry
from tests.support.parties import DAY, make_consortium
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder().fill(3)


def erasure(further: str, author: str = "uwv", by: tuple[str, ...] = ("bzk",)) -> bytes:
    return make_entry(FOUNDED, author, "erasure", further, by=by)


@pytest.mark.parametrize("count", [1, 2, 64])
def test_count_of_1_to_64_is_admitted(chain: ChainBuilder, count: int) -> None:
    assert chain.apply(erasure(f"{count}\n")).height == 4


@pytest.mark.parametrize("further", ["", "0\n", "65\n", "01\n", "+1\n", "1\n2\n", "one\n", "-\n"])
def test_other_counts_and_spellings_are_refused(chain: ChainBuilder, further: str) -> None:
    assert refusal(chain.state, erasure(further)) == "further-lines"


@pytest.mark.parametrize(
    ("author", "by", "reason"),
    [
        ("bzk", ("uwv",), "role"),
        ("uwv", (), "stored-line"),
        ("uwv", ("uwv",), "stored-line"),
        ("uwv", ("svb", "bzk"), "stored-line"),
    ],
)
def test_issuers_erase_and_others_store_it(
    chain: ChainBuilder, author: str, by: tuple[str, ...], reason: str
) -> None:
    assert refusal(chain.state, erasure("1\n", author, by)) == reason


@pytest.mark.parametrize("by", [("svb",), ("szw",), ("bzk",), ("bzk", "svb", "szw")])
def test_issuers_and_custodians_store_it(chain: ChainBuilder, by: tuple[str, ...]) -> None:
    assert chain.apply(erasure("1\n", "uwv", by)).height == 4


def test_witness_that_neither_issues_nor_keeps_does_not_store_it(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft.update(custodians=["szw"]))

    assert refusal(chain.state, erasure("1\n", "uwv", ("bzk",))) == "stored-line"


def test_withdrawn_signal_owes_its_locate_like_any_other(chain: ChainBuilder) -> None:
    # Else the chain would tell which signals were withdrawn.
    owed = dict(chain.state.outstanding.signals)

    chain.apply(erasure("64\n"))

    assert chain.state.outstanding.signals == owed != {}


def test_old_erasure_is_stale(chain: ChainBuilder) -> None:
    chain.post("svb", day=DAY + timedelta(days=3))

    assert refusal(chain.state, erasure("1\n")) == "stale"


def test_erasure_commits_to_its_items(chain: ChainBuilder) -> None:
    entry = Entry(ORIGIN, "uwv", "erasure", DAY, None, "1\n")

    assert refusal(chain.state, FOUNDED.sign(entry, by=("svb",)).encode()) == "commitment"
