"""Key holders put what they have together: their shares of epoch 1, and every item they were shown.

The key is the sum of two groups: two of SZW, SVB and UWV, and BZK.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, islice

import pytest

from ledger.bsn import Bsn, synthetic_numbers
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.group import Scalar
from ledger.locator import encode_item, place
from ledger.pseudonym import Pseudonym
from ledger.threshold import combine, split
from ledger.voprf import blind, finalize, person_input
from tests.support.chain import PURPOSE
from tests.support.epochs import deal
from tests.support.parties import ALL, make_consortium, seeded
from tests.support.signers import ORIGIN

CONSORTIUM = make_consortium()
DEALT = deal(CONSORTIUM, 1)
GROUPS = CONSORTIUM.document.groups
PEOPLE = tuple(islice(synthetic_numbers(), 40))
ONE = Scalar(b"\x01" + bytes(31))
SIGNAL = Digest(seeded(32, "a signal of SZW's"))


def is_admissible(holders: Sequence[str]) -> bool:
    """Tell whether these are enough: two agencies and BZK."""
    return "bzk" in holders and len(holders) >= 3


EVERY = [by for size in range(1, 5) for by in combinations(ALL, size)]
TOO_FEW = [by for by in EVERY if not is_admissible(by)]
ENOUGH = [by for by in EVERY if is_admissible(by)]


def computed(
    bsn: Bsn, holders: Sequence[str], *, shares: Mapping[str, Scalar] | None = None
) -> bytes:
    """Return the pseudonym of a person as holders compute it by themselves, from their `shares`.

    Raises:
        LedgerError: they cannot.
    """
    alpha = blind(person_input(bsn), blinding=ONE)
    given = [
        {
            index: alpha.times(scalar if shares is None else shares[holder])
            for holder, name, index, scalar in DEALT.shares
            if name == group.name and holder in holders
        }
        for group in GROUPS
    ]
    combined = combine(DEALT.document.groups(GROUPS), given)
    return finalize(person_input(bsn), blinding=ONE, evaluated=combined)


def pseudonym(bsn: Bsn, key: Scalar) -> bytes:
    """Return the pseudonym under a whole key, which only a test has."""
    element = blind(person_input(bsn), blinding=ONE).times(key)
    return finalize(person_input(bsn), blinding=ONE, evaluated=element)


def with_another_key(holders: Sequence[str], key: Scalar) -> dict[str, Scalar]:
    """Return a dealing of another key in which these holders have the very shares they have."""
    dealt = {holder: scalar for holder, _, _, scalar in DEALT.shares}
    if "bzk" not in holders:
        return dealt | {"bzk": key - (DEALT.key - dealt["bzk"])}
    secret = key - dealt["bzk"]
    slope = Scalar.reduce(b"\x05" * 64)
    for holder, _, index, scalar in DEALT.shares:
        if holder in holders and holder != "bzk":
            slope = (scalar - secret) * Scalar(index.to_bytes(32, "little")).inverse()
    agencies = split([secret, slope], holders=3)
    indexes = {holder: index for holder, _, index, _ in DEALT.shares if holder != "bzk"}
    return {holder: agencies[index] for holder, index in indexes.items()} | {"bzk": dealt["bzk"]}


@pytest.mark.parametrize("holders", TOO_FEW, ids="+".join)
def test_colluding_holders_below_the_access_structure_have_nothing_to_compute_from(
    holders: tuple[str, ...],
) -> None:
    with pytest.raises(VerificationError, match="are here"):
        computed(PEOPLE[0], holders)

    # What they hold fits any key whatever: there is nothing in it to compute from.
    dealt = {holder: scalar for holder, _, _, scalar in DEALT.shares}
    for key in (Scalar.reduce(seeded(64, "any key", n)) for n in range(5)):
        other = with_another_key(holders, key)
        assert {name: other[name] for name in holders} == {name: dealt[name] for name in holders}
        assert computed(PEOPLE[0], ALL, shares=other) == pseudonym(PEOPLE[0], key)


@pytest.mark.parametrize("holders", ENOUGH, ids="+".join)
def test_two_agencies_with_bzk_name_whom_any_kept_item_is_about(holders: tuple[str, ...]) -> None:
    """What they gain is everything: they try every BSN against each item that one of them kept."""
    person = PEOPLE[27]
    y = Pseudonym(ORIGIN, PURPOSE, 1, pseudonym(person, DEALT.key))
    placement = place(y, author="szw", signal=SIGNAL, slot=5, desk=3)
    item = encode_item([placement], random=lambda size: b"\7" * size)

    about = [
        bsn
        for bsn in PEOPLE
        if item[:16] in Pseudonym(ORIGIN, PURPOSE, 1, computed(bsn, holders)).locators("szw")
    ]

    assert about == [person]
