"""The postroom: what takes signals in from callers and brings them onto the chain, wired."""

from nodes.intake import Intake
from nodes.linkage import Linkage
from nodes.logbook import Logbook
from nodes.outbox import Outbox
from nodes.pending import Pending
from nodes.premises import Premises
from nodes.pusher import Pusher
from nodes.recovery import Recovery
from nodes.reposting import Reposting


class Postroom:
    """`intake` is for callers; the rest runs by itself."""

    def __init__(self, premises: Premises, *, linkage: Linkage, logbook: Logbook) -> None:
        """Wire; each signal gets its place in `linkage`."""
        self.pending = Pending(
            member=premises.member,
            replica=premises.replica,
            database=premises.database,
            signals=premises.signals,
        )
        self.outbox = Outbox(
            keyring=premises.keyring,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            signals=premises.signals,
            pending=self.pending,
            pusher=Pusher(
                keyring=premises.keyring,
                replica=premises.replica,
                peers=premises.peers,
                clock=premises.clock,
            ),
            sequencer=premises.sequencer,
            clock=premises.clock,
        )
        self.intake = Intake(
            member=premises.member,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            signals=premises.signals,
            vault=premises.vault,
            pending=self.pending,
            outbox=self.outbox,
            clock=premises.clock,
            reserve=linkage.locating.reserve,
            logbook=logbook,
        )
        self.reposting = Reposting(
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            signals=premises.signals,
            matches=linkage.matches,
            pending=self.pending,
            intake=self.intake,
            withdrawal=linkage.withdrawal,
        )
        self.recovery = Recovery(
            member=premises.member,
            sealing=premises.keyring.sealing,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            orphans=premises.signals.orphans,
            peers=premises.peers,
            logbook=logbook,
        )
