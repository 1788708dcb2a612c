"""What a witness cosigns, and what not."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.cosignature import verify_cosignature
from ledger.encoding import Digest
from ledger.errors import VerificationError
from nodes.errors import StorageError
from nodes.store.database import Database
from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found
from tests.support.disks import FillableDatabase


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def tip_of(bench: Bench) -> Checkpoint:
    tip = bench.node.replica.tip
    assert tip is not None
    return tip


def forked(checkpoint: Checkpoint) -> Checkpoint:
    return replace(checkpoint, root=Digest(bytes(32)))


def test_every_prefix_of_its_own_history_is_cosigned(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            tips = [tip_of(bench)]
            for _ in range(3):
                await bench.apply(bench.signal("uwv"))
                tips.append(tip_of(bench))

            for tip in tips:
                line = await bench.node.witness.cosign(tip, timeout=0)
                key = bench.node.keyring.cosigning.verifier
                verify_cosignature(line, checkpoint_text=tip.encode(), key=key)

    run(scenario())


@pytest.mark.parametrize("back", [0, 1])
def test_no_other_root_of_a_size_that_it_has_is_cosigned(founded: Founded, back: int) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            tips = [tip_of(bench)]
            await bench.apply(bench.signal("uwv"))
            tips.append(tip_of(bench))

            with pytest.raises(VerificationError, match="fork"):
                await bench.node.witness.cosign(forked(tips[-1 - back]), timeout=0)

    run(scenario())


def test_a_checkpoint_of_another_ledger_is_not_cosigned(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            other = replace(tip_of(bench), origin="elsewhere")

            with pytest.raises(VerificationError, match="fork"):
                await bench.node.witness.cosign(other, timeout=0)

    run(scenario())


def test_what_is_not_here_yet_is_not_cosigned(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            ahead = replace(tip_of(bench), size=tip_of(bench).size + 1)

            with pytest.raises(VerificationError, match="behind: only 5 blocks"):
                await bench.node.witness.cosign(ahead, timeout=0.01)

    run(scenario())


def test_a_block_is_waited_for_and_then_cosigned(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            await uwv.apply(uwv.signal())
            asked = asyncio.create_task(bzk.node.witness.cosign(tip_of(uwv), timeout=60))
            await asyncio.sleep(0)
            assert not asked.done()

            await bzk.catch_up()

            assert (await asked).name.endswith("/bzk")

    run(scenario())


def test_nothing_is_cosigned_that_is_not_durable(founded: Founded) -> None:
    def fillable(founded: Founded, name: str) -> Database:
        return FillableDatabase(founded.settings(name).data_dir / "node.db")

    async def scenario() -> None:
        async with benches(founded, "uwv") as (uwv,):
            await uwv.apply(*(uwv.signal() for _ in range(60)))
            bench = Bench(founded, "bzk", wires=uwv.wires, clock=uwv.clock, database=fillable)
            async with bench:
                assert isinstance(bench.node.database, FillableDatabase)
                bench.node.database.is_full = True
                bench.order.append(uwv.order.submissions[-1])

                with pytest.raises(StorageError):
                    await bench.catch_up()
                with pytest.raises(VerificationError, match="behind"):
                    await bench.node.witness.cosign(tip_of(uwv), timeout=0.01)

    run(scenario())
