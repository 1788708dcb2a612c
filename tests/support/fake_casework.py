"""Casework in memory: what `nodes.casework` does, over the pure rules, without store or ledger.

What is denied here is what the rules deny; what another desk says is put in by `hear`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from heapq import nsmallest

from ledger.case.acts import Act, Approve, BreakGlass, Event, HandOver, Hear, Prepare, Review, Say
from ledger.case.case import Case
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role
from ledger.case.request import Stage
from ledger.case.rules import Setting, play
from ledger.errors import DeniedError
from ledger.exchange.message import Confirm, Content, Message
from ledger.exchange.words import Within
from nodes.casework.access import sees
from nodes.casework.agenda import Summary, summary_of
from nodes.casework.decisions import Prepared, verify_seen
from nodes.casework.grants import Proof
from nodes.casework.seen import (
    Awaiting,
    CaseFile,
    Contact,
    OwnSide,
    PairFile,
    SeenCase,
    SeenPair,
    Shown,
)
from nodes.casework.timeline import lines
from nodes.errors import ConflictError, InputError, NotFoundError
from nodes.store.casework import StoredEvent
from tests.support.casework import PURPOSE, START, SVB, UWV, setting
from tests.support.parties import seeded

OTHER_DESK = "uwv/wia"
VALUES = {"theme": "schulden", "period": "langer", "helpQuestion": "overzicht"}
"""What the other desk's signal says."""
REFERENCE = "WP-2026-00412"
PROOF = Proof(
    author="svb",
    height=41,
    day=START.date(),
    entry_id=seeded(32, "entry").hex(),
    commitment="Y29tbWl0bWVudCBvZiB0aGlydHktdHdvIGJ5dGVzISE=",
    digests=tuple(seeded(32, "digest", n).hex() for n in range(3)),
    claims={"theme": "zC6Y3rB0pW7rjH1cG4l4h2cW0e3lqj8m2iYc2yXq3dE"},
    key="signaalketen.test/svb",
)
_AWAITED = {Role.APPROVER: ("acute", "decide"), Role.PRIVACY_OFFICER: ("review",)}


def two_desks() -> Setting:
    """Return what is in force where UWV has a second desk for cases."""
    desk = {"number": 9, "name": OTHER_DESK, "title": "UWV WIA", "kind": "case", "neutral": True}
    return setting(lambda document: document["desk"].append(desk))


class FakeCasework:
    """Plays what people do; `away` is every absence that was noted."""

    def __init__(self, under: Setting | None = None, *, now: datetime = START) -> None:
        """Hold no case yet."""
        self.setting = under or two_desks()
        self.now = now + timedelta(hours=1)
        self.cases: dict[str, Case] = {}
        self.happened: dict[bytes, list[StoredEvent]] = {}
        self.heights: dict[bytes, int] = {}
        self.away: list[tuple[str, date, date, str | None]] = []
        self.urgent: list[bytes] = []
        self._said: dict[bytes, Content] = {}

    def open(self, name: object, *, desk: str = UWV, others: Sequence[str] = (SVB,)) -> str:
        """Open a case with a match with each of `others`, and return its id."""
        case = Case(seeded(16, "case", str(name)).hex(), PURPOSE, desk)
        for other in others:
            match = seeded(16, "match", str(name), other)
            pair = Pair.open(
                match=match, purpose=PURPOSE, own_desk=desk, other_desk=other, at=START
            )
            case = case.with_pair(pair)
            self.happened[match] = []
        self.cases[case.id] = case
        return case.id

    def match_of(self, case_id: str) -> bytes:
        """Return the id of the first match of a case."""
        return self.cases[case_id].pairs[0].match

    def hear(self, case_id: str, content: Content, *, named: object) -> bytes:
        """Let the other desk say something; return the id of its message."""
        pair = self.cases[case_id].pairs[0]
        message = seeded(16, "heard", case_id, str(named))
        heard = Message(pair.match, pair.other_desk, content)
        self._play(case_id, pair.match, Hear(message, heard), by=None)
        return message

    def grant(self, case_id: str, request: bytes, fields: tuple[str, ...], last: date) -> None:
        """Let the other desk grant `fields` of an own request."""
        pair = self.cases[case_id].pairs[0]
        asked = replace(pair.asked(request, is_own=True), stage=Stage.GRANTED, fields=fields)
        changed = pair.with_asked(replace(asked, last_day=last))
        self.cases[case_id] = self.cases[case_id].with_pair(changed)

    async def worklist(
        self, actor: Actor, *, desk: str | None = None, after: str | None = None, count: int = 50
    ) -> list[SeenCase]:
        own = (c for c in self.cases.values() if c.desk == actor.desk and c.id > (after or ""))
        return [self._line(case) for case in nsmallest(count, own, key=lambda c: c.id)]

    async def show(self, actor: Actor, case_id: str) -> CaseFile:
        case = self._visible(actor, case_id)
        return CaseFile(
            id=case.id,
            purpose=case.purpose,
            desks=(Contact(case.desk, "UWV Maatwerkplaats"),),
            pairs=tuple(self._file(pair) for pair in case.pairs),
            carried_by={case.desk: case.carried_by},
            worked_by={case.desk: case.carried_by},
        )

    async def confirm(
        self, actor: Actor, case_id: str, *, within: Within, match: bytes | None = None
    ) -> None:
        case = self._visible(actor, case_id)
        still = [p.match for p in case.pairs if p.own_confirmed is None and p.closed is None]
        if match is None and not still:
            raise DeniedError("confirmed", "this desk confirmed already")
        for one in still if match is None else [match]:
            message = seeded(16, "confirmed", one.hex(), len(self.happened[one]))
            self._do(actor, case_id, one, Say(message, Confirm(within)))

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
        self._visible(actor, case_id)
        message = seeded(16, "said", actor.id, match.hex(), key or len(self._said))
        if message in self._said:
            if self._said[message] != content:
                raise ConflictError("this key was used for something else")
            return message
        self._do(actor, case_id, match, Say(message, content))
        self._said[message] = content
        if is_urgent:
            self.urgent.append(message)
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
        self._do(actor, case_id, match, Prepare(request, tuple(fields), last_day))

    async def approve(
        self,
        actor: Actor,
        case_id: str,
        match: bytes,
        request: bytes,
        *,
        seen: Prepared | None = None,
    ) -> None:
        asked = self._pair(actor, case_id, match).asked(request, is_own=False)
        if seen is not None:
            verify_seen(asked, seen)
        self._do(actor, case_id, match, Approve(request))

    async def break_glass(
        self, actor: Actor, case_id: str, match: bytes, request: bytes, *, last_day: date
    ) -> None:
        self._do(actor, case_id, match, BreakGlass(request, last_day))

    async def review(
        self, actor: Actor, case_id: str, match: bytes, request: bytes, *, is_justified: bool
    ) -> None:
        self._do(actor, case_id, match, Review(request, is_justified))

    async def hand_over(
        self, actor: Actor, case_id: str, *, desk: str, match: bytes | None = None
    ) -> None:
        pairs = self._visible(actor, case_id).pairs
        for one in [p.match for p in pairs] if match is None else [match]:
            self._do(actor, case_id, one, HandOver(desk))
        self.cases[case_id] = replace(self.cases[case_id], desk=desk, carried_by=None)

    async def assign(self, actor: Actor, case_id: str, *, person: str | None) -> None:
        self.cases[case_id] = self._visible(actor, case_id).assigned(person, by=actor)

    async def be_away(
        self, actor: Actor, *, person: str, first: date, last: date, deputy: str | None
    ) -> None:
        if person != actor.id and actor.role is not Role.LEAD:
            raise DeniedError("role", "the desk's lead says it of somebody else")
        if last < first:
            raise InputError("must be from `first` on, a year at most", field="last")
        self.away.append((person, first, last, deputy))

    async def shown(self, actor: Actor, case_id: str, match: bytes, request: bytes) -> Shown:
        asked = self._pair(actor, case_id, match).asked(request, is_own=True)
        asked.verify_usable(today=self.now.date())
        fields = {name: VALUES[name] for name in asked.fields}
        return Shown(fields, asked.last_day or date.min, "ordinary", PROOF)

    async def queue(
        self, actor: Actor, *, after: str | None = None, count: int = 50
    ) -> list[Awaiting]:
        found: list[Awaiting] = []
        is_seen = sees(actor)
        for case in sorted(self.cases.values(), key=lambda c: c.id):
            waiting = [
                Awaiting(case.id, case.desk, pair.match.hex(), request, what, case.id)
                for pair in case.pairs
                for what in _AWAITED[actor.role]
                for request in _awaited(self._summary(pair), what)
            ]
            if waiting and is_seen(case.desk) and case.id > (after or "") and count > 0:
                found += waiting
                count -= 1
        return found

    def _summary(self, pair: Pair) -> Summary:
        return summary_of(pair, self.now, erased=())

    def _line(self, case: Case) -> SeenCase:
        summaries = [(pair, self._summary(pair)) for pair in case.pairs]
        dues = ((s.due, s.what) for _, s in summaries if s.due is not None)
        due = min(dues, default=None)
        return SeenCase(
            id=case.id,
            desk=case.desk,
            purpose=case.purpose,
            pairs=tuple(
                SeenPair(
                    match=p.match.hex(),
                    other_desk=s.other_desk,
                    state=s.state,
                    respond_by=p.respond_by,
                    asked=s.asked,
                    prepared=s.prepared,
                    review=s.review,
                )
                for p, s in summaries
            ),
            carried_by=case.carried_by,
            worked_by=case.carried_by,
            due=None if due is None else datetime.fromisoformat(str(due[0])),
            what=None if due is None else due[1],
            place=case.id,
        )

    def _file(self, pair: Pair) -> PairFile:
        return PairFile(
            match=pair.match.hex(),
            pair=pair,
            own=OwnSide(seeded(16, "own", pair.match.hex()).hex(), REFERENCE, pair.own_desk),
            member=pair.other_desk.partition("/")[0],
            day=START.date(),
            height=41,
            other=Contact(
                pair.other_desk, "SVB De Bedoeling", "020 555 01 00", "info@svb.example", "9-17"
            ),
            timeline=lines(self.happened[pair.match], self.heights.get),
            erased=(),
        )

    def _visible(self, actor: Actor, case_id: str) -> Case:
        case = self.cases.get(case_id)
        if case is None or not sees(actor)(case.desk):
            raise NotFoundError("no case of this desk has that id")
        return case

    def _pair(self, actor: Actor, case_id: str, match: bytes) -> Pair:
        for pair in self._visible(actor, case_id).pairs:
            if pair.match == match:
                return pair
        raise NotFoundError("this case has no such match")

    def _do(self, actor: Actor, case_id: str, match: bytes, act: Act) -> None:
        self._pair(actor, case_id, match)
        sent = act.id if isinstance(act, Say) else None
        if isinstance(act, Approve | BreakGlass):
            sent = seeded(16, "granted", match.hex(), len(self.happened[match]))
        self._play(case_id, match, act, by=actor, sent=sent)

    def _play(
        self,
        case_id: str,
        match: bytes,
        act: Act,
        *,
        by: Actor | None,
        sent: bytes | None = None,
    ) -> None:
        case = self.cases[case_id]
        event = Event(self.now, act, by)
        changed = play(case.pair(match), event, self.setting)
        self.cases[case_id] = case.with_pair(changed)
        self.now += timedelta(minutes=1)
        height = 100 + len(self.happened[match])
        if sent is not None:
            self.heights[sent] = height
        is_heard = isinstance(act, Hear)
        self.happened[match].append(StoredEvent(event, 1, sent, height if is_heard else None))


def _awaited(summary: Summary, what: str) -> tuple[str, ...]:
    return {"acute": summary.acute, "decide": summary.prepared, "review": summary.review}[what]
