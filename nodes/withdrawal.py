"""Withdrawal: an agency takes back signals of its own, everywhere.

From the commit of the withdrawal nothing names the signal any more. An `erasure` tells those whom
it concerns (MATCHING, rule 9): every issuer that has a match with it or whose answer about it had
not been opened, and the custodians of its content. Everybody else gets an item of the same size.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from ledger.block import Block
from ledger.encoding import Digest
from ledger.errors import LedgerError
from ledger.heights import MAX_HEIGHTS
from ledger.parts import encode_erasure, erasure_receivers
from nodes.closing import Closing
from nodes.courier import Courier
from nodes.errors import ConflictError, NodeError, NotFoundError
from nodes.logbook import Act, Logbook, Processing
from nodes.matcher import Matcher
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.dispatches import Dispatches
from nodes.store.matches import Matches
from nodes.store.signals import OwnSignal, Signals
from nodes.store.tables import WithdrawingRow
from nodes.store.vault import Vault
from nodes.store.writer import Writer
from nodes.tracing import Trace, current

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_withdrawing = WithdrawingRow.__table__  # type: ignore[attr-defined]


class Withdrawal:
    """Takes back own signals."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        writer: Writer,
        vault: Vault,
        signals: Signals,
        matches: Matches,
        matcher: Matcher,
        closing: Closing,
        dispatches: Dispatches,
        courier: Courier,
        logbook: Logbook,
        on_withdrawn: Callable[[Connection, str], None] | None = None,
    ) -> None:
        """Withdraw signals of `member`; `on_withdrawn` lets go of what was done about one."""
        self._member = member
        self._replica = replica
        self._writer = writer
        self._vault = vault
        self._signals = signals
        self._matches = matches
        self._matcher = matcher
        self._closing = closing
        self._dispatches = dispatches
        self._courier = courier
        self._logbook = logbook
        self._on_withdrawn = on_withdrawn
        self._woken = asyncio.Event()
        self._woken.set()

    async def withdraw(self, local_id: str) -> None:
        """Withdraw an own signal, durably; asking again changes nothing.

        Raises:
            NotFoundError: none of that local id.
            ConflictError: it is not final yet.
        """
        trace = current()
        await self._writer.do(lambda connection: self._withdraw(connection, local_id, trace))
        self.wake()

    def wake(self) -> None:
        """Look for withdrawn signals now."""
        self._woken.set()

    async def run(self) -> None:
        """Bring withdrawals onto the chain until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                while await self.erase():
                    pass
            except (NodeError, LedgerError) as cause:
                _log.warning("withdrawing waits: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)
                self._woken.set()

    async def erase(self) -> bool:
        """Send an `erasure` of what was withdrawn; tell whether there was anything."""
        entry_id = await self._writer.do(self._draft)
        if entry_id is not None:
            self._courier.send(entry_id)
        return entry_id is not None

    def own_erasure(self, connection: Connection, entry_id: Digest) -> None:
        """Delete all that stood for the signals of an own erasure that is final."""
        dispatch = self._dispatches.get(connection, entry_id)
        for height in [] if dispatch is None else json.loads(dispatch.subject):
            own = self._signals.at_height(connection, height)
            if own is None or not own.purpose:
                continue
            posting = self._signals.posting(connection, own.local_id)
            digits, purpose = posting.bsn.digits, posting.purpose
            self._matcher.forget(connection, local_id=own.local_id, digits=digits, purpose=purpose)
            self._closing.settle(connection, [(own.local_id, digits, purpose)])
            self._signals.erase(connection, own.local_id)

    def strip(self, connection: Connection, entry_id: Digest) -> None:
        """Erase from an own `locate` that is final the items of signals withdrawn meanwhile."""
        raw = self._dispatches.get(connection, entry_id)
        if raw is None:
            return
        heights = self._dispatches.heights(raw)
        gone = [
            index
            for index, height in enumerate(heights)
            if (own := self._signals.at_height(connection, height)) is not None and own.is_withdrawn
        ]
        if gone:
            self._dispatches.erase(connection, raw, gone)

    def _withdraw(self, connection: Connection, local_id: str, trace: Trace | None) -> None:
        """Withdraw what stands in the place of a signal; nothing comes in its place any more."""
        local_id = self._signals.anew.present(connection, local_id)
        self.take(connection, local_id, trace=trace)
        row = self._signals.anew.of(connection, local_id)
        if row is not None:
            self._signals.anew.take_back(connection, row)

    def take(self, connection: Connection, local_id: str, *, trace: Trace | None = None) -> None:
        """Withdraw exactly that own signal; see `withdraw`."""
        own = self._signals.get(connection, local_id)
        if own is None:
            raise NotFoundError("no signal of this agency has that local id")
        if own.is_withdrawn:
            return
        if not own.is_final or own.height is None:
            raise ConflictError("this signal is not final yet; withdraw it in a moment")
        told = self._concerned(connection, own, own.height)
        posting = self._signals.posting(connection, local_id)
        withdrawn = Processing(Act.WITHDRAW, posting.purpose, posting.bsn.digits)
        self._logbook.write(connection, [withdrawn], trace=trace)
        self._matcher.withdraw(
            connection, local_id=local_id, digits=posting.bsn.digits, purpose=posting.purpose
        )
        matching.withdraw_placing(connection, local_id)
        self._signals.withdraw(connection, local_id)
        if self._on_withdrawn is not None:
            self._on_withdrawn(connection, local_id)
        locate = matching.located_at(connection, own.height)
        if locate is not None:
            located = chain.entry_id_at(connection, locate, author=self._member, kind="locate")
            if located is not None:
                self.strip(connection, located)
        box = self._vault.lock(
            json.dumps(told).encode(), table="withdrawing", row=str(own.height), column="box"
        )
        connection.execute(
            insert(_withdrawing).values(height=own.height, box=box).on_conflict_do_nothing()
        )

    def _concerned(self, connection: Connection, own: OwnSignal, height: int) -> list[str]:
        """Return who must be told that the own signal at `height` is withdrawn."""
        self._matches.take_in(connection)
        told = {match.member for match in self._matches.of_own(connection, own.local_id)}
        document = self._replica.state.document
        issuers = set() if document is None else {m.name for m in document.issuers}
        locate = matching.located_at(connection, height)
        if locate is not None:
            if chain.cursor(connection, "effects") <= locate:
                told |= issuers
            told |= set(matching.unopened(connection, locate))
        elif not matching.is_placing(connection, own.local_id):
            # Its locate is on the way: anybody may have the item already.
            told |= issuers
        raw = chain.block_at(connection, height)
        if raw is not None and document is not None:
            lines = Block.decode(raw).signed.lines[1:]
            owners = [document.entry_keys.get((line.name, line.key_id)) for line in lines]
            told |= {owner[0] for owner in owners if owner is not None}
        return sorted(told - {self._member})

    def _draft(self, connection: Connection) -> Digest | None:
        """Store an `erasure` of up to 64 withdrawn signals, or return None where there are none."""
        document = self._replica.state.document
        rows = connection.execute(
            select(_withdrawing).order_by(_withdrawing.c.height).limit(MAX_HEIGHTS)
        ).all()
        if not rows or document is None:
            return None
        told: dict[str, list[int]] = {}
        for row in rows:
            raw = self._vault.unlock(
                row.box, table="withdrawing", row=str(row.height), column="box"
            )
            for name in json.loads(raw):
                told.setdefault(name, []).append(row.height)
        receivers = erasure_receivers(document, author=self._member)
        heights = [row.height for row in rows]
        dispatch = self._courier.draft(
            "erasure",
            further=f"{len(heights)}\n",
            contents=[encode_erasure(told.get(name, [])) for name in receivers],
            routes=_one_each(receivers),
            subject=json.dumps(heights),
        )
        self._dispatches.add(connection, dispatch)
        connection.execute(delete(_withdrawing).where(_withdrawing.c.height.in_(heights)))
        return dispatch.signed.id


def _one_each(receivers: Sequence[str]) -> dict[str, list[int]]:
    return {name: [index] for index, name in enumerate(receivers)}
