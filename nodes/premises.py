"""The premises: what every part of a node works with.

Its keys and settings, its clock, its disk and the one who writes on it, the chain as far as it is
here, the order, the other members, and the stores of what it posted, keeps and sends.
"""

from ledger.entry import SignedEntry
from nodes.clock import Clock
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import Transport
from nodes.progress import Progress
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer
from nodes.settings import Settings
from nodes.shares import Shares
from nodes.store import chain
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.dispatches import Dispatches
from nodes.store.signals import Signals
from nodes.store.vault import Vault
from nodes.store.writer import Writer
from nodes.witness import NEWEST


class Premises:
    """One of each, wired; the parts of a node take from it what they need."""

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: Keyring,
        vault: Vault,
        founding: SignedEntry,
        clock: Clock,
        database: Database,
        sequencer: Sequencer,
        transport: Transport,
    ) -> None:
        """Take up the chain where the database has it.

        Raises:
            ConfigurationError: founding entry or database cannot be used.
        """
        self.settings = settings
        self.keyring = keyring
        self.member = keyring.member
        self.origin = keyring.origin
        self.vault = vault
        self.clock = clock
        self.database = database
        self.sequencer = sequencer
        self.replica = Replica(database, founding)
        if self.replica.document is not None:
            keyring.begin(self.replica.document)
        self.writer = Writer(database, on_rollback=self.replica.forget)
        self.signals, self.custody = Signals(vault), Custody(vault)
        self.dispatches = Dispatches(vault)
        self.shares = Shares(settings.keys)
        with database.read() as connection:
            newest = chain.checkpoint(connection, NEWEST)
        tip = self.replica.tip
        self.progress = Progress(
            applied=0 if tip is None else tip.size, final=0 if newest is None else newest.size
        )
        self.peers = Peers(
            member=keyring.member,
            keyring=keyring,
            replica=self.replica,
            transport=transport,
            clock=clock,
            timeout=settings.peer_timeout_seconds,
        )
