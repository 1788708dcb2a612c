"""The key holder: evaluates, for authors, what is final on the ledger and nothing else.

A request is enc(purpose, height, share, height, share, …), up to 64 signals of the asker's, sealed.
A share holds the `alpha` item, the other digest and r, and opens the block's commitment; nothing of
it is kept. The answer, sealed, has one field for each open epoch of the purpose, newest first, and
each share of it that this member holds, with one proof for the whole batch:

    enc(number, group, index, proof, evaluated elements joined)
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Self

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Share
from ledger.consortium import Consortium
from ledger.dleq import Proof, prove
from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError, VerificationError
from ledger.group import POINT_BYTES, Point, Scalar
from ledger.rules.signal import ALPHA, verify_signal_share
from ledger.seal import SealingKey, SealingPublicKey
from ledger.voprf import Alpha, evaluate
from nodes.clock import Clock
from nodes.logbook import Act, Logbook, Processing
from nodes.peers.port import EVALUATE
from nodes.peers.sealed import open_fields, seal_fields
from nodes.progress import Progress
from nodes.replica import Replica
from nodes.shares import HeldShare, Shares
from nodes.store import chain as store
from nodes.store.database import Database
from nodes.tracing import current

MAX_EVALUATIONS = 64
OLDEST = timedelta(days=7)
_AHEAD = timedelta(days=1)
_INTEGER_BYTES = 8


class Asked(NamedTuple):
    """A signal to evaluate: the height of its block, and what opens its commitment."""

    height: int
    share: bytes


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One share's evaluation of a batch under epoch `number`; nothing is verified yet."""

    number: int
    group: str
    index: int
    proof: Proof
    elements: tuple[Point, ...]

    def encode(self) -> bytes:
        """Return the field of an answer."""
        joined = b"".join(element.encode() for element in self.elements)
        return enc(self.number, self.group, self.index, self.proof.encode(), joined)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a field of an answer.

        Raises:
            MalformedError: not what `encode` returns.
        """
        fields = split_enc(raw)
        if len(fields) != 5 or len(fields[4]) % POINT_BYTES:
            raise MalformedError("evaluation: expected number, group, index, proof and points")
        number, group, index, proof, joined = fields
        if len(number) != _INTEGER_BYTES or len(index) != _INTEGER_BYTES:
            raise MalformedError("evaluation: a number has eight bytes")
        evaluation = cls(
            number=int.from_bytes(number, "big"),
            group=group.decode(errors="replace"),
            index=int.from_bytes(index, "big"),
            proof=Proof.decode(proof),
            elements=tuple(
                Point(joined[at : at + POINT_BYTES]) for at in range(0, len(joined), POINT_BYTES)
            ),
        )
        if evaluation.encode() != raw:
            raise MalformedError("evaluation: not canonical")
        return evaluation


class Holder:
    """Answers `evaluate`."""

    def __init__(
        self,
        *,
        member: str,
        sealing: SealingKey,
        shares: Shares,
        replica: Replica,
        database: Database,
        progress: Progress,
        clock: Clock,
        logbook: Logbook,
    ) -> None:
        """Evaluate as `member` with `shares`."""
        self._member = member
        self._sealing = sealing
        self._shares = shares
        self._replica = replica
        self._database = database
        self._progress = progress
        self._clock = clock
        self._logbook = logbook

    async def answer(
        self,
        payload: bytes,
        *,
        sender: str,
        to: SealingPublicKey,
        document: Consortium,
        patience: float = 0.0,
    ) -> bytes:
        """Return the sealed answer to a sealed request by `sender`.

        An author asks as soon as its signals are final; this node waits up to `patience` seconds
        to hear of it.

        Raises:
            MalformedError, VerificationError: a signal that must not be evaluated, and why.
            ConfigurationError: this member's own shares cannot be used.
            StorageError: it could not be recorded; nothing is answered.
        """
        fields = open_fields(
            payload, key=self._sealing, origin=document.origin, operation=EVALUATE, sender=sender
        )
        heights, shares = fields[1::2], fields[2::2]
        # Sizes first: an error that names a height of thousands of digits would be another error.
        if (
            not 1 <= len(heights) <= MAX_EVALUATIONS
            or len(heights) != len(shares)
            or any(len(height) != _INTEGER_BYTES for height in heights)
        ):
            raise MalformedError(f"evaluate: expected 1 to {MAX_EVALUATIONS} heights and shares")
        asked = [
            Asked(int.from_bytes(height, "big"), share)
            for height, share in zip(heights, shares, strict=True)
        ]
        await self._progress.final.wait_for(max(one.height for one in asked) + 1, timeout=patience)
        purpose = fields[0].decode(errors="replace")
        evaluations = self.evaluate(asked, purpose=purpose, author=sender)
        done = Processing(Act.EVALUATE, purpose, asked_by=sender)
        await self._logbook.record([done] * len(asked), trace=current())
        return seal_fields(
            [evaluation.encode() for evaluation in evaluations],
            to=to,
            origin=document.origin,
            operation=EVALUATE,
            sender=self._member,
            day=self._clock.today().isoformat(),
        )

    def evaluate(self, asked: Sequence[Asked], *, purpose: str, author: str) -> list[Evaluation]:
        """Evaluate final signals of `author` under every open epoch of `purpose` that has a key.

        Raises:
            MalformedError, VerificationError: a signal that must not be evaluated, and why.
            ConfigurationError: this member's own shares cannot be used.
        """
        with self._database.read() as connection:
            blinded = [
                self._verify(connection, one, purpose=purpose, author=author) for one in asked
            ]
        epochs = self._replica.state.epochs.with_key(purpose)
        return [
            self._evaluate(epoch.number, share, blinded)
            for epoch in epochs
            for share in self._shares.of(epoch, holder=self._member)
        ]

    def _verify(self, connection: Connection, asked: Asked, *, purpose: str, author: str) -> Point:
        if asked.height >= self._progress.final.value:
            raise VerificationError(f"not-final: block {asked.height} is not final here")
        raw = store.block_at(connection, asked.height)
        if raw is None:
            raise VerificationError(f"not-final: block {asked.height} is not here")
        entry = Block.decode(raw).signed.entry
        if (entry.kind, entry.author) != ("signal", author):
            raise VerificationError(f"not-yours: block {asked.height} is no signal of {author}'s")
        if entry.day < self._clock.today() - OLDEST:
            raise VerificationError(f"too-old: block {asked.height} is over seven days old")
        # A quota is by date: with a custodian that lies, an author could use those of all days.
        if entry.day > self._clock.today() + _AHEAD:
            raise VerificationError(f"too-young: block {asked.height} is dated over a day ahead")
        share = Share.decode(asked.share)
        verify_signal_share(share, entry)
        if [item.index for item in share.items] != [ALPHA]:
            raise VerificationError("evaluate: the alpha item and no other is shown")
        alpha = Alpha.decode(share.items[0].content)
        if alpha.purpose != purpose:
            raise VerificationError("evaluate: posted for another purpose")
        return alpha.element

    def _evaluate(self, number: int, share: HeldShare, blinded: Sequence[Point]) -> Evaluation:
        elements = evaluate(blinded, key=share.scalar)
        proof = prove(
            share.scalar,
            blinded=blinded,
            evaluated=elements,
            r=Scalar.reduce(secrets.token_bytes(64)),
        )
        return Evaluation(number, share.group, share.index, proof, tuple(elements))


def seal_request(
    asked: Sequence[Asked],
    *,
    purpose: str,
    to: SealingPublicKey,
    origin: str,
    sender: str,
    day: str,
) -> bytes:
    """Return the payload that asks the holder of the key `to` to evaluate `asked`."""
    fields = [purpose.encode()]
    for one in asked:
        fields += [one.height.to_bytes(_INTEGER_BYTES, "big"), one.share]
    return seal_fields(fields, to=to, origin=origin, operation=EVALUATE, sender=sender, day=day)


def open_answer(raw: bytes, *, key: SealingKey, origin: str, holder: str) -> list[Evaluation]:
    """Return the evaluations in a holder's answer; nothing is verified yet.

    Raises:
        LedgerError: not such an answer.
    """
    fields = open_fields(raw, key=key, origin=origin, operation=EVALUATE, sender=holder)
    return [Evaluation.decode(field) for field in fields]
