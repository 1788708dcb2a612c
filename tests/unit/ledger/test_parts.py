"""Which items of a body each receiver must get, and of which size."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from ledger.answer import SLOT_BYTES
from ledger.body import Body, Item, Share
from ledger.commitment import commit
from ledger.entry import Entry
from ledger.errors import MalformedError, VerificationError
from ledger.group import Scalar
from ledger.locator import ITEM_BYTES
from ledger.parts import (
    ERASURE_BYTES,
    Located,
    decode_erasure,
    encode_erasure,
    erasure_receivers,
    verify_part,
)
from ledger.rules.signal import ALPHA, CONTENT
from tests.support.parties import DAY, make_consortium
from tests.support.signers import ORIGIN

R = Scalar.reduce(b"\x05" * 64)
LOCATES = {5: Located("svb", 1), 7: Located("szw", 2), 9: Located("svb", 3)}
"""Three locates, which UWV answers in one entry."""
FRAMES = [located.slots * SLOT_BYTES for located in LOCATES.values()]
ANSWERED = "5\n7\n9\n"


def posted(kind: str, further: str, sizes: Sequence[int]) -> tuple[Body, Entry]:
    """Return a body by UWV of items of these sizes, and its entry."""
    items = tuple(Item(i, bytes([i]) * 32, bytes(size)) for i, size in enumerate(sizes))
    body = Body(items, R)
    commitment = commit(
        origin=ORIGIN,
        kind=kind,
        author="uwv",
        date=DAY.isoformat(),
        digests=body.digests,
        r=R,
    )
    return body, Entry(ORIGIN, "uwv", kind, DAY, commitment.encode(), further)


def verify(share: Share, entry: Entry, receiver: str = "svb", *, may_lack: bool = False) -> None:
    verify_part(share, entry, receiver=receiver, locate_at=LOCATES.get, may_lack=may_lack)


def test_custodian_of_a_signal_holds_the_content() -> None:
    body, entry = posted("signal", "", [60, 4000, 900])

    verify(body.share([CONTENT]), entry, "bzk")


@pytest.mark.parametrize("held", [[], [ALPHA], [ALPHA, CONTENT]])
def test_custodian_of_a_signal_holds_nothing_else(held: list[int]) -> None:
    body, entry = posted("signal", "", [60, 4000, 900])

    with pytest.raises(VerificationError, match="content and nothing else"):
        verify(body.share(held), entry, "bzk")


@pytest.mark.parametrize("receiver", ["svb", "bzk"])
def test_receiver_of_a_locate_holds_every_item(receiver: str) -> None:
    body, entry = posted("locate", "1\n2\n4\n", [ITEM_BYTES] * 3)

    verify(body.share(range(3)), entry, receiver)


@pytest.mark.parametrize("held", [[], [0], [0, 2]])
def test_locate_lacks_items_only_when_fetched_after_a_withdrawal(held: list[int]) -> None:
    body, entry = posted("locate", "1\n2\n4\n", [ITEM_BYTES] * 3)

    verify(body.share(held), entry, may_lack=True)
    with pytest.raises(VerificationError, match="this member's"):
        verify(body.share(held), entry)


@pytest.mark.parametrize("items", [1, 2, 4])
def test_locate_has_an_item_for_each_height(items: int) -> None:
    body, entry = posted("locate", "1\n2\n4\n", [ITEM_BYTES] * items)

    with pytest.raises(VerificationError, match="another number of items"):
        verify(body.share(range(items)), entry)


@pytest.mark.parametrize(("receiver", "own"), [("svb", [0, 2]), ("szw", [1])])
def test_author_of_a_locate_gets_the_frames_that_answer_it(receiver: str, own: list[int]) -> None:
    body, entry = posted("answer", ANSWERED, FRAMES)

    verify(body.share(own), entry, receiver)


@pytest.mark.parametrize("held", [[], [0], [1], [0, 1], [0, 1, 2]])
@pytest.mark.parametrize("may_lack", [False, True])
def test_author_of_a_locate_gets_all_its_frames_and_no_others(
    held: list[int], *, may_lack: bool
) -> None:
    body, entry = posted("answer", ANSWERED, FRAMES)

    with pytest.raises(VerificationError, match="this member's"):
        verify(body.share(held), entry, "svb", may_lack=may_lack)


def test_custodian_takes_in_the_frames_of_all_who_cannot_be_reached() -> None:
    body, entry = posted("answer", ANSWERED, FRAMES)

    verify(body.share(range(3)), entry, "bzk")


@pytest.mark.parametrize("held", [[], [0], [0, 2]])
def test_custodian_signs_for_no_answer_of_which_it_lacks_a_frame(held: list[int]) -> None:
    # Its stored-line would let the answer count, and nobody could ever read it.
    body, entry = posted("answer", ANSWERED, FRAMES)

    with pytest.raises(VerificationError, match="this member's"):
        verify(body.share(held), entry, "bzk")


@pytest.mark.parametrize("further", ["5\n8\n", "8\n", "99\n"])
def test_answer_to_what_is_no_locate_is_refused(further: str) -> None:
    # An item for it could only be empty.
    sizes = [SLOT_BYTES if height == "5" else 0 for height in further.split()]
    body, entry = posted("answer", further, sizes)

    with pytest.raises(VerificationError, match="no locate"):
        verify(body.share(range(len(sizes))), entry, "bzk")


def test_missing_items_are_answered_by_a_frame_of_the_same_size() -> None:
    body, entry = posted("answer", "5\n7 missing\n9\n", FRAMES)

    verify(body.share([1]), entry, "szw")


@pytest.mark.parametrize("index", [0, 1, 4])
def test_receiver_of_an_erasure_holds_one_item(index: int) -> None:
    body, entry = posted("erasure", "3\n", [ERASURE_BYTES] * 5)

    verify(body.share([index]), entry)


@pytest.mark.parametrize("held", [[], [0, 1], [0, 1, 2]])
def test_receiver_of_an_erasure_holds_no_other_number_of_items(held: list[int]) -> None:
    body, entry = posted("erasure", "3\n", [ERASURE_BYTES] * 3)

    with pytest.raises(VerificationError, match="this member's"):
        verify(body.share(held), entry)


@pytest.mark.parametrize(
    ("kind", "further", "sizes"),
    [
        ("locate", "1\n", [ITEM_BYTES - 1]),
        ("locate", "1\n", [ITEM_BYTES * 2]),
        ("locate", "1\n", [0]),
        ("answer", "5\n", [2 * SLOT_BYTES]),
        ("answer", "9\n", [SLOT_BYTES]),
        ("answer", "5\n", [0]),
        ("erasure", "1\n", [ERASURE_BYTES + 8]),
        ("erasure", "1\n", [0]),
    ],
)
def test_item_of_another_size_is_refused(kind: str, further: str, sizes: list[int]) -> None:
    body, entry = posted(kind, further, sizes)

    with pytest.raises(VerificationError, match="another size"):
        verify(body.share([0]), entry)


BEAT = [16 * 4096] * 3


@pytest.mark.parametrize("held", [[0], [1], [2], [0, 1, 2]])
def test_receiver_of_a_beat_holds_a_frame_and_a_custodian_all(held: list[int]) -> None:
    body, entry = posted("exchange", "16 urgent\n", BEAT)

    verify(body.share(held), entry)


def test_receiver_that_joined_after_a_beat_was_drafted_may_hear_that_it_has_no_frame() -> None:
    body, entry = posted("exchange", "16\n", BEAT)

    verify(body.share([]), entry, may_lack=True)
    with pytest.raises(VerificationError, match="this member's"):
        verify(body.share([]), entry)


@pytest.mark.parametrize("held", [[0, 1], [1, 2]])
def test_nobody_holds_another_part_of_a_beat(held: list[int]) -> None:
    body, entry = posted("exchange", "16\n", BEAT)

    with pytest.raises(VerificationError, match="this member's"):
        verify(body.share(held), entry, may_lack=True)


@pytest.mark.parametrize("further", ["64\n", "256\n"])
def test_frames_of_a_beat_are_of_the_size_that_it_says(further: str) -> None:
    body, entry = posted("exchange", further, BEAT)

    with pytest.raises(VerificationError, match="another size"):
        verify(body.share([1]), entry)


PARTS: list[tuple[str, str, list[int], list[int]]] = [
    ("signal", "", [60, 4000, 900], [CONTENT]),
    ("exchange", "16\n", [16 * 4096] * 2, [1]),
    ("locate", "1\n2\n", [ITEM_BYTES] * 2, [0, 1]),
    ("answer", ANSWERED, FRAMES, [0, 2]),
    ("erasure", "3\n", [ERASURE_BYTES] * 3, [1]),
]
SPOILS: dict[str, Callable[[Share, Entry], tuple[Share, Entry]]] = {
    "r": lambda share, entry: (replace(share, r=R + R), entry),
    "salt": lambda share, entry: (
        replace(share, items=tuple(replace(i, salt=b"\x99" * 32) for i in share.items)),
        entry,
    ),
    "content": lambda share, entry: (
        replace(share, items=tuple(replace(i, content=b"\1" + i.content[1:]) for i in share.items)),
        entry,
    ),
    "digests": lambda share, entry: (replace(share, digests=share.digests[::-1]), entry),
    "author": lambda share, entry: (share, replace(entry, author="bzk")),
    "no commitment": lambda share, entry: (share, replace(entry, commitment=None)),
}


@pytest.mark.parametrize(("kind", "further", "sizes", "held"), PARTS, ids=[p[0] for p in PARTS])
@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_item_that_does_not_open_the_commitment_is_refused(
    kind: str,
    further: str,
    sizes: list[int],
    held: list[int],
    spoil: Callable[[Share, Entry], tuple[Share, Entry]],
) -> None:
    body, entry = posted(kind, further, sizes)
    verify(body.share(held), entry)

    share, spoiled = spoil(body.share(held), entry)

    with pytest.raises(VerificationError):
        verify(share, spoiled)


@pytest.mark.parametrize("kind", ["consortium", "epoch", "member", "gossip"])
def test_kind_without_items_has_no_part(kind: str) -> None:
    body, entry = posted(kind, "", [80])

    with pytest.raises(VerificationError, match="without items"):
        verify(body.share([0]), entry)


@pytest.mark.parametrize("kind", ["locate", "answer"])
def test_heights_that_are_none_are_refused(kind: str) -> None:
    body, entry = posted(kind, "2\n1\n", [80, 80])

    with pytest.raises(MalformedError):
        verify(body.share([0, 1]), entry)


@pytest.mark.parametrize(
    ("author", "receivers"),
    [
        ("uwv", ["bzk", "svb", "szw"]),
        ("svb", ["bzk", "szw", "uwv"]),
        ("bzk", ["svb", "szw", "uwv"]),
    ],
)
def test_every_other_issuer_and_custodian_gets_an_item_of_an_erasure(
    author: str, receivers: list[str]
) -> None:
    assert erasure_receivers(make_consortium().document, author=author) == receivers


def test_witness_that_neither_issues_nor_keeps_gets_no_item_of_an_erasure() -> None:
    document = make_consortium().draft(lambda draft: draft.update(custodians=["svb"])).document

    assert erasure_receivers(document, author="uwv") == ["svb", "szw"]


def test_erasure_item_names_heights_in_order_and_has_one_size() -> None:
    assert encode_erasure([]) == bytes(ERASURE_BYTES)
    assert encode_erasure([258, 1]) == bytes(7) + b"\x01" + bytes(6) + b"\x01\x02" + bytes(496)
    assert len(encode_erasure(range(1, 65))) == ERASURE_BYTES
    assert decode_erasure(encode_erasure([258, 1, 258])) == (1, 258)


@pytest.mark.parametrize("heights", [[0], [-1], [2**63], list(range(1, 66))])
def test_height_that_no_signal_has_is_never_named(heights: list[int]) -> None:
    with pytest.raises(MalformedError, match="erasure"):
        encode_erasure(heights)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(ERASURE_BYTES - 8),
        bytes(ERASURE_BYTES + 8),
        bytes(ERASURE_BYTES + 1),
        b"\x01" * 3,
        bytes(8) + b"\0" * 7 + b"\1" + bytes(496),
        b"\0" * 7 + b"\2" + b"\0" * 7 + b"\1" + bytes(496),
        b"\0" * 7 + b"\1" + b"\0" * 7 + b"\1" + bytes(496),
        b"\x80" + bytes(511),
        b"".join(n.to_bytes(8, "big") for n in range(1, 66)),
    ],
    ids=["nothing", "short", "long", "odd", "stub", "gap", "order", "twice", "over 2⁶³", "65"],
)
def test_bytes_that_are_no_erasure_item_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="erasure"):
        decode_erasure(raw)
