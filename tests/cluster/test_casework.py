"""A case on four real nodes: matched by the chain, worked on at both desks, messages by hand."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ledger.case.people import Actor, Role
from ledger.errors import DeniedError
from ledger.exchange.message import Confirm, Coordinate, Message, Outcome, Refuse, Request
from ledger.exchange.words import Necessity, Refusal, Result, Within
from nodes.errors import NotFoundError
from nodes.node import Node
from tests.support.agencies import Agencies, meeting
from tests.support.cluster import FIELDS
from tests.support.consortium import DESKS
from tests.support.mailbag import Mailbag

PURPOSE, BASIS = "multiproblematiek", "wetsvoorstel-36799"
_HEIGHT = 1


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def bag_of(node: Node) -> Mailbag:
    """Let a node give its messages to a bag."""
    bag = Mailbag()
    node.casework._deeds._sender = bag
    return bag


async def carry(bags: dict[str, Mailbag], agencies: Agencies) -> None:
    """Bring every message to whom it is for."""
    for author, bag in bags.items():
        for posted in bag.take():
            node = agencies.cluster[posted.to]
            arrive = partial(
                node.office.hearing.receive,
                author=author,
                desk=posted.desks[0],
                message=posted.message,
                raw=posted.raw,
                height=_HEIGHT,
            )
            await node.writer.do(arrive)


def test_case_goes_from_two_signals_to_coordination(agencies: Agencies, tmp_path: Path) -> None:
    async def story() -> None:
        cluster, person = agencies.cluster, agencies.person()
        bags = {name: bag_of(cluster[name]) for name in ("uwv", "svb")}
        worker = {name: Actor(f"{name}-w", Role.CASEWORKER, DESKS[name]) for name in DESKS}
        approver = Actor("uwv-a", Role.APPROVER, DESKS["uwv"])
        uwv, svb = cluster["uwv"].casework, cluster["svb"].casework
        ours, theirs = await agencies.post_answered(("uwv", person), ("svb", person))
        (at_uwv,) = await uwv.worklist(worker["uwv"])
        (at_svb,) = await svb.worklist(worker["svb"])
        (match,) = {pair.match for pair in (*at_uwv.pairs, *at_svb.pairs)}
        pair = bytes.fromhex(match)
        await uwv.confirm(worker["uwv"], at_uwv.id, within=Within.DAY)
        await svb.confirm(worker["svb"], at_svb.id, within=Within.DAY)
        await carry(bags, agencies)
        requests = [
            await svb.say(
                worker["svb"],
                at_svb.id,
                pair,
                Request(PURPOSE, BASIS, Necessity.AGREE_HELP, wanted),
            )
            for wanted in (("theme",), ("regulation",))
        ]
        await carry(bags, agencies)
        await uwv.prepare(
            worker["uwv"],
            at_uwv.id,
            pair,
            requests[0],
            fields=["theme"],
            last_day=cluster.clock.today(),
        )
        await uwv.approve(approver, at_uwv.id, pair, requests[0])
        await uwv.say(approver, at_uwv.id, pair, Refuse(requests[1], Refusal.NO_BASIS))
        await carry(bags, agencies)
        shown = await svb.shown(worker["svb"], at_svb.id, pair, requests[0])
        await svb.say(worker["svb"], at_svb.id, pair, Coordinate(DESKS["svb"]))
        await carry(bags, agencies)
        await uwv.say(worker["uwv"], at_uwv.id, pair, Outcome(Result.COORDINATED))
        await svb.say(worker["svb"], at_svb.id, pair, Outcome(Result.COORDINATED))
        await carry(bags, agencies)

        assert shown.fields == {"theme": FIELDS["theme"]}
        assert (shown.proof.author, shown.proof.height) == ("uwv", ours.height)
        assert theirs.height != ours.height
        for node, actor, case in ((uwv, worker["uwv"], at_uwv), (svb, worker["svb"], at_svb)):
            (file,) = (await node.show(actor, case.id)).pairs
            assert file.pair.is_coordinated
        with pytest.raises(DeniedError):
            await svb.shown(worker["svb"], at_svb.id, pair, requests[1])
        await agencies.withdraw(ours)
        for node, actor, case in ((uwv, worker["uwv"], at_uwv), (svb, worker["svb"], at_svb)):
            with pytest.raises(NotFoundError):
                await node.show(actor, case.id)
            assert await node.worklist(actor) == []

    agencies.run(story())


def test_message_that_overtakes_the_answer_waits_for_the_match(agencies: Agencies) -> None:
    async def story() -> None:
        cluster, person = agencies.cluster, agencies.person()
        node = cluster["svb"]
        bags = {name: bag_of(cluster[name]) for name in ("uwv", "svb")}
        await agencies.post_answered(("uwv", person), ("svb", person))
        worker = Actor("uwv-w", Role.CASEWORKER, DESKS["uwv"])
        (case,) = await cluster["uwv"].casework.worklist(worker)
        with node.database.read() as connection:
            (found,) = node.matches.all(connection)
            file = node.matches.case_of(connection, digits=person.digits, purpose=PURPOSE)
        assert file is not None
        await node.writer.do(lambda connection: node.matches.remove(connection, found))
        await cluster["uwv"].casework.confirm(worker, case.id, within=Within.FOUR_HOURS)
        assert isinstance(Message.decode(bags["uwv"].sent[0].raw).content, Confirm)
        await carry(bags, agencies)

        await node.writer.do(lambda connection: node.matches.add(connection, found))
        node.cases.wake()
        actor = Actor("svb-w", Role.CASEWORKER, DESKS["svb"])
        await cluster.until(lambda: not bool(_new(node)))
        (seen,) = await node.casework.worklist(actor)
        assert [pair.state for pair in seen.pairs] == ["asked"]

    agencies.run(story())


def _new(node: Node) -> bool:
    with node.database.read() as connection:
        return node.matches.has_new(connection)
