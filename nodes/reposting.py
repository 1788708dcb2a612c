"""Posting anew: live signals follow when an epoch whose key is lost is replaced.

Each own signal that stands, and whose newest epoch was the replaced one, is posted again: the same
content, desk, case reference and person, dated today, under a local id that follows from the old
one. Once the new one is final, located and answered, and has found whom the old one had found, the
old one is withdrawn: whoever shares a case has then met the new one. Callers notice nothing.

Which new signal stands in the place of which old one nobody is told who need not know: they are
posted in an order of chance, and the old ones withdrawn when all new ones are posted. Everything
here is found again after a restart: which signals there are, by a cursor for each replacement, and
how far each is, in its row (`nodes.store.anew`).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from ledger.epoch import EpochDocument
from ledger.epochs import Span
from ledger.errors import LedgerError
from nodes.errors import InputError, NodeError
from nodes.intake import Intake
from nodes.pending import Pending
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.anew import DONE, FOUND, POSTED, REFUSED, START, Anew
from nodes.store.database import Database
from nodes.store.matches import Matches
from nodes.store.signals import Signals
from nodes.store.writer import Writer
from nodes.withdrawal import Withdrawal

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_LOOK_SECONDS = 1.0
_BATCH = 64
AHEAD = 16
"""How many are on their way at once while no caller's signal is; while one is, only one."""


@dataclass(frozen=True, slots=True)
class Reposted:
    """How far posting anew is for the replacement `epoch` of epoch `replaces` of `purpose`.

    Of `total` signals `posted` were posted anew, `done` of them stand in the old one's place, and
    `refused` cannot be. `is_counted` False: there may be more than `total`.
    """

    purpose: str
    epoch: int
    replaces: int
    total: int
    posted: int
    done: int
    refused: int
    is_counted: bool

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is left to be done."""
        return self.is_counted and self.done + self.refused == self.total


class Reposting:
    """Posts own signals anew."""

    def __init__(
        self,
        *,
        replica: Replica,
        database: Database,
        writer: Writer,
        signals: Signals,
        matches: Matches,
        pending: Pending,
        intake: Intake,
        withdrawal: Withdrawal,
    ) -> None:
        """Post through `outbox`, and withdraw what was replaced through `withdrawal`."""
        self._replica = replica
        self._database = database
        self._writer = writer
        self._signals = signals
        self._anew = signals.anew
        self._matches = matches
        self._pending = pending
        self._intake = intake
        self._withdrawal = withdrawal
        self._woken = asyncio.Event()
        self._woken.set()
        self._found: set[tuple[str, int]] = set()
        self._looked = START

    def wake(self) -> None:
        """Look for something to do now."""
        self._woken.set()

    async def run(self, caught_up: Callable[[], Awaitable[None]]) -> None:
        """Post anew until cancelled; starts once `caught_up` returns."""
        await caught_up()
        while True:
            self._woken.clear()
            try:
                while await self.step():
                    pass
            except (NodeError, LedgerError) as cause:
                _log.warning("posting anew waits: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._wait()

    async def step(self) -> bool:
        """Do some of what is to be done; tell whether there may be more to do at once."""
        if not self._replacements():
            return False
        # Only once all are known their order says nothing.
        if await self._find():
            return True
        is_posted = await self._post()
        is_over = await self._take_over()
        return is_posted or is_over

    def progress(self) -> list[Reposted]:
        """Return how far each replacement is, oldest first."""
        spans = self._replacements()
        if not spans:
            return []
        with self._database.read() as connection:
            return [self._count(connection, span) for span in spans]

    def _count(self, connection: Connection, span: Span) -> Reposted:
        document = span.document
        states = self._anew.counts(connection, purpose=document.purpose, epoch=document.number)
        return Reposted(
            purpose=document.purpose,
            epoch=document.number,
            replaces=document.replaces or 0,
            total=states.total(),
            posted=states[POSTED] + states[DONE],
            done=states[DONE],
            refused=states[REFUSED],
            is_counted=chain.cursor(connection, _cursor(document)) >= span.opened,
        )

    def _replacements(self) -> list[Span]:
        known = self._replica.state.epochs.spans.values()
        found = [span for of in known for span in of if span.document.replaces is not None]
        return sorted(found, key=lambda span: span.opened)

    async def _wait(self) -> None:
        """Wait for effects; while something is under way also for what wakes nobody."""
        with self._database.read() as connection:
            is_under_way = bool(
                self._anew.following(connection, FOUND, count=1)
                or self._anew.following(connection, POSTED, count=1)
            )
        try:
            async with asyncio.timeout(_LOOK_SECONDS if is_under_way else None):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _find(self) -> bool:
        """Note the next signals that are to be posted anew; tell whether there were any to see."""
        for span in self._replacements():
            name = _name(span.document)
            if name in self._found:
                continue
            if await self._writer.do(partial(self._look, span=span)):
                return True
            with self._database.read() as connection:
                if chain.cursor(connection, _cursor(span.document)) >= span.opened:
                    self._found.add(name)
        return False

    def _look(self, connection: Connection, *, span: Span) -> bool:
        # Below the replacement all must be final here, and have taken effect.
        if chain.cursor(connection, "effects") <= span.opened:
            return False
        document, cursor = span.document, _cursor(span.document)
        since = chain.cursor(connection, cursor)
        if since >= span.opened:
            return False
        seen = self._signals.standing_between(connection, since, span.opened, count=_BATCH)
        for height, local_id in seen:
            own = self._signals.get(connection, local_id)
            epochs = self._replica.state.epochs.open_at(document.purpose, height)
            # One with a newer epoch that has its key is found under that.
            if own is None or own.purpose != document.purpose or epochs[:1] != [document.replaces]:
                continue
            self._anew.add(connection, local_id, purpose=document.purpose, epoch=document.number)
        chain.move_cursor(connection, cursor, seen[-1][0] + 1 if seen else span.opened)
        return True

    async def _post(self) -> bool:
        """Post the next signals anew, as many as leave room for callers'; tell whether any."""
        room = (1 if self._pending.has_callers() else AHEAD) - self._pending.count_anew()
        if room <= 0:
            return False
        with self._database.read() as connection:
            rows = self._anew.following(connection, FOUND, count=room)
        for row in rows:
            try:
                await self._intake.post_anew(row)
            except InputError as refusal:
                _log.warning("signal %s cannot be posted anew: %s", row.local_id, refusal)
                refuse = partial(self._anew.turn, local_id=row.local_id, before=FOUND, now=REFUSED)
                await self._writer.do(refuse)
        return bool(rows)

    async def _take_over(self) -> bool:
        """Withdraw some of the old signals that are not needed any more; tell whether any.

        A slow member can keep all of them waiting: each time it looks at the next few.
        """
        with self._database.read() as connection:
            rows = self._anew.following(connection, POSTED, after=self._looked, count=_BATCH)
            self._looked = rows[-1].order if len(rows) == _BATCH else START
            # Who is told of what is withdrawn could else tell in whose place a new signal came.
            if self._anew.following(connection, FOUND, count=1):
                rows = [row for row in rows if row.is_withdrawn]
            ready = [row for row in rows if self._is_ready(connection, row)]
        if ready:
            await self._writer.do(partial(self._replace, ready=ready))
            self._withdrawal.wake()
        return bool(ready)

    def _replace(self, connection: Connection, *, ready: list[Anew]) -> None:
        for row in ready:
            known = self._anew.of(connection, row.local_id)
            if known is None or not self._anew.turn(
                connection, row.local_id, before=POSTED, now=DONE
            ):
                continue
            self._signals.stand_instead(connection, row.new_id)
            # Its caller may have taken it back since it was looked at.
            self._withdrawal.take(connection, row.new_id if known.is_withdrawn else row.local_id)

    def _is_ready(self, connection: Connection, row: Anew) -> bool:
        """Tell whether the new signal can stand in the old one's place."""
        new = self._signals.get(connection, row.new_id)
        if new is None or new.height is None or not new.is_final:
            return False
        if row.is_withdrawn:
            return True
        locate = matching.located_at(connection, new.height)
        if locate is None or chain.cursor(connection, "effects") <= locate:
            return False
        if matching.unopened(connection, locate) or self._matches.has_new(connection):
            return False
        found = self._matches.of_own(connection, row.new_id)
        old = Counter(match.member for match in self._matches.of_own(connection, row.local_id))
        # Else a case would be gone until the other agency has posted anew, too.
        if old - Counter(match.member for match in found):
            return False
        # Whom it found itself must have heard so before it hears that the old one is withdrawn.
        theirs = (matching.located_at(connection, match.height) for match in found)
        return not any(at is not None and matching.has_frame(connection, at) for at in theirs)


def _name(document: EpochDocument) -> tuple[str, int]:
    return document.purpose, document.number


def _cursor(document: EpochDocument) -> str:
    return f"anew/{document.purpose}/{document.number}"
