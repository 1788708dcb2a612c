"""Four nodes and four CometBFT engines: posting, and what may be killed or lost of them."""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator

import pytest

from api.metrics import NodeCollector
from api.signal import SignalOut
from nodes.readiness import reasons
from nodes.sequencer.cometbft.identity import SEED_FILE
from nodes.sequencer.cometbft.misbehaviour import Misbehaviour
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.store import chain as store
from tests.support.consortium import ROLES
from tests.support.engine_cluster import (
    EngineCluster,
    FoundedWithEngines,
    found_with_engines,
    twin_of_svb,
)
from tests.support.engines import short_folder

Scenario = Callable[[EngineCluster], Awaitable[None]]


@pytest.fixture
def founded() -> Iterator[FoundedWithEngines]:
    with short_folder() as folder:
        yield found_with_engines(folder)


def play(founded: FoundedWithEngines, scenario: Scenario) -> None:
    async def run() -> None:
        async with EngineCluster(founded) as cluster:
            await scenario(cluster)

    asyncio.run(run())


def engine(cluster: EngineCluster, name: str) -> CometSequencer:
    found = cluster[name].engine
    assert found is not None
    return found


async def post_all(cluster: EngineCluster, *names: str) -> None:
    """Post a signal at each node and let all become final."""
    posted = [(name, await cluster.post(name)) for name in names]
    for name, local_id in posted:
        await cluster.until_final(name, local_id)


async def verify_one_chain(cluster: EngineCluster) -> None:
    await cluster.until_settled()
    chains = [cluster.blocks(name) for name in cluster.lives]
    assert all(chain == chains[0] for chain in chains)
    assert cluster.audit("bzk").is_sound


def test_signals_of_three_issuers_become_final_in_one_order(founded: FoundedWithEngines) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        await post_all(cluster, "uwv", "svb", "szw")

        await verify_one_chain(cluster)

    play(founded, scenario)


def test_a_killed_node_and_engine_are_not_missed_and_catch_up(founded: FoundedWithEngines) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        await cluster.crash("svb")
        await post_all(cluster, "uwv", "szw", "uwv")

        cluster.start("svb")
        await post_all(cluster, "svb")

        await verify_one_chain(cluster)

    play(founded, scenario)


def test_a_killed_engine_is_started_again_and_loses_no_post(founded: FoundedWithEngines) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        pid = engine(cluster, "uwv").pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        local_id = await cluster.post("uwv")

        await cluster.until_final("uwv", local_id)
        assert engine(cluster, "uwv").pid not in {None, pid}
        await verify_one_chain(cluster)

    play(founded, scenario)


@pytest.mark.parametrize("lost", [("data", "engine"), ("data",), ("engine",), ("engine/data",)])
def test_a_node_that_lost_files_replays_what_it_lacks(
    founded: FoundedWithEngines, lost: tuple[str, ...]
) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        await post_all(cluster, "uwv", "szw")
        await cluster.stop("bzk")
        for name in lost:
            shutil.rmtree(founded.root / "bzk" / name)
        await post_all(cluster, "uwv")

        cluster.start("bzk")

        await verify_one_chain(cluster)

    play(founded, scenario)


def test_a_full_disk_stops_one_node_and_nobody_else(founded: FoundedWithEngines) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        await post_all(cluster, "uwv")
        cluster.lives["svb"].database.is_full = True
        # Until a block cannot be taken in any more.
        await post_all(cluster, *["uwv", "szw"] * 10)
        behind = cluster["svb"].follower.position.value
        assert behind < cluster["uwv"].follower.position.value

        cluster.lives["svb"].database.is_full = False
        await verify_one_chain(cluster)

    play(founded, scenario)


def test_what_would_be_skipped_is_not_ordered_and_comes_back_to_its_author(
    founded: FoundedWithEngines,
) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        uwv = cluster["uwv"]
        await cluster.until_settled()
        before = uwv.follower.position.value

        await uwv.sequencer.submit([b"no entry", b"nor this"])

        assert uwv.sequencer.head() == uwv.follower.position.value == before
        with uwv.database.read() as connection:
            assert store.refusals(connection) == {"malformed": 2}

    play(founded, scenario)


def test_with_two_of_four_gone_a_post_is_kept_and_says_who_is_missing(
    founded: FoundedWithEngines,
) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        await cluster.stop("bzk", "svb")
        local_id = await cluster.post("uwv")
        uwv = cluster["uwv"]
        await cluster.until(lambda: "bzk, svb cannot be reached" in (uwv.outbox.trouble or ""))
        assert "bzk, svb cannot be reached" in (engine(cluster, "uwv").state.trouble or "")
        assert cluster.signal("uwv", local_id).height is None
        said = SignalOut.of(uwv.counter.signal(local_id))
        assert (said.state, said.receipt) == ("waiting", None)
        assert "bzk, svb cannot be reached" in (said.waits_for or "")

        cluster.start("bzk", "svb")
        await cluster.until_final("uwv", local_id)
        await cluster.until(lambda: engine(cluster, "uwv").state.trouble is None)
        await verify_one_chain(cluster)

    play(founded, scenario)


def test_the_cards_on_the_chain_say_whose_engines_decide(founded: FoundedWithEngines) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        keys = {name: cluster[name].replica.state.cards[name].engine_key for name in ROLES}

        assert len(set(keys.values())) == len(ROLES)
        assert "" not in keys.values()

    play(founded, scenario)


def test_a_member_with_a_new_engine_key_decides_again(founded: FoundedWithEngines) -> None:
    async def scenario(cluster: EngineCluster) -> None:
        await post_all(cluster, "uwv")
        old = cluster["uwv"].replica.state.cards["svb"].engine_key
        await cluster.stop("svb")
        shutil.rmtree(founded.root / "svb" / "engine")
        seed = founded.root / "svb" / "keys" / SEED_FILE
        seed.write_bytes(b"n" * 32)
        cluster.start("svb")
        await cluster.until(lambda: cluster["uwv"].replica.state.cards["svb"].engine_key != old)
        # Engines count a new key two blocks after the one that names it.
        for _ in range(2):
            await post_all(cluster, "uwv")
        await cluster.until_settled()

        # Of three that are left each is needed.
        await cluster.stop("bzk")
        await post_all(cluster, "uwv", "svb")

    play(founded, scenario)


def test_an_engine_that_signs_two_blocks_is_named_by_the_others_who_go_on() -> None:
    async def scenario(cluster: EngineCluster, founded: FoundedWithEngines) -> None:
        async with twin_of_svb(founded):
            async with asyncio.timeout(60):
                while not all(proofs(cluster, name) for name in ("uwv", "szw", "bzk")):
                    await post_all(cluster, "uwv", "szw")
            await post_all(cluster, "uwv")
            assert {proof.member for proof in proofs(cluster, "uwv")} == {"svb"}
            said = [r for r in reasons(cluster["bzk"]) if r.code == "engine-misbehaved"]
            assert said
            assert said[0].text.startswith("svb: two-votes at height")
            assert not said[0].is_blocking
            counted = [m for m in NodeCollector(cluster["szw"]).collect() if "misb" in m.name]
            assert counted[0].samples[0].labels == {"member": "svb", "kind": "two-votes"}

    async def run() -> None:
        with short_folder() as folder:
            founded = found_with_engines(folder, has_twin=True)
            async with EngineCluster(founded) as cluster:
                await scenario(cluster, founded)

    asyncio.run(run())


def proofs(cluster: EngineCluster, name: str) -> tuple[Misbehaviour, ...]:
    return engine(cluster, name).state.misbehaviour
