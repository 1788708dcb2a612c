"""Bodies: the items that an entry commits to, and the part of them that one receiver gets.

The digest of an item is SHA-256(enc("signaalketen/item/v1", index, salt[32], content)); erasing the
item removes content and salt and leaves the digest. A share, on the way and at rest:

    u8 number of digests ‖ digests (32 bytes each) ‖ r (32 bytes)
    and for each item held, ascending:  u8 index ‖ salt (32 bytes) ‖ u32be length ‖ content
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from ledger.commitment import verify_commitment
from ledger.encoding import Digest, enc, sha256
from ledger.entry import Entry
from ledger.errors import MalformedError, VerificationError
from ledger.group import Scalar

MAX_ITEMS = 64
MAX_ITEM_BYTES = 1024 * 1024
SALT_BYTES = 32
_LABEL = "signaalketen/item/v1"


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a body: its `index`, a 32-byte `salt`, and its `content`."""

    index: int
    salt: bytes = field(repr=False)
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no share can hold."""
        if not 0 <= self.index < MAX_ITEMS or len(self.salt) != SALT_BYTES:
            raise MalformedError("item: index 0 to 63 and a salt of 32 bytes")
        if len(self.content) > MAX_ITEM_BYTES:
            raise MalformedError("item: over 1 MiB")

    @property
    def digest(self) -> Digest:
        """Return what the commitment covers."""
        return sha256(enc(_LABEL, self.index, self.salt, self.content))


@dataclass(frozen=True, slots=True)
class Share:
    """Some `items` of a body, the `digests` of all, and `r`: enough to check the commitment."""

    items: tuple[Item, ...]
    digests: tuple[Digest, ...]
    r: Scalar

    def encode(self) -> bytes:
        """Return the share's bytes."""
        held = b"".join(
            bytes([item.index]) + item.salt + len(item.content).to_bytes(4, "big") + item.content
            for item in self.items
        )
        return bytes([len(self.digests)]) + b"".join(self.digests) + self.r.encode() + held

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a share; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        count = raw[0] if raw else 0
        at = 1 + 32 * count
        if not 1 <= count <= MAX_ITEMS or len(raw) < at + 32:
            raise MalformedError("share: expected 1 to 64 digests and r")
        digests = tuple(Digest(raw[i : i + 32]) for i in range(1, at, 32))
        r = Scalar(raw[at : at + 32])
        at += 32
        items = []
        while at < len(raw):
            end = at + 37 + int.from_bytes(raw[at + 33 : at + 37], "big")
            if end > len(raw) or at + 37 > len(raw):
                raise MalformedError("share: cut off")
            items.append(Item(raw[at], raw[at + 1 : at + 33], raw[at + 37 : end]))
            at = end
        indexes = [item.index for item in items]
        if indexes != sorted(set(indexes)) or any(i >= count for i in indexes):
            raise MalformedError("share: items are not in order, or have no digest")
        return cls(tuple(items), digests, r)

    def verify(self, entry: Entry) -> None:
        """Check that the items held are those of `entry`'s body.

        Raises:
            VerificationError: an item is not what its digest says, or the digests do not open
                the commitment.
        """
        for item in self.items:
            if self.digests[item.index] != item.digest:
                raise VerificationError(f"item {item.index} is not what its digest says")
        if entry.commitment is None:
            raise VerificationError("this kind of entry commits to no items")
        verify_commitment(
            entry.commitment,
            origin=entry.origin,
            kind=entry.kind,
            author=entry.author,
            date=entry.day.isoformat(),
            digests=self.digests,
            r=self.r,
        )

    def item(self, index: int) -> Item | None:
        """Return the item of that index if it is held."""
        return next((item for item in self.items if item.index == index), None)


@dataclass(frozen=True, slots=True)
class Body:
    """All items of an entry and `r`, as its author has them."""

    items: tuple[Item, ...]
    r: Scalar

    @property
    def digests(self) -> tuple[Digest, ...]:
        """Return the digests, in order."""
        return tuple(item.digest for item in self.items)

    def share(self, indexes: Iterable[int]) -> Share:
        """Return what a receiver of the items at `indexes` gets."""
        wanted = set(indexes)
        return Share(
            tuple(item for item in self.items if item.index in wanted), self.digests, self.r
        )
