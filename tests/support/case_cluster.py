"""A whole case between two desks of running nodes, in the nodes' own rhythm.

    async with CaseCluster(found(tmp_path)) as cluster:
        case = await cluster.meet("uwv", "svb")         # both posted about one person
        await case.one.confirm()                        # at UWV; goes with its next beat
        await case.other.until("heard-confirm")         # until it stands in SVB's timeline

Every act goes to the node that lives now, again until it lives: a test may kill it in between.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from ledger.block import Block
from ledger.bsn import Bsn
from ledger.case.people import Actor, Role
from ledger.case.request import Stage
from ledger.disclosure import verify_disclosure
from ledger.encoding import to_base64
from ledger.errors import DeniedError
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Coordinate,
    Grant,
    Message,
    Outcome,
    Refuse,
    Request,
    Text,
)
from ledger.exchange.words import Ending, Necessity, Refusal, Result, Within
from ledger.receipt import verify_by_documents
from ledger.sdjwt import disclosure_digest, read_disclosure
from nodes.casework.casework import Casework
from nodes.casework.dossiers import Dossier
from nodes.casework.seen import Line, PairFile, SeenCase, Shown
from nodes.errors import StorageError
from nodes.settings import Settings
from nodes.signal import Posting
from tests.support.cluster import FIELDS, PATIENCE_SECONDS, Cluster, GoneError, posting_of
from tests.support.consortium import DESKS, ORIGIN, ROLES, Founded
from tests.support.engine_cluster import EngineCluster
from tests.support.exchange_cluster import GoingClock

PURPOSE, BASIS = "multiproblematiek", "wetsvoorstel-36799"
ASK = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("theme", "period"))
OTHER = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("regulation",))
PERIOD_SECONDS = 0.5
_LOOK_SECONDS = 0.02
_T = TypeVar("_T")
_keys = count()


class CaseCluster(Cluster):
    """Nodes that beat by themselves, on a clock that goes."""

    def __init__(
        self,
        founded: Founded,
        *,
        start: Iterable[str] = ROLES,
        period: float = PERIOD_SECONDS,
    ) -> None:
        """Let beats come every `period` seconds."""
        super().__init__(founded, start=start, clock=GoingClock())
        self._period = period

    def _settings(self, name: str, *, data: str) -> Settings:
        settings = super()._settings(name, data=data)
        return settings.model_copy(update={"exchange_beat_seconds": self._period})

    async def meet(self, one: str, other: str) -> "Case":
        """Let two agencies post about one person; return the case once both have the match."""
        person = posting_of(one).bsn
        for name in (one, other):
            posting = Posting(person, DESKS[name], PURPOSE, f"{name}-17", FIELDS)
            await self.until_final(name, await self.post(name, posting=posting))
            # Or a message waits until its desk's keys are asked for again.
            await self.lives[name].do(self[name].addresses.refresh())
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


@dataclass(frozen=True)
class Told:
    """What came of a whole case: `request` was granted and `shown`, `refused` was not."""

    request: bytes
    refused: bytes
    shown: Shown


async def whole_case(case: Case, *, at: Callable[[str], Coroutine[Any, Any, None]]) -> Told:
    """Let a case go from match to close; `case.one` is asked for fields and grants some.

    `at` is awaited with each of: asked, granted, coordinated. Between asked and granted only the
    end that is asked acts.
    """
    one, other = case.ends
    await case.confirmed()
    await one.say(Text("Wie belt?"))
    await other.until_heard(Text)
    request, refused = await other.say(ASK), await other.say(OTHER)
    await one.until_heard(Request, Request)
    await at("asked")
    await one.prepare(request, "theme")
    await one.approve(request)
    await one.say(Refuse(refused, Refusal.NOT_NEEDED), by=one.approver)
    await at("granted")
    await other.until_heard(Grant, Refuse)
    shown = await other.shown(request)
    await other.say(Coordinate(one.desk))
    await one.until_heard(Coordinate)
    for end, across in (case.ends, case.ends[::-1]):
        await end.say(Outcome(Result.COORDINATED))
        await across.until_heard(Outcome)
    await at("coordinated")
    await one.say(Close(Ending.DONE))
    await other.until_heard(Close)
    await case.until_arrived()
    return Told(request, refused, shown)


async def verify_told(case: Case, told: Told) -> None:
    """Check that one field was shown and proven, and all of it stands on the chain.

    Raises:
        AssertionError: something else was.
        LedgerError: a proof or receipt proves nothing.
    """
    assert told.shown.fields == {"theme": FIELDS["theme"]}
    verify_shown(case.other, told.request, told.shown)
    assert [one.stage for one in case.other.dossier.pair.requests] == ["granted", "refused"]
    assert all(end.dossier.pair.is_coordinated for end in case.ends)
    assert [kind for kind in await case.other.kinds() if "confirm" not in kind] == [
        *("heard-text", "request", "request", "heard-grant", "heard-refuse"),
        *("coordinate", "heard-outcome", "outcome", "heard-close"),
    ]
    for end, across in (case.ends, case.ends[::-1]):
        await verify_timeline(end, across)
        assert await end.worklist() == []


def sent_by(lines: Iterable[Line]) -> dict[str | None, int | None]:
    """Return the block of each message that was sent, by its id, in order."""
    return {x.message: x.height for x in lines if x.message and not x.kind.startswith("heard-")}


def heard_by(lines: Iterable[Line]) -> dict[str | None, int | None]:
    """Return the block of each message that was heard, by its id, in order."""
    return {x.message: x.height for x in lines if x.kind.startswith("heard-")}


async def verify_timeline(end: End, other: End) -> None:
    """Check that each message of a timeline stands in a beat of who sent it, with a receipt.

    Raises:
        AssertionError: no block, another author's, or no beat.
        LedgerError: a receipt that proves nothing.
    """
    log, document = end.cluster["bzk"].log, end.cluster.founded.document
    for line in await end.timeline():
        if line.message is None:
            continue
        assert line.height is not None, f"{line.kind} stands in no block"
        receipt = log.receipt(line.height, is_inside=True)
        proven = verify_by_documents(receipt, origin=ORIGIN, in_force=lambda _: document)
        entry = proven.block.signed.entry
        author = other.name if line.by is None else end.name
        assert (entry.kind, entry.author) == ("exchange", author)


def verify_shown(end: End, request: bytes, shown: Shown) -> None:
    """Check by BZK's chain that what an end was shown is what the other agency posted.

    Raises:
        AssertionError: the proof names something else than the chain has.
        LedgerError: the fields do not follow from what was granted.
    """
    (grant,) = [c for c in end.heard() if isinstance(c, Grant) and c.request == request]
    proof, document = shown.proof, end.cluster.founded.document
    receipt = end.cluster["bzk"].log.receipt(proof.height, is_inside=True)
    signed = Block.decode(receipt.block).signed
    fields = verify_disclosure(
        grant.disclosure,
        entry=signed.entry,
        key=document.by_name[proof.author].sdjwt_key,
        bsn=Bsn(end.dossier.match.digits),
        granted=shown.fields,
        now=int(end.cluster.clock.now().timestamp()),
    )
    texts = {read_disclosure(text).name: text for text in grant.disclosure.disclosures}
    assert fields == shown.fields
    assert signed.entry.commitment is not None
    assert (proof.author, proof.day) == (signed.entry.author, signed.entry.day)
    assert (proof.entry_id, proof.commitment) == (
        signed.id.hex(),
        to_base64(signed.entry.commitment),
    )
    assert proof.digests == tuple(digest.hex() for digest in grant.disclosure.share.digests)
    assert proof.claims == {name: disclosure_digest(texts[name]) for name in fields}
