"""Members write other dates on their entries than today's.

A quota is by date, and what is stale by the chain's date is skipped: whoever rules the dates rules
who may post. An honest custodian signs for a date that is a day from its clock, and no more.
"""

from contextlib import suppress
from datetime import timedelta

from ledger.errors import RefusedError
from tests.support.chain import ChainBuilder, make_signal
from tests.support.parties import DAY
from tests.support.refusing import refusal


def test_an_author_alone_moves_no_date() -> None:
    chain = ChainBuilder()
    far = DAY + timedelta(days=400)

    assert refusal(chain.state, make_signal(chain.consortium, day=far, by=()).raw) == "stored-line"
    assert refusal(chain.state, make_signal(chain.consortium, day=far, by=["uwv"]).raw) == (
        "stored-line"
    )
    assert chain.state.chain_day is None


def test_an_author_with_honest_custodians_uses_the_quotas_of_three_days_in_one() -> None:
    """What it gains: yesterday's and tomorrow's quota, each once."""
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["quota"].update(signal=2))
    for number in range(12):
        day = DAY + timedelta(days=(-1, 0, 1)[number % 3])
        with suppress(RefusedError):
            chain.apply(make_signal(chain.consortium, number=number, day=day).raw)

    assert len(chain.state.outstanding.signals) == 3 * 2


def test_two_members_that_date_an_entry_far_ahead_gain_nothing() -> None:
    """An author and a lying custodian are no quorum; both their names stand under the entry."""
    chain = ChainBuilder()
    chain.post("svb")
    far = DAY + timedelta(days=3_650)

    chain.apply(make_signal(chain.consortium, "svb", day=far, by=["szw"]).raw)

    assert chain.state.chain_day == DAY
    tomorrow = DAY + timedelta(days=1)
    chain.post("uwv", day=tomorrow)
    # SVB and SZW said long since that it is later: UWV and BZK are enough to go on.
    assert chain.state.chain_day == tomorrow


def test_a_quorum_that_dates_an_entry_far_ahead_stops_everybody() -> None:
    """What a quorum gains: nobody posts any more until a new protocol; it rules all else as well.

    All their names stand under the entries for ever, and an audit finds the date.
    """
    chain = ChainBuilder()
    chain.post("svb")
    far = DAY + timedelta(days=3_650)

    chain.apply(make_signal(chain.consortium, "svb", day=far, by=["szw", "uwv"]).raw)

    today = make_signal(chain.consortium, "uwv", day=DAY + timedelta(days=1))
    assert refusal(chain.state, today.raw) == "stale"
    chain.amend(lambda draft: draft["quota"].update(signal=5))
    assert chain.state.chain_day == far
