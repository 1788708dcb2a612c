"""The chain's date is one that a quorum reached, and it never goes back."""

from datetime import timedelta

import pytest

from ledger.dates import Dates
from tests.support.chain import ChainBuilder
from tests.support.parties import ALL, DAY

QUORUM = 3


def days(count: int) -> timedelta:
    return timedelta(days=count)


def attested(**ahead: int) -> Dates:
    """Return dates that members attested, in days ahead of the first, and settled on."""
    dates = Dates()
    for name, count in ahead.items():
        dates.attest([name], DAY + days(count))
        dates.settle(ALL, quorum=QUORUM)
    return dates


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        ({}, None),
        ({"uwv": 0, "bzk": 0}, None),
        ({"uwv": 0, "bzk": 0, "svb": 0}, 0),
        ({"uwv": 5, "bzk": 0, "svb": 3}, 0),
        ({"uwv": 5, "bzk": 4, "svb": 3, "szw": 0}, 3),
        ({"uwv": 900, "bzk": 900, "svb": 1, "szw": 2}, 2),
        ({"uwv": 5, "bzk": 4, "stranger": 3, "another": 3}, None),
    ],
)
def test_date_is_the_newest_that_a_quorum_of_witnesses_reached(
    ahead: dict[str, int], expected: int | None
) -> None:
    assert attested(**ahead).day == (None if expected is None else DAY + days(expected))


def test_an_older_date_takes_nothing_back() -> None:
    dates = attested(uwv=2, bzk=2, svb=2)

    assert not dates.attest(["uwv", "bzk", "svb"], DAY)

    assert not dates.settle(ALL, quorum=QUORUM)
    assert dates.day == DAY + days(2)


def test_date_stands_when_those_who_reached_it_are_no_witnesses_any_more() -> None:
    dates = attested(uwv=2, bzk=2, svb=2)

    assert not dates.settle(["szw"], quorum=1)

    assert dates.day == DAY + days(2)


def test_a_smaller_quorum_may_have_reached_more() -> None:
    dates = attested(uwv=3, bzk=2, svb=1)

    assert dates.settle(ALL, quorum=2)

    assert dates.day == DAY + days(2)


def test_a_copy_goes_its_own_way() -> None:
    dates = attested(uwv=1, bzk=1)

    dates.copy().attest(["svb"], DAY)

    assert dates == attested(uwv=1, bzk=1)


def test_a_new_document_moves_the_date_to_what_its_quorum_reached() -> None:
    chain = ChainBuilder()
    chain.amend(lambda draft: draft.update(quorum=4))
    chain.post("svb")
    assert chain.state.chain_day is None

    chain.amend(lambda draft: draft.update(quorum=3))

    assert chain.state.chain_day == DAY
