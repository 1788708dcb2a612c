"""Who may post a signal, and whose stored-line it needs."""

import pytest

from ledger.outstanding import Signal
from ledger.rules.signal import verify_signal_share
from tests.support.chain import ChainBuilder, make_signal
from tests.support.parties import DAY
from tests.support.refusing import refusal


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder()


@pytest.mark.parametrize("author", ["szw", "svb", "uwv"])
def test_every_issuer_may_post(chain: ChainBuilder, author: str) -> None:
    assert chain.post(author).admission.author == author


def test_custodian_that_is_no_issuer_may_not_post(chain: ChainBuilder) -> None:
    assert refusal(chain.state, make_signal(chain.consortium, "bzk", by=("uwv",)).raw) == "role"


@pytest.mark.parametrize("by", [("bzk",), ("svb",), ("svb", "szw"), ("bzk", "svb", "szw")])
def test_any_custodians_but_the_author_may_hold_it(
    chain: ChainBuilder, by: tuple[str, ...]
) -> None:
    assert chain.apply(make_signal(chain.consortium, "uwv", by=by).raw).height == 1


@pytest.mark.parametrize(
    "by",
    [(), ("uwv",), ("svb",), ("bzk", "svb"), ("svb", "szw"), ("bzk", "uwv"), ("szw", "bzk")],
    ids="-".join,
)
def test_only_custodians_of_the_document_hold_it_once_each_in_order(
    chain: ChainBuilder, by: tuple[str, ...]
) -> None:
    chain.amend(lambda draft: draft.update(custodians=["bzk", "szw", "uwv"]))

    signal = make_signal(chain.consortium, "uwv", by=by)

    assert refusal(chain.state, signal.raw) == "stored-line"


def test_signal_is_owed_a_locate(chain: ChainBuilder) -> None:
    chain.post("uwv")

    assert chain.state.outstanding.signals == {1: Signal("uwv", DAY)}


def test_posted_entry_commits_to_the_body_that_its_author_keeps(chain: ChainBuilder) -> None:
    signal = make_signal(chain.consortium)

    chain.apply(signal.raw)

    verify_signal_share(signal.body.share([0, 1]), signal.signed.entry)
