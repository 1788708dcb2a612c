"""The pickup: gives receivers that were down their parts of entries, when they come and ask.

Of own entries as long as their dispatches are kept, and of others' whose custodian this node is.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Share
from ledger.encoding import split_enc
from ledger.errors import MalformedError
from ledger.parts import frame_index, own_indexes
from ledger.seal import SealingPublicKey
from nodes.clock import Clock
from nodes.custodian import MAX_PUSH
from nodes.keyring import Keyring
from nodes.peers.port import ITEMS
from nodes.peers.sealed import seal_fields
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.dispatches import LEFT, Dispatch, Dispatches

_MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Half of what a peer message may have; who asked for more asks again."""


class Pickup:
    """Answers who asks for items."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        dispatches: Dispatches,
        custody: Custody,
        clock: Clock,
    ) -> None:
        """Answer as the keyring's member."""
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._dispatches = dispatches
        self._custody = custody
        self._clock = clock

    def items(self, payload: bytes, *, sender: str, to: SealingPublicKey) -> bytes:
        """Return `sender`'s parts of the entries in `payload`, sealed; empty where it has none.

        Of own entries, and of others' that were left here for it; empty, too, beyond 8 MiB.

        Raises:
            MalformedError: not a list of up to 64 entry ids.
        """
        ids = split_enc(payload)
        if not 1 <= len(ids) <= MAX_PUSH:
            raise MalformedError(f"items: expected 1 to {MAX_PUSH} entry ids")
        with self._database.read() as connection:
            parts: list[bytes] = []
            room = _MAX_ANSWER_BYTES
            for entry_id in ids:
                part = (self.part_for(connection, entry_id, sender) if room > 0 else None) or b""
                room -= len(part)
                parts.append(part)
        return seal_fields(
            parts,
            to=to,
            origin=self._keyring.origin,
            operation=ITEMS,
            sender=self._keyring.member,
            day=self._clock.today().isoformat(),
        )

    def part_for(self, connection: Connection, entry_id: bytes, receiver: str) -> bytes | None:
        """Return the receiver's part of an entry, as an encoded share; None where there is none."""
        dispatch = self._dispatches.get(connection, entry_id)
        if dispatch is not None:
            indexes = self._indexes_for(connection, dispatch, receiver)
            return None if indexes is None else dispatch.part(indexes)
        return self._left_for(connection, entry_id, receiver)

    def _indexes_for(
        self, connection: Connection, dispatch: Dispatch, receiver: str
    ) -> Sequence[int] | None:
        if dispatch.height is None:
            return dispatch.routes.get(receiver)
        if dispatch.signed.entry.kind in {"erasure", "exchange"}:
            # Whoever joined after it was drafted gets no item, and hears that.
            return dispatch.routes.get(receiver, ())
        if dispatch.signed.entry.kind != "locate":
            return dispatch.routes.get(receiver)
        # Whoever owes an answer may ask, a newcomer too, and nobody else (MATCHING, rule 5).
        known = self._replica.state.outstanding.locates.get(dispatch.height)
        if known is None or receiver not in known.waiting:
            return None
        # Only once it has taken effect here are items of withdrawn signals erased from it.
        if receiver not in matching.unopened(connection, dispatch.height):
            return None
        return range(known.slots)

    def _left_for(self, connection: Connection, entry_id: bytes, receiver: str) -> bytes | None:
        """Return what a custodian keeps of another's entry for `receiver`."""
        raw = self._custody.share(connection, entry_id)
        height = self._custody.height(connection, entry_id)
        block = None if height is None else chain.block_at(connection, height)
        if raw is None or block is None:
            return None
        entry = Block.decode(block).signed.entry
        if entry.kind not in LEFT:
            return None
        share = Share.decode(raw)
        if entry.kind == "exchange":
            document = self._replica.document_at(connection, Block.decode(block).height)
            own = frame_index(share, document, author=entry.author, receiver=receiver)
        else:
            own = own_indexes(
                entry,
                held=[item.index for item in share.items],
                receiver=receiver,
                locate_at=lambda height: chain.locate_at(connection, height),
            )
        items = tuple(item for item in share.items if item.index in own)
        return Share(items, share.digests, share.r).encode() if items else None
