"""A holder's part in generations: what it is asked in turn, it says, signed; secrets stay here.

A request is enc(plan, step, then what all said in the step before), sealed; an answer its own
statements of the step, one for each group that this member is a holder of. Steps are those of
`ledger.generation.statement`, and at last `sign`: the entry that opens the epoch; answered with a
signature line. A holder says that its trial holds only once share and backup are on disk, and
signs once all have said so: what the specification asks for before a key is used ("Security
Considerations for Recovery"). Nothing else outlives a restart: what was cut is begun again.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ledger.consortium import Consortium
from ledger.dkg.complaint import complain
from ledger.dkg.contribution import Contribution
from ledger.dkg.envelope import Route
from ledger.dkg.rounds import Accepted, Secrets, accept, certify, contribute
from ledger.encoding import enc, sha256
from ledger.entry import Entry
from ledger.errors import (
    CulpritError,
    MalformedError,
    MisbehaviourError,
    RefusedError,
    VerificationError,
)
from ledger.generation.plan import Plan
from ledger.generation.record import Record, complaint_content
from ledger.generation.statement import ORDER, Statement, Step
from ledger.generation.trial import trial_element, try_share
from ledger.group import Scalar, generator_times
from ledger.rules.epoch import verify_opening
from ledger.seal import SealingPublicKey
from nodes.clock import Clock
from nodes.generation.agreements import Agreements
from nodes.keyring import Keyring
from nodes.peers.port import GENERATE
from nodes.peers.sealed import open_fields, seal_fields
from nodes.replica import Replica
from nodes.shares import HeldShare, Shares

SIGN = "sign"
_ONE_DAY = timedelta(days=1)
_UNIFORM_BYTES = 64


@dataclass
class _Run:
    """One generation here: the record, and by group what this member drew and accepted."""

    record: Record
    drawn: dict[str, Secrets] = field(default_factory=dict, repr=False)
    accepted: dict[str, Accepted] = field(default_factory=dict, repr=False)
    answered: dict[str, tuple[bytes, list[bytes]]] = field(default_factory=dict)


class Participant:
    """Answers `generate`."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        shares: Shares,
        agreements: Agreements,
        clock: Clock,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Take part as the keyring's member, and keep what comes of it in `shares`.

        An epoch is replaced only as `agreements` say.
        """
        self._keyring = keyring
        self._replica = replica
        self._shares = shares
        self._agreements = agreements
        self._clock = clock
        self._random = random
        self._runs: dict[str, _Run] = {}
        """By the member that leads it: one each, so that nobody can fill this memory."""

    def answer(
        self, payload: bytes, *, sender: str, to: SealingPublicKey, document: Consortium
    ) -> bytes:
        """Return the sealed answer to a sealed request by `sender`.

        Raises:
            LedgerError, ConfigurationError: for `take`.
        """
        fields = open_fields(
            payload,
            key=self._keyring.sealing,
            origin=document.origin,
            operation=GENERATE,
            sender=sender,
        )
        if len(fields) < 2:
            raise MalformedError("generate: expected a plan and a step")
        plan, step, *said = fields
        answer = self.take(Plan.decode(plan), step.decode(errors="replace"), said, sender=sender)
        return seal_fields(
            answer,
            to=to,
            origin=document.origin,
            operation=GENERATE,
            sender=self._keyring.member,
            day=self._clock.today().isoformat(),
        )

    def take(self, plan: Plan, step: str, said: Sequence[bytes], *, sender: str) -> list[bytes]:
        """Do the next step of the generation that `sender` leads; the same again changes nothing.

        Raises:
            CulpritError: somebody said what no honest member does; the generation is over here.
            LedgerError: a plan that is not this member's, a step out of turn, or another answer
                wanted to a step that was done.
            ConfigurationError: the share or its backup cannot be written.
        """
        run = self._runs.get(sender)
        if run is None or run.record.plan != plan:
            if step != Step.KEY:
                raise VerificationError("generation: it is not known here; begin it again")
            record = self._begin(plan)
            self._drop(sender)
            run = self._runs[sender] = _Run(record)
        asked = sha256(enc(*said))
        known = run.answered.get(step)
        if known is not None:
            if known[0] != asked:
                # Two answers in one step could show more than either.
                raise VerificationError(f"generation: {step} was asked before, and differently")
            return known[1]
        try:
            answer = self._perform(run, step, said, sender=sender)
        except BaseException:
            # A record that refused something is of no use; what was drawn must not be used again.
            self._drop(sender)
            raise
        run.answered[step] = (asked, answer)
        return answer

    def _drop(self, sender: str) -> None:
        """End the run that `sender` leads; no epoch opens with a share that was not signed for."""
        run = self._runs.pop(sender, None)
        if run is not None and Step.TRIAL in run.answered and SIGN not in run.answered:
            self._shares.discard(run.record.epoch, holder=self._keyring.member)

    def _begin(self, plan: Plan) -> Record:
        document = self._verify_turn(plan)
        record = Record(plan, document)
        if not record.groups_of(self._keyring.member):
            raise VerificationError(f"generation: {self._keyring.member} is no holder")
        return record

    def _verify_turn(self, plan: Plan) -> Consortium:
        document = self._replica.document
        if document is None or document.digest != plan.document:
            raise VerificationError("generation: another consortium document is in force here")
        if document.purpose(plan.purpose) is None:
            raise VerificationError("generation: the consortium document has no such purpose")
        try:
            verify_opening(
                self._replica.state.epochs,
                plan.purpose,
                number=plan.number,
                replaces=plan.replaces,
            )
        except RefusedError as refusal:
            raise VerificationError(f"generation: {refusal}") from refusal
        if plan.replaces is not None:
            self._agreements.verify(plan.purpose, plan.replaces)
        return document

    def _perform(self, run: _Run, step: str, said: Sequence[bytes], *, sender: str) -> list[bytes]:
        if step == SIGN:
            return self._sign(run, said, sender=sender)
        if step not in ORDER:
            raise MalformedError("generation: a step that is not known")
        turn = Step(step)
        if turn is Step.KEY:
            return self._draw(run)
        try:
            run.record.take(ORDER[ORDER.index(turn) - 1], said)
        except CulpritError as blame:
            if turn is not Step.TRIAL:
                raise
            # All else is signed by who is blamed. A certificate that was made rightly does not hold
            # here if its maker was shown another transcript, by whoever leads and a holder with it.
            raise VerificationError(
                f"{blame}; or {sender}, who leads, showed it another"
            ) from blame
        perform = {
            Step.CONTRIBUTION: self._contribute,
            Step.CERTIFICATE: self._certify,
            Step.TRIAL: self._store_and_try,
        }[turn]
        return perform(run)

    def _draw(self, run: _Run) -> list[bytes]:
        said = []
        for group, _ in run.record.groups_of(self._keyring.member):
            drawn = Secrets(
                static=self._scalar(),
                ephemeral=self._scalar(),
                coefficients=tuple(self._scalar() for _ in range(group.threshold)),
            )
            run.drawn[group.name] = drawn
            key = generator_times(drawn.static).encode()
            said.append(self._state(run, Step.KEY, group.name, key))
        return said

    def _contribute(self, run: _Run) -> list[bytes]:
        said = []
        for group, me in run.record.groups_of(self._keyring.member):
            one = contribute(run.record.session(group), me=me, secrets=run.drawn[group.name])
            said.append(self._state(run, Step.CONTRIBUTION, group.name, one.encode()))
        return said

    def _certify(self, run: _Run) -> list[bytes]:
        said = []
        for group, me in run.record.groups_of(self._keyring.member):
            session, static = run.record.session(group), run.drawn[group.name].static
            sent = run.record.said(Step.CONTRIBUTION, group)
            try:
                accepted = accept(session, me=me, static=static, contributions=sent)
            except MisbehaviourError as blame:
                accused = blame.participant
                one = Contribution.decode(
                    sent[accused - 1], threshold=session.threshold, size=session.size
                )
                route = Route(session, accused, me, one.ephemeral)
                complaint = complain(route, static=static, r=self._scalar())
                content = complaint_content(accused, complaint)
                return [self._state(run, Step.COMPLAINT, group.name, content)]
            run.accepted[group.name] = accepted
            signature = certify(accepted.transcript, static=static).encode()
            said.append(self._state(run, Step.CERTIFICATE, group.name, signature))
        return said

    def _store_and_try(self, run: _Run) -> list[bytes]:
        """Keep the share, its backup first; only then say that it works."""
        epoch, member = run.record.epoch, self._keyring.member
        element = trial_element(self._keyring.origin, epoch)
        said = []
        for group, me in run.record.groups_of(member):
            share = HeldShare(group.name, me, run.accepted[group.name].share)
            self._shares.back_up(
                share,
                purpose=epoch.purpose,
                number=epoch.number,
                origin=self._keyring.origin,
                holder=member,
                to=self._keyring.recovery,
                random=self._random,
            )
            self._shares.store(purpose=epoch.purpose, number=epoch.number, share=share)
            trial = try_share(share.scalar, element, r=self._scalar())
            said.append(self._state(run, Step.TRIAL, group.name, trial.encode()))
        run.drawn.clear()
        run.accepted.clear()
        return said

    def _sign(self, run: _Run, said: Sequence[bytes], *, sender: str) -> list[bytes]:
        """Accept: sign the entry that opens the epoch, if it is exactly the one generated."""
        if not said:
            raise MalformedError("generation: no entry to sign")
        *trials, text = said
        run.record.take(Step.TRIAL, trials)
        entry = Entry.decode(text.decode(errors="replace"))
        plan = run.record.plan
        self._verify_turn(plan)
        expected = Entry(plan.origin, sender, "epoch", entry.day, None, run.record.epoch.encode())
        if entry != expected or abs(entry.day - self._clock.today()) > _ONE_DAY:
            raise VerificationError("generation: not the entry of this epoch, by its leader, today")
        # Nobody signs for shares that it does not have.
        self._shares.verify_stored(run.record.epoch, holder=self._keyring.member)
        return [self._keyring.entry.sign(entry.encode()).encode().encode()]

    def _state(self, run: _Run, step: Step, group: str, content: bytes) -> bytes:
        return Statement(
            origin=self._keyring.origin,
            member=self._keyring.member,
            plan=run.record.plan.digest,
            step=step,
            group=group,
            content=content,
        ).sign(self._keyring.entry)

    def _scalar(self) -> Scalar:
        return Scalar.reduce(self._random(_UNIFORM_BYTES))
