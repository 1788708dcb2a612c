"""A key that no party holds: the sum of groups, each shared among its holders (Shamir).

    key   k = Σ k_g over the groups          k_g = f_g(0), f_g of degree threshold - 1
    share x = f_g(i), i = 1, 2, …            the holder's place in its group
    α·k     = Σ over groups of Σ λ_i · (α·x_i), λ_i Lagrange's, any `threshold` holders of each

Every group is needed, and of each group any `threshold` holders. The combined element equals RFC
9497's own under the whole key, which exists nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import MalformedError, VerificationError
from ledger.group import ORDER, Point, Scalar, generator_times


@dataclass(frozen=True, slots=True)
class SharedGroup:
    """One group of holders: `threshold` of those whose public shares are given, by index."""

    threshold: int
    publics: Mapping[int, Point]

    def __post_init__(self) -> None:
        """Refuse a threshold that cannot be met, and indexes other than 1, 2, 3 and so on."""
        if sorted(self.publics) != list(range(1, len(self.publics) + 1)):
            raise MalformedError("shares: a group's indexes are 1, 2, 3, …")
        if not 1 <= self.threshold <= len(self.publics):
            raise MalformedError("shares: a threshold is 1 to the number of holders")

    def public(self) -> Point:
        """Return the group's own public key.

        Raises:
            VerificationError: the shares are not of one polynomial of degree threshold - 1, so
                that two sets of holders would compute two keys.
        """
        base = list(range(1, self.threshold + 1))
        for index in range(self.threshold + 1, len(self.publics) + 1):
            if interpolate({i: self.publics[i] for i in base}, at=index) != self.publics[index]:
                raise VerificationError("shares: they do not belong to one key")
        return interpolate({i: self.publics[i] for i in base}, at=0)


def public_key(groups: Sequence[SharedGroup]) -> Point:
    """Return the public key k·G of the whole.

    Raises:
        VerificationError: a group's shares do not belong together.
        MalformedError: no group.
    """
    return _sum([group.public() for group in groups])


def combine(groups: Sequence[SharedGroup], evaluations: Sequence[Mapping[int, Point]]) -> Point:
    """Return α·k from the holders' evaluations of α, by index, in the order of `groups`.

    Each evaluation must have been proved against its holder's public share. Of a group that gives
    more than its threshold, the lowest indexes count.

    Raises:
        VerificationError: a group gave too few, or one by an index that it has not.
    """
    if len(groups) != len(evaluations):
        raise VerificationError("evaluations: every group is needed")
    parts = []
    for group, given in zip(groups, evaluations, strict=True):
        if not set(given) <= set(group.publics):
            raise VerificationError("evaluations: one by an index that is no holder's")
        if len(given) < group.threshold:
            raise VerificationError(f"evaluations: {len(given)} of {group.threshold} are here")
        chosen = sorted(given)[: group.threshold]
        parts.append(interpolate({i: given[i] for i in chosen}, at=0))
    return _sum(parts)


def split(coefficients: Sequence[Scalar], *, holders: int) -> dict[int, Scalar]:
    """Return the shares f(1) … f(holders) of f(x) = Σ coefficients[j]·x^j; f(0) is the secret.

    For each participant of a key generation, whose part of the secret f(0) is.

    Raises:
        MalformedError: with negligible probability, a share is zero.
    """
    shares = {}
    for index in range(1, holders + 1):
        power = at = _public_scalar(index)
        share = coefficients[0]
        for coefficient in coefficients[1:]:
            share += coefficient * power
            power *= at
        shares[index] = share
    return shares


def share_public(share: Scalar) -> Point:
    """Return the public half of a holder's share."""
    return generator_times(share)


def interpolate(points: Mapping[int, Point], *, at: int) -> Point:
    """Return the value at `at` of the polynomial through `points` (in the exponent).

    Raises:
        MalformedError: it is the identity.
    """
    return _sum(
        [point.times(_lagrange(i, among=list(points), at=at)) for i, point in points.items()]
    )


def _lagrange(index: int, *, among: Sequence[int], at: int) -> Scalar:
    """Return λ_index: public numbers only, so Python's integers do."""
    top = bottom = 1
    for other in among:
        if other != index:
            top = top * (at - other) % ORDER
            bottom = bottom * (index - other) % ORDER
    return _public_scalar(top * pow(bottom, -1, ORDER) % ORDER)


def _public_scalar(value: int) -> Scalar:
    return Scalar(value.to_bytes(32, "little"))


def _sum(points: Sequence[Point]) -> Point:
    if not points:
        raise MalformedError("shares: no group")
    total = points[0]
    for point in points[1:]:
        total += point
    return total
