"""Epochs of a consortium, dealt by one hand: who holds which share, and the key that tests know.

first = deal(consortium, 1)
chain.apply(opening(consortium, first.document))
chain.apply(closing(consortium, 1))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ledger.entry import Entry
from ledger.epoch import CLOSED, OPEN, EpochDocument, PublicShare
from ledger.group import Scalar
from ledger.threshold import share_public, split
from tests.support.chain import PURPOSE
from tests.support.parties import DAY, Consortium, seeded

OTHERS = ("bzk", "svb", "uwv")
"""All but SZW, which is the author."""


@dataclass(frozen=True)
class Dealt:
    """An epoch's document, the shares as (holder, group, index, scalar), and the whole `key`."""

    document: EpochDocument
    shares: tuple[tuple[str, str, int, Scalar], ...]
    key: Scalar


@lru_cache(maxsize=64)
def deal(
    consortium: Consortium,
    number: int = 1,
    *,
    purpose: str = PURPOSE,
    seed: int = 1,
    replaces: int | None = None,
) -> Dealt:
    """Return an epoch under the consortium's document; another `seed`, another key."""
    shares = []
    secrets = []
    for group in consortium.document.groups:
        coefficients = [
            Scalar.reduce(seeded(64, purpose, number, group.name, seed, degree))
            for degree in range(group.threshold)
        ]
        secrets.append(coefficients[0])
        parts = split(coefficients, holders=len(group.holders))
        for index, holder in enumerate(group.holders, start=1):
            shares.append((holder, group.name, index, parts[index]))
    key = secrets[0]
    for secret in secrets[1:]:
        key += secret
    public = tuple(
        PublicShare(group, holder, index, share_public(scalar))
        for holder, group, index, scalar in shares
    )
    return Dealt(EpochDocument(purpose, number, OPEN, public, replaces), tuple(shares), key)


def opening(
    consortium: Consortium, document: EpochDocument, *, by: Iterable[str] = OTHERS
) -> bytes:
    """Return the entry note by SZW and the members `by` that carries `document`."""
    return stating(consortium, document.encode(), by=by)


def closing(
    consortium: Consortium,
    number: int,
    *,
    purpose: str = PURPOSE,
    by: Iterable[str] = OTHERS,
) -> bytes:
    """Return the entry note that closes an epoch."""
    document = EpochDocument(purpose, number, CLOSED, ())
    return stating(consortium, document.encode(), by=by)


def stating(consortium: Consortium, text: str, *, by: Iterable[str] = OTHERS) -> bytes:
    """Return an `epoch` entry whose further lines are `text`."""
    entry = Entry(consortium.document.origin, "szw", "epoch", DAY, None, text)
    return consortium.sign(entry, by=by).encode()
