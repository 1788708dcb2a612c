"""The beat that is measured has the bytes and the work that it is said to have."""

from pathlib import Path

from bench.figures.beat import _bare, _half_full, block_of
from bench.founding import found
from ledger.block import Block
from ledger.exchange.beat import KIND
from ledger.seal import SealingKey
from ledger.state import verify_entry
from nodes.clock import SystemClock


def test_the_block_that_is_weighed_is_one_that_the_rules_take(tmp_path: Path) -> None:
    founded = found(tmp_path, url="http://127.0.0.1:9", day=SystemClock().today())

    block = Block.decode(block_of(founded, 64))

    verify_entry(block.signed, founded.document)
    assert (block.signed.entry.kind, block.signed.entry.further) == (KIND, "64\n")
    assert len(block.signed.lines) == 3


def test_half_of_the_items_are_pieces_of_messages_of_their_own() -> None:
    sent = _half_full(SealingKey(bytes(32)), 16)

    assert len({one.piece.message for one in sent}) == 8


def test_the_limit_opens_what_the_limit_sealed() -> None:
    wrap, unwrap = _bare(SealingKey(bytes(32)), 2)

    wrap()
    unwrap()
