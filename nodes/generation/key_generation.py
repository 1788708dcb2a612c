"""Key generation: what a node leads and takes part in generations with, wired."""

from nodes.generation.agreements import FILE as AGREEMENTS_FILE
from nodes.generation.agreements import Agreements
from nodes.generation.leader import Leader
from nodes.generation.participant import Participant
from nodes.generation.progress import FILE as PROGRESS_FILE
from nodes.governance import Governance
from nodes.premises import Premises


class KeyGeneration:
    """`leader` leads on request, `participant` answers, `agreements` holds what was agreed to."""

    def __init__(self, premises: Premises, *, governance: Governance) -> None:
        """Wire; files are in the folder for data."""
        folder = premises.settings.data_dir
        self.agreements = Agreements(
            folder / AGREEMENTS_FILE, replica=premises.replica, clock=premises.clock
        )
        self.participant = Participant(
            keyring=premises.keyring,
            replica=premises.replica,
            shares=premises.shares,
            agreements=self.agreements,
            clock=premises.clock,
        )
        self.leader = Leader(
            keyring=premises.keyring,
            replica=premises.replica,
            peers=premises.peers,
            participant=self.participant,
            agreements=self.agreements,
            governance=governance,
            clock=premises.clock,
            progress=folder / PROGRESS_FILE,
        )
