"""A whole case between two desks of running nodes, in the nodes' own rhythm.

    async with CaseCluster(found(tmp_path)) as cluster:
        case = await cluster.meet("uwv", "svb")         # both posted about one person
        await case.one.confirm()                        # at UWV; goes with its next beat
        await case.other.until_heard(Confirm)           # until it stands in SVB's timeline

Every act goes to the node that lives now, again until it lives: a test may kill it in between.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from ledger.case.people import Actor, Role
from ledger.case.request import Stage
from ledger.errors import DeniedError
from ledger.exchange.message import (
    Confirm,
    Content,
    Message,
    Request,
)
from ledger.exchange.words import Necessity, Within
from nodes.casework.casework import Casework
from nodes.casework.dossiers import Dossier
from nodes.casework.seen import Line, PairFile, SeenCase, Shown
from nodes.errors import StorageError
from nodes.signal import Posting
from tests.support.cluster import FIELDS, PATIENCE_SECONDS, GoneError, Life, posting_of
from tests.support.consortium import DESKS, ROLES, Founded
from tests.support.engine_cluster import EngineCluster
from tests.support.exchange_cluster import ExchangeCluster, GoingClock

PURPOSE, BASIS = "multiproblematiek", "wetsvoorstel-36799"
ASK = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("theme", "period"))
OTHER = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("regulation",))
PERIOD_SECONDS = 0.5
_LOOK_SECONDS = 0.02
_T = TypeVar("_T")
_keys = count()


class CaseCluster(ExchangeCluster):
    """Nodes that beat by themselves every `period` seconds, or where it is 0 as a test says."""

    def __init__(
        self,
        founded: Founded,
        *,
        start: Iterable[str] = ROLES,
        period: float = PERIOD_SECONDS,
    ) -> None:
        """Let the clock go."""
        super().__init__(founded, start=start, period=period, clock=GoingClock())

    def _live(self, name: str) -> Life:
        life = super()._live(name)
        life.node.opener.receiver = life.node.office.hearing
        return life

    async def meet(self, one: str, other: str) -> "Case":
        """Let two agencies post about one person; return the case once both have the match."""
        person = posting_of(one).bsn
        for name in (one, other):
            posting = Posting(person, DESKS[name], PURPOSE, f"{name}-17", FIELDS)
            await self.until_final(name, await self.post(name, posting=posting))
        # Or a message waits until its desk's keys are asked for again.
        await self.until_addressed()
        ends = [End(self, name) for name in (one, other)]
        for end in ends:
            await end.until_there(person.digits)
        return Case(*ends)


class EngineCaseCluster(CaseCluster, EngineCluster):
    """A `CaseCluster` that its own engines order."""


@dataclass
class End:
    """One desk's end of a case: the people there, and what they do."""

    cluster: CaseCluster
    name: str
    id: str = ""
    match: bytes = b""

    def __post_init__(self) -> None:
        """Name the people after the agency."""
        self.desk = DESKS[self.name]
        self.worker = Actor(f"{self.name}-w", Role.CASEWORKER, self.desk)
        self.approver = Actor(f"{self.name}-a", Role.APPROVER, self.desk)

    async def do(self, act: Callable[[Casework], Coroutine[Any, Any, _T]]) -> _T:
        """Do something at the node that lives now, again until it is done."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                life = self.cluster.lives.get(self.name)
                try:
                    if life is not None:
                        return await life.do(act(life.node.casework))
                except (GoneError, StorageError):
                    # Whether it was done before the node went, whoever asks again will see.
                    pass
                await asyncio.sleep(_LOOK_SECONDS)

    async def until_there(self, digits: str) -> None:
        """Wait until the node has the case of a person with one match."""

        def is_there() -> bool:
            node = self.cluster[self.name]
            with node.database.read() as connection:
                case = node.matches.case_of(connection, digits=digits, purpose=PURPOSE)
            if case is not None:
                self.id, self.match = case.id, bytes.fromhex(case.match_ids[0])
            return case is not None

        await self.cluster.until(is_there)

    async def confirm(self, within: Within = Within.DAY) -> None:
        """Take the match up; said already is said."""
        try:
            await self.do(lambda work: work.confirm(self.worker, self.id, within=within))
        except DeniedError as cause:
            if cause.reason != "confirmed":
                raise

    async def say(
        self, content: Content, *, by: Actor | None = None, is_urgent: bool = False
    ) -> bytes:
        """Say something once, whatever happens meanwhile; return the message's id."""
        key = f"said-{next(_keys)}"
        return await self.do(
            lambda work: work.say(
                by or self.worker, self.id, self.match, content, is_urgent=is_urgent, key=key
            )
        )

    async def prepare(self, request: bytes, *fields: str) -> None:
        """Prepare fields of the own signal, for a month, unless they are."""
        if self.dossier.pair.asked(request, is_own=False).prepared_by is not None:
            return
        last_day = self.cluster.clock.today() + timedelta(days=30)
        await self.do(
            lambda work: work.prepare(
                self.worker, self.id, self.match, request, fields=fields, last_day=last_day
            )
        )

    async def approve(self, request: bytes) -> None:
        """Grant what was prepared; granted already is granted."""
        try:
            await self.do(lambda work: work.approve(self.approver, self.id, self.match, request))
        except DeniedError as cause:
            if cause.reason != "answered":
                raise

    async def shown(self, request: bytes) -> Shown:
        """Return what was granted to an own request."""
        return await self.do(lambda work: work.shown(self.worker, self.id, self.match, request))

    async def worklist(self) -> list[SeenCase]:
        """Return the desk's open cases."""
        return await self.do(lambda work: work.worklist(self.worker))

    async def file(self) -> PairFile:
        """Return the file of the match."""
        (file,) = (await self.do(lambda work: work.show(self.worker, self.id))).pairs
        return file

    async def timeline(self) -> tuple[Line, ...]:
        """Return what happened, in order."""
        return (await self.file()).timeline

    async def kinds(self) -> list[str]:
        """Return what happened, each in a word, in order."""
        return [line.kind for line in await self.timeline()]

    @property
    def dossier(self) -> Dossier:
        """Return the dossier as it is stored; to look at it is no act, and no record."""
        node = self.cluster[self.name]
        with node.database.read() as connection:
            found = node.casework._dossiers.load(connection, self.match.hex())
        assert found is not None, "no dossier"
        return found

    def heard(self) -> list[Content]:
        """Return what the other desk said, in the order in which it came."""
        messages = (getattr(one.event.act, "message", None) for one in self.dossier.events)
        return [one.content for one in messages if isinstance(one, Message)]

    async def until_heard(self, *kinds: type[Content]) -> None:
        """Wait until the newest of what the other desk said is of these kinds."""
        await self.cluster.until(
            lambda: [type(one) for one in self.heard()[-len(kinds) :]] == list(kinds)
        )

    async def until_stage(self, request: bytes, stage: Stage) -> None:
        """Wait until a request is at least so far, by whoever it is."""
        order = list(Stage)

        def is_so_far() -> bool:
            if self.name not in self.cluster.lives:
                return False
            found = [one for one in self.dossier.pair.requests if one.id == request]
            return bool(found) and order.index(found[0].stage) >= order.index(stage)

        await self.cluster.until(is_so_far)


@dataclass(frozen=True)
class Case:
    """A match between two desks."""

    one: End
    other: End

    @property
    def ends(self) -> tuple[End, End]:
        """Return both."""
        return self.one, self.other

    async def confirmed(self) -> None:
        """Let both take it up."""
        for end in self.ends:
            await end.confirm()
        for end in self.ends:
            await end.until_heard(Confirm)

    async def until_arrived(self) -> None:
        """Wait until every message that either sent has its block at both."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                sent = [sent_by(await end.timeline()) for end in self.ends]
                heard = [heard_by(await end.timeline()) for end in self.ends]
                if sent == heard[::-1] and None not in {*sent[0].values(), *sent[1].values()}:
                    return
                await asyncio.sleep(_LOOK_SECONDS)


def sent_by(lines: Iterable[Line]) -> dict[str | None, int | None]:
    """Return the block of each message that was sent, by its id, in order."""
    return {x.message: x.height for x in lines if x.message and not x.kind.startswith("heard-")}


def heard_by(lines: Iterable[Line]) -> dict[str | None, int | None]:
    """Return the block of each message that was heard, by its id, in order."""
    return {x.message: x.height for x in lines if x.kind.startswith("heard-")}
