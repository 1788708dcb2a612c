import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ledger.block import Block
from ledger.state import State
from nodes.errors import ConfigurationError, StorageError
from nodes.replica import Replica
from nodes.sequencer.port import Batch
from nodes.store import chain as store
from nodes.store.database import Database
from tests.support.bench import Bench, card_of
from tests.support.consortium import ROLES, Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def facts(state: State) -> dict[str, Any]:
    """Return all that a state holds, as it is now."""
    return {
        "height": state.height,
        "previous": state.previous,
        "document": state.document,
        "chain_day": state.chain_day,
        "cards": dict(state.cards),
        "epochs": repr(state.epochs),
        "signals": dict(state.outstanding.signals),
        "locates": dict(state.outstanding.locates),
        "recent": {day: frozenset(ids) for day, ids in state.recent.items()},
        "posted": {day: dict(counts) for day, counts in state.posted.items()},
    }


def loaded_again(bench: Bench) -> Replica:
    return Replica(bench.node.database, bench.founded.founding)


def test_a_restart_reads_back_exactly_the_state_that_was(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            today = bench.clock.today()
            days = [today - timedelta(days=2), today, today + timedelta(days=1), today]
            for day in days:
                await bench.apply(bench.signal(day=day), bench.signal("svb", day=day))
            await bench.apply(
                card_of(founded.keyring("svb"), day=today, version=2, url="https://x")
            )
            await bench.apply(*[bench.signal() for _ in range(70)])

            again = loaded_again(bench)

            assert facts(again.state) == facts(bench.node.replica.state)
            assert again.tip == bench.node.replica.tip

    asyncio.run(scenario())


def test_every_prefix_of_the_chain_reads_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            for step in range(8):
                await bench.apply(bench.signal(day=bench.clock.today() + timedelta(days=step)))
                assert facts(loaded_again(bench).state) == facts(bench.node.replica.state)

    asyncio.run(scenario())


def test_what_is_refused_leaves_a_count_and_nothing_else(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            signal = bench.signal()
            before = bench.node.replica.tip

            await bench.apply(b"junk", signal, signal, bench.draft().signed.encode())

            with bench.node.database.read() as connection:
                assert store.refusals(connection) == {
                    "malformed": 1,
                    "duplicate": 1,
                    "stored-line": 1,
                }
            tip = bench.node.replica.tip
            assert before is not None
            assert tip is not None
            assert tip.size == before.size + 1

    asyncio.run(scenario())


def test_a_lost_transaction_leaves_the_state_as_it_is_on_disk(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            node = bench.node
            before = facts(node.replica.state)

            with pytest.raises(StorageError):
                await _apply_and_lose(bench, bench.signal())

            assert facts(node.replica.state) == before
            assert node.replica.tip is not None
            assert node.replica.tip.size == node.replica.state.height == len(ROLES) + 1
            # The same entry comes again with the order, and is no duplicate.
            signal = bench.signal()
            with pytest.raises(StorageError):
                await _apply_and_lose(bench, signal)
            await bench.apply(signal)
            assert node.replica.tip.size == before["height"] + 1

    asyncio.run(scenario())


async def _apply_and_lose(bench: Bench, entry: bytes) -> None:
    def work(connection: Connection) -> None:
        bench.node.replica.apply(connection, Batch(2, (entry,)))
        raise OperationalError("INSERT", None, OSError("database or disk is full"))

    await bench.node.writer.do(work)


def test_what_fails_beside_the_blocks_takes_them_out_of_memory_too(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            before = facts(bench.node.replica.state)
            signal = bench.signal()

            def fail(*args: object) -> list[str]:
                raise ZeroDivisionError

            with monkeypatch.context() as patch:
                patch.setattr(bench.node.signals, "put_on_chain", fail)
                with pytest.raises(ZeroDivisionError):
                    await bench.apply(signal)

            assert facts(bench.node.replica.state) == before
            await bench.catch_up()
            assert bench.node.replica.state.height == before["height"] + 1

    asyncio.run(scenario())


def test_the_tip_is_what_is_durable_while_a_batch_is_under_way(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            node, seen = bench.node, []
            known = node.replica.tip

            def watch(connection: Connection) -> None:
                seen.append(node.replica.tip)

            applying = asyncio.gather(bench.apply(bench.signal()), node.writer.do(watch))
            await applying

            assert seen == [known]
            assert node.replica.tip != known

    asyncio.run(scenario())


def test_another_founding_entry_is_not_followed(founded: Founded, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = found(tmp_path / "other")

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            assert bench.node.replica.state.height > 0
            with pytest.raises(ConfigurationError, match="another founding entry"):
                Replica(bench.node.database, other.founding)

    asyncio.run(scenario())


def test_a_chain_begins_with_the_founding_entry_and_no_other(
    founded: Founded, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = found(tmp_path / "other")

    async def scenario() -> None:
        bench = Bench(founded, "uwv")
        bench.order.append([other.founding.encode()])
        async with bench:
            assert bench.node.replica.document is None
            await bench.apply(founded.founding.encode())
            with bench.node.database.read() as connection:
                first = store.block_at(connection, 0)
            assert first is not None
            assert Block.decode(first).signed.id == founded.founding.id

    asyncio.run(scenario())


def test_two_threads_that_come_for_a_lost_state_get_one(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            replica = bench.node.replica
            replica.forget()

            with ThreadPoolExecutor(8) as threads:
                states = list(threads.map(lambda _: id(replica.state), range(64)))

            assert len(set(states)) == 1

    asyncio.run(scenario())


def test_an_empty_database_has_no_tip(founded: Founded, tmp_path: Path) -> None:
    database = Database(tmp_path / "empty.db")

    replica = Replica(database, founded.founding)

    assert replica.tip is None
    assert replica.document is None
    database.close()


def test_a_checkpoint_of_any_earlier_size_is_as_it_was_then(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            tips = []
            for _ in range(6):
                await bench.apply(bench.signal())
                tips.append(bench.node.replica.tip)

            with bench.node.database.read() as connection:
                for tip in tips:
                    assert tip is not None
                    assert bench.node.replica.checkpoint_at(connection, tip.size) == tip

    asyncio.run(scenario())
