"""Cases: all live matches of one person for one purpose, as this agency sees them.

What a match tells is on the chain and on its card: which agency, which desk, which day. Cases are
built after the transaction that found a match, from a list that is durable with it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from ledger.block import Block
from ledger.errors import LedgerError
from nodes.errors import NodeError, NotFoundError
from nodes.logbook import Act, Logbook, Processing
from nodes.replica import Replica
from nodes.store import chain, matching
from nodes.store.database import Database
from nodes.store.matches import Case, Match, Matches
from nodes.store.signals import OwnSignal, Signals
from nodes.store.writer import Writer
from nodes.tracing import current

_log = logging.getLogger(__name__)
_BATCH = 64
_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SeenMatch:
    """A match as a caseworker reads it: `member`'s `desk` posted on `day`, in block `height`.

    Own signals are named by the local ids that callers know.
    """

    id: str
    own_local_id: str
    member: str
    desk: str
    desk_title: str
    day: date
    height: int


@dataclass(frozen=True, slots=True)
class SeenCase:
    """A case: own signals by local id, and the matches with others'."""

    id: str
    purpose: str
    own_local_ids: tuple[str, ...]
    matches: tuple[SeenMatch, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of an own signal: its case, if any, and who has not answered yet."""

    case_id: str | None
    unanswered: tuple[str, ...]


class Cases:
    """Builds and shows cases."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        database: Database,
        writer: Writer,
        matches: Matches,
        signals: Signals,
        logbook: Logbook,
    ) -> None:
        """Show cases of `member`."""
        self._member = member
        self._replica = replica
        self._database = database
        self._writer = writer
        self._matches = matches
        self._signals = signals
        self._logbook = logbook
        self._woken = asyncio.Event()
        self._woken.set()

    def wake(self) -> None:
        """Look for new matches now."""
        self._woken.set()

    async def run(self) -> None:
        """Build cases until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                while await self.build():
                    pass
            except (NodeError, LedgerError) as cause:
                _log.warning("building cases waits: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)
                self._woken.set()

    async def build(self) -> bool:
        """Put new matches into cases; tell whether there were any."""
        with self._database.read() as connection:
            if not self._matches.has_new(connection):
                return False
        return bool(await self._writer.do(lambda c: self._matches.take_in(c, _BATCH)))

    async def show_page(self, *, after: str | None, count: int) -> list[SeenCase]:
        """Record that cases are shown, and return up to `count` whose ids follow `after`, in order.

        Raises:
            StorageError: it could not be recorded.
        """
        with self._database.read() as connection:
            cases = self._matches.cases(connection, after=after or "", count=count)
            seen = [self._see(connection, case) for case in cases]
        await self._record(cases)
        return seen

    async def show(self, case_id: str) -> SeenCase:
        """Record that a case is shown, and return it.

        Raises:
            NotFoundError: none of that id.
            StorageError: it could not be recorded.
        """
        with self._database.read() as connection:
            case = self._matches.case(connection, case_id)
            if case is None:
                raise NotFoundError("no case of this agency has that id")
            seen = self._see(connection, case)
        await self._record([case])
        return seen

    async def _record(self, cases: Sequence[Case]) -> None:
        shown = [Processing(Act.SHOW_CASE, case.purpose, case.digits) for case in cases]
        await self._logbook.record(shown, trace=current())

    def is_erased(self, connection: Connection, author: str, height: int) -> bool:
        """Tell whether this node was told that `author` withdrew its signal at `height`."""
        return self._matches.is_erased(connection, author, height)

    def standing(self, own: OwnSignal) -> Standing:
        """Return what became of an own signal."""
        with self._database.read() as connection:
            if own.is_withdrawn:
                return Standing(None, ())
            posting = self._signals.posting(connection, own.local_id)
            case = self._matches.case_of(
                connection, digits=posting.bsn.digits, purpose=posting.purpose
            )
            return Standing(
                case_id=None if case is None else case.id,
                unanswered=tuple(self._unanswered(connection, own)),
            )

    def _unanswered(self, connection: Connection, own: OwnSignal) -> Sequence[str]:
        locate = None if own.height is None else matching.located_at(connection, own.height)
        if locate is not None and chain.cursor(connection, "effects") > locate:
            return matching.unopened(connection, locate)
        if not self._replica.state.epochs.spans:
            return []
        document = self._replica.document
        issuers = () if document is None else document.issuers
        return [issuer.name for issuer in issuers if issuer.name != self._member]

    def _see(self, connection: Connection, case: Case) -> SeenCase:
        found = [self._matches.get(connection, match_id) for match_id in case.match_ids]
        matches = [match for match in found if match is not None]
        seen = tuple(
            self._see_match(connection, match)
            for match in sorted(matches, key=lambda m: (m.height, m.own_height))
        )
        return SeenCase(
            id=case.id,
            purpose=case.purpose,
            own_local_ids=tuple(sorted({match.own_local_id for match in seen})),
            matches=seen,
        )

    def _see_match(self, connection: Connection, match: Match) -> SeenMatch:
        raw = chain.block_at(connection, match.height)
        if raw is None:
            raise NotFoundError("the block of a match is not here")
        document = self._replica.state.document
        desks = () if document is None else document.desks
        desk = next((d for d in desks if d.number == match.desk and d.neutral), None)
        return SeenMatch(
            id=match.id,
            own_local_id=self._signals.anew.first(connection, match.own_local_id),
            member=match.member,
            desk=match.member if desk is None else desk.name,
            desk_title=match.member if desk is None else desk.title,
            day=Block.decode(raw).signed.entry.day,
            height=match.height,
        )
