"""Decisions: fields of an own signal are prepared by one person and granted by another.

Two persons, of whom neither stands in for the other: absences count beside what somebody says whose
place they take.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.case.acts import Approve, BreakGlass, Prepare, Review
from ledger.case.people import Actor
from ledger.case.request import Asked, Stage
from ledger.errors import DeniedError
from nodes.casework.access import Access
from nodes.casework.deeds import Deeds
from nodes.casework.dossiers import Dossier
from nodes.casework.moment import Moment
from nodes.casework.notices import DESK, OFFICER, Addressee, Notices
from nodes.logbook import Act
from nodes.store.absences import Absence, Absences
from nodes.store.writer import Writer

_ONE_HAND = timedelta(days=31)
"""For how long after an absence its deputy and whoever was away are one pair of eyes."""


class Prepared(NamedTuple):
    """Which fields could be granted, and up to which day."""

    fields: tuple[str, ...]
    last_day: date


class Decisions:
    """Prepares, grants and reviews."""

    def __init__(
        self,
        *,
        member: str,
        access: Access,
        absences: Absences,
        deeds: Deeds,
        notices: Notices,
        writer: Writer,
        moment: Moment,
    ) -> None:
        """Decide for `member`."""
        self._member = member
        self._access = access
        self._absences = absences
        self._deeds = deeds
        self._notices = notices
        self._writer = writer
        self._moment = moment

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
        """Prepare what of the other desk's request could be granted, for a second person.

        Raises:
            NotFoundError: no such case or match of this desk's.
            DeniedError: the rules do not allow it.
        """
        act = Prepare(request, tuple(fields), last_day)

        def work(connection: Connection) -> None:
            dossier = self._access.dossier(connection, actor, case_id, match)
            done = self._deeds.play(connection, dossier, actor, act, Act.PREPARE)
            self._notices.want(connection, Addressee(DESK, done.pair.own_desk))

        await self._writer.do(work)

    async def approve(
        self,
        actor: Actor,
        case_id: str,
        match: bytes,
        request: bytes,
        *,
        seen: Prepared | None = None,
    ) -> None:
        """Grant what was prepared: the disclosure is made, and queued for the other desk.

        `seen` is what the actor was shown; None: whatever is prepared.

        Raises:
            NotFoundError: no such case or match of this desk's.
            DeniedError: the rules do not allow it: whoever prepared it, or stands in for them or
                is stood in for by them, cannot decide.
        """

        def work(connection: Connection) -> None:
            dossier = self._access.dossier(connection, actor, case_id, match)
            by = self.with_hands(connection, actor, dossier, request)
            if seen is not None:
                verify_seen(dossier.pair.asked(request, is_own=False), seen)
            self._deeds.grant(connection, dossier, by, Approve(request), Act.GRANT)

        await self._writer.do(work)

    async def break_glass(
        self, actor: Actor, case_id: str, match: bytes, request: bytes, *, last_day: date
    ) -> None:
        """Grant the fixed fields of an acute request at once; the privacy officer reviews it.

        Raises:
            NotFoundError: no such case or match of this desk's.
            DeniedError: the rules do not allow it.
        """
        act = BreakGlass(request, last_day)

        def work(connection: Connection) -> None:
            dossier = self._access.dossier(connection, actor, case_id, match)
            self._deeds.grant(connection, dossier, actor, act, Act.BREAK_GLASS, is_urgent=True)
            self._notices.want(connection, Addressee(OFFICER, self._member))

        await self._writer.do(work)
        self._deeds.wake()

    async def review(
        self, actor: Actor, case_id: str, match: bytes, request: bytes, *, is_justified: bool
    ) -> None:
        """Judge a broken glass.

        Raises:
            NotFoundError: no such case or match of this agency's.
            DeniedError: the rules do not allow it.
        """
        act = Review(request, is_justified)

        def work(connection: Connection) -> None:
            dossier = self._access.dossier(connection, actor, case_id, match)
            asked = dossier.pair.asked(request, is_own=False)
            by = self._one_hand(connection, actor, asked.decided_by)
            self._deeds.play(connection, dossier, by, act, Act.REVIEW)

        await self._writer.do(work)

    def with_hands(
        self, connection: Connection, actor: Actor, dossier: Dossier, request: bytes
    ) -> Actor:
        """Return `actor` with the hand of whoever prepared the request, where they are one."""
        asked = dossier.pair.asked(request, is_own=False)
        return self._one_hand(connection, actor, asked.prepared_by)

    def _one_hand(self, connection: Connection, actor: Actor, first: Actor | None) -> Actor:
        """Return `actor` in the place of who acted `first`, if an absence makes them one.

        Where either stands in for the other, now or within the last month, there is one pair of
        eyes: who prepared something in another's place must not have it decided by them.
        """
        if first is None:
            return actor
        people = [(actor.id, first.id), (first.id, actor.id)]
        for deputy, of in people:
            absences = self._absences.of(connection, of)
            if any(one.deputy == deputy and self._matters(one) for one in absences):
                return replace(actor, deputy_of=first.id)
        return actor

    def _matters(self, absence: Absence) -> bool:
        """Tell whether an absence has begun, and ended no longer than a month ago."""
        today = self._moment.today()
        since = (today - _ONE_HAND).isoformat()
        return absence.first <= today.isoformat() and absence.last >= since


def verify_seen(asked: Asked, seen: Prepared) -> None:
    """Check that what an approver was shown is what is prepared still: it may be replaced.

    Raises:
        DeniedError: it was.
    """
    if asked.stage is Stage.PREPARED and (set(asked.fields), asked.last_day) != (
        set(seen.fields),
        seen.last_day,
    ):
        raise DeniedError("changed", "something else is prepared by now; look again")
