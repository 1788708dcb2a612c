"""The burgerservicenummer (BSN): nine digits that pass the 11-check; never printed or posted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from ledger.errors import MalformedError

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_SYNTHETIC_FIRST = 999_900_000


@dataclass(frozen=True, slots=True)
class Bsn:
    """Nine `digits` that pass the 11-check; no error or representation repeats them."""

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse anything else, without saying what it was."""
        if len(self.digits) != 9 or not self.digits.isascii() or not self.digits.isdecimal():
            raise MalformedError("a BSN has nine digits; put a zero before one of eight")
        if _checksum(self.digits) % 11 or self.digits == "0" * 9:
            raise MalformedError("the number fails the 11-check of a BSN; look for a typing error")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read nine digits.

        Raises:
            MalformedError: not nine digits, or they fail the 11-check.
        """
        return cls(text)


def synthetic_numbers() -> Iterator[Bsn]:
    """Yield the 9,091 numbers of the range 9999xxxxx that pass the check and are nobody's."""
    for candidate in range(_SYNTHETIC_FIRST, 10**9):
        if _checksum(str(candidate)) % 11 == 0:
            yield Bsn(str(candidate))


def _checksum(digits: str) -> int:
    return sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=True))
