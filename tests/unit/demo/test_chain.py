"""What is still owed on a chain: the story goes on only when it is nothing."""

import pytest

from demo.chain import is_of_all, owed
from tests.support.blocks import make_block as block

ISSUERS = ("uwv", "svb", "szw")
SIGNALS = [block(1, "uwv", "signal"), block(2, "svb", "signal")]
LOCATES = [block(3, "uwv", "locate", 1), block(4, "svb", "locate", 2)]


def test_every_signal_is_owed_its_locate() -> None:
    assert owed([*SIGNALS, LOCATES[1]], issuers=["svb"]) == ["uwv's locate of block 1"]


def test_every_locate_is_owed_an_answer_of_every_other_issuer() -> None:
    assert sorted(owed([*SIGNALS, *LOCATES], issuers=ISSUERS)) == [
        "svb's answer to block 3",
        "szw's answer to block 3",
        "szw's answer to block 4",
        "uwv's answer to block 4",
    ]


def test_an_answer_settles_every_locate_that_it_names_for_its_author_only() -> None:
    answered = [*SIGNALS, *LOCATES, block(5, "szw", "answer", 3, 4), block(6, "svb", "answer", 3)]

    assert owed(answered, issuers=ISSUERS) == ["uwv's answer to block 4"]


def test_nothing_is_owed_where_all_is_answered() -> None:
    answers = [
        block(5, "szw", "answer", 3, 4),
        block(6, "svb", "answer", 3),
        block(7, "uwv", "answer", 4),
    ]

    assert owed([*SIGNALS, *LOCATES, *answers], issuers=ISSUERS) == []


@pytest.mark.parametrize(
    ("before", "after", "is_so"),
    [
        ((9, 9, 9, 9), (9, 9, 9, 9), True),
        ((9, 9, 9, 9), (9, 10, 12, 9), True),
        ((7, 8, 9, 9), (9, 9, 9, 9), True),
        ((9, 10, 9, 9), (10, 10, 10, 10), False),
        ((9, 9, 9, 9), (9, 9, 8, 9), False),
    ],
    ids=["all-stand-still", "beats-go-on", "some-catch-up", "one-had-more", "one-has-less"],
)
def test_a_history_is_of_all_only_if_it_has_what_any_had_and_all_have_it(
    before: tuple[int, ...], after: tuple[int, ...], *, is_so: bool
) -> None:
    assert is_of_all(9, before, after) == is_so
