"""A complaint: proof for everybody that a share does not open, or is not the one committed to.

    S_e (32) ‖ S_d (32) ‖ proof (64)

The specification leaves open how decryption is disputed ("Ciphertexts Not Bound by the Transcript",
options 2 and 3). Here the recipient shows the two points that decrypt this one ciphertext, and
proves with a DLEQ proof (`ledger.dleq`) that they are its key's: anybody can then look for itself.
Which ciphertext it was must be shown by the sender's signature over its contribution. The run is
over by then, and a static key serves one run: what is shown is of no use elsewhere.
"""

from dataclasses import dataclass
from typing import Self

from ledger.dkg.contribution import Contribution
from ledger.dkg.envelope import Exchanged, Route
from ledger.dkg.rounds import exchange, open_share
from ledger.dleq import PROOF_BYTES, Proof, prove, verify_proof
from ledger.errors import MalformedError, MisbehaviourError, VerificationError
from ledger.group import POINT_BYTES, Point, Scalar


@dataclass(frozen=True, slots=True)
class Complaint:
    """What decrypts one ciphertext, and the proof that it does."""

    exchanged: Exchanged
    proof: Proof

    def encode(self) -> bytes:
        """Return the 128 bytes."""
        return (
            self.exchanged.ephemeral.encode() + self.exchanged.static.encode() + self.proof.encode()
        )

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read 128 bytes.

        Raises:
            MalformedError: another size, or no points and scalars.
        """
        if len(raw) != 2 * POINT_BYTES + PROOF_BYTES:
            raise MalformedError("complaint: expected two points and a proof")
        exchanged = Exchanged(Point(raw[:POINT_BYTES]), Point(raw[POINT_BYTES : 2 * POINT_BYTES]))
        return cls(exchanged, Proof.decode(raw[2 * POINT_BYTES :]))


def complain(route: Route, *, static: Scalar, r: Scalar) -> Complaint:
    """Return the complaint of the recipient of `route`; `r` is random and never used again."""
    exchanged = exchange(route, static=static)
    proof = prove(static, blinded=_bases(route), evaluated=_results(exchanged), r=r)
    return Complaint(exchanged, proof)


def judge(route: Route, contribution: Contribution, complaint: Complaint) -> MisbehaviourError:
    """Return who is to blame: the sender of `route`, or a recipient that complains wrongly."""
    try:
        verify_proof(
            complaint.proof,
            public=route.session.key_of(route.recipient),
            blinded=_bases(route),
            evaluated=_results(complaint.exchanged),
        )
    except VerificationError as cause:
        return MisbehaviourError(route.recipient, "complaint", str(cause))
    try:
        open_share(route, contribution, complaint.exchanged)
    except MisbehaviourError as blame:
        return blame
    return MisbehaviourError(route.recipient, "complaint", "the share is the one committed to")


def _bases(route: Route) -> list[Point]:
    return [route.ephemeral, route.session.key_of(route.sender)]


def _results(exchanged: Exchanged) -> list[Point]:
    return [exchanged.ephemeral, exchanged.static]
