"""Shared keys: which holders make it up, and which shares do not belong together."""

import pytest

from ledger.errors import MalformedError, VerificationError
from ledger.group import Scalar, generator_times
from ledger.threshold import SharedGroup, combine, interpolate, public_key, share_public, split


def scalar(seed: int) -> Scalar:
    return Scalar.reduce(bytes([seed]) * 64)


SECRET = scalar(1)
SHARES = split([SECRET, scalar(2)], holders=3)
PUBLICS = {i: share_public(share) for i, share in SHARES.items()}
GROUP = SharedGroup(2, PUBLICS)
ALPHA = generator_times(scalar(5))


def test_public_key_is_the_sum_of_the_groups() -> None:
    alone = SharedGroup(1, {1: share_public(scalar(3))})

    assert public_key([GROUP, alone]) == generator_times(SECRET + scalar(3))


def test_share_of_another_polynomial_is_noticed_before_anyone_relies_on_it() -> None:
    crooked = SharedGroup(2, {**PUBLICS, 3: share_public(scalar(8))})

    with pytest.raises(VerificationError, match="one key"):
        crooked.public()


@pytest.mark.parametrize("indexes", [[0, 1, 2], [1, 2, 4], [2, 3]])
def test_indexes_with_a_gap_or_a_zero_are_refused(indexes: list[int]) -> None:
    # The share at zero would be the key itself.
    with pytest.raises(MalformedError, match="indexes"):
        SharedGroup(2, dict.fromkeys(indexes, PUBLICS[1]))


@pytest.mark.parametrize("threshold", [0, 4, -1])
def test_threshold_that_cannot_be_met_is_refused(threshold: int) -> None:
    with pytest.raises(MalformedError, match="threshold"):
        SharedGroup(threshold, PUBLICS)


def test_no_group_is_no_key() -> None:
    with pytest.raises(MalformedError, match="no group"):
        public_key([])


def test_evaluation_by_an_index_that_is_no_holders_is_refused() -> None:
    given = {1: ALPHA.times(SHARES[1]), 4: ALPHA.times(SHARES[2])}

    with pytest.raises(VerificationError, match="no holder"):
        combine([GROUP], [given])


def test_more_evaluations_than_needed_change_nothing() -> None:
    every = {i: ALPHA.times(share) for i, share in SHARES.items()}

    assert combine([GROUP], [every]) == ALPHA.times(SECRET)


def test_points_that_interpolate_to_the_identity_are_refused() -> None:
    zero_at_three = {1: generator_times(scalar(4)), 2: generator_times(scalar(4))}
    opposite = interpolate(zero_at_three, at=3)
    assert opposite == generator_times(scalar(4))

    # f(1) = p and f(2) = 2p lie on f(x) = x·p, which is the identity at 0.
    with pytest.raises(MalformedError, match="identity"):
        interpolate(
            {1: generator_times(scalar(4)), 2: generator_times(scalar(4) + scalar(4))}, at=0
        )
