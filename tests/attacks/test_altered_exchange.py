"""UWV's or SZW's node is altered: it sends what no honest one would, into a case with others.

Real nodes; SVB's is honest. Whatever comes is counted, shows nothing, and keeps nothing else from
being read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from secrets import token_bytes
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Connection

from ledger.body import Share
from ledger.case.people import Actor, Role
from ledger.disclosure import Disclosure
from ledger.encoding import sha256
from ledger.errors import DeniedError
from ledger.exchange.beat import KIND
from ledger.exchange.item import ITEM_BYTES, Piece, nobody, seal_item
from ledger.exchange.message import Confirm, Grant, Text
from ledger.exchange.words import Within
from ledger.sdjwt import disclosure, read_disclosure
from ledger.seal import SealContext
from nodes.casework.dossiers import Dossier
from nodes.errors import NotFoundError
from nodes.node import Node
from nodes.store.chain import refusals
from nodes.store.dispatches import Dispatch
from tests.support.bench import run
from tests.support.case_cluster import ASK, Case, CaseCluster, End
from tests.support.consortium import DESKS, ORIGIN, Founded, found


@dataclass(frozen=True)
class Made:
    """A beat as it was made on a `day`: `frames` by receiver, and the `pieces` that are for SVB."""

    node: Node
    day: date
    frames: dict[str, bytes]
    pieces: list[Piece]


Spoil = Callable[[Made], bytes]
"""Takes a beat, and returns SVB's frame, altered."""


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path, peer_timeout=2.0)


async def exchange(case: Case) -> None:
    """Let each end send one beat, and the other take it in."""
    for end in case.ends:
        await send_one(end.cluster, end.name)


async def send_one(cluster: CaseCluster, name: str) -> None:
    """Let a node send a beat, and the others take it in."""
    before = len(cluster.beats("bzk", author=name))
    assert await cluster.beat(name)
    await cluster.until(lambda: len(cluster.beats("bzk", author=name)) > before)
    await cluster.until_taken()


async def confirmed(cluster: CaseCluster, one: str = "uwv") -> Case:
    """Return a case of `one` and SVB that both took up."""
    await cluster.open_epoch()
    case = await cluster.meet(one, "svb")
    for end in case.ends:
        await end.confirm()
    await exchange(case)
    return case


def counted(cluster: CaseCluster) -> dict[str, int]:
    """Return what SVB's node refused, by reason."""
    with cluster["svb"].database.read() as connection:
        found = refusals(connection)
    return {why: n for why, n in found.items() if why.startswith(("exchange/", "message-"))}


def alter_beats(node: Node, spoil: Spoil) -> None:
    """Let a node send the beats that say something to SVB otherwise than it made them."""
    honest = node.beat._draft

    async def draft(waiting: Any, cards: Any, **rest: Any) -> Dispatch:
        made = await honest(waiting, cards, **rest)
        if not waiting["svb"]:
            return made
        items = Share.decode(made.body).items
        frames = {name: items[index].content for name, (index,) in made.routes.items()}
        day, pieces = made.signed.entry.day, [queued.piece for queued in waiting["svb"]]
        altered = frames | {"svb": spoil(Made(node, day, frames, pieces))}
        return node.courier.draft(
            KIND,
            further=made.signed.entry.further,
            contents=list(altered.values()),
            routes=made.routes,
            day=day,
        )

    node.beat._draft = draft  # type: ignore[method-assign]


def texts(end: End) -> list[str]:
    """Return the texts that an end heard."""
    return [one.text for one in end.heard() if isinstance(one, Text)]


def with_a_wrong_commitment(made: Made) -> bytes:
    """Return a frame whose first item opens, and commits to another key."""
    with made.node.database.read() as connection:
        card = made.node.beat._outgoing.card(connection, "svb")
    assert card is not None
    # All else of it is as it must be; nobody seals or opens anything at this moment.
    with patch("ledger.seal._commitment", sha256):
        item = seal_item(
            made.pieces[0],
            desks=[card.keys[DESKS["svb"]]],
            filler=nobody(token_bytes),
            context=SealContext(ORIGIN, KIND, "uwv", made.day.isoformat()),
            random=token_bytes,
        )
    return item + made.frames["svb"][ITEM_BYTES:]


def with_an_item_for_another(made: Made) -> bytes:
    """Return a frame whose first item is one of SZW's."""
    return made.frames["szw"][:ITEM_BYTES] + made.frames["svb"][ITEM_BYTES:]


@pytest.mark.parametrize("spoil", [with_a_wrong_commitment, with_an_item_for_another])
def test_a_spoilt_item_is_counted_and_keeps_no_other_from_being_read(
    founded: Founded, spoil: Spoil
) -> None:
    async def story() -> None:
        async with CaseCluster(founded, period=0) as cluster:
            case = await confirmed(cluster)
            uwv, svb = case.ends
            alter_beats(cluster["uwv"], spoil)
            await uwv.say(Text("Bedorven."))
            await uwv.say(Text("Heel."))
            await exchange(case)

            assert texts(svb) == ["Heel."]
            assert counted(cluster) == {"exchange/uwv/not-opened": 1}
            await svb.say(Text("Ontvangen."))
            await exchange(case)
            assert texts(uwv) == ["Ontvangen."]

    run(story())


def test_an_item_with_a_repeated_id_is_counted_and_shows_nothing_a_second_time(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with CaseCluster(founded, period=0) as cluster:
            case = await confirmed(cluster)
            uwv, svb = case.ends
            kept: list[bytes] = []

            def with_the_first_again(made: Made) -> bytes:
                frame = made.frames["svb"]
                kept.append(frame[:ITEM_BYTES])
                return frame[:-ITEM_BYTES] + kept[0]

            alter_beats(cluster["uwv"], with_the_first_again)
            for number in range(3):
                await uwv.say(Text(f"Bericht {number}."))
                await exchange(case)

            assert texts(svb) == ["Bericht 0.", "Bericht 1.", "Bericht 2."]
            assert counted(cluster) == {"exchange/uwv/repeated": 3}

    run(story())


Lie = Callable[[str], str]
"""Takes the disclosure of a claim, and returns another."""


def of_another_value(text: str) -> str:
    """Return a claim of the same name and salt that says something else."""
    claim = read_disclosure(text)
    return disclosure(salt=claim.salt, name=claim.name, value="huisvesting")


def of_another_name(text: str) -> str:
    """Return a claim that says the same of another field."""
    claim = read_disclosure(text)
    return disclosure(salt=claim.salt, name="period", value=claim.value)


def of_another_salt(text: str) -> str:
    """Return a claim that says the same under another salt."""
    claim = read_disclosure(text)
    return disclosure(salt=bytes(16), name=claim.name, value=claim.value)


def alter_grants(node: Node, lie: Lie) -> None:
    """Let a node disclose its signals' themes otherwise than it posted them."""
    grants = node.casework._deeds._grants
    honest = type(grants).disclose

    def disclose(connection: Connection, match: Any, *, fields: Any) -> Disclosure:
        true = honest(grants, connection, match, fields=fields)
        told = tuple(
            lie(text) if read_disclosure(text).name == "theme" else text
            for text in true.disclosures
        )
        return Disclosure(true.share, told)

    grants.disclose = disclose  # type: ignore[method-assign]


def test_a_disclosure_that_was_changed_is_refused_and_stands_in_the_timeline(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with CaseCluster(founded, period=0) as cluster:
            case = await confirmed(cluster)
            uwv, svb = case.ends
            lies = (of_another_value, of_another_name, of_another_salt)
            for told, lie in enumerate(lies, start=1):
                request = await svb.say(ASK)
                await exchange(case)
                alter_grants(cluster["uwv"], lie)
                await uwv.prepare(request, "theme")
                await uwv.approve(request)
                await exchange(case)

                line = (await svb.timeline())[-1]
                assert (line.kind, line.by) == ("refused", None)
                assert "it is not what the other agency committed to" in line.text
                assert counted(cluster) == {"message-forged uwv": told}
                with pytest.raises(DeniedError, match="not granted"):
                    await svb.shown(request)
            assert [one for one in svb.heard() if isinstance(one, Grant)] == []
            await uwv.say(Text("Nog steeds hoorbaar."))
            await exchange(case)
            assert texts(svb) == ["Nog steeds hoorbaar."]

    run(story())


def as_desk(dossier: Dossier, desk: str) -> Dossier:
    """Return a dossier as if it were another desk's."""
    return replace(dossier, pair=replace(dossier.pair, own_desk=desk))


def test_a_policy_desk_is_heard_in_no_case_and_sees_none(founded: Founded) -> None:
    """SZW is a party to the case by its other desk; its altered node speaks as its policy desk."""

    async def story() -> None:
        async with CaseCluster(founded, period=0) as cluster:
            case = await confirmed(cluster, "szw")
            szw, svb = case.ends
            policy = "szw/beleid"
            deeds = cluster["szw"].casework._deeds
            honest = deeds._send

            def send(connection: Connection, dossier: Any, *told: Any, **rest: Any) -> None:
                honest(connection, as_desk(dossier, policy), *told, **rest)

            deeds._send = send  # type: ignore[method-assign]
            await szw.say(Text("Wij van beleid."))
            await exchange(case)

            assert svb.heard() == [Confirm(Within.DAY)]
            assert counted(cluster) == {"message-desk szw": 1}
            assert (await svb.timeline())[-1].kind == "refused"
            casework = cluster["szw"].casework
            for actor in (Actor("p", Role.POLICY, policy), Actor("p", Role.POLICY, szw.desk)):
                with pytest.raises(DeniedError):
                    await casework.worklist(actor)
                with pytest.raises(DeniedError):
                    await casework.show(actor, szw.id)
            for role in (Role.CASEWORKER, Role.LEAD):
                there = Actor("p", role, policy)
                assert await casework.worklist(there) == []
                with pytest.raises(NotFoundError):
                    await casework.show(there, szw.id)

    run(story())
