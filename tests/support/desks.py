"""Two desks whose nodes both have a match: real signals on a real chain, and mail carried by hand.

async with meeting(founded) as met:         # UWV and SVB posted about one person
    await met.confirmed()                   # both took the match up
    request = await met.ask(met.svb)        # SVB asks UWV
    await met.pump()                        # what is in the bags arrives
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import pytest
from sqlalchemy import Connection

from ledger.bsn import Bsn, synthetic_numbers
from ledger.case.people import Actor, Role
from ledger.errors import DeniedError
from ledger.exchange.message import Confirm, Content, Message, Request
from ledger.exchange.words import Necessity, Within
from nodes.casework.casework import Casework
from nodes.casework.dossiers import Dossier, Dossiers
from nodes.casework.seen import Line, PairFile
from nodes.errors import NotFoundError
from nodes.node import Node
from nodes.store.chain import refusals
from nodes.store.matches import Match
from tests.support.bench import Bench, run
from tests.support.cluster import posting_of
from tests.support.consortium import DESKS, Founded
from tests.support.fakes import FakeClock, MemoryOrder, Wires
from tests.support.mailbag import Bell, Mailbag, Posted
from tests.support.parties import seeded

PERSON, OTHER = islice(synthetic_numbers(), 2)
PURPOSE, BASIS = "multiproblematiek", "wetsvoorstel-36799"
MATCH = seeded(16, "match")
ASK = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("theme", "period"))
ACUTE = Request(PURPOSE, BASIS, Necessity.ACUTE, ("theme", "period", "helpQuestion"))
NUMBERS = {"uwv": 1, "svb": 2, "szw": 3}


@dataclass
class Side:
    """One agency: its `bench`, the own signal, and the people of its desk."""

    name: str
    bench: Bench
    bag: Mailbag
    bell: Bell
    local_id: str = ""
    height: int = 0

    def __post_init__(self) -> None:
        """Name the people after the agency."""
        desk = self.desk = DESKS[self.name]
        self.worker = Actor(f"{self.name}-w1", Role.CASEWORKER, desk)
        self.colleague = Actor(f"{self.name}-w2", Role.CASEWORKER, desk)
        self.approver = Actor(f"{self.name}-a1", Role.APPROVER, desk)
        self.officer = Actor(f"{self.name}-f1", Role.PRIVACY_OFFICER, f"{self.name}/fg")
        self.lead = Actor(f"{self.name}-l1", Role.LEAD, desk)

    @property
    def node(self) -> Node:
        """Return the node."""
        return self.bench.node

    @property
    def casework(self) -> Casework:
        """Return what people do there."""
        return self.bench.node.casework

    async def case_id(self, digits: str = PERSON.digits) -> str:
        """Return the id of the person's case."""
        with self.node.database.read() as connection:
            case = self.node.matches.case_of(connection, digits=digits, purpose=PURPOSE)
        assert case is not None, "no case"
        return case.id

    async def post(self, bsn: Bsn, *, key: str) -> tuple[str, bytes]:
        """Post about a person; return local id and the entry as a custodian gave it back."""
        local_id = await self.bench.post(posting_of(self.name, bsn=bsn), key=key)
        with self.node.database.read() as connection:
            (outgoing,) = self.node.signals.outgoing(connection, [local_id])
        return local_id, self.bench.stored(outgoing.signed, "bzk").encode()

    async def meet(
        self, other: "Side", *, match: bytes = MATCH, digits: str = PERSON.digits
    ) -> str:
        """Take up a match with the other side's signal, and return the id of its case."""
        found = Match(
            id=match.hex(),
            own_local_id=self.local_id,
            own_height=self.height,
            member=other.name,
            height=other.height,
            desk=NUMBERS[other.name],
            purpose=PURPOSE,
            digits=digits,
        )
        await self.node.writer.do(lambda connection: self.node.matches.add(connection, found))
        await self.node.cases.build()
        return await self.case_id(digits)

    async def receive(self, posted: Posted, *, author: str, height: int = 7) -> None:
        """Let a message arrive, as the transport brings it."""
        await self.node.writer.do(
            lambda connection: self.node.office.hearing.receive(
                connection,
                author=author,
                desk=posted.desks[0],
                message=posted.message,
                raw=posted.raw,
                height=height,
            )
        )

    async def hear(
        self,
        content: Content,
        *,
        of: "Side",
        named: object = "heard",
        desk: str | None = None,
        to: str | None = None,
        match: bytes = MATCH,
        author: str | None = None,
    ) -> None:
        """Let an altered node of the other side say anything."""
        raw = Message(match, desk or of.desk, content).encode()
        posted = Posted(self.name, (to or self.desk,), seeded(16, str(named)), raw)
        await self.receive(posted, author=author or of.name)

    async def file(self, actor: Actor | None = None, match: bytes = MATCH) -> PairFile:
        """Return the file of a match."""
        shown = await self.casework.show(actor or self.worker, await self.case_id())
        return next(pair for pair in shown.pairs if pair.match == match.hex())

    async def last_line(self) -> Line:
        """Return what happened last."""
        return (await self.file()).timeline[-1]

    def refusals(self) -> dict[str, int]:
        """Return what was refused, and how often."""
        with self.node.database.read() as connection:
            counted = refusals(connection)
        return {reason: count for reason, count in counted.items() if reason.startswith("message-")}


@dataclass
class Meeting:
    """Two sides, one clock and one chain."""

    uwv: Side
    svb: Side
    clock: FakeClock

    @property
    def sides(self) -> tuple[Side, Side]:
        """Return both."""
        return self.uwv, self.svb

    async def days(self, count: int, *, seconds: int = 0) -> None:
        """Let days go by, for the clock and for the chain."""
        self.clock.turn(days=count, seconds=seconds)
        await self.turn_chain()

    async def turn_chain(self) -> None:
        """Let the chain's date become the clock's."""
        bench = self.uwv.bench
        entry = bench.stored(bench.draft("szw").signed, "bzk", "svb", "uwv").encode()
        bench.order.append([entry])
        for side in self.sides:
            await side.bench.catch_up()
            await side.bench.finalize()

    def across(self, side: Side) -> Side:
        """Return the other side."""
        return self.svb if side is self.uwv else self.uwv

    async def pump(self) -> int:
        """Bring what is in the bags across; return how much that was."""
        count = 0
        for side in self.sides:
            for posted in side.bag.take():
                await self.across(side).receive(posted, author=side.name)
                count += 1
        return count

    async def say(self, side: Side, content: Content, *, by: Actor | None = None) -> bytes:
        """Let somebody of a side say something, and let it arrive."""
        case = await side.case_id()
        if isinstance(content, Confirm):
            await side.casework.confirm(by or side.worker, case, within=content.within)
            message = side.bag.sent[-1].message
        else:
            message = await side.casework.say(by or side.worker, case, MATCH, content)
        await self.pump()
        return message

    async def confirmed(self) -> None:
        """Let both take the match up."""
        for side in self.sides:
            await self.say(side, Confirm(Within.DAY))

    async def ask(self, side: Side, request: Request = ASK) -> bytes:
        """Let a side ask; return the request's id."""
        return await self.say(side, request)

    async def prepare(
        self, side: Side, request: bytes, *, fields: Iterable[str] = ("theme",), days: int = 30
    ) -> None:
        """Let a side prepare what it could grant."""
        await side.casework.prepare(
            side.worker,
            await side.case_id(),
            MATCH,
            request,
            fields=tuple(fields),
            last_day=self.clock.today() + timedelta(days=days),
        )

    async def granted(self) -> bytes:
        """Let SVB ask and UWV grant the theme; return the request's id."""
        await self.confirmed()
        request = await self.ask(self.svb)
        await self.prepare(self.uwv, request)
        uwv = self.uwv
        await uwv.casework.approve(uwv.approver, await uwv.case_id(), MATCH, request)
        return request


@asynccontextmanager
async def meeting(founded: Founded, *, svb_later: bool = False) -> AsyncIterator[Meeting]:
    """Yield UWV and SVB who both have the match, SVB's node not yet where `svb_later`."""
    clock, wires, order = FakeClock(), Wires(), MemoryOrder()
    async with AsyncExitStack() as stack:
        sides = []
        for name in ("uwv", "svb"):
            bag, bell = Mailbag(), Bell()
            bench = Bench(
                founded, name, clock=clock, wires=wires, order=order, sender=bag, notifier=bell
            )
            sides.append(Side(name, await stack.enter_async_context(bench), bag, bell))
        met = Meeting(sides[0], sides[1], clock)
        await place(met.sides, PERSON, key="first")
        await met.uwv.meet(met.svb)
        if not svb_later:
            await met.svb.meet(met.uwv)
        yield met


async def place(sides: Iterable[Side], bsn: Bsn, *, key: str) -> None:
    """Let each side post about a person; both signals are final at both."""
    sides = tuple(sides)
    placed = [(side, *(await side.post(bsn, key=key))) for side in sides]
    sides[0].bench.order.append([entry for _, _, entry in placed])
    for side in sides:
        start = side.node.progress.applied.value
        await side.bench.catch_up()
        await side.bench.finalize()
        end = side.node.progress.applied.value
        await side.node.effects.take(start=start, end=end)
    for side, local_id, _ in placed:
        block = side.bench.block_of(local_id)
        assert block is not None
        side.local_id, side.height = local_id, block.height


async def denied(attempt: Awaitable[object]) -> str:
    """Return the word for which an attempt is denied."""
    try:
        await attempt
    except DeniedError as reason:
        return reason.reason
    except NotFoundError:
        return "not-found"
    return "allowed"


def story(founded: Founded, told: Callable[[Meeting], Awaitable[None]]) -> None:
    """Tell a story of two sides that met."""

    async def within() -> None:
        async with meeting(founded) as met:
            await told(met)

    run(within())


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that fills with the matches whose dossiers are played."""
    loaded: list[str] = []
    load = Dossiers.load

    def watch(self: Dossiers, connection: Connection, match_id: str) -> Dossier | None:
        loaded.append(match_id)
        return load(self, connection, match_id)

    monkeypatch.setattr(Dossiers, "load", watch)
    return loaded


SECOND_DESKS = """
[[desk]]
number = 11
name = "uwv/werkbedrijf"
title = "UWV Werkbedrijf"
kind = "case"
neutral = true

[[desk]]
number = 12
name = "svb/aio"
title = "SVB AIO"
kind = "case"
neutral = true

[[group]]"""


def with_second_desks(rules: str) -> str:
    """Return rules under which UWV and SVB have a second desk each."""
    return rules.replace("\n[[group]]", SECOND_DESKS, 1)


def count(side: Side, table: str) -> int:
    """Return how many rows a table of a side's node has."""
    with side.node.database.read() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    return int(found)
