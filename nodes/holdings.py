"""Holdings: what this member holds of bodies beside the chain, each checked against its block.

    custody     others' items that this member signed for      they open their entry's commitment
    signals     own signals that are not withdrawn             the same, of the whole body
    dispatches  own items that others may still ask for        the same
    wanted      others' items that were not to be had          a finding once it is over a day
    logbook     records of processing, hour by hour            they have the root of their entry

Nothing is changed; the node may run meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from ledger.audit import Finding
from ledger.block import Block
from ledger.body import Share
from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium
from ledger.errors import LedgerError
from ledger.parts import verify_part
from ledger.tree import root_at
from nodes.errors import StorageError
from nodes.log_audit import LogAudit
from nodes.store import chain, matching
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.dispatches import Dispatches
from nodes.store.logbook import Logs
from nodes.store.signals import Signals

_PAGE = 256
_MISSING_AFTER = timedelta(days=1)


@dataclass(slots=True)
class HeldCount:
    """How many shares were checked, of `others` and `own` ones, and how many log `records`."""

    others: int = 0
    own: int = 0
    records: int = 0


class Holdings:
    """What the node of `member` holds in `database`."""

    def __init__(
        self,
        *,
        member: str,
        database: Database,
        custody: Custody,
        signals: Signals,
        dispatches: Dispatches,
        logs: Logs,
    ) -> None:
        """Check nothing yet."""
        self._member = member
        self._database = database
        self._custody = custody
        self._signals = signals
        self._dispatches = dispatches
        self._logs = logs

    def check(
        self, tip: Checkpoint, *, today: date, count: HeldCount, progress: Callable[[], None]
    ) -> Iterator[Finding]:
        """Yield what does not hold of all that belongs to blocks under `tip`; count into `count`.

        `progress` is called after each share.
        """
        with self._database.read() as connection:
            fault = _fault_of_chain(connection, tip)
            if fault is not None:
                yield fault
                return
            for height, raw in self._others(connection, tip.size):
                count.others += 1
                yield from self._check(connection, height, raw, is_own=False)
                progress()
            for height, raw in self._own(connection, tip.size):
                count.own += 1
                yield from self._check(connection, height, raw, is_own=True)
                progress()
            for missing in matching.overdue(connection, before=today - _MISSING_AFTER):
                yield Finding(
                    missing.height,
                    "missing",
                    f"{missing.author} owes this member items of its {missing.kind} "
                    f"since {missing.since}",
                )

    def check_log(
        self, tip: Checkpoint, *, document: Consortium, now: datetime, count: HeldCount
    ) -> Iterator[Finding]:
        """Yield what does not hold of the logbook, by the blocks under `tip`; count its records.

        Nothing, where this node does not have that chain: `check` says so.
        """
        with self._database.read() as connection:
            if _fault_of_chain(connection, tip) is not None:
                return
            count.records = self._logs.count(connection)
            audit = LogAudit(member=self._member, logs=self._logs)
            yield from audit.check(connection, size=tip.size, document=document, now=now)

    def _others(self, connection: Connection, size: int) -> Iterator[tuple[int, bytes]]:
        after = -1
        while page := self._custody.page(connection, after=after, count=_PAGE):
            yield from ((height, raw) for height, raw in page if height < size)
            after = page[-1][0]

    def _own(self, connection: Connection, size: int) -> Iterator[tuple[int, bytes]]:
        for height, local_id in self._signals.standing(connection):
            if height < size:
                yield height, self._signals.body(connection, local_id)
        for height, share in self._dispatches.standing(connection):
            if height < size:
                yield height, share.encode()

    def _check(
        self, connection: Connection, height: int, raw: bytes, *, is_own: bool
    ) -> Iterator[Finding]:
        block = chain.block_at(connection, height)
        if block is None:
            yield Finding(height, "held", "the block of what is held is not here")
            return
        entry = Block.decode(block).signed.entry
        try:
            share = Share.decode(raw)
            if is_own:
                share.verify(entry)
            else:
                verify_part(
                    share,
                    entry,
                    receiver=self._member,
                    locate_at=lambda at: chain.locate_at(connection, at),
                    may_lack=True,
                )
        except (LedgerError, StorageError) as cause:
            whose = "this member's own" if is_own else f"{entry.author}'s"
            yield Finding(height, "held", f"what is held of {whose} {entry.kind}: {cause}")


def _fault_of_chain(connection: Connection, tip: Checkpoint) -> Finding | None:
    size = chain.chain_size(connection)
    if size < tip.size:
        return Finding(
            None, "own-chain", f"this node has {size} of {tip.size} blocks: let it catch up first"
        )
    if root_at(chain.TreeNodes(connection), tip.size) != tip.root:
        return Finding(None, "own-chain", "this node holds another chain than the one audited")
    return None
