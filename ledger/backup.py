"""A share's backup: the share, sealed to its holder's offline recovery key, and what it belongs to.

    enc(label, purpose, epoch, group, index, public share (32), sealed share)

The sealed text (`ledger.seal`) opens for its origin, holder, purpose, epoch, group and index only.
Whoever opens it checks the share against its public half, and that against the epoch's document.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from ledger.encoding import enc, split_enc
from ledger.entry import is_name
from ledger.errors import MalformedError, VerificationError
from ledger.group import Point, Scalar
from ledger.seal import SealContext, SealingKey, SealingPublicKey, open_sealed, seal
from ledger.threshold import share_public

_LABEL = "signaalketen/share-backup/v1"
_KIND = "share-backup"
_NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class ShareBackup:
    """The sealed `index`-th share of `group`'s part of the key of epoch `number` of `purpose`."""

    purpose: str
    number: int
    group: str
    index: int
    public: Point
    sealed: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the bytes of the file."""
        place = (self.purpose, self.number, self.group, self.index)
        return enc(_LABEL, *place, self.public.encode(), self.sealed)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a file; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        fields = split_enc(raw)
        if len(fields) != 7 or {len(fields[2]), len(fields[4])} != {_NUMBER_BYTES}:
            raise MalformedError("backup: expected a label, five fields and a sealed share")
        try:
            backup = cls(
                purpose=fields[1].decode(),
                number=int.from_bytes(fields[2], "big"),
                group=fields[3].decode(),
                index=int.from_bytes(fields[4], "big"),
                public=Point(fields[5]),
                sealed=fields[6],
            )
        except UnicodeDecodeError as cause:
            raise MalformedError("backup: not text") from cause
        # A purpose and a group become parts of a file's name.
        is_sound = is_name(backup.purpose) and is_name(backup.group)
        if not is_sound or backup.encode() != raw:
            raise MalformedError("backup: not canonical")
        return backup

    @classmethod
    def make(
        cls,
        share: Scalar,
        *,
        purpose: str,
        number: int,
        group: str,
        index: int,
        origin: str,
        holder: str,
        to: SealingPublicKey,
        random: Callable[[int], bytes],
    ) -> Self:
        """Return the backup of a share, sealed to the key `to`."""
        context = _context(origin, holder, purpose, number, group, index)
        sealed = seal(share.encode(), recipients=[to], context=context, random=random)
        return cls(purpose, number, group, index, share_public(share), sealed)

    def open(self, *, key: SealingKey, origin: str, holder: str) -> Scalar:
        """Return the share.

        Raises:
            VerificationError: sealed for another key, holder or place, or another share.
            MalformedError: what was sealed is no share.
        """
        context = _context(origin, holder, self.purpose, self.number, self.group, self.index)
        share = Scalar(open_sealed(self.sealed, key=key, context=context))
        if share_public(share) != self.public:
            raise VerificationError("backup: not the share that it says it is")
        return share


def _context(
    origin: str, holder: str, purpose: str, number: int, group: str, index: int
) -> SealContext:
    # Names hold no spaces, so that no two places have one text.
    return SealContext(origin, _KIND, holder, f"{purpose} {number} {group} {index}")
