"""Bodies, and the shares of them that receivers get."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.body import MAX_ITEM_BYTES, Body, Item, Share
from ledger.commitment import commit
from ledger.encoding import enc, sha256
from ledger.entry import Entry
from ledger.errors import MalformedError, VerificationError
from ledger.group import Scalar

R = Scalar.reduce(b"\x03" * 64)
BODY = Body(tuple(Item(i, bytes([i]) * 32, b"content %d" % i) for i in range(3)), R)
ENTRY = Entry(
    origin="o",
    author="uwv",
    kind="signal",
    day=date(2026, 11, 24),
    commitment=commit(
        origin="o",
        kind="signal",
        author="uwv",
        date="2026-11-24",
        digests=BODY.digests,
        r=R,
    ).encode(),
)
SHARE = BODY.share([0, 2])


def test_an_items_digest_covers_its_index_salt_and_content() -> None:
    item = Item(1, b"s" * 32, b"content")

    assert item.digest == sha256(enc("signaalketen/item/v1", 1, b"s" * 32, b"content"))


@pytest.mark.parametrize(
    ("index", "salt", "content"),
    [
        (-1, bytes(32), b""),
        (64, bytes(32), b""),
        (0, bytes(31), b""),
        (0, bytes(33), b""),
        (0, bytes(32), bytes(MAX_ITEM_BYTES + 1)),
    ],
    ids=["below zero", "over 63", "short salt", "long salt", "oversize"],
)
def test_an_item_that_no_share_could_hold_is_refused(
    index: int, salt: bytes, content: bytes
) -> None:
    with pytest.raises(MalformedError, match="item"):
        Item(index, salt, content)


def test_a_share_is_digests_r_and_the_items_held() -> None:
    held = b"".join(
        bytes([i]) + bytes([i]) * 32 + b"\x00\x00\x00\x09" + b"content %d" % i for i in (0, 2)
    )

    assert SHARE.encode() == b"\x03" + b"".join(BODY.digests) + R.encode() + held


def test_a_share_shows_no_item_that_its_receiver_does_not_get() -> None:
    assert BODY.items[1].content not in SHARE.encode()
    assert BODY.items[1].salt not in SHARE.encode()
    assert SHARE.item(1) is None
    assert SHARE.item(2) == BODY.items[2]


@pytest.mark.parametrize("indexes", [(), (0,), (1, 2), (0, 1, 2)])
def test_any_part_of_a_body_can_be_checked_against_the_entry(indexes: tuple[int, ...]) -> None:
    share = BODY.share(indexes)

    Share.decode(share.encode()).verify(ENTRY)


def _held(*items: bytes) -> bytes:
    return BODY.share(()).encode() + b"".join(items)


ITEMS = [BODY.share([i]).encode()[len(_held()) :] for i in range(3)]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"", "1 to 64 digests", id="nothing"),
        pytest.param(b"\x00" + R.encode(), "1 to 64 digests", id="no digests"),
        pytest.param(b"\x41" + bytes(65 * 32) + R.encode(), "1 to 64 digests", id="65 digests"),
        pytest.param(_held()[:-1], "digests and r", id="r cut off"),
        pytest.param(_held()[:-32] + bytes(32), "scalar", id="r zero"),
        pytest.param(_held()[:-32] + b"\xff" * 32, "scalar", id="r not reduced"),
        pytest.param(_held(ITEMS[0], ITEMS[1])[:-1], "cut off", id="item cut off"),
        pytest.param(_held(b"\x00"), "cut off", id="a byte too many"),
        pytest.param(_held(ITEMS[1], ITEMS[0]), "not in order", id="items in another order"),
        pytest.param(_held(ITEMS[1], ITEMS[1]), "not in order", id="an item twice"),
        pytest.param(_held(b"\x03" + ITEMS[1][1:]), "no digest", id="an item without digest"),
        pytest.param(_held(b"\x40" + ITEMS[1][1:]), "index 0 to 63", id="an index over 63"),
    ],
)
def test_what_is_no_share_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Share.decode(raw)


def test_an_item_over_a_mebibyte_is_refused() -> None:
    size = MAX_ITEM_BYTES + 1
    item = b"\x00" + bytes(32) + size.to_bytes(4, "big") + bytes(size)

    with pytest.raises(MalformedError, match="over 1 MiB"):
        Share.decode(_held(item))


@pytest.mark.parametrize(
    ("index", "salt", "content"),
    [(0, bytes(32), b"other"), (0, b"\x07" * 32, b"content 0"), (1, bytes(32), b"content 0")],
)
def test_an_item_that_is_not_what_its_digest_says_is_refused(
    index: int, salt: bytes, content: bytes
) -> None:
    forged = replace(SHARE, items=(Item(index, salt, content),))

    with pytest.raises(VerificationError, match=f"item {index} is not what its digest says"):
        forged.verify(ENTRY)


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, origin="other"),
        replace(ENTRY, author="svb"),
        replace(ENTRY, kind="locate"),
        replace(ENTRY, day=date(2026, 11, 25)),
        replace(ENTRY, commitment=bytes(32)),
    ],
)
def test_a_share_opens_only_the_entry_it_belongs_to(entry: Entry) -> None:
    with pytest.raises(VerificationError, match="do not open"):
        SHARE.verify(entry)


@pytest.mark.parametrize(
    "share",
    [
        replace(SHARE, r=R + R),
        replace(SHARE, items=(), digests=BODY.digests[:2]),
        replace(SHARE, items=(), digests=BODY.digests[::-1]),
        replace(SHARE, items=(), digests=(*BODY.digests, BODY.digests[0])),
    ],
)
def test_other_digests_or_another_r_do_not_open_the_commitment(share: Share) -> None:
    with pytest.raises(VerificationError, match="do not open"):
        share.verify(ENTRY)


def test_an_entry_without_a_commitment_has_no_items() -> None:
    with pytest.raises(VerificationError, match="no items"):
        SHARE.verify(replace(ENTRY, commitment=None))


def test_no_representation_shows_an_item() -> None:
    shown = repr(SHARE) + repr(BODY)

    assert "content" not in shown.replace("contents", "")
    assert repr(R.encode()) not in shown
