"""A whole case between running nodes that beat by themselves: nothing is carried by hand."""

import asyncio
from itertools import product
from pathlib import Path

import pytest

from ledger.case.request import Stage
from ledger.errors import DeniedError
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Coordinate,
    Grant,
    Text,
)
from ledger.exchange.words import Ending, Within
from nodes.peers.port import ITEMS
from nodes.store import matching
from tests.support.agencies import is_a
from tests.support.bench import run
from tests.support.case_cluster import (
    ASK,
    CaseCluster,
    End,
)
from tests.support.cluster import FIELDS
from tests.support.consortium import Founded, found
from tests.support.faults import PLACES
from tests.support.whole_case import nothing, verify_timeline, verify_told, whole_case


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path, peer_timeout=2.0)


def test_a_case_goes_from_match_to_close_in_the_nodes_own_rhythm(founded: Founded) -> None:
    async def story() -> None:
        async with CaseCluster(founded) as cluster:
            await cluster.open_epoch()
            case = await cluster.meet("uwv", "svb")
            told = await whole_case(case, at=nothing)

            await verify_told(case, told)
            with pytest.raises(DeniedError):
                await case.other.shown(told.refused)
            await cluster.until_settled()
            assert cluster.audit("bzk").is_sound

    run(story())


def test_a_desk_that_was_down_for_a_day_hears_everything_and_in_order(founded: Founded) -> None:
    async def story() -> None:
        async with CaseCluster(founded) as cluster:
            await cluster.open_epoch()
            case = await cluster.meet("uwv", "svb")
            uwv, svb = case.ends
            await svb.confirm()
            await uwv.until_heard(Confirm)
            await cluster.stop("svb")
            await uwv.confirm()
            said: list[Content] = [Confirm(Within.DAY)]
            for number in range(4):
                said.append(Text(f"Bericht {number}."))
                await uwv.say(said[-1])
                await cluster.until(lambda: is_sent(uwv))
                cluster.clock.turn(seconds=6 * 3600)
            said.append(Coordinate(svb.desk))
            await uwv.say(said[-1])
            cluster.start("svb")
            # While SVB still asks for what it missed, the next comes by itself.
            for number in range(4):
                said.append(Text(f"Later bericht {number}."))
                await uwv.say(said[-1])

            await case.until_arrived()
            assert svb.heard() == said
            assert svb.dossier.opening.refused == 0
            await verify_timeline(svb, uwv)

    run(story())


def is_sent(end: End) -> bool:
    """Tell whether nothing of what an end said is still on its way."""
    node = end.cluster[end.name]
    with node.database.read() as connection:
        return node.beat._outgoing.count(connection) == 0


def test_what_comes_while_an_earlier_beat_is_fetched_waits_for_it(founded: Founded) -> None:
    """SVB gets no answer to what it asks for, and is still pushed to."""

    async def story() -> None:
        async with CaseCluster(founded) as cluster:
            await cluster.open_epoch()
            case = await cluster.meet("uwv", "svb")
            uwv, svb = case.ends
            await cluster.stop("svb")
            await uwv.confirm()
            await cluster.until(lambda: is_sent(uwv))
            cluster.wires.lose_requests = lambda sender, url, message: is_a(message, ITEMS)
            cluster.start("svb")
            await cluster.until(lambda: is_wanting(svb))
            await uwv.say(Coordinate(uwv.desk))
            await uwv.say(Close(Ending.DONE))
            await cluster.until(lambda: is_sent(uwv))
            await cluster.until_settled()
            cluster.wires.lose_requests = lambda sender, url, message: False

            await case.until_arrived()
            assert [type(one) for one in svb.heard()] == [Confirm, Coordinate, Close]
            assert svb.dossier.opening.refused == 0

    run(story())


def is_wanting(end: End) -> bool:
    """Tell whether an end's node has something to fetch."""
    with end.cluster[end.name].database.read() as connection:
        return bool(matching.wanted(connection, count=1))


def test_what_is_urgent_overtakes_nothing_of_the_same_author_to_the_same_agency(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with CaseCluster(founded, period=86_400.0) as cluster:
            await cluster.open_epoch()
            case = await cluster.meet("uwv", "svb")
            uwv, svb = case.ends
            # Nothing goes by itself on this day.
            await uwv.confirm()
            said: list[Content] = [Confirm(Within.DAY)]
            said += [Text(f"Bericht {number}.") for number in range(20)]
            for content in said[1:]:
                await uwv.say(content)
            said.append(Text("Nu meteen."))
            await uwv.say(said[-1], is_urgent=True)

            await case.until_arrived()
            assert svb.heard() == said

    run(story())


@pytest.mark.parametrize("who", ["uwv", "svb"])
def test_a_crash_between_an_act_and_its_arrival_loses_and_doubles_nothing(
    founded: Founded, who: str
) -> None:
    """SVB asks, UWV grants; one of them dies at each of the port calls in turn, early and later."""

    async def story() -> None:
        async with CaseCluster(founded, period=0.3) as cluster:
            await cluster.open_epoch()
            case = await cluster.meet("uwv", "svb")
            uwv, svb = case.ends
            await case.confirmed()
            asked: list[bytes] = []
            for place, after in product(PLACES, (0, 3)):
                cluster.doom(who, place, after=after)
                reaping = asyncio.create_task(reap(cluster, who))
                asked.append(await svb.say(ASK))
                await uwv.until_stage(asked[-1], Stage.ASKED)
                await uwv.prepare(asked[-1], "theme")
                await uwv.approve(asked[-1])
                await svb.until_stage(asked[-1], Stage.GRANTED)
                await reaping

            await case.until_arrived()
            granted = [one.request for one in svb.heard() if isinstance(one, Grant)]
            assert granted == asked
            assert [one.id for one in uwv.dossier.pair.requests] == asked
            assert [end.dossier.opening.refused for end in case.ends] == [0, 0]
            for one in asked:
                assert (await svb.shown(one)).fields == {"theme": FIELDS["theme"]}
            await cluster.until_settled()
            assert cluster.audit("bzk").is_sound

    run(story())


async def reap(cluster: CaseCluster, who: str) -> None:
    """Wait for the death that a node is doomed to, and start it again."""
    assert await cluster.died.get() == who
    await cluster.restart(who)
