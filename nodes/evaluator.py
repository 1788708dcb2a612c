"""The evaluator: from an own final signal to the pseudonyms of its person, with the holders' help.

Each holder's evaluation is verified against the public share in the epoch's document before it
counts. Of each group the first `threshold` that answer rightly are enough; who lies is named, and
whoever is silent delays nothing while enough others answer.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.consortium import Consortium, Group
from ledger.dleq import verify_proof
from ledger.epoch import EpochDocument
from ledger.errors import LedgerError, VerificationError
from ledger.group import Point, Scalar
from ledger.seal import SealingKey
from ledger.threshold import combine
from ledger.voprf import finalize
from nodes.clock import Clock
from nodes.errors import NodeError, PeerUnreachableError
from nodes.holder import Asked, Evaluation, Holder, open_answer, seal_request
from nodes.peers.client import Peers
from nodes.peers.port import EVALUATE
from nodes.replica import Replica

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """What a signal is evaluated for: the function's input, α, and the blind between them."""

    asked: Asked
    alpha: Point
    message: bytes = field(repr=False)
    blinding: Scalar = field(repr=False)


class Evaluator:
    """Asks the holders."""

    def __init__(
        self,
        *,
        member: str,
        sealing: SealingKey,
        holder: Holder,
        replica: Replica,
        peers: Peers,
        clock: Clock,
    ) -> None:
        """Ask as `member`, which may hold shares itself: then `holder` answers without a detour."""
        self._member = member
        self._sealing = sealing
        self._holder = holder
        self._replica = replica
        self._peers = peers
        self._clock = clock
        self.faults: dict[str, str] = {}
        """Holders that did not answer, or not rightly, when last asked, and why."""

    async def pseudonyms(
        self, persons: Sequence[Person], *, purpose: str
    ) -> dict[int, list[bytes]]:
        """Return by epoch of `purpose` that has a key the outputs y of `persons`, in order.

        Raises:
            PeerUnreachableError: of some group too few holders answer rightly; posting goes on,
                and this can be asked again.
        """
        document = self._replica.document
        known = self._replica.state.epochs
        epochs = known.with_key(purpose)
        if document is None or not epochs:
            raise PeerUnreachableError(f"no epoch of {purpose} is open yet")
        gathered = _Gathered([(epoch, known.groups(epoch)) for epoch in epochs], persons)
        waiting = {
            asyncio.create_task(self._ask(name, persons, purpose, document)): name
            for name in gathered.holders
        }
        try:
            while waiting and not gathered.is_enough():
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._take(waiting.pop(task), task.result(), gathered)
        finally:
            for task in waiting:
                task.cancel()
        if not gathered.is_enough():
            faults = "; ".join(f"{name}: {why}" for name, why in sorted(self.faults.items()))
            raise PeerUnreachableError(f"too few key holders answer ({faults})")
        return {epoch.number: gathered.outputs(epoch) for epoch in epochs}

    def _take(self, name: str, answer: "list[Evaluation] | str", gathered: "_Gathered") -> None:
        if isinstance(answer, str):
            self.faults[name] = answer
            return
        try:
            for evaluation in answer:
                gathered.add(name, evaluation)
        except VerificationError as cause:
            self.faults[name] = str(cause)
            _log.warning("the evaluation by %s does not hold: %s", name, cause)
            return
        if lacking := gathered.lacking(name):
            self.faults[name] = f"gave no evaluation under epoch {lacking[0]}"
            return
        self.faults.pop(name, None)

    async def _ask(
        self, name: str, persons: Sequence[Person], purpose: str, document: Consortium
    ) -> "list[Evaluation] | str":
        asked = [person.asked for person in persons]
        try:
            if name == self._member:
                return self._holder.evaluate(asked, purpose=purpose, author=name)
            payload = seal_request(
                asked,
                purpose=purpose,
                to=await self._peers.sealing_key(name),
                origin=document.origin,
                sender=self._member,
                day=self._clock.today().isoformat(),
            )
            raw = await self._peers.ask(name, EVALUATE, payload)
            return open_answer(raw, key=self._sealing, origin=document.origin, holder=name)
        except (NodeError, LedgerError) as cause:
            return str(cause)


class _Gathered:
    """Evaluations that hold, by epoch, group and index."""

    def __init__(
        self, epochs: Sequence[tuple[EpochDocument, Sequence[Group]]], persons: Sequence[Person]
    ) -> None:
        self._epochs = {epoch.number: epoch for epoch, _ in epochs}
        self._groups = {epoch.number: groups for epoch, groups in epochs}
        self._persons = persons
        self._alphas = [person.alpha for person in persons]
        self._found: dict[tuple[int, str], dict[int, tuple[Point, ...]]] = {}
        self.holders = sorted({share.holder for epoch, _ in epochs for share in epoch.shares})

    def add(self, holder: str, evaluation: Evaluation) -> None:
        """Take in an evaluation by `holder`.

        Raises:
            VerificationError: of no share that is this holder's, or the proof does not hold.
        """
        epoch = self._epochs.get(evaluation.number)
        if epoch is None:
            # Opened or closed since the question.
            return
        public = next(
            (
                share.public
                for share in epoch.shares
                if (share.holder, share.group, share.index)
                == (holder, evaluation.group, evaluation.index)
            ),
            None,
        )
        if public is None:
            raise VerificationError(f"evaluation: {holder} holds no such share")
        verify_proof(
            evaluation.proof,
            public=public,
            blinded=self._alphas,
            evaluated=evaluation.elements,
        )
        known = self._found.setdefault((evaluation.number, evaluation.group), {})
        known[evaluation.index] = evaluation.elements

    def lacking(self, holder: str) -> list[int]:
        """Return the epochs of which a share of `holder` evaluated nothing."""
        return [
            number
            for number, epoch in self._epochs.items()
            if any(
                share.holder == holder
                and share.index not in self._found.get((number, share.group), {})
                for share in epoch.shares
            )
        ]

    def is_enough(self) -> bool:
        """Tell whether every group of every epoch gave its threshold."""
        return all(
            len(self._found.get((number, group.name), {})) >= group.threshold
            for number, groups in self._groups.items()
            for group in groups
        )

    def outputs(self, epoch: EpochDocument) -> list[bytes]:
        """Return y for each person."""
        groups = self._groups[epoch.number]
        shared = epoch.groups(groups)
        found: list[Mapping[int, tuple[Point, ...]]] = [
            self._found[epoch.number, group.name] for group in groups
        ]
        return [
            finalize(
                person.message,
                blinding=person.blinding,
                evaluated=combine(
                    shared, [{i: points[at] for i, points in of.items()} for of in found]
                ),
            )
            for at, person in enumerate(self._persons)
        ]
