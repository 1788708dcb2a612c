"""Leading a generation: asks all holders in turn, passes on what they say, hands in the epoch.

The leader is the untrusted coordinator of COCKTAIL-DKG: what it passes on is signed by others, and
it learns no secret. It checks all the same whatever can be checked, so that its operator reads who
is to blame. A step is asked again where no answer came; whatever else goes wrong ends the
generation, and the operator begins another.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.consortium import Consortium
from ledger.entry import Entry, SignedEntry
from ledger.errors import CulpritError, LedgerError, RefusedError
from ledger.generation.plan import RUN_BYTES, Plan, expected_of
from ledger.generation.record import Record
from ledger.generation.statement import ORDER, Statement, Step
from ledger.note import SignatureLine
from ledger.rules.epoch import verify_opening
from nodes.clock import Clock
from nodes.errors import ConflictError, InputError, NodeError, NotFoundError, PeerUnreachableError
from nodes.generation.agreements import Agreements
from nodes.generation.participant import SIGN, Participant
from nodes.generation.progress import FAILED, OPEN, RUNNING, SUBMITTED, Generation, ProgressFile
from nodes.governance import Governance
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import GENERATE
from nodes.peers.sealed import open_fields, seal_fields
from nodes.replica import Replica

_log = logging.getLogger(__name__)
_ATTEMPTS = 3
_RETRY_SECONDS = 0.5
_OPEN_WITHIN_SECONDS = 60
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Led:
    """The generation under way: who is asked, under which document, and what was said."""

    plan: Plan
    document: Consortium
    record: Record
    holders: tuple[str, ...]


class Leader:
    """Leads one generation at a time; `newest` says how far it is, or how the last one ended."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        peers: Peers,
        participant: Participant,
        agreements: Agreements,
        governance: Governance,
        clock: Clock,
        progress: Path,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Lead as the keyring's member, and keep in the file `progress` how far it is."""
        self._keyring = keyring
        self._replica = replica
        self._peers = peers
        self._participant = participant
        self._agreements = agreements
        self._governance = governance
        self._clock = clock
        self._random = random
        self._file = ProgressFile(progress)
        self._asked: asyncio.Queue[_Led] = asyncio.Queue()
        self._is_busy = False
        self.newest: Generation | None = self._file.resume()

    def begin(self, purpose: str, *, replaces: int | None = None) -> Generation:
        """Begin to generate the next epoch's key for `purpose`; `run` goes on with it.

        `replaces` is the open epoch whose key is lost, or None.

        Raises:
            InputError: there is no such purpose or epoch, or too many epochs are open.
            ConflictError: a generation is under way already.
            PeerUnreachableError: the founding block is not here yet.
        """
        document = self._replica.document
        if document is None:
            raise PeerUnreachableError("the founding block is not here yet; try again in a moment")
        if document.purpose(purpose) is None:
            raise InputError("is none of the consortium document's", field="purpose")
        if self._is_busy:
            raise ConflictError("a generation is under way; wait until it has ended")
        epochs = self._replica.state.epochs
        number = epochs.next_number(purpose)
        try:
            verify_opening(epochs, purpose, number=number, replaces=replaces)
        except RefusedError as refusal:
            raise InputError(str(refusal)) from refusal
        if replaces is not None:
            # Whoever asks for it agrees.
            self._agreements.agree(purpose, replaces)
        plan = Plan(
            origin=document.origin,
            purpose=purpose,
            number=number,
            document=document.digest,
            run=self._random(RUN_BYTES),
            replaces=replaces,
        )
        holders = tuple(sorted({holder for _, holder in expected_of(document)}))
        self._is_busy = True
        self._show(Generation(purpose, plan.number, RUNNING, Step.KEY.value, holders))
        self._asked.put_nowait(_Led(plan, document, Record(plan, document), holders))
        return self.latest()

    def latest(self) -> Generation:
        """Return how far the newest generation is.

        Raises:
            NotFoundError: this node has led none.
        """
        if self.newest is None:
            raise NotFoundError("this node has led no generation")
        return self.newest

    async def run(self) -> None:
        """Lead what was begun, until cancelled."""
        while True:
            led = await self._asked.get()
            try:
                await self._lead(led)
            except CulpritError as blame:
                self._fail(str(blame), culprit=blame.member)
            except (LedgerError, NodeError) as cause:
                self._fail(str(cause))
            finally:
                self._is_busy = False

    async def _lead(self, led: _Led) -> None:
        said: list[bytes] = []
        for step in ORDER:
            self._show(replace(self.latest(), step=step.value))
            answers = await self._ask_all(led, step.value, said)
            said = self._gather(led, step, answers)
            led.record.take(step, said)
        self._show(replace(self.latest(), step=SIGN))
        entry = Entry(
            origin=led.plan.origin,
            author=self._keyring.member,
            kind="epoch",
            day=self._clock.today(),
            commitment=None,
            further=led.record.epoch.encode(),
        )
        signed = await self._sign(led, entry, said)
        await self._governance.submit(signed.encode())
        self._show(replace(self.latest(), state=SUBMITTED))
        await self._wait_open(led)

    async def _sign(self, led: _Led, entry: Entry, trials: Sequence[bytes]) -> SignedEntry:
        answers = await self._ask_all(led, SIGN, [*trials, entry.encode().encode()])
        text = entry.encode()
        lines = {self._keyring.member: self._keyring.entry.sign(text)}
        for holder, answer in answers.items():
            try:
                (raw,) = answer
                line = SignatureLine.decode(raw.decode())
                owner = led.document.entry_keys[line.name, line.key_id]
                if owner[0] != holder:
                    raise ValueError("another member's line")
                owner[1].verify(line, text)
            except (KeyError, ValueError, LedgerError) as cause:
                raise CulpritError(holder, "signs something else than the epoch") from cause
            lines[holder] = line
        author = lines.pop(self._keyring.member)
        others = sorted(lines.values(), key=lambda line: (line.name, line.key_id))
        return SignedEntry.of(entry, (author, *others))

    def _gather(self, led: _Led, step: Step, answers: dict[str, list[bytes]]) -> list[bytes]:
        """Return all statements of a step.

        Raises:
            CulpritError: a holder says something else, or complains.
        """
        found = []
        for holder, answer in answers.items():
            for raw in answer:
                try:
                    statement = Statement.decode(raw, led.document)
                except LedgerError as cause:
                    raise CulpritError(holder, f"answers with no statement: {cause}") from cause
                if (statement.member, statement.plan) != (holder, led.plan.digest):
                    raise CulpritError(holder, "answers with another's statement")
                if statement.step is Step.COMPLAINT and step is Step.CERTIFICATE:
                    raise led.record.judge(statement)
                if statement.step is not step:
                    raise CulpritError(holder, f"says {statement.step} where {step} is asked")
                found.append(raw)
            groups = [group for group, name in expected_of(led.document) if name == holder]
            if len(answer) != len(groups):
                raise CulpritError(holder, "does not speak for each of its groups")
        return found

    async def _ask_all(self, led: _Led, step: str, said: Sequence[bytes]) -> dict[str, list[bytes]]:
        outcomes = await asyncio.gather(
            *(self._ask(led, holder, step, said) for holder in led.holders)
        )
        faults = [
            f"{holder}: {outcome}"
            for holder, outcome in zip(led.holders, outcomes, strict=True)
            if isinstance(outcome, str)
        ]
        if faults:
            raise PeerUnreachableError("; ".join(faults))
        return {
            holder: outcome
            for holder, outcome in zip(led.holders, outcomes, strict=True)
            if not isinstance(outcome, str)
        }

    async def _ask(
        self, led: _Led, holder: str, step: str, said: Sequence[bytes]
    ) -> list[bytes] | str:
        """Return a holder's answer, or why there is none."""
        member = self._keyring.member
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_RETRY_SECONDS)
            try:
                if holder == member:
                    return self._participant.take(led.plan, step, said, sender=member)
                payload = seal_fields(
                    [led.plan.encode(), step.encode(), *said],
                    to=await self._peers.sealing_key(holder),
                    origin=led.plan.origin,
                    operation=GENERATE,
                    sender=member,
                    day=self._clock.today().isoformat(),
                )
                raw = await self._peers.ask(holder, GENERATE, payload)
                return open_fields(
                    raw,
                    key=self._keyring.sealing,
                    origin=led.plan.origin,
                    operation=GENERATE,
                    sender=holder,
                )
            except PeerUnreachableError as cause:
                # It may have done the step: the same question again has the same answer.
                reason = str(cause)
            except (LedgerError, NodeError) as cause:
                return str(cause)
        return reason

    async def _wait_open(self, led: _Led) -> None:
        for _ in range(int(_OPEN_WITHIN_SECONDS / _LOOK_SECONDS)):
            if led.record.epoch in self._replica.state.epochs.open_now(led.plan.purpose):
                self._show(replace(self.latest(), state=OPEN))
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise PeerUnreachableError("the epoch was handed in and is not on the chain yet")

    def _fail(self, fault: str, *, culprit: str | None = None) -> None:
        _log.warning("the generation of a key failed: %s", fault)
        self._show(replace(self.latest(), state=FAILED, fault=fault, culprit=culprit))

    def _show(self, generation: Generation) -> None:
        self.newest = generation
        self._file.write(generation)
