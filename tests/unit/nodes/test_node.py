"""The node as a whole: what ends it and what does not."""

import asyncio
from pathlib import Path

import pytest

from nodes.adapters import load_founding, real_adapters
from nodes.errors import ConfigurationError, StorageError
from nodes.node import Node
from nodes.store.database import Database
from tests.support.bench import Bench, run
from tests.support.cluster import Cluster
from tests.support.consortium import Founded, found
from tests.support.disks import FillableDatabase
from tests.support.faults import Died


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def fillable(founded: Founded, name: str) -> Database:
    return FillableDatabase(founded.settings(name).data_dir / "node.db")


def test_real_adapters_are_those_that_the_settings_name(founded: Founded) -> None:
    async def scenario() -> None:
        settings = founded.settings("uwv")
        node = Node(settings, real_adapters(settings))
        running = asyncio.create_task(node.run())
        await node.follower.position.wait_for(1)

        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert settings.shared_order.exists()

    run(scenario())


@pytest.mark.parametrize("content", [None, b"junk"])
def test_without_the_founding_entry_no_node_starts(founded: Founded, content: bytes | None) -> None:
    path = founded.root / "founding.note"
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"founding\.note"):
        load_founding(founded.settings("uwv"))


def test_the_order_is_followed_again_once_there_is_room(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes.follower._RETRY_SECONDS", 0.01)

    async def scenario() -> None:
        async with Bench(founded, "uwv", database=fillable) as bench:
            node, database = bench.node, bench.node.database
            assert isinstance(database, FillableDatabase)
            bench.start(node.follower.run())
            database.is_full = True
            bench.order.append([bench.signal("svb") for _ in range(64)])
            await bench.until(lambda: node.writer.failure is not None)
            await asyncio.sleep(0.05)
            assert node.follower.halted is None
            assert node.progress.applied.value == 5

            database.is_full = False
            await bench.until(lambda: node.progress.applied.value == 69)

            assert node.follower.halted is None
            assert node.writer.failure is None

    run(scenario())


def test_what_cannot_be_followed_halts_and_the_node_goes_on_serving(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError("unforeseen")

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            following = bench.start(bench.node.follower.run())
            with monkeypatch.context() as patch:
                patch.setattr(bench.node.replica, "_apply", fail)
                bench.order.append([bench.signal("svb")])
                await bench.until(lambda: bench.node.follower.halted is not None)

            assert bench.node.follower.halted == "unforeseen"
            assert not following.done()
            assert await bench.post()

    run(scenario())


def test_a_node_whose_writer_died_ends_and_does_not_linger(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded, start=["uwv"]) as cluster:
            life = cluster.lives["uwv"]
            await cluster.until(lambda: life.node.replica.document is not None)
            cluster.doom("uwv", "before commit", after=0)
            with pytest.raises(StorageError):
                await life.node.outbox._writer.do(lambda connection: None)

            with pytest.raises(BaseExceptionGroup) as ended:
                await life.running

            assert ended.group_contains(Died)

    run(scenario())


def test_what_the_order_skipped_of_this_members_own_comes_back_to_the_outbox(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            local_id = await bench.post()
            with bench.node.database.read() as connection:
                (outgoing,) = bench.node.signals.outgoing(connection, [local_id])

            await bench.apply(outgoing.signed.encode(), bench.draft("svb").signed.encode())

            assert bench.node.outbox.skipped == {local_id: "stored-line"}

    run(scenario())
