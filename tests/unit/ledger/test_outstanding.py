"""What is owed on the chain, and from which day its absence stands in public."""

from datetime import timedelta

import pytest

from ledger.outstanding import Locate, Outstanding, Signal
from tests.support.chain import ChainBuilder, make_entry
from tests.support.parties import DAY, make_consortium

FOUNDED = make_consortium()
ALL = frozenset({"svb", "szw", "uwv"})


@pytest.fixture
def owed() -> Outstanding:
    """Return a signal at 1 and locates at 3 and 4, all of `DAY`."""
    return Outstanding(
        signals={1: Signal("uwv", DAY)},
        locates={
            3: Locate("uwv", DAY, 2, frozenset({"svb", "szw"})),
            4: Locate("svb", DAY, 1, frozenset({"uwv"})),
        },
    )


def test_answered_locate_is_forgotten_with_the_last_answer(owed: Outstanding) -> None:
    owed.answered(3, by="szw")
    assert owed.locates[3] == Locate("uwv", DAY, 2, frozenset({"svb"}))

    owed.answered(3, by="svb")
    owed.answered(4, by="uwv")

    assert owed.locates == {}


def test_who_left_is_awaited_nowhere(owed: Outstanding) -> None:
    owed.excuse(frozenset({"svb", "uwv", "bzk"}))

    assert owed.locates == {3: Locate("uwv", DAY, 2, frozenset({"szw"}))}


def test_nobody_left_nobody_is_excused(owed: Outstanding) -> None:
    owed.excuse(frozenset())

    assert {height: set(known.waiting) for height, known in owed.locates.items()} == {
        3: {"svb", "szw"},
        4: {"uwv"},
    }


@pytest.mark.parametrize(("later", "heights"), [(-1, []), (0, []), (1, []), (2, [1]), (9, [1])])
def test_signal_stands_unlocated_from_the_second_day_after_its_date(
    owed: Outstanding, later: int, heights: list[int]
) -> None:
    assert owed.unlocated(DAY + timedelta(days=later)) == heights


@pytest.mark.parametrize(("later", "late"), [(-1, False), (0, False), (1, False), (2, True)])
def test_answer_is_late_once_more_than_a_day_has_passed(
    owed: Outstanding, later: int, *, late: bool
) -> None:
    expected = [(3, "svb"), (3, "szw"), (4, "uwv")] if late else []

    assert owed.late(DAY + timedelta(days=later)) == expected


def test_what_is_remembered_is_what_is_owed_however_long_the_chain() -> None:
    chain = ChainBuilder()
    sizes = []
    for turn in range(12):
        author = sorted(ALL)[turn % 3]
        signal = chain.post(author).height
        locate = chain.apply(make_entry(FOUNDED, author, "locate", f"{signal}\n")).height
        sizes.append((len(chain.state.outstanding.signals), len(chain.state.outstanding.locates)))
        for issuer in sorted(ALL - {author}):
            chain.apply(make_entry(FOUNDED, issuer, "answer", f"{locate}\n"))

    assert sizes == [(0, 1)] * 12
    assert chain.state.outstanding == Outstanding()
