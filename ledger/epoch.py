"""The epoch document: one period's key for one purpose, by its public shares.

    format = "signaalketen/epoch/v1"
    purpose = "multiproblematiek"
    number = 1                      for this purpose: 1, 2, 3, …
    state = "open"                  or "closed": then without shares, which are destroyed
    replaces = 3                    only where the key of that epoch, still open, is lost

    [[share]]                       one for each holder of each group, in the document's order
    group = "agencies"
    holder = "szw"
    index = 1
    public = "…"                    hex of a ristretto255 point

It stands verbatim in an `epoch` entry.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ledger.consortium import Group
from ledger.entry import is_name
from ledger.errors import MalformedError, VerificationError
from ledger.group import POINT_BYTES, Point
from ledger.threshold import SharedGroup, public_key

FORMAT = "signaalketen/epoch/v1"
OPEN = "open"
CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PublicShare:
    """The public half of `holder`'s share, the `index`-th of its `group`."""

    group: str
    holder: str
    index: int
    public: Point


@dataclass(frozen=True, slots=True)
class EpochDocument:
    """Epoch `number` of `purpose` is `state`; `shares` is empty when it is closed.

    `replaces` is the number of the epoch in whose place it is opened, or None.
    """

    purpose: str
    number: int
    state: str
    shares: tuple[PublicShare, ...]
    replaces: int | None = None

    def encode(self) -> str:
        """Return the TOML that is signed."""
        shares = "".join(
            f'\n[[share]]\ngroup = "{share.group}"\nholder = "{share.holder}"\n'
            f'index = {share.index}\npublic = "{share.public.encode().hex()}"\n'
            for share in self.shares
        )
        replaces = "" if self.replaces is None else f"replaces = {self.replaces}\n"
        return (
            f'format = "{FORMAT}"\npurpose = "{self.purpose}"\nnumber = {self.number}\n'
            f'state = "{self.state}"\n{replaces}{shares}'
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a document; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        try:
            top = tomllib.loads(text)
            document = cls(
                purpose=top["purpose"],
                number=top["number"],
                state=top["state"],
                shares=tuple(_share(row) for row in top.get("share", [])),
                replaces=top.get("replaces"),
            )
            # TOML has many spellings of one value; a signature has one meaning.
            is_canonical = document._is_sound() and document.encode() == text
        # RecursionError: brackets nested thousands deep; with them one member would stop all nodes.
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as cause:
            raise MalformedError("epoch document: a field is missing or of another type") from cause
        if not is_canonical:
            raise MalformedError("epoch document: not canonical")
        return document

    def groups(self, groups: Sequence[Group]) -> list[SharedGroup]:
        """Return the shared groups, in the order of the consortium document's `groups`.

        Raises:
            VerificationError: not exactly one share for each holder, in the document's order.
        """
        expected = [
            (group.name, holder, index)
            for group in groups
            for index, holder in enumerate(group.holders, start=1)
        ]
        if [(s.group, s.holder, s.index) for s in self.shares] != expected:
            raise VerificationError("epoch: one share a holder, in the document's order")
        return [
            SharedGroup(
                group.threshold, {s.index: s.public for s in self.shares if s.group == group.name}
            )
            for group in groups
        ]

    def verify_shares(self, groups: Sequence[Group]) -> Point:
        """Return the public key that the shares make up.

        Raises:
            VerificationError: shares are missing, or do not belong together.
        """
        try:
            return public_key(self.groups(groups))
        except MalformedError as cause:
            raise VerificationError("epoch: the shares add up to nothing") from cause

    def _is_sound(self) -> bool:
        return (
            is_name(self.purpose)
            and all(type(n) is int for n in (self.number, *(s.index for s in self.shares)))
            and 1 <= self.number < 2**31
            and (self.state == OPEN) == bool(self.shares)
            and self.state in {OPEN, CLOSED}
            and (self.replaces is None or self._can_replace(self.replaces))
        )

    def _can_replace(self, number: int) -> bool:
        return type(number) is int and 1 <= number < self.number and self.state == OPEN


def _share(row: dict[str, Any]) -> PublicShare:
    raw = bytes.fromhex(row["public"])
    if len(raw) != POINT_BYTES or not is_name(row["group"]) or not is_name(row["holder"]):
        raise ValueError("a share has a group, a holder and a point")
    return PublicShare(row["group"], row["holder"], row["index"], Point(raw))
