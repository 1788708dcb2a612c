"""What a receiver of a signal's body demands of its share."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.body import Body, Item
from ledger.commitment import commit
from ledger.entry import Entry
from ledger.errors import VerificationError
from ledger.group import Scalar
from ledger.rules.signal import ALPHA, CONTENT, ITEMS, JWT, verify_signal_share

R = Scalar.reduce(b"\x03" * 64)


def _posted(items: int) -> tuple[Body, Entry]:
    body = Body(tuple(Item(i, bytes([i]) * 32, b"%d" % i) for i in range(items)), R)
    commitment = commit(
        origin="o", kind="signal", author="uwv", date="2026-11-24", digests=body.digests, r=R
    )
    return body, Entry("o", "uwv", "signal", date(2026, 11, 24), commitment.encode())


@pytest.mark.parametrize("held", [[], [ALPHA], [CONTENT], [JWT], [ALPHA, CONTENT, JWT]])
def test_any_part_of_a_body_of_three_items_is_accepted(held: list[int]) -> None:
    body, entry = _posted(ITEMS)

    verify_signal_share(body.share(held), entry)


@pytest.mark.parametrize("items", [1, 2, 4, 64])
def test_a_body_of_other_than_three_items_is_refused_although_it_opens(items: int) -> None:
    body, entry = _posted(items)
    share = body.share(range(items))
    share.verify(entry)

    with pytest.raises(VerificationError, match="3 items"):
        verify_signal_share(share, entry)


def test_items_that_do_not_open_the_commitment_are_refused() -> None:
    body, entry = _posted(ITEMS)
    other = replace(body, r=R + R)

    with pytest.raises(VerificationError, match="do not open"):
        verify_signal_share(other.share([ALPHA, CONTENT, JWT]), entry)
