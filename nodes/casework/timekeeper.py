"""The timekeeper: reminds, escalates, tells of overdue reviews, and erases what has ended.

It looks at cases by the day on which something is due, and plays only those whose time has come.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from ledger.case.acts import Act as CaseAct
from ledger.case.acts import Escalate, Event, Hear, Remind
from ledger.case.request import Asked
from ledger.disclosure import without_values
from ledger.errors import LedgerError
from ledger.exchange.message import Grant
from nodes.casework.agenda import ended, overdue
from nodes.casework.dossiers import Dossier, Dossiers
from nodes.casework.moment import Moment
from nodes.casework.notices import DESK, LEAD, OFFICER, Addressee, Notices
from nodes.errors import NodeError
from nodes.logbook import Act, Logbook, Processing
from nodes.store.casework import START, CaseStore, StoredEvent, Work
from nodes.store.database import Database
from nodes.store.parked import Parked
from nodes.store.writer import Writer

_log = logging.getLogger(__name__)
_BATCH = 64


class Timekeeper:
    """Does what is due."""

    def __init__(
        self,
        *,
        member: str,
        store: CaseStore,
        dossiers: Dossiers,
        parked: Parked,
        database: Database,
        writer: Writer,
        moment: Moment,
        notices: Notices,
        logbook: Logbook,
        seconds: float,
        before: Callable[[Connection], None],
    ) -> None:
        """Look every so many `seconds`; do what is to be done `before` first."""
        self._member = member
        self._store = store
        self._dossiers = dossiers
        self._parked = parked
        self._database = database
        self._writer = writer
        self._moment = moment
        self._notices = notices
        self._logbook = logbook
        self._seconds = seconds
        self._before: Callable[[Connection], None] | None = before

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        while True:
            try:
                if self._before is not None:
                    await self._writer.do(self._before)
                    self._before = None
                await self.turn()
            except (NodeError, LedgerError) as cause:
                _log.warning("what is due in cases waits: %s", cause)
            await asyncio.sleep(self._seconds)

    async def turn(self) -> int:
        """Do what is due now; return in how many cases something was."""
        count, after = 0, START
        until = self._moment.today().toordinal()
        while True:
            with self._database.read() as connection:
                rows = self._store.due(connection, until=until, after=after, count=_BATCH)
            if not rows:
                break
            after = rows[-1][0]
            now = self._moment.now()
            due = [work for _, work in rows if _is_due(work, now)]
            if due:
                await self._writer.do(partial(self._do, works=due))
                count += len(due)
        await self._writer.do(partial(self._parked.expire, today=self._moment.today()))
        return count

    def _do(self, connection: Connection, *, works: Sequence[Work]) -> None:
        for work in works:
            for match_id in work.pairs:
                dossier = self._dossiers.load(connection, match_id)
                if dossier is not None and dossier.pair.own_desk == work.desk:
                    self._turn(connection, dossier)

    def _turn(self, connection: Connection, dossier: Dossier) -> None:
        now, desk = self._moment.now(), dossier.pair.own_desk
        steps: tuple[tuple[str, CaseAct, str], ...] = (
            ("reminder", Remind(), DESK),
            ("escalation", Escalate(), LEAD),
        )
        for what, act, role in steps:
            if any(due.what == what for due in dossier.pair.due(now)):
                dossier = self._dossiers.append(connection, dossier, Event(now, act))
                self._record(connection, dossier, Act.REMIND)
                self._notices.want(connection, Addressee(role, desk))
        if overdue(dossier.pair, now):
            self._notices.want(connection, Addressee(OFFICER, self._member))
        over = ended(dossier.pair, now, erased=dossier.opening.erased)
        if over:
            dossier = self._erase(connection, dossier, over)
        self._dossiers.look_again(connection, dossier)

    def _erase(self, connection: Connection, dossier: Dossier, over: Sequence[Asked]) -> Dossier:
        """Erase what was received with grants that are over; which fields they were stays."""
        requests = {one.id for one in over}
        changed = {
            number: bare
            for number, stored in enumerate(dossier.events)
            if (bare := _without(stored, requests)) is not None
        }
        dossier = self._dossiers.rewrite(connection, dossier, changed)
        self._record(connection, dossier, Act.ERASE_GRANTED)
        return self._dossiers.mark_erased(connection, dossier, sorted(requests))

    def _record(self, connection: Connection, dossier: Dossier, act: Act) -> None:
        match = dossier.match
        self._logbook.write(connection, [Processing(act, match.purpose, match.digits)])


def _is_due(work: Work, now: datetime) -> bool:
    return work.due is not None and datetime.fromisoformat(work.due) <= now


def _without(stored: StoredEvent, requests: set[bytes]) -> StoredEvent | None:
    """Return a grant to one of `requests` without its values, or None of anything else."""
    act = stored.event.act
    if not isinstance(act, Hear) or not isinstance(act.message.content, Grant):
        return None
    grant = act.message.content
    if grant.request not in requests:
        return None
    bare = replace(grant, disclosure=without_values(grant.disclosure))
    heard = replace(act, message=replace(act.message, content=bare))
    return replace(stored, event=replace(stored.event, act=heard))
