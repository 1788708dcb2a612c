"""Which epochs are open, and which were at a block in the past."""

from dataclasses import replace

import pytest

from ledger.epoch import CLOSED, OPEN, EpochDocument
from ledger.epochs import Epochs, Span
from tests.support.epochs import deal
from tests.support.parties import make_consortium

SHARES = deal(make_consortium()).document.shares
GROUPS = make_consortium().document.groups


def opened(number: int, purpose: str = "help") -> EpochDocument:
    return EpochDocument(purpose, number, OPEN, SHARES)


def closed(number: int, purpose: str = "help") -> EpochDocument:
    return EpochDocument(purpose, number, CLOSED, ())


@pytest.fixture
def epochs() -> Epochs:
    """Return two epochs: 1 from block 10 to 30, 2 from block 20 on."""
    epochs = Epochs()
    epochs.install(opened(1), groups=GROUPS, height=10)
    epochs.install(opened(2), groups=GROUPS, height=20)
    epochs.install(closed(1), groups=GROUPS, height=30)
    return epochs


@pytest.mark.parametrize(
    ("height", "numbers"),
    [
        (0, []),
        (10, []),
        (11, [1]),
        (20, [1]),
        (21, [2, 1]),
        (30, [2, 1]),
        (31, [2]),
        (10**9, [2]),
    ],
)
def test_epoch_is_open_after_its_block_up_to_the_block_that_closes_it(
    epochs: Epochs, height: int, numbers: list[int]
) -> None:
    assert epochs.open_at("help", height) == numbers


def test_what_is_open_now_is_told_newest_first_with_its_shares(epochs: Epochs) -> None:
    epochs.install(opened(3), groups=GROUPS, height=40)

    assert epochs.open_now("help") == [opened(3), opened(2)]


def test_closed_epoch_is_still_known_with_the_shares_it_had(epochs: Epochs) -> None:
    assert epochs.spans["help"][0] == Span(opened(1), GROUPS, 10, 30)


def test_key_stays_shared_among_the_groups_of_its_opening(epochs: Epochs) -> None:
    later = (replace(GROUPS[0], threshold=1), GROUPS[1])
    epochs.install(opened(3), groups=later, height=40)
    epochs.install(closed(2), groups=later, height=50)

    assert epochs.groups(opened(2)) == GROUPS
    assert epochs.groups(opened(3)) == later


def test_numbers_go_on_after_a_closing(epochs: Epochs) -> None:
    assert epochs.next_number("help") == 3


def test_purposes_have_epochs_of_their_own(epochs: Epochs) -> None:
    assert epochs.next_number("armoede") == 1
    assert epochs.open_now("armoede") == []
    assert epochs.open_at("armoede", 25) == []

    epochs.install(opened(1, "armoede"), groups=GROUPS, height=50)

    assert epochs.open_at("armoede", 51) == [1]
    assert epochs.open_at("help", 51) == [2]
