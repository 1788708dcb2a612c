"""What authors may post beyond their quotas, and for how long, after a key was lost."""

from collections.abc import Callable
from itertools import count

import pytest

from ledger.allowance import KINDS
from ledger.errors import RefusedError
from tests.support.chain import PURPOSE, ChainBuilder, make_entry
from tests.support.epochs import deal, opening
from tests.support.refusing import refusal

QUOTA = 2
STANDING = 3
"""How many signals of UWV stand before its quota is tightened."""
_numbers = count()


@pytest.fixture
def chain() -> ChainBuilder:
    """Return a chain with epoch 1 open, three signals by UWV, and a quota that they use up."""
    chain = ChainBuilder()
    chain.apply(opening(chain.consortium, deal(chain.consortium, 1).document))
    for _ in range(STANDING):
        chain.post("uwv")
    chain.amend(lambda draft: draft["quota"].update(dict.fromkeys(KINDS, QUOTA)))
    return chain


def replace(chain: ChainBuilder, number: int = 2, *, lost: int | None = 1) -> None:
    document = deal(chain.consortium, number, replaces=lost).document
    chain.apply(opening(chain.consortium, document))


def locate(chain: ChainBuilder) -> None:
    height = min(h for h, one in chain.state.outstanding.signals.items() if one.author == "uwv")
    chain.apply(make_entry(chain.consortium, "uwv", "locate", f"{height}\n"))


def erase(chain: ChainBuilder, signals: int = 1, *, author: str = "uwv") -> None:
    raw = make_entry(chain.consortium, author, "erasure", f"{signals}\n", number=next(_numbers))
    chain.apply(raw)


def how_many(act: Callable[[], object]) -> int:
    """Return how often something can be done before it is beyond what its author may."""
    done, reason = 0, None
    while reason is None:
        try:
            act()
            done += 1
        except RefusedError as refused:
            reason = refused.reason
    assert reason == "over-quota"
    return done


def test_signals_that_stand_are_posted_anew_beyond_the_quota_and_no_more(
    chain: ChainBuilder,
) -> None:
    assert how_many(lambda: chain.post("uwv")) == 0

    replace(chain)

    assert how_many(lambda: chain.post("uwv")) == STANDING
    assert chain.state.allowances.left.keys() == {("uwv", "locate"), ("uwv", "erasure")}


def test_the_quota_comes_first_and_what_may_come_beyond_it_keeps_for_another_day(
    chain: ChainBuilder,
) -> None:
    replace(chain)

    assert how_many(lambda: chain.post("svb")) == QUOTA
    assert chain.state.allowances.left["uwv", "signal"] == STANDING


def test_an_epoch_that_replaces_none_gives_nothing(chain: ChainBuilder) -> None:
    replace(chain, lost=None)

    assert how_many(lambda: chain.post("uwv")) == 0


def test_one_locate_and_one_erasure_come_with_each_signal(chain: ChainBuilder) -> None:
    replace(chain)
    assert how_many(lambda: chain.post("uwv")) == STANDING

    assert how_many(lambda: erase(chain)) == QUOTA + STANDING
    for _ in range(QUOTA + STANDING):
        locate(chain)
    with pytest.raises(RefusedError, match="2 of this kind a day"):
        locate(chain)


def test_signals_that_were_erased_are_not_posted_anew(chain: ChainBuilder) -> None:
    erase(chain, 2)
    replace(chain)

    assert how_many(lambda: chain.post("uwv")) == STANDING - 2


def test_erasures_of_more_signals_than_there_are_take_from_their_author_only(
    chain: ChainBuilder,
) -> None:
    erase(chain, 64)
    erase(chain, 64, author="szw")
    replace(chain)

    assert chain.state.allowances.left == {}


def test_what_was_left_is_not_added_to_what_the_next_replacement_gives(
    chain: ChainBuilder,
) -> None:
    replace(chain, 2, lost=1)
    replace(chain, 3, lost=2)

    assert how_many(lambda: chain.post("uwv")) == STANDING


def test_what_is_refused_uses_up_nothing(chain: ChainBuilder) -> None:
    replace(chain)
    foreign = make_entry(chain.consortium, "uwv", "locate", "0\n")
    for _ in range(QUOTA):
        locate(chain)

    assert refusal(chain.state, foreign) == "heights"
    assert chain.state.allowances.left["uwv", "locate"] == STANDING


def test_a_trial_uses_up_what_is_left_of_its_own(chain: ChainBuilder) -> None:
    replace(chain)
    trial = chain.state.trial()

    trial.allowances.use("uwv", "signal")
    trial.allowances.stand("uwv", 1)

    assert chain.state.allowances.left["uwv", "signal"] == STANDING
    assert chain.state.allowances.standing["uwv"] == STANDING


def test_a_replaced_epoch_is_open_no_more_for_what_is_posted(chain: ChainBuilder) -> None:
    before = chain.state.height - 1
    replace(chain)
    after = chain.post("uwv").height

    epochs = chain.state.epochs
    assert [known.number for known in epochs.open_now(PURPOSE)] == [2, 1]
    assert [known.number for known in epochs.with_key(PURPOSE)] == [2]
    assert (epochs.open_at(PURPOSE, before), epochs.open_at(PURPOSE, after)) == ([1], [2])
