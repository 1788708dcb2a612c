"""Databases that are migrated once and copied, and replicas on them.

migrated = migrate(folder)              # once: migrations are slow
database = copy_of(migrated, folder)
follower = Follower(database)           # a real replica, and the chain it must have
follower.apply(raw, raw)                # one batch
follower.restarted()                    # the state of a node that starts on this database
"""

import shutil
from pathlib import Path

from ledger.entry import SignedEntry
from ledger.errors import RefusedError
from ledger.state import State
from nodes.replica import Applied, Replica
from nodes.sequencer.port import Batch
from nodes.store.database import Database
from nodes.store.vault import Vault
from tests.support.chain import ChainBuilder, make_founding
from tests.support.parties import Consortium

VAULT = Vault(box_key=b"\x01" * 32, mac_key=b"\x02" * 32)


def migrate(folder: Path) -> Path:
    """Return the file of an empty database with the newest schema."""
    database = Database(folder / "empty.db")
    assert database.truncate_log()
    database.close()
    return database.path


def copy_of(migrated: Path, folder: Path) -> Database:
    """Open a copy of an empty database in `folder`."""
    return Database(Path(shutil.copy(migrated, folder / "node.db")))


class Follower:
    """A replica on `database`, beside the `chain` that it must come to."""

    def __init__(self, database: Database, consortium: Consortium | None = None) -> None:
        """Begin with the founding block."""
        self.database = database
        self.chain = ChainBuilder(consortium)
        self._founding = SignedEntry.decode(make_founding(self.chain.consortium))
        self.replica = Replica(database, self._founding)
        self._position = 0
        self._apply(self._founding.encode())

    @property
    def state(self) -> State:
        """Return the replica's state."""
        return self.replica.state

    def apply(self, *batch: bytes) -> Applied:
        """Apply entry notes as one batch, refused ones too."""
        for raw in batch:
            try:
                self.chain.apply(raw)
            except RefusedError:
                continue
        return self._apply(*batch)

    def catch_up(self) -> Applied:
        """Apply, as one batch, what `chain` was given directly."""
        blocks = self.chain.blocks[self.state.height :]
        return self._apply(*(block.partition(b"\n\n")[2] for block in blocks))

    def restarted(self) -> State:
        """Return the state of a node that starts on this database."""
        return Replica(self.database, self._founding).state

    def _apply(self, *batch: bytes) -> Applied:
        self._position += 1
        with self.database.begin() as connection:
            applied = self.replica.apply(connection, Batch(self._position, batch))
        self.replica.tip = applied.tip
        return applied
