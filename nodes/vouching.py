"""Vouching: after a start, a node cosigns nothing before others say what it cosigned last.

A node whose disk was set back to yesterday could cosign a second history for sizes that it has
cosigned already. So each node remembers the newest cosignature of every other that became part of a
final checkpoint, and a node that starts asks for its own:

    two answers suffice     if the node's disk holds at least what was cosigned, as it should
    a quorum of answers     if its disk is new, or older than what it has cosigned

An answer counts once this node's own history extends what it shows. Whoever has seen nothing says
so, and counts too. What is shown carries this node's own signature, so nobody can invent it.
"""

import asyncio
import logging

from sqlalchemy import Connection

from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, verify_cosignature
from ledger.errors import LedgerError, VerificationError
from nodes.errors import NodeError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import VOUCH
from nodes.progress import Progress
from nodes.replica import Replica
from nodes.store import cosigned
from nodes.store.database import Database

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.2
_MAX_RETRY_SECONDS = 5.0
_INTACT = 2
"""How many answers suffice where nothing speaks against the disk."""


class Vouching:
    """Knows whether this node may cosign, and answers others who ask the same."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        peers: Peers,
        progress: Progress,
    ) -> None:
        """Begin with what is on disk now: that is what the node starts with."""
        self._member = keyring.member
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._peers = peers
        self._progress = progress
        self._start = 0 if replica.tip is None else replica.tip.size
        self._shown: dict[str, Checkpoint | None] = {}
        self._done = asyncio.Event()
        self.disputes: set[str] = set()
        """Who shows a cosignature of this node's that its own history contradicts."""

    async def run(self) -> None:
        """Ask until enough have vouched for this node."""
        pause = _RETRY_SECONDS
        await self._progress.applied.wait_for(1)
        while not self._is_enough():
            await self._ask_others()
            if self._is_enough():
                break
            _log.warning("cosigning waits: %s", self.trouble)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MAX_RETRY_SECONDS)
        self._done.set()

    @property
    def is_done(self) -> bool:
        """Tell whether this node may cosign."""
        return self._done.is_set()

    async def verify(self, *, timeout: float) -> None:
        """Check that this node may cosign, or may within `timeout` seconds.

        Raises:
            VerificationError: not yet.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._done.wait()
        except TimeoutError as cause:
            raise VerificationError(f"this node cosigns nothing yet: {self.trouble}") from cause

    @property
    def trouble(self) -> str | None:
        """Say what is missing before this node may cosign; None: nothing."""
        if self.is_done:
            return None
        if self.disputes:
            return f"{', '.join(sorted(self.disputes))} shows that it cosigned another history"
        silent = sorted(set(self._others()) - self._shown.keys())
        counted = len(self._counted())
        waited = f"; waiting for {', '.join(silent)}" if silent else "; its history is older"
        return f"{counted} of {self._needed()} members vouch for what it cosigned last{waited}"

    def last_of(self, member: str) -> bytes:
        """Return the newest final checkpoint with a cosignature of `member`'s, or nothing."""
        with self._database.read() as connection:
            return cosigned.newest_of(connection, member)

    def remember(self, connection: Connection, signed: SignedCheckpoint) -> None:
        """Keep whose cosignatures stand under a checkpoint that becomes final."""
        document = self._replica.document
        witnesses = () if document is None else document.witnesses
        owners = {(k.name, k.id): w.name for w in witnesses for k in w.cosigning_keys}
        by = {owners.get((line.name, line.key_id)) for line in signed.note.signatures}
        cosigned.remember(
            connection,
            [name for name in by if name is not None and name != self._member],
            size=signed.checkpoint.size,
            note=signed.encode(),
        )

    async def _ask_others(self) -> None:
        """Ask all that have not answered, until enough have."""
        silent = [name for name in self._others() if name not in self._shown]
        asking = [asyncio.create_task(self._ask(name)) for name in silent]
        try:
            for answered in asyncio.as_completed(asking):
                await answered
                if self._is_enough():
                    return
        finally:
            for task in asking:
                task.cancel()

    async def _ask(self, name: str) -> None:
        try:
            raw = await self._peers.ask(name, VOUCH)
            self._shown[name] = self._read(raw) if raw else None
        except (NodeError, LedgerError) as cause:
            _log.info("%s does not vouch: %s", name, cause)

    def _read(self, raw: bytes) -> Checkpoint:
        """Return the checkpoint that this node is shown to have cosigned.

        Raises:
            LedgerError: it did not.
        """
        signed = SignedCheckpoint.decode(raw)
        own = {generation.cosigning.verifier for generation in self._keyring.generations}
        own.add(self._keyring.cosigning.verifier)
        keys = {(key.name, key.id): key for key in own}
        for line in signed.note.signatures:
            key = keys.get((line.name, line.key_id))
            if key is not None:
                verify_cosignature(line, checkpoint_text=signed.note.text, key=key)
                return signed.checkpoint
        raise VerificationError("vouching: not a cosignature of this node's")

    def _is_enough(self) -> bool:
        counted = self._counted()
        return not self.disputes and len(counted) >= self._needed()

    def _counted(self) -> list[str]:
        """Return whose answers this node's own history extends; note who contradicts it."""
        counted = []
        for name, shown in self._shown.items():
            if shown is None:
                counted.append(name)
            elif shown.size <= self._progress.applied.value:
                if self._own(shown.size) == shown:
                    counted.append(name)
                else:
                    self.disputes.add(name)
        return counted

    def _needed(self) -> int:
        others = self._others()
        shown = [checkpoint.size for checkpoint in self._shown.values() if checkpoint is not None]
        is_intact = 0 < self._start >= max(shown, default=0)
        document = self._replica.document
        quorum = 0 if document is None else document.quorum
        return min(_INTACT if is_intact else quorum, len(others))

    def _others(self) -> list[str]:
        document = self._replica.document
        witnesses = () if document is None else document.witnesses
        names = [witness.name for witness in witnesses]
        # Who is no witness cosigns nothing, whatever others say.
        return [name for name in names if name != self._member] if self._member in names else []

    def _own(self, size: int) -> Checkpoint:
        with self._database.read() as connection:
            return self._replica.checkpoint_at(connection, size)
