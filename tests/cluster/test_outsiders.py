"""Engines that are not let in by four that run, or that begin with another genesis file."""

import asyncio
from collections.abc import Iterator

import pytest

from demo.process import HOST
from nodes.sequencer.cometbft import watch
from nodes.sequencer.cometbft.genesis import Genesis, load_genesis, make_genesis
from nodes.sequencer.cometbft.identity import SEED_FILE, EngineIdentity, EngineKey, make_card
from tests.support.consortium import ROLES
from tests.support.engine_cluster import EngineCluster, FoundedWithEngines, found_with_engines
from tests.support.engines import short_folder
from tests.support.outsider import Outsider

ITS_KEY = EngineKey.of(b"outside!" * 4)


@pytest.fixture
def founded() -> Iterator[FoundedWithEngines]:
    with short_folder() as folder:
        yield found_with_engines(folder, has_twin=True)


def genesis_of(founded: FoundedWithEngines) -> Genesis:
    return load_genesis(founded.root / "genesis.json", founded.founding)


def another_genesis(founded: FoundedWithEngines) -> Genesis:
    """Return what the founding entry and an older card of SZW's make."""
    seed = founded.root / "szw" / "keys" / SEED_FILE
    now = seed.read_bytes()
    seed.write_bytes(b"x" * 32)
    cards = [
        make_card(founded.keyring(name), founded.root / name / "keys", address=f"{HOST}:{port}")
        for name, port in founded.ports.items()
    ]
    seed.write_bytes(now)
    return make_genesis(founded.founding, cards)


def test_an_engine_that_no_members_entry_names_gets_no_block_and_says_why(
    founded: FoundedWithEngines,
) -> None:
    async def scenario() -> None:
        stranger = EngineIdentity(ITS_KEY, EngineKey.of(b"stranger" * 4))
        async with (
            EngineCluster(founded) as cluster,
            Outsider(founded, stranger, genesis_of(founded)).running() as outsider,
        ):
            # It found them, was turned away by each, and hangs on.
            await cluster.until(lambda: outsider.log.count("Stopping peer") >= len(ROLES))
            await cluster.until(lambda: "lets this one in" in (outsider.engine.state.trouble or ""))
            await cluster.until_final("uwv", await cluster.post("uwv"))

            assert outsider.batches == []
            for name in ROLES:
                engine = cluster[name].engine
                assert engine is not None
                assert engine.state.trouble is None

    asyncio.run(scenario())


@pytest.mark.parametrize("is_right", [True, False])
def test_an_engine_that_is_let_in_follows_from_the_right_genesis_and_says_what_is_wrong(
    founded: FoundedWithEngines, monkeypatch: pytest.MonkeyPatch, is_right: bool
) -> None:
    monkeypatch.setattr(watch, "STUCK_SECONDS", 6.0)

    async def scenario() -> None:
        genesis = genesis_of(founded) if is_right else another_genesis(founded)
        newcomer = EngineIdentity(ITS_KEY, founded.twin.node)
        async with EngineCluster(founded) as cluster:
            await cluster.until_final("uwv", await cluster.post("uwv"))
            async with Outsider(founded, newcomer, genesis).running() as outsider:
                if is_right:
                    height = cluster["uwv"].sequencer.head()
                    await cluster.until(lambda: outsider.engine.head() >= height)
                    return
                await cluster.until(
                    lambda: "compare the file's SHA-256" in (outsider.engine.state.trouble or "")
                )

            assert outsider.batches == []

    asyncio.run(scenario())
