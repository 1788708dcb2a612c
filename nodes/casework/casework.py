"""Casework: what people do about matches, each act one transaction (`nodes.casework.deeds`)."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection

from ledger.case.acts import (
    HandOver,
)
from ledger.case.case import Case
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role
from ledger.errors import DeniedError
from ledger.exchange.message import (
    Confirm,
    Content,
    Refuse,
)
from ledger.exchange.words import Within
from nodes.casework.access import Access
from nodes.casework.decisions import Decisions, Prepared
from nodes.casework.deeds import Deeds
from nodes.casework.dossiers import Dossier, Dossiers
from nodes.casework.moment import Moment
from nodes.casework.notices import DESK, Addressee, Notices
from nodes.casework.reading import Reading
from nodes.casework.seen import Awaiting, CaseFile, SeenCase, Shown
from nodes.errors import ConflictError, InputError
from nodes.logbook import Act
from nodes.store.absences import Absence, Absences
from nodes.store.casework import CaseStore
from nodes.store.writer import Writer

LONGEST_ABSENCE = timedelta(days=366)
MAX_PERSON = 100


class Casework:
    """Everything that people of an agency do about its cases."""

    def __init__(
        self,
        *,
        reading: Reading,
        decisions: Decisions,
        access: Access,
        dossiers: Dossiers,
        deeds: Deeds,
        store: CaseStore,
        absences: Absences,
        notices: Notices,
        writer: Writer,
        moment: Moment,
    ) -> None:
        """Do casework."""
        self._decisions = decisions
        self._reading = reading
        self._access = access
        self._dossiers = dossiers
        self._deeds = deeds
        self._store = store
        self._absences = absences
        self._notices = notices
        self._writer = writer
        self._moment = moment

    async def worklist(
        self, actor: Actor, *, desk: str | None = None, after: str | None = None, count: int = 50
    ) -> list[SeenCase]:
        """Return a page of a desk's open cases; see `Reading.worklist`."""
        return await self._reading.worklist(actor, desk=desk, after=after, count=count)

    async def queue(
        self, actor: Actor, *, after: str | None = None, count: int = 50
    ) -> list[Awaiting]:
        """Return what waits for an approver or the privacy officer; see `Reading.queue`."""
        return await self._reading.queue(actor, after=after, count=count)

    async def show(self, actor: Actor, case_id: str) -> CaseFile:
        """Return a case with all that happened in it; see `Reading.show`."""
        return await self._reading.show(actor, case_id)

    async def shown(self, actor: Actor, case_id: str, match: bytes, request: bytes) -> Shown:
        """Return what was granted to an own request; see `Reading.shown`."""
        return await self._reading.shown(actor, case_id, match, request)

    async def confirm(
        self, actor: Actor, case_id: str, *, within: Within, match: bytes | None = None
    ) -> None:
        """Take up a match, or all of a case that this desk has not, and ask for a response.

        Raises:
            NotFoundError: no such case or match of this desk's.
            DeniedError: the rules do not allow it.
        """

        def work(connection: Connection) -> None:
            chosen = self._chosen(
                connection,
                actor,
                case_id,
                match,
                lambda pair: pair.own_confirmed is None and pair.closed is None,
            )
            if not chosen:
                raise DeniedError("confirmed", "this desk confirmed already")
            for dossier in chosen:
                self._deeds.say(connection, dossier, actor, Confirm(within))

        await self._writer.do(work)

    async def say(
        self,
        actor: Actor,
        case_id: str,
        match: bytes,
        content: Content,
        *,
        is_urgent: bool = False,
        key: str | None = None,
    ) -> bytes:
        """Say something to the other desk, and return the message's id; never a grant.

        An urgent message goes beside the rhythm, which shows on the chain. `key` is the actor's own
        name for what is said about this match: the same content again under it is said no second
        time, whatever happened since, and has the same id.

        Raises:
            NotFoundError: no such case or match of this desk's.
            ConflictError: the key was used for something else.
            DeniedError: the rules do not allow it.
            MalformedError: the text holds what none may.
        """

        def work(connection: Connection) -> bytes:
            dossier = self._access.dossier(connection, actor, case_id, match)
            own = None if key is None else self._store.message_id(actor.id, match.hex(), key)
            said = None if own is None else dossier.said(own)
            if own is not None and said is not None:
                if said != content:
                    raise ConflictError("this key was used for something else")
                return own
            by = actor
            if isinstance(content, Refuse):
                by = self._decisions.with_hands(connection, actor, dossier, content.request)
            return self._deeds.say(
                connection, dossier, by, content, is_urgent=is_urgent, message=own
            )

        message = await self._writer.do(work)
        if is_urgent:
            self._deeds.wake()
        return message

    async def prepare(
        self,
        actor: Actor,
        case_id: str,
        match: bytes,
        request: bytes,
        *,
        fields: Sequence[str],
        last_day: date,
    ) -> None:
        """Prepare what could be granted; see `Decisions.prepare`."""
        await self._decisions.prepare(
            actor, case_id, match, request, fields=fields, last_day=last_day
        )

    async def approve(
        self,
        actor: Actor,
        case_id: str,
        match: bytes,
        request: bytes,
        *,
        seen: Prepared | None = None,
    ) -> None:
        """Grant what another prepared; see `Decisions.approve`."""
        await self._decisions.approve(actor, case_id, match, request, seen=seen)

    async def break_glass(
        self, actor: Actor, case_id: str, match: bytes, request: bytes, *, last_day: date
    ) -> None:
        """Grant the fixed fields of an acute request; see `Decisions.break_glass`."""
        await self._decisions.break_glass(actor, case_id, match, request, last_day=last_day)

    async def review(
        self, actor: Actor, case_id: str, match: bytes, request: bytes, *, is_justified: bool
    ) -> None:
        """Judge a broken glass; see `Decisions.review`."""
        await self._decisions.review(actor, case_id, match, request, is_justified=is_justified)

    async def hand_over(
        self, actor: Actor, case_id: str, *, desk: str, match: bytes | None = None
    ) -> None:
        """Give a match, or all open ones of a case at this desk, to another desk of this agency.

        Raises:
            NotFoundError: no such case or match of this desk's.
            DeniedError: the rules do not allow it.
        """

        def work(connection: Connection) -> None:
            chosen = self._chosen(
                connection, actor, case_id, match, lambda pair: pair.closed is None
            )
            if not chosen:
                raise DeniedError("closed", "the case is closed")
            for dossier in chosen:
                self._deeds.play(connection, dossier, actor, HandOver(desk), Act.HAND_OVER)
            self._notices.want(connection, Addressee(DESK, desk))

        await self._writer.do(work)

    async def assign(self, actor: Actor, case_id: str, *, person: str | None) -> None:
        """Give a case to somebody of the desk, or to nobody in particular.

        Raises:
            NotFoundError: no such case of this desk's.
            DeniedError: the rules do not allow it.
            InputError: no id of a person.
        """
        if person is not None:
            _verify_person(person, field="person")

        def work(connection: Connection) -> None:
            found, dossiers = self._access.case(connection, actor, case_id)
            row = self._store.work(connection, case_id, actor.desk)
            if row is None:
                raise DeniedError("closed", "the case is closed")
            pairs = tuple(one.pair for one in dossiers if one.pair.own_desk == actor.desk)
            case = Case(case_id, found.purpose, actor.desk, pairs, row.carried_by)
            self._dossiers.assign(connection, row, case.assigned(person, by=actor).carried_by)
            self._deeds.record(connection, dossiers[0], Act.ASSIGN)

        await self._writer.do(work)

    async def be_away(
        self, actor: Actor, *, person: str, first: date, last: date, deputy: str | None
    ) -> None:
        """Note that somebody is away from `first` to `last`, and who stands in.

        Raises:
            DeniedError: neither the person itself nor a lead.
            InputError: days out of order or over a year, or a person that stands in for itself.
        """
        if actor.id != person and actor.role is not Role.LEAD:
            raise DeniedError("role", "the person itself, or the desk's lead")
        _verify_person(person, field="person")
        if deputy is not None:
            _verify_person(deputy, field="deputy")
        if not first <= last <= first + LONGEST_ABSENCE:
            raise InputError("must be from `first` on, a year at most", field="last")
        if deputy == person:
            raise InputError("must be somebody else", field="deputy")
        absence = Absence(first.isoformat(), last.isoformat(), deputy)
        today = self._moment.today()
        await self._writer.do(
            lambda connection: self._absences.add(connection, person, absence, today=today)
        )

    def _chosen(
        self,
        connection: Connection,
        actor: Actor,
        case_id: str,
        match: bytes | None,
        is_open: Callable[[Pair], bool],
    ) -> list[Dossier]:
        """Return the one dossier that is named, or all of a case for which something is open."""
        if match is not None:
            return [self._access.dossier(connection, actor, case_id, match)]
        found = self._access.case(connection, actor, case_id)[1]
        return [one for one in found if is_open(one.pair)]


def _verify_person(person: str, *, field: str) -> None:
    if not 1 <= len(person) <= MAX_PERSON or not person.isprintable():
        raise InputError(f"must be the id of a person, 1 to {MAX_PERSON} characters", field=field)
