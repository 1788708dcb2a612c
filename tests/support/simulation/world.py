"""A consortium of simulated nodes, what is on its way between them, and what was asked of them.

Every public method up to `settle` is an action of a schedule; one that cannot be done does nothing.
What was posted and withdrawn is noted when it is durable: the oracle goes by that.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, cast

from ledger.bsn import Bsn
from ledger.encoding import Digest
from nodes.errors import ConflictError, InputError
from nodes.store.dispatches import Dispatch
from tests.support.fakes import FakeClock
from tests.support.faults import Died
from tests.support.simulation.calls import finish
from tests.support.simulation.memory import MemoryDatabase, schema
from tests.support.simulation.network import Message, begin, send_dispatches, send_signals
from tests.support.simulation.order import NEWCOMER, Order
from tests.support.simulation.party import TASKS, Party
from tests.support.simulation.signals import posting_of
from tests.support.simulation.wiring import Surroundings

_ALL = 1_000
_MAX_ROUNDS = 40


@dataclass(frozen=True)
class Posted:
    """A signal that a node took in."""

    author: str
    local_id: str
    person: Bsn
    purpose: str


class World:
    """All of it; `seed` is for what the nodes draw at random."""

    def __init__(self, *, issuers: int, has_epochs: bool, seed: int) -> None:
        """Found a consortium of BZK and three or four issuers; see `Order.founded`."""
        self.order = Order.founded(issuers=issuers, has_epochs=has_epochs)
        self._beginning = _beginning(issuers, has_epochs)
        self.clock = FakeClock()
        self.bag: list[Message] = []
        self._lingering: list[Message] = []
        self.shown: dict[Digest, Dispatch] = {}
        self.posted: dict[str, Posted] = {}
        """By local id."""
        self.withdrawn: set[str] = set()
        """Local ids."""
        self.parties: dict[str, Party] = {}
        self._around = Surroundings(self.order, self.clock, Random(seed).randbytes, self)
        for member in self.order.consortium.members:
            self._start(member.name)

    def post(self, name: str, person: Bsn, purpose: str) -> None:
        """Post a signal at a node; it refuses one for which no slot is left."""
        local_id = self._around.random(16).hex()
        posting = posting_of(name, person, purpose)
        is_taken = self._act(name, lambda party: party.post(local_id, posting))
        if is_taken or self.parties[name].has("signal", f"local_id = '{local_id}'"):
            self.posted[local_id] = Posted(name, local_id, person, purpose)

    def withdraw(self, name: str, local_id: str) -> None:
        """Withdraw an own signal; the node refuses one that is not final."""
        is_taken = self._act(name, lambda p: finish(p.parts.withdrawal.withdraw(local_id)))
        if is_taken or self.parties[name].has("signal", f"local_id = '{local_id}' AND withdrawn"):
            self.withdrawn.add(local_id)

    def apply(self, name: str, batches: int) -> None:
        """Let a node take in more of the order."""
        self._act(name, lambda party: party.apply(batches))

    def take_effects(self, name: str, blocks: int) -> None:
        """Let more blocks be final at a node, and take effect."""
        self._act(name, lambda party: party.take_effects(blocks))

    def work(self, name: str, task: str) -> None:
        """Let a node do one of its `TASKS`, if there is anything to do."""
        self._act(name, lambda party: self._work(party, task))

    def arrive(self, index: int) -> None:
        """Let a message arrive."""
        message = self.bag.pop(index)
        try:
            message.arrive(self)
        except Died as death:
            self._bury(death)
            # Whoever waits for an answer of the dead hears of none.
            message.vanish(self)

    def lose(self, index: int) -> None:
        """Lose a message; its sender notices."""
        self.bag.pop(index).vanish(self)

    def copy(self, index: int) -> None:
        """Let a message be on its way twice."""
        if (copy := self.bag[index].copy()) is not None:
            self.bag.append(copy)

    def linger(self, index: int) -> None:
        """Let a message be on its way twice, once for so long that nobody expects it any more."""
        if (copy := self.bag[index].copy()) is not None:
            self._lingering.append(copy)

    def bring_lingering(self) -> None:
        """Let what was on its way for so long come near."""
        self.bag += self._lingering
        self._lingering = []

    def give_up(self, index: int) -> None:
        """Let a sender give up on a message that is still on its way."""
        self.copy(index)
        self.lose(index)

    def kill(self, name: str, *, after: int) -> None:
        """Let a node die after so many more statements and commits."""
        self.parties[name].database.ticks_left = after

    def restart(self, name: str) -> None:
        """Kill a node between two transactions; it comes back at once, without its memory."""
        self._bury(Died(name))

    def cut(self, name: str) -> None:
        """Let nobody reach a node, nor it anybody, and let it do nothing."""
        self.parties[name].is_up = False

    def mend(self, name: str) -> None:
        """Let a node go on."""
        self.parties[name].is_up = True

    def join(self) -> None:
        """Make the newcomer an issuer."""
        self.order.join()
        self._start(NEWCOMER)

    def settle(self, *, without: Sequence[str] = ()) -> bool:
        """Let everything arrive and be done, as far as nodes are up; tell whether that ended.

        Tasks that are left out wait.
        """
        for _ in range(_MAX_ROUNDS):
            before = self._pulse()
            for name in sorted(self.order.newest.issuers & set(self.parties)):
                self._catch_up(name)
                for task in TASKS:
                    if task not in without:
                        self.work(name, task)
            while self.bag:
                self.arrive(0)
            if self._pulse() == before:
                # The others only take in what issuers do.
                for name in sorted(set(self.parties) - self.order.newest.issuers):
                    self._catch_up(name)
                    self.work(name, "fetching")
                if not self.bag and self._pulse() == before:
                    return True
        return False

    def items(self, source: str, asker: str, entry_ids: Sequence[Digest]) -> list[bytes]:
        """Return what `source` has of these entries for `asker`; see `ItemServers`."""
        party = self.parties[source]
        with party.database.read() as connection:
            pickup = party.parts.pickup
            return [pickup.part_for(connection, i, asker) or b"" for i in entry_ids]

    def reachable(self, name: str) -> Party | None:
        """Return the node of that name if it can be reached; see `Nodes`."""
        party = self.parties.get(name)
        return party if party is not None and party.is_up else None

    def _start(self, name: str) -> None:
        if name not in self.parties:
            database = _database(name)
            database.wipe(self._beginning)
            self.parties[name] = Party(name, self._around, database)

    def _catch_up(self, name: str) -> None:
        self.apply(name, _ALL)
        self.take_effects(name, _ALL)

    def _act(self, name: str, action: Callable[[Party], object]) -> bool:
        """Do something at a node that is up; tell whether the node said that it is done."""
        party = self.reachable(name)
        if party is None:
            return False
        try:
            action(party)
        except (ConflictError, InputError):
            return False
        except Died as death:
            self._bury(death)
            return False
        return True

    def _bury(self, death: Died) -> None:
        party = self.parties[death.args[0]]
        party.database.ticks_left = None
        party.revive()

    def _work(self, party: Party, task: str) -> None:
        if not party.has_work(task):
            return
        parts = party.parts
        if task == "posting":
            send_signals(party, self)
        elif task == "sending":
            send_dispatches(party, self)
        elif task == "placing":
            begin(self, party, task, parts.locating._place())
        elif task == "fetching":
            begin(self, party, task, parts.inbox.fetch())
        elif task == "answering":
            finish(parts.answering.answer())
        elif task == "erasing":
            finish(parts.withdrawal.erase())
        else:
            finish(parts.cases.build())

    def _pulse(self) -> object:
        return len(self.order.batches), [
            (p.position, p.done, p.life, p.database.raw.total_changes)
            for p in self.parties.values()
        ]


def forget_databases() -> None:
    """Make the databases of all worlds to come anew."""
    _database.cache_clear()
    _beginning.cache_clear()


@lru_cache(maxsize=8)
def _database(name: str) -> MemoryDatabase:
    # One a process: statements that were compiled for it once serve all worlds.
    return MemoryDatabase(name)


@lru_cache(maxsize=4)
def _beginning(issuers: int, has_epochs: bool) -> sqlite3.Connection:
    """Return the database of a node, whichever, that has taken in what every order begins with."""
    database = MemoryDatabase("anybody")
    database.wipe(schema())
    order = Order.founded(issuers=issuers, has_epochs=has_epochs)
    around = Surroundings(order, FakeClock(), Random(0).randbytes, cast(Any, None))
    party = Party(NEWCOMER, around, database)
    party.apply(_ALL)
    party.take_effects(_ALL)
    beginning = sqlite3.connect(":memory:")
    database.raw.backup(beginning)
    database.close()
    return beginning
