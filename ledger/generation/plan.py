"""What a generation is for: one epoch's key of one purpose, under one consortium document.

    plan      enc(label, origin, purpose, number, replaced epoch or 0, SHA-256 of the document,
                  run: 32 random bytes)
    session   id enc(SHA-256 of the plan, group)    extension enc(label, SHA-256 of the plan, group)

Every group of holders runs COCKTAIL-DKG once (`ledger.dkg`); the key is the sum of their keys. Each
member's static key serves this one run only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.consortium import Consortium, Group
from ledger.dkg.session import Session
from ledger.encoding import Digest, enc, sha256, split_enc
from ledger.entry import is_name
from ledger.errors import MalformedError
from ledger.group import Point

RUN_BYTES = 32
_LABEL = "signaalketen/generation/v1"
_EXTENSION = "signaalketen/generation-extension/v1"
_NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """Generate epoch `number` of `purpose`; `run` is random, so that no two plans are alike.

    `replaces` is the epoch in whose place it is to be opened, or None.
    """

    origin: str
    purpose: str
    number: int
    document: Digest
    run: bytes
    replaces: int | None = None

    def encode(self) -> bytes:
        """Return the plan's bytes."""
        return enc(
            _LABEL,
            self.origin,
            self.purpose,
            self.number,
            self.replaces or 0,
            self.document,
            self.run,
        )

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a plan; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        fields = split_enc(raw)
        if (
            len(fields) != 7
            or {len(fields[3]), len(fields[4])} != {_NUMBER_BYTES}
            or len(fields[6]) != RUN_BYTES
        ):
            raise MalformedError("plan: expected a label, five fields and a run")
        try:
            plan = cls(
                origin=fields[1].decode(),
                purpose=fields[2].decode(),
                number=int.from_bytes(fields[3], "big"),
                document=Digest(fields[5]),
                run=fields[6],
                replaces=int.from_bytes(fields[4], "big") or None,
            )
        except UnicodeDecodeError as cause:
            raise MalformedError("plan: not text") from cause
        is_sound = is_name(plan.purpose) and len(plan.document) == 32 and 1 <= plan.number < 2**31
        if not is_sound or (plan.replaces or 0) >= plan.number or plan.encode() != raw:
            raise MalformedError("plan: not canonical")
        return plan

    @property
    def digest(self) -> Digest:
        """Return what every statement in this generation names."""
        return sha256(self.encode())

    def session(self, group: Group, keys: Sequence[Point]) -> Session:
        """Return the run of `group`, whose holders have these static keys, in their order.

        Raises:
            MalformedError: two of them have one key.
        """
        return Session(
            id=enc(self.digest, group.name),
            threshold=group.threshold,
            participants=tuple(keys),
            extension=enc(_EXTENSION, self.digest, group.name),
        )


def expected_of(document: Consortium) -> list[tuple[Group, str]]:
    """Return who says something in every step: each holder of each group, in order."""
    return [(group, holder) for group in document.groups for holder in group.holders]
