"""A true answer and noise: which blocks are compared, and that a difference would be seen."""

import pytest

from demo.errors import DemoError
from demo.matched import Answers, answers_to
from demo.stage import Posted
from ledger.block import Block
from ledger.receipt import Receipt
from tests.support.blocks import make_block

CHAIN = [
    make_block(1, "uwv", "signal"),
    make_block(2, "uwv", "locate", 1),
    make_block(3, "svb", "answer", 2),
    make_block(4, "szw", "answer", 2),
    make_block(5, "svb", "signal"),
    make_block(6, "svb", "locate", 5),
    make_block(7, "szw", "answer", 6),
    make_block(8, "uwv", "answer", 6),
]


class At(Receipt):
    """The receipt of a block, of which only the height is asked."""

    def __init__(self, index: int) -> None:
        object.__setattr__(self, "index", index)


def posted_in(height: int) -> Posted:
    return Posted(None, 201, "0" * 32, At(height))  # type: ignore[arg-type]


def test_answers_are_those_to_the_locate_of_that_signal() -> None:
    answers = answers_to(CHAIN, posted_in(5), true="uwv", noise="szw")

    assert (answers.true.height, answers.noise.height) == (8, 7)


def test_an_answer_that_is_not_there_is_missed() -> None:
    with pytest.raises(DemoError, match="answered by szw only"):
        answers_to(CHAIN[:7], posted_in(5), true="uwv", noise="szw")


def test_answers_of_one_form_are_alike_whoever_gave_them() -> None:
    assert Answers(CHAIN[7], CHAIN[6]).are_alike


@pytest.mark.parametrize(
    "other",
    [
        make_block(7, "szw", "answer", 6, 9),
        make_block(7, "szw", "answer", 2),
        make_block(7, "szw", "answer", 6, lines=3),
        make_block(7, "szwx", "answer", 6),
    ],
    ids=["another-number-of-locates", "another-locate", "another-line", "longer"],
)
def test_answers_that_differ_in_form_are_not_alike(other: Block) -> None:
    assert not Answers(CHAIN[7], other).are_alike
