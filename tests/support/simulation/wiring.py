"""The real parts of matching at one node, wired as `nodes.node` does, on simulated ground."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection

from nodes.answering import Answering
from nodes.cases import Cases
from nodes.closing import Closing
from nodes.custodian import Custodian
from nodes.effects import Effects
from nodes.inbox import Inbox
from nodes.locating import Locating
from nodes.logbook import Logbook
from nodes.matcher import Matcher
from nodes.matching import Matching
from nodes.pickup import Pickup
from nodes.prober import Prober
from nodes.store.custody import Custody
from nodes.store.dispatches import Dispatches
from nodes.store.logbook import Logs
from nodes.store.matches import Matches
from nodes.store.presence import Presences
from nodes.store.signals import Signals
from nodes.store.vault import Vault
from nodes.store.watch import Watch
from nodes.withdrawal import Withdrawal
from tests.support.fakes import FakeClock
from tests.support.signers import ORIGIN
from tests.support.simulation.fakes import (
    CallingInbox,
    Holders,
    ItemServers,
    KeptShares,
    Nobody,
    OrderedReplica,
    QueueCourier,
)
from tests.support.simulation.memory import MemoryDatabase, MemoryWriter
from tests.support.simulation.order import Order
from tests.support.simulation.signals import keyring_of

VAULT = Vault(box_key=b"\x01" * 32, mac_key=b"\x02" * 32)


@dataclass(frozen=True)
class Surroundings:
    """What a node finds around it."""

    order: Order
    clock: FakeClock
    random: Callable[[int], bytes]
    peers: ItemServers


class Stores:
    """The tables of a node; the keys of their indexes differ, as a node's do."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        """Hold no connection: every method is given one."""
        self.signals = Signals(VAULT)
        self.custody = Custody(VAULT)
        self.dispatches = Dispatches(VAULT)
        self.logs = Logs(VAULT)
        self.presences = Presences(VAULT, index_key=b"\x03" * 32)
        self.watch = Watch(VAULT, index_key=b"\x04" * 32)
        self.matches = Matches(VAULT, index_key=b"\x05" * 32, random=random)


@dataclass(frozen=True)
class Parts:
    """What does the work."""

    courier: QueueCourier
    pickup: Pickup
    custodian: Custodian
    locating: Locating
    answering: Answering
    inbox: Inbox
    withdrawal: Withdrawal
    cases: Cases
    matching: Matching
    effects: Effects


def wire(
    member: str,
    around: Surroundings,
    stores: Stores,
    database: MemoryDatabase,
    replica: OrderedReplica,
    shares: KeptShares,
) -> Parts:
    """Wire the node of `member`; nothing of it has a memory yet."""
    keyring = keyring_of(member)
    # The fakes have of a replica, a writer, holders and shares what these parts ask of them.
    common: dict[str, Any] = {"replica": replica, "writer": MemoryWriter(database)}
    logbook = Logbook(
        logs=stores.logs,
        clock=around.clock,
        subject_key=b"\x06" * 32,
        activities="urn:test:",
        random=around.random,
        **common,
    )
    matcher = Matcher(
        member=member,
        origin=ORIGIN,
        replica=cast(Any, replica),
        presences=stores.presences,
        watch=stores.watch,
        matches=stores.matches,
    )
    prober = Prober(
        member=member,
        origin=ORIGIN,
        matcher=matcher,
        presences=stores.presences,
        watch=stores.watch,
        matches=stores.matches,
        random=around.random,
    )
    closing = Closing(matcher=matcher, presences=stores.presences, watch=stores.watch)
    courier = QueueCourier(
        keyring=keyring,
        database=database,
        dispatches=stores.dispatches,
        handover=cast(Any, None),
        sequencer=cast(Any, around.order),
        clock=around.clock,
        random=around.random,
        **common,
    )
    sending: dict[str, Any] = {"dispatches": stores.dispatches, "courier": courier, **common}
    locating = Locating(
        member=member,
        origin=ORIGIN,
        database=database,
        signals=stores.signals,
        presences=stores.presences,
        evaluator=cast(Any, Holders(around.order, replica)),
        clock=around.clock,
        logbook=logbook,
        random=around.random,
        **sending,
    )
    withdrawal = Withdrawal(
        member=member,
        vault=VAULT,
        signals=stores.signals,
        matches=stores.matches,
        matcher=matcher,
        closing=closing,
        logbook=logbook,
        **sending,
    )
    inbox = CallingInbox(
        keyring=keyring,
        database=database,
        custody=stores.custody,
        signals=stores.signals,
        dispatches=stores.dispatches,
        prober=prober,
        closing=closing,
        peers=cast(Any, around.peers),
        clock=around.clock,
        logbook=logbook,
        on_frame=_nothing,
        **common,
    )
    matching = Matching(
        member=member,
        replica=cast(Any, replica),
        signals=stores.signals,
        presences=stores.presences,
        watch=stores.watch,
        dispatches=stores.dispatches,
        matcher=matcher,
        closing=closing,
        locating=locating,
        withdrawal=withdrawal,
        inbox=inbox,
        beat=cast(Any, None),
        shares=cast(Any, shares),
    )
    return Parts(
        courier=courier,
        pickup=Pickup(
            keyring=keyring,
            replica=cast(Any, replica),
            database=cast(Any, database),
            dispatches=stores.dispatches,
            custody=stores.custody,
            clock=around.clock,
        ),
        custodian=Custodian(
            member=member,
            keyring=keyring,
            database=database,
            custody=stores.custody,
            clock=around.clock,
            logbook=logbook,
            **common,
        ),
        locating=locating,
        answering=Answering(member=member, prober=prober, clock=around.clock, **sending),
        inbox=inbox,
        withdrawal=withdrawal,
        cases=Cases(
            member=member,
            database=database,
            matches=stores.matches,
            signals=stores.signals,
            logbook=logbook,
            **common,
        ),
        matching=matching,
        effects=Effects(
            member=member,
            database=database,
            writer=common["writer"],
            signals=stores.signals,
            custody=stores.custody,
            outbox=cast(Any, Nobody()),
            matching=matching,
            closing=closing,
            on_day=_no_day,
            on_taken=_nothing,
            progress=cast(Any, None),
            clock=around.clock,
        ),
    )


def _nothing() -> None:
    """Wake nobody: the schedule says who goes on."""


def _no_day(connection: Connection, day: int) -> None:
    """Turn nothing more than the effects do themselves: no schedule has exchanges."""
