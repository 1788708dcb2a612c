"""What a participant contributes: msg_1 of COCKTAIL-DKG ("Protocol Messages", 1).

    C_0 ‖ … ‖ C_{t-1} (t points) ‖ proof (64) ‖ E (32, point) ‖ for each participant, itself too:
    u64be length ‖ ciphertext

The proof of possession signs context ‖ all C ‖ E under C_0. It does not cover the ciphertexts: who
sent them must be shown by whatever carries the message.
"""

from dataclasses import dataclass
from typing import Self

from ledger.dkg.signature import SIGNATURE_BYTES, Signature
from ledger.errors import MalformedError
from ledger.group import POINT_BYTES, SCALAR_BYTES, Point

TAG_BYTES = 16
MIN_CIPHERTEXT = SCALAR_BYTES + TAG_BYTES
MAX_CIPHERTEXT = 65_536
"""The size up to which the specification asks to read ("Interoperability floor")."""
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Contribution:
    """Commitments to a secret polynomial, and its shares, each encrypted for one participant."""

    commitments: tuple[Point, ...]
    proof: Signature
    ephemeral: Point
    ciphertexts: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return the message."""
        return b"".join(
            (
                self.statement(),
                *(
                    len(ciphertext).to_bytes(_LENGTH_BYTES, "big") + ciphertext
                    for ciphertext in self.ciphertexts
                ),
            )
        )

    @classmethod
    def decode(cls, raw: bytes, *, threshold: int, size: int) -> Self:
        """Read the message of a run with that threshold and that many participants.

        Raises:
            MalformedError: another number of points or ciphertexts, one of a size that none has,
                or a point, scalar or length that is not canonical.
        """
        start = threshold * POINT_BYTES
        at = start + SIGNATURE_BYTES + POINT_BYTES
        if len(raw) < at:
            raise MalformedError("contribution: cut off")
        ciphertexts = []
        for _ in range(size):
            length = int.from_bytes(raw[at : at + _LENGTH_BYTES], "big")
            at += _LENGTH_BYTES
            if not MIN_CIPHERTEXT <= length <= MAX_CIPHERTEXT or at + length > len(raw):
                raise MalformedError("contribution: a ciphertext of a wrong size")
            ciphertexts.append(raw[at : at + length])
            at += length
        if at != len(raw):
            raise MalformedError("contribution: more than one of that threshold and size")
        return cls(
            commitments=tuple(
                Point(raw[i : i + POINT_BYTES]) for i in range(0, start, POINT_BYTES)
            ),
            proof=Signature.decode(raw[start : start + SIGNATURE_BYTES]),
            ephemeral=Point(raw[start + SIGNATURE_BYTES : start + SIGNATURE_BYTES + POINT_BYTES]),
            ciphertexts=tuple(ciphertexts),
        )

    def statement(self) -> bytes:
        """Return the part that is the same for every participant."""
        points = b"".join(point.encode() for point in self.commitments)
        return points + self.proof.encode() + self.ephemeral.encode()

    def ciphertext_for(self, participant: int) -> bytes:
        """Return what is encrypted for a participant, 1 … n."""
        return self.ciphertexts[participant - 1]


def proved(context: bytes, commitments: tuple[Point, ...], ephemeral: Point) -> bytes:
    """Return what a proof of possession signs (Round 1, 4)."""
    return context + b"".join(c.encode() for c in commitments) + ephemeral.encode()
