"""The publisher: at each step of the clock shows strangers a newer final checkpoint.

A step is an hour, so that nobody outside sees at which minute an agency posted. What is shown bears
the cosignatures of the quorum that made it final and, of every witness that answers, one that
quantum computers cannot forge (type 06): a receipt lives longer than what is on its way between
members. Whoever does not answer is passed over, and asked again at the next step.
"""

import asyncio
import logging
from functools import partial

from sqlalchemy import Connection

from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint, verify_cosignature
from ledger.errors import LedgerError
from ledger.key import KeyType, VerifierKey
from ledger.note import Note, SignatureLine
from nodes.clock import Clock
from nodes.errors import NodeError
from nodes.peers.client import Peers
from nodes.peers.port import COSIGN_OUTSIDE
from nodes.replica import Replica
from nodes.store import chain as store
from nodes.store.database import Database
from nodes.store.writer import Writer
from nodes.witness import NEWEST, Witness

_log = logging.getLogger(__name__)
PUBLIC = "public"


class Publisher:
    """Keeps the checkpoint that readers see who are not members."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        database: Database,
        writer: Writer,
        witness: Witness,
        peers: Peers,
        clock: Clock,
        step: int,
    ) -> None:
        """Show a newer checkpoint every `step` seconds."""
        self._member = member
        self._replica = replica
        self._database = database
        self._writer = writer
        self._witness = witness
        self._peers = peers
        self._clock = clock
        self._step = step

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            try:
                await self.publish(int(self._clock.now().timestamp()) // self._step)
            except (NodeError, LedgerError) as cause:
                _log.warning("the public checkpoint waits: %s", cause)
            await asyncio.sleep(min(1.0, self._step / 2))

    async def publish(self, step: int) -> None:
        """Show what is final at the clock's step number `step`, once."""
        with self._database.read() as connection:
            newest = store.checkpoint(connection, NEWEST)
            shown = store.checkpoint(connection, PUBLIC)
            if newest is None or (shown is not None and shown.shown_at >= step):
                return
            document = self._replica.document_at(connection, newest.size)
        is_new = shown is None or shown.size != newest.size
        note = newest.note if shown is None or is_new else shown.note
        if document is not None:
            note = (await self._strengthen(SignedCheckpoint.decode(note), document)).encode()
        row = store.StoredCheckpoint(name=PUBLIC, size=newest.size, note=note, shown_at=step)
        await self._writer.do(partial(_put, row=row))

    async def _strengthen(self, signed: SignedCheckpoint, document: Consortium) -> SignedCheckpoint:
        """Return `signed` with a line of type 06 of each witness that gives one."""
        present = {(line.name, line.key_id) for line in signed.note.signatures}
        keys = {
            witness.name: key
            for witness in document.witnesses
            for key in witness.cosigning_keys
            if key.type is KeyType.COSIGNATURE_ML_DSA and (key.name, key.id) not in present
        }
        asked = (self._ask(name, signed, key) for name, key in keys.items())
        lines = [line for line in await asyncio.gather(*asked) if line is not None]
        ordered = sorted((*signed.note.signatures, *lines), key=SignatureLine.encode)
        return SignedCheckpoint(signed.checkpoint, Note(signed.note.text, tuple(ordered)))

    async def _ask(
        self, name: str, signed: SignedCheckpoint, key: VerifierKey
    ) -> SignatureLine | None:
        text = signed.note.text
        try:
            if name == self._member:
                line = await self._witness.cosign_outside(signed.checkpoint, timeout=0)
            else:
                raw = await self._peers.ask(name, COSIGN_OUTSIDE, text.encode())
                line = SignatureLine.decode(raw.decode(errors="replace"))
            verify_cosignature(line, checkpoint_text=text, key=key)
        except (NodeError, LedgerError) as cause:
            _log.info("no post-quantum cosignature of %s: %s", name, cause)
            return None
        return line


def _put(connection: Connection, *, row: store.StoredCheckpoint) -> None:
    store.put_checkpoint(connection, row)
