"""Reading: worklists, a case's file, what was granted, what waits for a second person.

Everything shown is recorded in the logbook before it is answered.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection

from ledger.block import Block
from ledger.case.case import Case
from ledger.case.people import Actor, Role, verify_may
from ledger.errors import DeniedError, LedgerError
from ledger.exchange.message import Grant, Message
from nodes.casework.access import Access, sees
from nodes.casework.directory import Directory
from nodes.casework.dossiers import Dossier
from nodes.casework.grants import Grants
from nodes.casework.moment import Moment
from nodes.casework.seen import (
    Awaiting,
    CaseFile,
    OwnSide,
    PairFile,
    SeenCase,
    SeenPair,
    Shown,
)
from nodes.casework.sender import Sender
from nodes.casework.timeline import lines
from nodes.errors import InputError, NotFoundError
from nodes.logbook import Act, Logbook, Processing
from nodes.store import chain
from nodes.store.absences import Absences
from nodes.store.casework import APPROVER, OFFICER, START, CaseStore, Place, Work
from nodes.store.database import Database
from nodes.store.matches import Matches
from nodes.store.signals import Signals
from nodes.tracing import current

_WHO = {Role.APPROVER: APPROVER, Role.PRIVACY_OFFICER: OFFICER}
_AWAITED = {
    APPROVER: {"acute": "acute", "decide": "prepared"},
    OFFICER: {"review": "review"},
}
"""By whom what is awaited about which requests of a summary."""


class Reading:
    """Shows cases to those who may see them."""

    def __init__(
        self,
        *,
        database: Database,
        store: CaseStore,
        matches: Matches,
        signals: Signals,
        absences: Absences,
        access: Access,
        grants: Grants,
        directory: Directory,
        sender: Sender,
        moment: Moment,
        logbook: Logbook,
    ) -> None:
        """Read from `store`."""
        self._database = database
        self._store = store
        self._matches = matches
        self._signals = signals
        self._absences = absences
        self._access = access
        self._grants = grants
        self._directory = directory
        self._sender = sender
        self._moment = moment
        self._logbook = logbook

    async def worklist(
        self, actor: Actor, *, desk: str | None = None, after: str | None = None, count: int = 50
    ) -> list[SeenCase]:
        """Return up to `count` open cases of a desk, the actor's unless told, earliest due first.

        `after` is the `place` of the last one seen.

        Raises:
            DeniedError: another desk's, or a role that sees none.
            InputError: `after` is no place.
        """
        desk = actor.desk if desk is None else desk
        if not sees(actor)(desk):
            raise DeniedError("desk", "the worklist is another desk's")
        begin = START if after is None else _place(after)
        with self._database.read() as connection:
            rows = self._store.of_desk(connection, desk, after=begin, count=count)
            seen = [self._see(connection, place, work) for place, work in rows]
            shown = self._showing(connection, [work for _, work in rows])
        await self._logbook.record(shown, trace=current())
        return seen

    async def queue(
        self, actor: Actor, *, after: str | None = None, count: int = 50
    ) -> list[Awaiting]:
        """Return what of up to `count` cases waits for an approver, or for the privacy officer.

        Raises:
            DeniedError: another role.
            InputError: `after` is no place.
        """
        if actor.role not in _WHO:
            raise DeniedError("role", "only for: approver, privacy-officer")
        who = _WHO[actor.role]
        begin = START if after is None else _place(after)
        with self._database.read() as connection:
            rows = self._store.awaiting(connection, who, after=begin.key, count=count)
            shown = self._showing(connection, [work for _, work in rows])
        await self._logbook.record(shown, trace=current())
        return [
            Awaiting(work.case, work.desk, match, request, what, place.encode())
            for place, work in rows
            for match, pair in work.pairs.items()
            for what, name in _AWAITED[who].items()
            for request in _texts(pair[name])
        ]

    async def show(self, actor: Actor, case_id: str) -> CaseFile:
        """Return a case with all that happened in it, as far as the actor may see.

        Raises:
            NotFoundError: none of that id, or another desk's.
            DeniedError: a role that sees none.
        """
        with self._database.read() as connection:
            case, dossiers = self._access.case(connection, actor, case_id)
            desks = sorted({one.pair.own_desk for one in dossiers})
            works = {desk: self._store.work(connection, case_id, desk) for desk in desks}
            file = CaseFile(
                id=case.id,
                purpose=case.purpose,
                desks=tuple(self._directory.contact(desk) for desk in desks),
                pairs=tuple(self._file(connection, dossier) for dossier in dossiers),
                carried_by={d: None if w is None else w.carried_by for d, w in works.items()},
                worked_by={d: self._worked_by(connection, w) for d, w in works.items()},
            )
        shown = Processing(Act.SHOW_CASE, case.purpose, case.digits)
        await self._logbook.record([shown], trace=current())
        return file

    async def shown(self, actor: Actor, case_id: str, match: bytes, request: bytes) -> Shown:
        """Return what was granted to an own request, checked again, and what proves it.

        Raises:
            NotFoundError: no such case or match of this desk's.
            DeniedError: another role or desk, not granted, or its last day is over.
        """
        with self._database.read() as connection:
            dossier = self._access.dossier(connection, actor, case_id, match)
            asked = dossier.pair.asked(request, is_own=True)
            verify_may(actor, roles=frozenset({Role.CASEWORKER}), desk=asked.desk)
            asked.verify_usable(today=self._moment.latest_day())
            grant = _grant(dossier, request)
            try:
                verified = self._grants.verify(connection, dossier.match, grant)
            except LedgerError as cause:
                raise DeniedError("term", "what was granted cannot be shown any more") from cause
        done = Processing(
            Act.SHOW_GRANTED, dossier.match.purpose, dossier.match.digits, dossier.match.member
        )
        await self._logbook.record([done], trace=current())
        return Shown(verified.fields, grant.last_day, grant.release, verified.proof)

    def _see(self, connection: Connection, place: Place, work: Work) -> SeenCase:
        dues = (
            (datetime.fromisoformat(str(pair["due"])), str(pair["what"]))
            for pair in work.pairs.values()
            if pair["due"] is not None
        )
        due, what = min(dues, default=(None, None))
        return SeenCase(
            id=work.case,
            desk=work.desk,
            purpose=work.purpose,
            pairs=tuple(_pair(match, pair) for match, pair in work.pairs.items()),
            carried_by=work.carried_by,
            worked_by=self._worked_by(connection, work),
            due=due,
            what=what,
            place=place.encode(),
        )

    def _showing(self, connection: Connection, works: Iterable[Work]) -> list[Processing]:
        cases = (self._matches.case(connection, work.case) for work in works)
        return [
            Processing(Act.SHOW_CASE, case.purpose, case.digits)
            for case in cases
            if case is not None
        ]

    def _worked_by(self, connection: Connection, work: Work | None) -> str | None:
        """Return on whose worklist it is today, or None: the desk's common one."""
        if work is None:
            return None
        away = self._absences.deputies(connection, work.carried_by, self._moment.today())
        case = Case(work.case, work.purpose, work.desk, carried_by=work.carried_by)
        return case.worked_by(away)

    def _file(self, connection: Connection, dossier: Dossier) -> PairFile:
        match = dossier.match
        raw = chain.block_at(connection, match.height)
        own = self._signals.get(connection, match.own_local_id)
        if raw is None or own is None:
            raise NotFoundError("the block of a match, or its own signal, is not here")
        return PairFile(
            match=match.id,
            pair=dossier.pair,
            own=OwnSide(
                self._signals.anew.first(connection, own.local_id), own.case_reference, own.desk
            ),
            member=match.member,
            day=_day(raw),
            height=match.height,
            other=self._directory.contact(dossier.pair.other_desk),
            timeline=lines(dossier.events, partial(self._sender.height_of, connection)),
            erased=tuple(dossier.opening.erased),
        )


def _grant(dossier: Dossier, request: bytes) -> Grant:
    for stored in dossier.events:
        message = getattr(stored.event.act, "message", None)
        content = message.content if isinstance(message, Message) else None
        if isinstance(content, Grant) and content.request == request:
            return content
    raise DeniedError("not-granted", "this was not granted")


def _pair(match: str, pair: dict[str, object]) -> SeenPair:
    respond_by = pair["respond_by"]
    return SeenPair(
        match=match,
        other_desk=str(pair["other_desk"]),
        state=str(pair["state"]),
        respond_by=None if respond_by is None else datetime.fromisoformat(str(respond_by)),
        asked=_texts(pair["asked"]),
        prepared=_texts(pair["prepared"]),
        review=_texts(pair["review"]),
    )


def _texts(stored: object) -> tuple[str, ...]:
    return tuple(str(one) for one in stored) if isinstance(stored, Sequence) else ()


def _day(raw: bytes) -> date:
    return Block.decode(raw).signed.entry.day


def _place(text: str) -> Place:
    try:
        return Place.decode(text)
    except ValueError as cause:
        raise InputError("must be the place of a case on the page before", field="after") from cause
