"""The three rounds of COCKTAIL-DKG ("Protocol Definition"), as functions of what each is given.

    contribute           Round 1: commit to a secret polynomial, encrypt its values
    accept               Round 2: check every contribution, add up the own share
    certify, certified   Round 3: sign the transcript; check that all signed the same

Whoever carries the messages is trusted with nothing. What no honest participant sends raises
`MisbehaviourError`, which names it; the run is then over, and another may be begun under a new id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.dkg.contribution import Contribution, proved
from ledger.dkg.envelope import Exchanged, Route
from ledger.dkg.session import Session
from ledger.dkg.signature import Signature, sign
from ledger.errors import LedgerError, MalformedError, MisbehaviourError, VerificationError
from ledger.group import SCALAR_BYTES, Point, Scalar, generator_times, sum_points, sum_scalars
from ledger.threshold import split


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a participant keeps to itself: its static key, and what it drew for this run alone.

    The first of the `coefficients` is its part of the group's secret; there are `threshold`.
    """

    static: Scalar = field(repr=False)
    ephemeral: Scalar = field(repr=False)
    coefficients: tuple[Scalar, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a participant has after Round 2: x, all public shares Y_1 … Y_n, and what it signs.

    Of no use before all have certified. `payloads` are by whom they came from, in order.
    """

    share: Scalar = field(repr=False)
    publics: tuple[Point, ...]
    transcript: bytes
    payloads: tuple[bytes, ...] = field(repr=False)


def contribute(
    session: Session, *, me: int, secrets: Secrets, payloads: Sequence[bytes] = ()
) -> Contribution:
    """Return what participant `me` sends all others; `payloads` go along, one for each of them.

    Raises:
        MalformedError: another number of coefficients than the threshold.
    """
    if len(secrets.coefficients) != session.threshold:
        raise MalformedError("key generation: one coefficient for each of the threshold")
    ephemeral = generator_times(secrets.ephemeral)
    commitments = tuple(generator_times(one) for one in secrets.coefficients)
    proof = sign(proved(session.context, commitments, ephemeral), secret=secrets.coefficients[0])
    shares = split(secrets.coefficients, holders=session.size)
    ciphertexts = []
    for at, key in enumerate(session.participants, start=1):
        exchanged = Exchanged(key.times(secrets.ephemeral), key.times(secrets.static))
        payload = payloads[at - 1] if payloads else b""
        route = Route(session, me, at, ephemeral)
        ciphertexts.append(route.encrypt(shares[at].encode() + payload, exchanged))
    return Contribution(commitments, proof, ephemeral, tuple(ciphertexts))


def read(session: Session, contributions: Sequence[bytes]) -> list[Contribution]:
    """Return the contributions of all, in their order, with proofs that hold (Round 2, 1 and 2).

    Raises:
        MisbehaviourError: one is malformed, or its sender does not know what it committed to.
        MalformedError: not one of each participant.
    """
    if len(contributions) != session.size:
        raise MalformedError("key generation: one contribution of each participant")
    found = []
    for sender, raw in enumerate(contributions, start=1):
        try:
            one = Contribution.decode(raw, threshold=session.threshold, size=session.size)
        except MalformedError as cause:
            raise MisbehaviourError(sender, "malformed", str(cause)) from cause
        try:
            message = proved(session.context, one.commitments, one.ephemeral)
            one.proof.verify(message, public=one.commitments[0])
        except VerificationError as cause:
            raise MisbehaviourError(sender, "proof", str(cause)) from cause
        found.append(one)
    return found


def accept(
    session: Session, *, me: int, static: Scalar, contributions: Sequence[bytes]
) -> Accepted:
    """Check the contributions of all and return the own share (Round 2).

    Raises:
        MisbehaviourError: a contribution that no honest participant sends, and whose.
        MalformedError: not one of each; or, if nobody can be blamed, a sum that is zero.
        VerificationError: the own share is not the one that all commitments make.
    """
    read_ones = read(session, contributions)
    shares, payloads = [], []
    for sender, one in enumerate(read_ones, start=1):
        route = Route(session, sender, me, one.ephemeral)
        share, payload = open_share(route, one, exchange(route, static=static))
        shares.append(share)
        payloads.append(payload)
    share = sum_scalars(shares)
    publics = public_shares(session, read_ones)
    # Follows from the checks above: it would show a mistake of ours (Round 2, 4.4).
    if generator_times(share) != publics[me - 1]:
        raise VerificationError("key generation: the share is not the one committed to")
    return Accepted(share, publics, session.transcript(read_ones), tuple(payloads))


def exchange(route: Route, *, static: Scalar) -> Exchanged:
    """Return what the recipient, whose key is `static`, has in common with the sender."""
    sender = route.session.key_of(route.sender)
    return Exchanged(route.ephemeral.times(static), sender.times(static))


def open_share(
    route: Route, contribution: Contribution, exchanged: Exchanged
) -> tuple[Scalar, bytes]:
    """Return the share and the payload for the recipient of `route` (Round 2, 3).

    Raises:
        MisbehaviourError: it does not open, is no share, or is not the one committed to.
    """
    try:
        plain = route.decrypt(contribution.ciphertext_for(route.recipient), exchanged)
    except VerificationError as cause:
        raise MisbehaviourError(route.sender, "ciphertext", str(cause)) from cause
    try:
        # The specification lets a share be zero; only who wants to be refused finds such a one.
        share = Scalar(plain[:SCALAR_BYTES])
        holds = generator_times(share) == value_at(contribution.commitments, route.recipient)
    except LedgerError as cause:
        raise MisbehaviourError(route.sender, "share", "it is no scalar") from cause
    if not holds:
        raise MisbehaviourError(route.sender, "share", "it is not the one committed to")
    return share, plain[SCALAR_BYTES:]


def public_shares(session: Session, contributions: Sequence[Contribution]) -> tuple[Point, ...]:
    """Return Y_1 … Y_n (Round 2, 4.3)."""
    combined = [
        sum_points([one.commitments[k] for one in contributions]) for k in range(session.threshold)
    ]
    return tuple(value_at(combined, at) for at in range(1, session.size + 1))


def value_at(commitments: Sequence[Point], at: int) -> Point:
    """Return Σ at^k · C_k: the committed polynomial's value, in the exponent.

    Raises:
        MalformedError: it is the identity.
    """
    return sum_points(
        [
            # Powers of a public number: Python's integers do, and none comes near the order.
            commitment.times(Scalar((at**k).to_bytes(SCALAR_BYTES, "little")))
            for k, commitment in enumerate(commitments)
        ]
    )


def certify(transcript: bytes, *, static: Scalar) -> Signature:
    """Return this participant's signature of the transcript (Round 3, 2)."""
    return sign(transcript, secret=static)


def verify_certificate(session: Session, transcript: bytes, signatures: Sequence[bytes]) -> None:
    """Check that all participants, in their order, signed this transcript (Round 3, 4).

    Raises:
        MisbehaviourError: one did not.
        MalformedError: not one signature of each.
    """
    if len(signatures) != session.size:
        raise MalformedError("key generation: one signature of each participant")
    for signer, raw in enumerate(signatures, start=1):
        try:
            Signature.decode(raw).verify(transcript, public=session.key_of(signer))
        except LedgerError as cause:
            raise MisbehaviourError(signer, "certificate", str(cause)) from cause
