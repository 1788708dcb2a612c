"""`exchange`: what is public of a beat, and who may send and store one."""

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
    return ChainBuilder()


def exchange(further: str = "16\n", author: str = "uwv", by: tuple[str, ...] = ("svb",)) -> bytes:
    return make_entry(FOUNDED, author, "exchange", further, by=by)


@pytest.mark.parametrize("further", [f"{n}{u}\n" for n in (16, 64, 256) for u in ("", " urgent")])
def test_beat_of_each_size_is_admitted(chain: ChainBuilder, further: str) -> None:
    assert chain.apply(exchange(further)).height == 1


@pytest.mark.parametrize(
    "further", ["", "0\n", "1\n", "17\n", "512\n", "016\n", "16\n16\n", "16 urgent \n", "urgent\n"]
)
def test_anything_else_in_public_is_refused(chain: ChainBuilder, further: str) -> None:
    assert refusal(chain.state, exchange(further)) == "further-lines"


@pytest.mark.parametrize(
    ("author", "by", "reason"),
    [
        ("bzk", ("svb",), "role"),
        ("uwv", (), "stored-line"),
        ("uwv", ("uwv",), "stored-line"),
    ],
)
def test_beat_is_by_an_issuer_and_stored_by_others(
    chain: ChainBuilder, author: str, by: tuple[str, ...], reason: str
) -> None:
    assert refusal(chain.state, exchange(author=author, by=by)) == reason


@pytest.mark.parametrize("by", [("svb",), ("szw",), ("svb", "szw"), ("bzk",)])
def test_receivers_or_a_custodian_store_it(chain: ChainBuilder, by: tuple[str, ...]) -> None:
    assert chain.apply(exchange(by=by)).admission.stored_by == by


def test_beat_without_commitment_is_refused(chain: ChainBuilder) -> None:
    entry = Entry(ORIGIN, "uwv", "exchange", DAY, None, "16\n")

    assert refusal(chain.state, FOUNDED.sign(entry, by=["svb"]).encode()) == "commitment"


def test_stale_beat_is_refused(chain: ChainBuilder) -> None:
    chain.post(day=DAY + timedelta(days=3))

    assert refusal(chain.state, exchange()) == "stale"


def test_quota_bounds_how_often(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft["quota"].update(exchange=2))
    for further in ("16\n", "16 urgent\n"):
        chain.apply(exchange(further))

    assert refusal(chain.state, exchange("64\n")) == "over-quota"
