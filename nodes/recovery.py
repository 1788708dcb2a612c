"""Recovery: what a lost database knew of own signals comes back from custodians.

They give back the sealed content, which this agency's offline recovery key opens; what they never
had (BSN, case reference, the blind) is gone.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Share
from ledger.encoding import Digest, enc, split_enc
from ledger.entry import Entry
from ledger.errors import LedgerError, MalformedError
from ledger.rules.signal import CONTENT, verify_signal_share
from ledger.seal import SealContext, SealingKey, open_sealed
from nodes.errors import NodeError
from nodes.logbook import CUSTODY, Act, Logbook, Processing
from nodes.peers.client import Peers
from nodes.peers.port import PULL
from nodes.replica import Replica
from nodes.store import chain as store
from nodes.store.database import Database
from nodes.store.orphans import Orphans
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_BATCH = 64
_LOOK_SECONDS = 2.0
_MAX_LOOK_SECONDS = 60.0


class Recovery:
    """Asks custodians for the content of own signals of which there is no body here."""

    def __init__(
        self,
        *,
        member: str,
        sealing: SealingKey,
        replica: Replica,
        database: Database,
        writer: Writer,
        orphans: Orphans,
        peers: Peers,
        logbook: Logbook,
    ) -> None:
        """Recover for `member`; custodians seal to the public half of `sealing`."""
        self._member = member
        self._sealing = sealing
        self._replica = replica
        self._database = database
        self._writer = writer
        self._orphans = orphans
        self._peers = peers
        self._logbook = logbook

    async def run(self) -> None:
        """Recover until cancelled, less often the longer nothing more comes back."""
        pause = _LOOK_SECONDS
        while True:
            try:
                missing, given = await self._go_round()
            except NodeError as cause:
                _log.warning("recovering waits: %s", cause)
                missing, given = 0, 0
            is_stuck = missing > 0 and given == 0
            pause = min(2 * pause, _MAX_LOOK_SECONDS) if is_stuck else _LOOK_SECONDS
            await asyncio.sleep(pause)

    async def _go_round(self) -> tuple[int, int]:
        """Ask for all that is missing; return how many that were, and how many came back."""
        missing, given, after = 0, 0, -1
        while bare := self._bare(after):
            missing += len(bare)
            given += await self._recover(bare)
            after = max(bare)
        return missing, given

    def _bare(self, after: int) -> dict[int, Digest]:
        with self._database.read() as connection:
            return dict(self._orphans.bare(connection, after=after, count=_BATCH))

    async def _recover(self, bare: dict[int, Digest]) -> int:
        document = self._replica.document
        custodians = () if document is None else document.custodians
        left = dict(bare)
        for name in custodians:
            if name == self._member or not left:
                continue
            shares = await self._pull(name, list(left.values()))
            found = self._sound(left, shares, custodian=name)
            if found:
                adopted = [(left.pop(height), share) for height, share in found.items()]
                await self._writer.do(partial(self._adopt, shares=adopted))
        return len(bare) - len(left)

    def _adopt(self, connection: Connection, *, shares: Sequence[tuple[Digest, bytes]]) -> None:
        self._orphans.adopt(connection, shares)
        self._logbook.write(connection, [Processing(Act.RECOVER, CUSTODY) for _ in shares])

    async def _pull(self, custodian: str, entry_ids: Sequence[Digest]) -> list[bytes]:
        """Return a custodian's shares in the order of `entry_ids`, empty where it has none."""
        document = self._replica.document
        try:
            raw = await self._peers.ask(custodian, PULL, enc(*entry_ids))
            day, sealed = split_enc(raw)
            context = SealContext(
                origin="" if document is None else document.origin,
                kind=PULL,
                author=self._member,
                date=day.decode(),
            )
            shares = split_enc(open_sealed(sealed, key=self._sealing, context=context))
        except (NodeError, LedgerError, ValueError) as cause:
            _log.info("custodian %s gives nothing back: %s", custodian, cause)
            return [b""] * len(entry_ids)
        if len(shares) != len(entry_ids):
            _log.warning("custodian %s answers for another number of signals", custodian)
            return [b""] * len(entry_ids)
        return shares

    def _sound(
        self, asked: dict[int, Digest], shares: Sequence[bytes], *, custodian: str
    ) -> dict[int, bytes]:
        """Return by height the shares that are what the chain committed to."""
        found = {}
        with self._database.read() as connection:
            for height, share in zip(asked, shares, strict=True):
                raw = store.block_at(connection, height)
                if not share or raw is None:
                    continue
                try:
                    _verify_content(share, Block.decode(raw).signed.entry)
                except LedgerError as cause:
                    _log.warning("custodian %s gives back what does not hold: %s", custodian, cause)
                    continue
                found[height] = share
        return found


def _verify_content(raw: bytes, entry: Entry) -> None:
    share = Share.decode(raw)
    verify_signal_share(share, entry)
    if share.item(CONTENT) is None:
        raise MalformedError("a share without the content")
