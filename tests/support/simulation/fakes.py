"""What surrounds the real parts of a simulated node: order, holders and peers, each a few lines."""

from collections.abc import Sequence
from typing import Protocol, cast

from sqlalchemy import Connection

from ledger.consortium import Consortium
from ledger.encoding import Digest
from ledger.epoch import EpochDocument
from ledger.state import State
from nodes.courier import Courier
from nodes.errors import PeerUnreachableError
from nodes.evaluator import Person
from nodes.inbox import Inbox
from tests.support.simulation.calls import Call
from tests.support.simulation.order import Order, pseudonym

HOLDERS = "holders"
"""The name under which all key holders answer as one."""


class OrderedReplica:
    """A `Replica` that has the first `height` blocks of the order."""

    def __init__(self, order: Order, height: int) -> None:
        """Read from `order`."""
        self._order = order
        self.height = height

    @property
    def state(self) -> State:
        """See `Replica`."""
        return self._order.states[self.height]

    @property
    def document(self) -> Consortium | None:
        """See `Replica`."""
        return self.state.document

    def document_at(self, connection: Connection, height: int) -> Consortium | None:
        """See `Replica`."""
        return self._order.states[height].document


class QueueCourier(Courier):
    """A courier that leaves it to the schedule when what is queued goes on its way."""

    queued: list[Digest]

    def send(self, entry_id: Digest) -> None:
        """See `Courier`."""
        self.queued.append(entry_id)

    def later(self, entry_id: Digest, *, is_refused: bool = False) -> None:
        """See `Courier`."""
        self.queued.append(entry_id)


class CallingInbox(Inbox):
    """An inbox whose questions the schedule carries."""

    async def _ask(self, source: str, entry_ids: Sequence[Digest], origin: str) -> list[bytes]:
        peers = cast(ItemServers, self._peers)
        parts: list[bytes] = await Call(
            source, lambda: peers.items(source, self._member, entry_ids)
        )
        return parts


class ItemServers(Protocol):
    """All nodes, as those that have items for others."""

    def items(self, source: str, asker: str, entry_ids: Sequence[Digest]) -> list[bytes]:
        """Return what `source` has of these entries for `asker`."""


class Holders:
    """An `Evaluator` whose holders evaluate under what is open when they are asked."""

    def __init__(self, order: Order, replica: OrderedReplica) -> None:
        """Ask for the node that reads `replica`."""
        self._order = order
        self._replica = replica

    async def pseudonyms(
        self, persons: Sequence[Person], *, purpose: str
    ) -> dict[int, list[bytes]]:
        """See `Evaluator`."""
        epochs = self._replica.state.epochs.with_key(purpose)
        if not epochs:
            raise PeerUnreachableError("no epoch is open")
        found: dict[int, list[bytes]] = await Call(
            HOLDERS, lambda: self._evaluate(persons, purpose, epochs)
        )
        return found

    def _evaluate(
        self, persons: Sequence[Person], purpose: str, epochs: Sequence[EpochDocument]
    ) -> dict[int, list[bytes]]:
        still = self._order.newest.epochs.with_key(purpose)
        if any(epoch not in still for epoch in epochs):
            raise PeerUnreachableError("a share was destroyed")
        return {
            epoch.number: [pseudonym(person.message, purpose, epoch.number) for person in persons]
            for epoch in epochs
        }


class KeptShares:
    """The epochs of which this node destroyed its shares: on disk, whatever becomes of the node."""

    def __init__(self) -> None:
        """Have destroyed nothing."""
        self.destroyed: set[tuple[str, int]] = set()

    def destroy(self, *, purpose: str, number: int) -> int:
        """See `Shares`."""
        self.destroyed.add((purpose, number))
        return 1

    def settle(self, document: EpochDocument) -> int:
        """See `Shares`."""
        return 0


class Nobody:
    """Whoever waits for own signals to be final: nobody."""

    def finalized(self, local_ids: Sequence[str]) -> None:
        """See `Outbox`."""
