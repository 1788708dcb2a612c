"""By what an onlooker can tell beats apart: a difference would be seen."""

from dataclasses import replace

from demo.scenes.onlooker import beats_in, form_of
from ledger.block import Block
from ledger.entry import SignedEntry
from tests.support.blocks import make_block


def beat(height: int, author: str, further: str = "16\n", *, lines: int = 2) -> Block:
    block = make_block(height, author, "exchange", lines=lines)
    entry = replace(block.signed.entry, further=further)
    return replace(block, signed=SignedEntry.of(entry, block.signed.lines))


def test_beats_are_told_by_author_and_nothing_else_is_among_them() -> None:
    chain = [beat(1, "uwv"), make_block(2, "uwv", "signal"), beat(3, "svb"), beat(4, "uwv")]

    found = {author: [b.height for b in of] for author, of in beats_in(chain).items()}

    assert found == {"svb": [3], "uwv": [1, 4]}


def test_beats_of_one_size_have_one_form_whoever_stores_them() -> None:
    assert form_of(beat(1, "uwv")) == form_of(beat(2, "svb", lines=3))


def test_an_urgent_or_larger_beat_has_another_form() -> None:
    forms = {form_of(beat(1, "uwv", further)) for further in ("16\n", "16 urgent\n", "64\n")}

    assert len(forms) == 3
