"""The holders of a consortium generating a key, without nodes: each a real `Participant`.

    holders = Participants(database, folder)
    said = holders.up_to(Step.CERTIFICATE)        # what all said in that step, by the plan
    holders.ask(Step.TRIAL, said)

All follow one replica; each has a folder, a keyring and shares of its own.
"""

from collections.abc import Sequence
from pathlib import Path

from ledger.encoding import sha256
from ledger.entry import Entry
from ledger.generation.plan import Plan
from ledger.generation.record import Record
from ledger.generation.statement import ORDER, Statement, Step
from ledger.seal import SealingKey
from nodes.generation.agreements import Agreements
from nodes.generation.participant import Participant
from nodes.keyring import Keyring
from nodes.shares import Shares
from nodes.store.database import Database
from tests.support.chain import PURPOSE
from tests.support.databases import Follower
from tests.support.fakes import FakeClock
from tests.support.parties import ALL, Consortium, Member, seeded

LEADER = "szw"


def recovery_of(name: str) -> SealingKey:
    """Return the offline key of a member."""
    return SealingKey(sha256(f"recovery of {name}".encode()))


def keyring_of(member: Member) -> Keyring:
    """Return the keyring of a member of the tests' consortium."""
    return Keyring(
        origin=member.origin,
        member=member.name,
        entry=member.entry,
        log=member.log,
        cosigning=member.cosigning,
        sdjwt=member.sdjwt,
        sealing=SealingKey(sha256(f"sealing {member.name}".encode())),
        recovery=recovery_of(member.name).public,
        store_key=bytes(32),
    )


class Participants:
    """UWV, SVB and SZW, of whom two suffice, and BZK."""

    def __init__(
        self, database: Database, folder: Path, *, consortium: Consortium | None = None
    ) -> None:
        """Begin under the founding block, without epochs."""
        self.follower = Follower(database, consortium)
        self.consortium = self.follower.chain.consortium
        self.document = self.consortium.document
        self.clock = FakeClock()
        self.rings = {name: keyring_of(self.member(name)) for name in ALL}
        self.shares = {name: Shares(folder / name) for name in ALL}
        self.agreements = {
            name: Agreements(
                folder / f"{name}.json", replica=self.follower.replica, clock=self.clock
            )
            for name in ALL
        }
        self.of = {name: self.start(name) for name in ALL}

    def member(self, name: str) -> Member:
        """Return a member with its keys."""
        return next(member for member in self.consortium.members if member.name == name)

    def start(self, name: str) -> Participant:
        """Return a member's participant as it is after a start: it remembers nothing."""
        return Participant(
            keyring=self.rings[name],
            replica=self.follower.replica,
            shares=self.shares[name],
            agreements=self.agreements[name],
            clock=self.clock,
        )

    def plan(
        self,
        *,
        number: int = 1,
        purpose: str = PURPOSE,
        run: int = 1,
        replaces: int | None = None,
    ) -> Plan:
        """Return a plan under the document in force; another `run`, another plan."""
        return Plan(
            origin=self.document.origin,
            purpose=purpose,
            number=number,
            document=self.document.digest,
            run=seeded(32, "run", run),
            replaces=replaces,
        )

    def ask(
        self, step: str, said: Sequence[bytes] = (), *, plan: Plan | None = None
    ) -> list[bytes]:
        """Return what all say in a step."""
        plan = plan or self.plan()
        return [
            raw for one in self.of.values() for raw in one.take(plan, step, said, sender=LEADER)
        ]

    def up_to(self, last: Step, *, plan: Plan | None = None) -> list[bytes]:
        """Return what all said in step `last`, after all steps before it."""
        said: list[bytes] = []
        for step in ORDER[: ORDER.index(last) + 1]:
            said = self.ask(step, said, plan=plan)
        return said

    def record(self, last: Step) -> Record:
        """Return the record of everything said up to step `last`."""
        record, said = Record(self.plan(), self.document), list[bytes]()
        for step in ORDER[: ORDER.index(last) + 1]:
            said = self.ask(step, said)
            record.take(step, said)
        return record

    def entry(self, record: Record, **changed: object) -> Entry:
        """Return the entry that opens the epoch of `record`, or one that is `changed`."""
        fields: dict[str, object] = {
            "origin": self.document.origin,
            "author": LEADER,
            "kind": "epoch",
            "day": self.clock.today(),
            "commitment": None,
            "further": record.epoch.encode(),
        }
        return Entry(**(fields | changed))  # type: ignore[arg-type]

    def restate(self, raw: bytes, **changed: object) -> bytes:
        """Return a statement with something `changed`, signed by whoever made it."""
        statement = Statement.decode(raw, self.document)
        fields = {name: getattr(statement, name) for name in Statement.__dataclass_fields__}
        key = self.member(statement.member).entry
        return Statement(**(fields | changed)).sign(key)


def by(statements: Sequence[bytes], name: str) -> int:
    """Return the place of the statement by a member, of those of one step."""
    (at,) = (i for i, raw in enumerate(statements) if raw.split(b"\n")[1] == name.encode())
    return at
