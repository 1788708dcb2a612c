"""The record of a generation: everything that was said in it, checked as anybody can check it.

    record = Record(plan, document)
    record.take(Step.KEY, statements)             one by each holder of each group, in any order
    record.take(Step.CONTRIBUTION, statements)    proofs of possession hold
    record.take(Step.CERTIFICATE, statements)     all signed one transcript: `epoch` is known
    record.take(Step.TRIAL, statements)           every share evaluates: the epoch may open

Whoever takes part keeps one, and so does whoever passes the messages on. An error that shows who
did what no honest member does names it (`CulpritError`), and the generation is over.
"""

from collections.abc import Sequence

from ledger.consortium import Consortium, Group
from ledger.dkg.complaint import Complaint, judge
from ledger.dkg.contribution import Contribution
from ledger.dkg.envelope import Route
from ledger.dkg.rounds import public_shares, read, verify_certificate
from ledger.dkg.session import Session
from ledger.epoch import OPEN, EpochDocument, PublicShare
from ledger.errors import (
    CulpritError,
    LedgerError,
    MalformedError,
    MisbehaviourError,
    VerificationError,
)
from ledger.generation.plan import Plan, expected_of
from ledger.generation.statement import ORDER, Statement, Step
from ledger.generation.trial import Trial, trial_element, verify_trials
from ledger.group import Point

_COMPLAINT_PLACE_BYTES = 4


class Record:
    """What was said under `plan`, as far as it was taken."""

    def __init__(self, plan: Plan, document: Consortium) -> None:
        """Begin with nothing said.

        Raises:
            VerificationError: the plan is for another document.
        """
        if (plan.origin, plan.document) != (document.origin, document.digest):
            raise VerificationError("generation: planned under another consortium document")
        self.plan = plan
        self._document = document
        self._said: dict[Step, dict[tuple[str, str], bytes]] = {}
        self._sessions: dict[str, Session] = {}
        self._epoch: EpochDocument | None = None

    @property
    def epoch(self) -> EpochDocument:
        """Return the document that opens the epoch; it is known once all have certified."""
        if self._epoch is None:
            raise VerificationError("generation: not all have certified yet")
        return self._epoch

    def groups_of(self, holder: str) -> list[tuple[Group, int]]:
        """Return the groups of `holder`, with its place in each: 1, 2, 3 and so on."""
        return [
            (group, group.holders.index(holder) + 1)
            for group in self._document.groups
            if holder in group.holders
        ]

    def session(self, group: Group) -> Session:
        """Return the run of a group; its keys must have been taken."""
        return self._sessions[group.name]

    def said(self, step: Step, group: Group) -> list[bytes]:
        """Return what the holders of a group said in a step that was taken, in their order."""
        said = self._said[step]
        return [said[group.name, holder] for holder in group.holders]

    def take(self, step: Step, statements: Sequence[bytes]) -> None:
        """Take in what all said in the next step.

        Raises:
            CulpritError: a member said what no honest one says.
            LedgerError: out of turn, or not one statement by each holder under this plan.
        """
        if len(self._said) >= len(ORDER) or step != ORDER[len(self._said)]:
            raise VerificationError(f"generation: {step} is not its turn")
        self._said[step] = self._gather(step, statements)
        check = {
            Step.KEY: self._check_keys,
            Step.CONTRIBUTION: self._check_contributions,
            Step.CERTIFICATE: self._check_certificates,
            Step.TRIAL: self._check_trials,
        }[step]
        check()

    def judge(self, statement: Statement) -> CulpritError:
        """Return who is to blame, by a complaint: who is accused, or who complains."""
        group = next((g for g in self._document.groups if g.name == statement.group), None)
        if group is None or statement.member not in group.holders:
            return CulpritError(statement.member, "complains for a group that it is not in")
        accused = int.from_bytes(statement.content[:_COMPLAINT_PLACE_BYTES], "big")
        if not 1 <= accused <= len(group.holders):
            return CulpritError(statement.member, "complains of nobody")
        try:
            complaint = Complaint.decode(statement.content[_COMPLAINT_PLACE_BYTES:])
        except MalformedError as cause:
            return CulpritError(statement.member, str(cause))
        session = self.session(group)
        raw = self.said(Step.CONTRIBUTION, group)[accused - 1]
        sent = Contribution.decode(raw, threshold=session.threshold, size=session.size)
        me = group.holders.index(statement.member) + 1
        return _culprit(group, judge(Route(session, accused, me, sent.ephemeral), sent, complaint))

    def _gather(self, step: Step, statements: Sequence[bytes]) -> dict[tuple[str, str], bytes]:
        found: dict[tuple[str, str], bytes] = {}
        for raw in statements:
            statement = Statement.decode(raw, self._document)
            if (statement.plan, statement.step) != (self.plan.digest, step):
                raise VerificationError("generation: a statement of another plan or step")
            if (statement.group, statement.member) in found:
                raise VerificationError(f"generation: two statements by {statement.member}")
            found[statement.group, statement.member] = statement.content
        expected = {(group.name, holder) for group, holder in expected_of(self._document)}
        if set(found) != expected:
            missing = sorted({holder for _, holder in expected - set(found)})
            raise VerificationError(f"generation: nothing by {', '.join(missing) or 'the right'}")
        return found

    def _check_keys(self) -> None:
        for group in self._document.groups:
            keys = []
            for holder, raw in zip(group.holders, self.said(Step.KEY, group), strict=True):
                try:
                    keys.append(Point(raw))
                except MalformedError as cause:
                    raise CulpritError(holder, f"its key: {cause}") from cause
            twins = [h for h, key in zip(group.holders, keys, strict=True) if keys.count(key) > 1]
            if twins:
                raise VerificationError(f"generation: one key is said by {' and '.join(twins)}")
            self._sessions[group.name] = self.plan.session(group, keys)

    def _check_contributions(self) -> None:
        for group in self._document.groups:
            try:
                read(self.session(group), self.said(Step.CONTRIBUTION, group))
            except MisbehaviourError as blame:
                raise _culprit(group, blame) from blame

    def _check_certificates(self) -> None:
        shares = []
        for group in self._document.groups:
            session = self.session(group)
            contributions = read(session, self.said(Step.CONTRIBUTION, group))
            transcript = session.transcript(contributions)
            try:
                verify_certificate(session, transcript, self.said(Step.CERTIFICATE, group))
            except MisbehaviourError as blame:
                raise _culprit(group, blame) from blame
            publics = public_shares(session, contributions)
            shares += [
                PublicShare(group.name, holder, at, public)
                for at, (holder, public) in enumerate(
                    zip(group.holders, publics, strict=True), start=1
                )
            ]
        epoch = EpochDocument(
            self.plan.purpose, self.plan.number, OPEN, tuple(shares), self.plan.replaces
        )
        epoch.verify_shares(self._document.groups)
        self._epoch = epoch

    def _check_trials(self) -> None:
        element = trial_element(self.plan.origin, self.epoch)
        found = []
        for group in self._document.groups:
            trials = {}
            publics = [s.public for s in self.epoch.shares if s.group == group.name]
            said = self.said(Step.TRIAL, group)
            for at, raw in enumerate(said, start=1):
                try:
                    trials[at] = Trial.decode(raw)
                    trials[at].verify(element, public=publics[at - 1])
                except LedgerError as cause:
                    raise CulpritError(group.holders[at - 1], f"its trial: {cause}") from cause
            found.append(trials)
        verify_trials(self.epoch.groups(self._document.groups), found)


def complaint_content(accused: int, complaint: Complaint) -> bytes:
    """Return the content of a complaint: u32be place of who is accused ‖ the complaint."""
    return accused.to_bytes(_COMPLAINT_PLACE_BYTES, "big") + complaint.encode()


def _culprit(group: Group, blame: MisbehaviourError) -> CulpritError:
    return CulpritError(
        group.holders[blame.participant - 1], f"{group.name}: {blame.reason}: {blame.detail}"
    )
