"""A simulated node: what it does between two waits, each as one method.

What it has in memory is lost when it dies; `revive` begins again with what its database holds.
"""

from typing import Any, cast

from sqlalchemy import Connection

from ledger.encoding import Digest
from ledger.heights import Heights
from nodes.replica import Applied
from nodes.signal import Draft, Posting
from nodes.store import chain, matching
from nodes.store.signals import Outgoing
from tests.support.simulation.calls import finish
from tests.support.simulation.fakes import KeptShares, OrderedReplica
from tests.support.simulation.memory import MemoryDatabase, MemoryWriter
from tests.support.simulation.signals import draft_of, keyring_of
from tests.support.simulation.wiring import Stores, Surroundings, wire

TASKS = ("posting", "sending", "placing", "fetching", "answering", "erasing", "building")
"""What a node does of itself, whenever there is something to do."""
_TABLES = {
    "placing": "placing",
    "fetching": "wanted",
    "erasing": "withdrawing",
    "building": "new_match",
}


class Party:
    """The node of the member `name`."""

    def __init__(self, name: str, around: Surroundings, database: MemoryDatabase) -> None:
        """Begin with what is in the database, which may be nothing."""
        self.name = name
        self.database = database
        self.stores = Stores(around.random)
        self.shares = KeptShares()
        self.is_up = True
        self.life = 0
        """Which run of the node this is."""
        self._around = around
        self.revive()

    def revive(self) -> None:
        """Start, or start again, from what the database holds."""
        self.life += 1
        with self.database.read() as connection:
            self.replica = OrderedReplica(self._around.order, chain.chain_size(connection))
            self.position = chain.cursor(connection, "applied")
            self.done = chain.cursor(connection, "effects")
            waiting = self.stores.dispatches.waiting(connection)
            self.unsent = self.stores.signals.waiting(connection)
        self.parts = wire(
            self.name, self._around, self.stores, self.database, self.replica, self.shares
        )
        self.parts.courier.queued = waiting
        self.busy: set[str] = set()
        """What it does now that waits for others."""
        self.parts.matching.resume(self.done)
        # What an earlier life handed in may stand in the order: `Courier.run` waits for it.
        self._caught_up_at = len(self._around.order.batches)

    def has(self, table: str, condition: str = "TRUE") -> bool:
        """Tell whether a table of its database has such a row."""
        return self.database.holds(table, condition)

    def has_work(self, task: str) -> bool:
        """Tell whether there is anything to do of that kind, and it does not wait for it now."""
        if task in self.busy:
            return False
        if task == "posting":
            return self._may_send and bool(self.unsent)
        if task == "sending":
            return self._may_send and bool(self.parts.courier.queued)
        if task == "answering":
            return self.has("frame", "entry_id IS NULL") or self.has("wanted", "kind = 'locate'")
        return self.has(_TABLES[task])

    def post(self, local_id: str, posting: Posting) -> None:
        """Take in a posting, in a transaction as `Outbox.post` has.

        Raises:
            InputError: no slot is left for the person.
        """
        draft = self._draft(posting)

        def add(connection: Connection) -> None:
            self.parts.locating.reserve(connection, local_id, posting)
            self.stores.signals.add(
                connection,
                local_id=local_id,
                posting=posting,
                draft=draft,
                idempotency_mac=bytes.fromhex(local_id),
                request_mac=b"",
            )

        self._write(add)
        self.unsent.append(local_id)

    def outgoing(self, local_id: str) -> Outgoing | None:
        """Return a signal that is not on the chain, made anew under today's date if need be."""
        with self.database.read() as connection:
            found = self.stores.signals.outgoing(connection, [local_id])
            if not found or found[0].signed.entry.day == self._around.clock.today():
                return found[0] if found else None
            posting = self.stores.signals.posting(connection, local_id)
        draft = self._draft(posting)
        self._write(
            lambda connection: self.stores.signals.redraft(
                connection, local_id=local_id, posting=posting, draft=draft
            )
        )
        return self.outgoing(local_id)

    def apply(self, count: int) -> None:
        """Take in the next batches of the order in one transaction, as `Node` and `Writer` do."""
        batches = self._around.order.batches[self.position : self.position + count]
        if not batches:
            return
        blocks = [block for batch in batches for block in batch.appended]
        refused = [refusal for batch in batches for refusal in batch.refused]
        joined = Applied(tuple(blocks), tuple(refused), None)
        end = self.position + len(batches)
        again, unsent = self._write(lambda connection: self._apply(connection, joined, end=end))
        self.position = end
        self.unsent += unsent
        for entry_id in again:
            self.parts.courier.later(entry_id, is_refused=True)

    def take_effects(self, count: int) -> None:
        """Let the next blocks take effect, as those of what it has applied that are final."""
        end = min(self.done + count, self.replica.height)
        if end > self.done:
            finish(self.parts.effects.take(start=self.done, end=end))
            self.done = end

    @property
    def _may_send(self) -> bool:
        return self.position >= self._caught_up_at

    def _apply(
        self, connection: Connection, batch: Applied, *, end: int
    ) -> tuple[list[Digest], list[str]]:
        blocks = batch.appended
        chain.add_blocks(connection, blocks, [cast(Any, (0, b.height, b"")) for b in blocks])
        for block in blocks:
            if block.admission.kind == "locate":
                named = Heights.decode(block.admission.further).named
                matching.add_located(connection, block.height, named)
        own = [
            (block.height, block.admission.id)
            for block in blocks
            if (block.admission.author, block.admission.kind) == (self.name, "signal")
        ]
        if own:
            self.stores.signals.put_on_chain(connection, own)
        again = self.parts.courier.landed(connection, batch)
        skipped = [entry_id for entry_id, _ in batch.refused if entry_id is not None]
        unsent = [i for _, i in self.stores.signals.local_ids(connection, skipped)]
        chain.move_cursor(connection, "applied", end)
        # The state goes ahead of the disk by no more than this transaction.
        self.replica.height += len(blocks)
        return again, unsent

    def _draft(self, posting: Posting) -> Draft:
        around = self._around
        return draft_of(
            posting, keyring=keyring_of(self.name), clock=around.clock, random=around.random
        )

    def _write(self, work: Any) -> Any:
        return MemoryWriter(self.database).write(work)
