"""Dossiers: one match as a desk has it, played from what happened, and kept with it.

A pair is opened in the transaction that takes up its match, under the desk that posted the own
signal; cases are local, so where two desks of this agency posted about one person each sees its own
pairs of the case, and no other's. With the match, or as soon as the own signal is withdrawn, all of
it goes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from ledger.case.acts import Event, HandOver, Refused, Say
from ledger.case.pair import Pair
from ledger.case.rules import Setting, play
from ledger.consortium import Desk
from ledger.exchange.message import Content
from nodes.casework.agenda import summary_of
from nodes.casework.documents import Documents
from nodes.casework.moment import Moment
from nodes.store.casework import APPROVER, NEVER, OFFICER, CaseStore, Opening, StoredEvent, Work
from nodes.store.matches import Match, Matches
from nodes.store.signals import Signals


@dataclass(frozen=True, slots=True)
class Dossier:
    """A `match`, what happened (`events`), and the `pair` that this comes to."""

    match: Match
    opening: Opening
    pair: Pair
    events: tuple[StoredEvent, ...]

    @property
    def own_desks(self) -> frozenset[str]:
        """Return the desks of this agency that have had it: to each the other may have written."""
        acts = (one.event.act for one in self.events)
        moved = {act.desk for act in acts if isinstance(act, HandOver)}
        return frozenset(moved | {self.opening.own_desk})

    def said(self, message: bytes) -> Content | None:
        """Return what this agency said in the message of that id, or None."""
        acts = (one.event.act for one in self.events)
        return next((a.content for a in acts if isinstance(a, Say) and a.id == message), None)


class Dossiers:
    """Opens, reads and adds to dossiers, inside a caller's transaction."""

    def __init__(
        self,
        *,
        store: CaseStore,
        matches: Matches,
        signals: Signals,
        documents: Documents,
        moment: Moment,
        holidays: Collection[date] = (),
    ) -> None:
        """Keep in `store` what happens to `matches`; reviews are not due on `holidays`."""
        self._store = store
        self._matches = matches
        self._signals = signals
        self._documents = documents
        self._moment = moment
        self._holidays = frozenset(holidays)

    def open(self, connection: Connection, match: Match, case: str) -> Dossier | None:
        """Begin a pair, unless its own signal is withdrawn or its other desk is none for cases."""
        own = self._signals.get(connection, match.own_local_id)
        other = self._desk(match)
        if own is None or own.is_withdrawn or not own.desk or other is None:
            return None
        if self._store.opening(connection, match.id) is not None:
            return self.load(connection, match.id)
        opening = Opening(
            match=match.id,
            case=case,
            purpose=match.purpose,
            own_desk=own.desk,
            other_desk=other.name,
            opened=self._moment.now().isoformat(),
        )
        dossier = Dossier(match, opening, _begun(opening), ())
        return self._keep(connection, dossier)

    def load(self, connection: Connection, match_id: str) -> Dossier | None:
        """Return the dossier of a match, played from what happened; or None."""
        opening = self._store.opening(connection, match_id)
        match = self._matches.get(connection, match_id)
        if opening is None or match is None:
            return None
        events = tuple(self._store.events(connection, opening))
        pair, heights = _begun(opening), self._documents.heights(connection)
        for stored in events:
            document = self._documents.at(connection, stored.size, heights=heights)
            pair = play(pair, stored.event, Setting(document, self._holidays))
        return Dossier(match, opening, pair, events)

    def append(
        self,
        connection: Connection,
        dossier: Dossier,
        event: Event,
        *,
        sent: bytes | None = None,
        height: int | None = None,
    ) -> Dossier:
        """Play an event and store it.

        Raises:
            DeniedError: it may not be; nothing was stored.
            MalformedError: what is said holds what no message may.
        """
        setting = Setting(self._documents.newest(), self._holidays)
        pair = play(dossier.pair, event, setting)
        # As it was played, so that the order in time is that of the list.
        event = replace(event, at=pair.last)
        stored = StoredEvent(event, self._documents.size, sent, height)
        opening = self._store.append(connection, dossier.opening, stored)
        if isinstance(event.act, Refused):
            opening = replace(opening, refused=opening.refused + 1)
        changed = replace(dossier, opening=opening, pair=pair, events=(*dossier.events, stored))
        kept = self._keep(connection, changed)
        if pair.own_desk != dossier.pair.own_desk:
            self._list(connection, opening.case, dossier.pair.own_desk)
        return kept

    def rewrite(
        self, connection: Connection, dossier: Dossier, changed: dict[int, StoredEvent]
    ) -> Dossier:
        """Store events in the places of those of their numbers: they say less, and play alike."""
        for number, stored in changed.items():
            self._store.put_event(connection, dossier.opening, number, stored)
        events = tuple(changed.get(at, stored) for at, stored in enumerate(dossier.events))
        return replace(dossier, events=events)

    def mark_erased(
        self, connection: Connection, dossier: Dossier, requests: Sequence[bytes]
    ) -> Dossier:
        """Note that of what was granted to those own requests nothing is left."""
        erased = [*dossier.opening.erased, *(one.hex() for one in requests)]
        return self._keep(
            connection, replace(dossier, opening=replace(dossier.opening, erased=erased))
        )

    def look_again(self, connection: Connection, dossier: Dossier) -> Dossier:
        """Reckon anew when the clock has something to do about it."""
        return self._keep(connection, dossier)

    def remove(self, connection: Connection, match_id: str) -> None:
        """Delete the dossier of a match, if there is one, and what lists show of it."""
        opening = self._store.opening(connection, match_id)
        if opening is not None:
            self._store.remove(connection, opening)
            self._list(connection, opening.case, str(opening.summary["desk"]))

    def assign(self, connection: Connection, work: Work, person: str | None) -> None:
        """Note who carries a case at a desk."""
        self._list(connection, work.case, work.desk, carried_by=person, is_assigned=True)

    def _keep(self, connection: Connection, dossier: Dossier) -> Dossier:
        opening = dossier.opening
        short = summary_of(dossier.pair, self._moment.now(), erased=opening.erased)
        opening = replace(opening, summary=short.as_json())
        self._store.put_opening(connection, opening)
        self._list(connection, opening.case, dossier.pair.own_desk)
        return replace(dossier, opening=opening)

    def _list(
        self,
        connection: Connection,
        case: str,
        desk: str,
        *,
        carried_by: str | None = None,
        is_assigned: bool = False,
    ) -> None:
        """Bring the row of a case on a desk's worklist up to date; without pairs there is none."""
        known = self._store.work(connection, case, desk)
        found = self._matches.case(connection, case)
        ids = () if found is None else found.match_ids
        openings = [self._store.opening(connection, match_id) for match_id in ids]
        here = {o.match: o.summary for o in openings if o is not None and o.summary["desk"] == desk}
        dues = [str(one["due"]) for one in here.values() if one["due"] is not None]
        due = min(dues, key=datetime.fromisoformat, default=None)
        is_closed = all(one["state"] == "closed" for one in here.values())
        awaits = _awaits(here.values())
        if found is None or not here or (is_closed and due is None and not awaits):
            self._store.drop_work(connection, case, desk)
            return
        if not is_assigned and known is not None:
            carried_by = known.carried_by
        work = Work(case, desk, found.purpose, here, carried_by, due)
        day = NEVER if due is None else datetime.fromisoformat(due).date().toordinal()
        self._store.put_work(connection, work, is_closed=is_closed, due=day, awaits=awaits)

    def _desk(self, match: Match) -> Desk | None:
        desks = self._documents.newest().desks
        return next(
            (
                desk
                for desk in desks
                if (desk.number, desk.member, desk.kind) == (match.desk, match.member, "case")
            ),
            None,
        )


def _begun(opening: Opening) -> Pair:
    return Pair.open(
        match=bytes.fromhex(opening.match),
        purpose=opening.purpose,
        own_desk=opening.own_desk,
        other_desk=opening.other_desk,
        at=datetime.fromisoformat(opening.opened),
    )


def _awaits(summaries: Collection[dict[str, object]]) -> int:
    is_to_decide = any(one["prepared"] or one["acute"] for one in summaries)
    is_to_review = any(one["review"] for one in summaries)
    return (APPROVER if is_to_decide else 0) | (OFFICER if is_to_review else 0)
