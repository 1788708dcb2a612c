"""Laws of matching's bytes: who knows the person reads them, nobody else does, and none altered."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.answer import (
    MAX_CARDS,
    SLOT_BYTES,
    MatchCard,
    SlotContext,
    noise_slot,
    open_slot,
    seal_slot,
)
from ledger.encoding import Digest
from ledger.errors import MalformedError, VerificationError
from ledger.group import Scalar
from ledger.locator import ITEM_BYTES, LocateItem, Placement, encode_item, place
from ledger.pseudonym import SLOTS, Pseudonym
from ledger.threshold import SharedGroup, combine, public_key, share_public, split
from ledger.voprf import blind, finalize
from tests.support.drawing import digests, names, scalars

keys = st.binary(min_size=32, max_size=32)
desks = st.integers(1, 0xFFFF)
slots = st.integers(0, SLOTS - 1)
pseudonyms = st.builds(
    Pseudonym,
    origin=st.just("o.test/x"),
    purpose=names,
    epoch=st.integers(1, 2**31 - 1),
    y=st.binary(min_size=64, max_size=64),
)
contexts = st.builds(SlotContext, names, digests, st.integers(0, 63))


@st.composite
def cards(draw: st.DrawFn) -> list[MatchCard]:
    """Draw 1 to 16 cards in order of height."""
    heights = draw(st.sets(st.integers(0, 2**63 - 1), min_size=1, max_size=MAX_CARDS))
    return [MatchCard(height, draw(desks)) for height in sorted(heights)]


def random(byte: int) -> Callable[[int], bytes]:
    """Return a source of bytes that are all one byte, to tell them from what is sealed."""
    return lambda size: bytes([byte]) * size


@given(told=cards(), key=keys, context=contexts, byte=st.integers(0, 255))
def test_slot_tells_its_cards_to_who_has_the_key(
    told: list[MatchCard], key: bytes, context: SlotContext, byte: int
) -> None:
    slot = seal_slot(told, key=key, context=context, random=random(byte))

    assert len(slot) == SLOT_BYTES == len(noise_slot(random(byte)))
    assert open_slot(slot, key=key, context=context) == tuple(told)


@given(told=cards(), key=keys, context=contexts, data=st.data())
def test_slot_altered_or_moved_or_under_another_key_is_like_noise(
    told: list[MatchCard], key: bytes, context: SlotContext, data: st.DataObject
) -> None:
    slot = seal_slot(told, key=key, context=context, random=random(7))
    at, bit = data.draw(st.integers(0, SLOT_BYTES - 1)), data.draw(st.integers(0, 7))
    other_key, other_context = data.draw(keys), data.draw(contexts)
    assume(other_key != key)
    assume(other_context != context)

    altered = slot[:at] + bytes([slot[at] ^ 1 << bit]) + slot[at + 1 :]

    assert open_slot(altered, key=key, context=context) is None
    assert open_slot(slot, key=other_key, context=context) is None
    assert open_slot(slot, key=key, context=other_context) is None


@given(raw=st.binary(max_size=2 * SLOT_BYTES), key=keys, context=contexts)
def test_arbitrary_bytes_are_no_answer(raw: bytes, key: bytes, context: SlotContext) -> None:
    try:
        opened = open_slot(raw, key=key, context=context)
    except MalformedError:
        assert len(raw) != SLOT_BYTES
    else:
        assert opened is None


@given(person=pseudonyms, author=names, signal=digests, slot=slots, desk=desks)
def test_placement_is_where_and_what_its_person_says(
    person: Pseudonym, author: str, signal: Digest, slot: int, desk: int
) -> None:
    placement = place(person, author=author, signal=signal, slot=slot, desk=desk)

    assert placement.locator == person.locators(author)[slot]
    assert placement.open_card(person, author=author, signal=signal) == desk


@given(one=pseudonyms, other=pseudonyms, authors=st.tuples(names, names), data=st.data())
def test_card_opens_for_its_own_signal_author_and_person_only(
    one: Pseudonym, other: Pseudonym, authors: tuple[str, str], data: st.DataObject
) -> None:
    signals = data.draw(digests), data.draw(digests)
    assume(one != other)
    assume(authors[0] != authors[1])
    assume(signals[0] != signals[1])
    placement = place(one, author=authors[0], signal=signals[0], slot=0, desk=1)

    for person, author, signal in (
        (other, authors[0], signals[0]),
        (one, authors[1], signals[0]),
        (one, authors[0], signals[1]),
    ):
        with pytest.raises(VerificationError):
            placement.open_card(person, author=author, signal=signal)


@given(placed=st.lists(st.tuples(pseudonyms, slots, desks), max_size=2), byte=st.integers(0, 255))
def test_item_has_one_size_however_many_epochs_are_in_it(
    placed: Sequence[tuple[Pseudonym, int, int]], byte: int
) -> None:
    placements: list[Placement] = [
        place(person, author="uwv", signal=Digest(bytes(32)), slot=slot, desk=desk)
        for person, slot, desk in placed
    ]

    item = encode_item(placements, random=random(byte))

    assert len(item) == ITEM_BYTES
    assert list(LocateItem.decode(item).placements[: len(placements)]) == placements


@given(one=pseudonyms, other=pseudonyms, authors=st.tuples(names, names))
def test_no_two_people_or_authors_share_a_locator(
    one: Pseudonym, other: Pseudonym, authors: tuple[str, str]
) -> None:
    places = {(one, authors[0]), (one, authors[1]), (other, authors[0]), (other, authors[1])}

    locators = [locator for person, author in places for locator in person.locators(author)]

    assert len(set(locators)) == len(locators)


@given(
    coefficients=st.lists(st.lists(scalars, min_size=1, max_size=3), min_size=1, max_size=3),
    more=st.integers(0, 2),
    blinding=scalars,
    message=st.binary(max_size=40),
    data=st.data(),
)
def test_whichever_holders_answer_the_output_is_that_of_the_whole_key(
    coefficients: list[list[Scalar]],
    more: int,
    blinding: Scalar,
    message: bytes,
    data: st.DataObject,
) -> None:
    shares = [split(of, holders=len(of) + more) for of in coefficients]
    groups = [
        SharedGroup(len(of), {i: share_public(share) for i, share in given.items()})
        for of, given in zip(coefficients, shares, strict=True)
    ]
    key = coefficients[0][0]
    for of in coefficients[1:]:
        key += of[0]
    alpha = blind(message, blinding=blinding)
    chosen = [
        data.draw(st.permutations(sorted(given)))[: len(of)]
        for of, given in zip(coefficients, shares, strict=True)
    ]

    combined = combine(
        groups,
        [
            {i: alpha.times(given[i]) for i in indexes}
            for indexes, given in zip(chosen, shares, strict=True)
        ],
    )

    assert combined == alpha.times(key)
    assert public_key(groups) == share_public(key)
    again = blind(message, blinding=blinding + blinding)
    assert finalize(message, blinding=blinding, evaluated=combined) == finalize(
        message, blinding=blinding + blinding, evaluated=again.times(key)
    )
