"""Heights as an entry names them: one a line, ascending, under 2⁶³, 1 to 64 of them.

12
15
17 missing          in an `answer`: the items of that `locate` could not be had for a day
"""

from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedError

MAX_HEIGHTS = 64
_LIMIT = 2**63
_MISSING = " missing"


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights in ascending order, and which of them are called missing."""

    named: tuple[int, ...]
    missing: frozenset[int] = frozenset()

    def encode(self) -> str:
        """Return the lines."""
        return "".join(
            f"{height}{_MISSING if height in self.missing else ''}\n" for height in self.named
        )

    @classmethod
    def decode(cls, further: str) -> Self:
        """Read the further lines of an entry; the exact inverse of `encode`.

        Raises:
            MalformedError: not 1 to 64 heights, or not in order, or another spelling.
        """
        lines = further.split("\n")[:-1]
        if not 1 <= len(lines) <= MAX_HEIGHTS or any(len(line) > 40 for line in lines):
            raise MalformedError(f"heights: 1 to {MAX_HEIGHTS} lines are expected")
        try:
            numbers = [int(line.removesuffix(_MISSING)) for line in lines]
        except ValueError as cause:
            raise MalformedError("heights: a line is not a height") from cause
        missing = frozenset(
            n for n, line in zip(numbers, lines, strict=True) if line.endswith(_MISSING)
        )
        heights = cls(tuple(numbers), missing)
        # What a peer pushes is looked up in a database, which takes no greater number.
        in_range = numbers[0] >= 0 and numbers[-1] < _LIMIT
        if numbers != sorted(set(numbers)) or not in_range or heights.encode() != further:
            raise MalformedError("heights: not ascending, or not canonical")
        return heights
