"""A dealer of pseudonym keys, for tests that are about something else than how a key is made.

It makes the whole key in one place. What it deals is exactly what a distributed generation gives.
"""

import secrets
from collections.abc import Callable

from ledger.consortium import Consortium
from ledger.epoch import OPEN, EpochDocument, PublicShare
from ledger.group import Scalar
from ledger.threshold import share_public, split
from nodes.shares import HeldShare

Random = Callable[[int], bytes]
Dealt = tuple[EpochDocument, dict[str, list[HeldShare]]]
"""The document that opens an epoch, and by holder the shares to hand over."""


def deal(
    document: Consortium, *, purpose: str, number: int, random: Random = secrets.token_bytes
) -> Dealt:
    """Deal a new key for epoch `number` of `purpose` to the holders in the document's groups."""
    shares: dict[str, list[HeldShare]] = {}
    publics = []
    for group in document.groups:
        coefficients = [Scalar.reduce(random(64)) for _ in range(group.threshold)]
        dealt = split(coefficients, holders=len(group.holders))
        for index, holder in enumerate(group.holders, start=1):
            shares.setdefault(holder, []).append(HeldShare(group.name, index, dealt[index]))
            publics.append(PublicShare(group.name, holder, index, share_public(dealt[index])))
    return EpochDocument(purpose, number, OPEN, tuple(publics)), shares
