"""Key holders of an epoch and an author, as far as they compute: no wire, no node, no database."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.consortium import Consortium, Group
from ledger.dleq import Proof, prove, verify_proof
from ledger.epoch import EpochDocument
from ledger.group import Point, Scalar
from ledger.threshold import combine
from ledger.voprf import evaluate, finalize
from nodes.shares import HeldShare
from tests.support.dealing import deal


@dataclass(frozen=True)
class Holding:
    """An epoch, and shares of as few holders as its key needs."""

    epoch: EpochDocument
    groups: Sequence[Group]
    shares: Sequence[HeldShare]

    def pseudonyms(
        self, messages: Sequence[bytes], *, blindings: Sequence[Scalar], alphas: Sequence[Point]
    ) -> list[bytes]:
        """Return the pseudonym behind each of `alphas`: evaluated, proved, verified, combined."""
        found: dict[str, dict[int, list[Point]]] = {group.name: {} for group in self.groups}
        for share in self.shares:
            elements, proof = _evaluate(share, alphas)
            verify_proof(proof, public=self._public(share), blinded=alphas, evaluated=elements)
            found[share.group][share.index] = elements
        shared = self.epoch.groups(self.groups)
        return [
            finalize(
                message,
                blinding=blinding,
                evaluated=combine(shared, [{i: of[i][at] for i in of} for of in found.values()]),
            )
            for at, (message, blinding) in enumerate(zip(messages, blindings, strict=True))
        ]

    def _public(self, share: HeldShare) -> Point:
        return next(
            named.public
            for named in self.epoch.shares
            if (named.group, named.index) == (share.group, share.index)
        )


def holding_of(document: Consortium, *, purpose: str) -> Holding:
    """Deal a key to the holders in `document`, and take as few of them as it needs."""
    epoch, dealt = deal(document, purpose=purpose, number=1)
    thresholds = {group.name: group.threshold for group in document.groups}
    shares = [
        share for held in dealt.values() for share in held if share.index <= thresholds[share.group]
    ]
    return Holding(epoch, document.groups, shares)


def _evaluate(share: HeldShare, alphas: Sequence[Point]) -> tuple[list[Point], Proof]:
    elements = evaluate(alphas, key=share.scalar)
    r = Scalar.reduce(secrets.token_bytes(64))
    return elements, prove(share.scalar, blinded=alphas, evaluated=elements, r=r)
