"""Locate items: 80 bytes that only those who know the person can read."""

import pytest

from ledger.encoding import Digest
from ledger.errors import MalformedError, VerificationError
from ledger.locator import ITEM_BYTES, LocateItem, Placement, encode_item, place
from ledger.pseudonym import Pseudonym

OLD = Pseudonym("o.test/x", "help", 1, b"\x01" * 64)
NEW = Pseudonym("o.test/x", "help", 2, b"\x02" * 64)
STRANGER = Pseudonym("o.test/x", "help", 2, b"\x03" * 64)
SIGNAL = Digest(b"s" * 32)
OTHER_SIGNAL = Digest(b"t" * 32)


def filler(size: int) -> bytes:
    return b"\xaa" * size


def placed(person: Pseudonym = NEW, *, slot: int = 5, desk: int = 258) -> Placement:
    return place(person, author="uwv", signal=SIGNAL, slot=slot, desk=desk)


def test_item_names_the_newest_epoch_first() -> None:
    raw = encode_item([placed(NEW), placed(OLD)], random=filler)

    item = LocateItem.decode(raw)

    assert len(raw) == ITEM_BYTES
    assert [p.locator for p in item.placements] == [
        NEW.locators("uwv")[5],
        OLD.locators("uwv")[5],
    ]


def test_absent_epochs_are_random_bytes() -> None:
    assert encode_item([placed()], random=filler)[40:] == filler(40)
    assert encode_item([], random=filler) == filler(80)


def test_third_epoch_is_refused() -> None:
    with pytest.raises(MalformedError, match="at most 2"):
        encode_item([placed()] * 3, random=filler)


def test_card_tells_the_desk_to_who_knows_the_person() -> None:
    assert placed(desk=65_535).open_card(NEW, author="uwv", signal=SIGNAL) == 65_535


@pytest.mark.parametrize(
    ("person", "author", "signal"),
    [
        pytest.param(STRANGER, "uwv", SIGNAL, id="another person"),
        pytest.param(OLD, "uwv", SIGNAL, id="another epoch"),
        pytest.param(NEW, "svb", SIGNAL, id="copied by another member"),
        pytest.param(NEW, "uwv", OTHER_SIGNAL, id="copied to another signal"),
    ],
)
def test_card_opens_for_nothing_else(person: Pseudonym, author: str, signal: Digest) -> None:
    with pytest.raises(VerificationError, match="card"):
        placed().open_card(person, author=author, signal=signal)


@pytest.mark.parametrize("bit", range(192))
def test_no_flipped_bit_of_a_card_goes_unnoticed(bit: int) -> None:
    card = bytearray(placed().card)
    card[bit // 8] ^= 1 << bit % 8

    with pytest.raises(VerificationError, match="card"):
        Placement(placed().locator, bytes(card)).open_card(NEW, author="uwv", signal=SIGNAL)


@pytest.mark.parametrize("desk", [0, 65_536, -1])
def test_desk_without_a_number_has_no_card(desk: int) -> None:
    with pytest.raises(MalformedError, match="desk number"):
        placed(desk=desk)


@pytest.mark.parametrize("size", [0, 40, 79, 81, 160])
def test_item_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="80 bytes"):
        LocateItem.decode(bytes(size))


def test_placement_of_another_size_is_refused() -> None:
    with pytest.raises(MalformedError, match="16 bytes"):
        Placement(bytes(15), bytes(25))
