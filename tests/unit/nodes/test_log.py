"""What of the log is shown to whom."""

from pathlib import Path

import pytest

from ledger.receipt import verify_receipt
from ledger.tile import decode_bundle
from ledger.tree import leaf_hash
from nodes.errors import NotFoundError
from nodes.store import chain as store
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


async def publish(bench: Bench, step: int) -> None:
    await bench.node.publisher.publish(step)


def test_members_see_what_is_final_and_strangers_what_is_published(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            log = bench.node.log
            await bench.finalize()
            await publish(bench, 1)
            await bench.apply(bench.signal("uwv"))
            await bench.finalize()
            await bench.apply(bench.signal("uwv"))

            assert log.checkpoint(is_inside=True).checkpoint.size == 6
            assert log.checkpoint(is_inside=False).checkpoint.size == 5
            assert len(log.tile("tile/0/000.p/6", is_inside=True)) == 6 * 32
            with pytest.raises(NotFoundError, match="has 5 blocks"):
                log.tile("tile/0/000.p/6", is_inside=False)
            with pytest.raises(NotFoundError, match="has 6 blocks"):
                log.tile("tile/entries/000.p/7", is_inside=True)
            assert log.receipt(5, is_inside=True).index == 5
            with pytest.raises(NotFoundError, match="5 blocks are final"):
                log.receipt(5, is_inside=False)
            with pytest.raises(NotFoundError):
                log.receipt(-1, is_inside=True)

    run(scenario())


def test_nothing_is_shown_before_anything_is_final(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            for is_inside in (True, False):
                with pytest.raises(NotFoundError, match="no block is final yet"):
                    bench.node.log.checkpoint(is_inside=is_inside)

    run(scenario())


def test_before_the_founding_block_there_is_no_document(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk", is_opened=False) as bench:
            with pytest.raises(NotFoundError, match="no founding block"):
                bench.node.log.document()

    run(scenario())


def test_tiles_and_receipts_are_those_of_the_blocks(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            for _ in range(5):
                await bench.apply(*(bench.signal("uwv") for _ in range(64)))
            await bench.finalize()
            with bench.node.database.read() as connection:
                blocks = store.blocks_between(connection, 0, 325)

            full, rest = (
                decode_bundle(bench.node.log.tile(path, is_inside=True))
                for path in ("tile/entries/000", "tile/entries/001.p/69")
            )

            assert [*full, *rest] == blocks
            hashes = bench.node.log.tile("tile/0/000", is_inside=True)
            assert hashes == b"".join(leaf_hash(block) for block in blocks[:256])
            for height in (0, 255, 256, 324):
                receipt = bench.node.log.receipt(height, is_inside=True)
                assert receipt.block == blocks[height]
                verify_receipt(
                    receipt,
                    origin=founded.document.origin,
                    members=founded.document.witnesses,
                    quorum=3,
                )

    run(scenario())


@pytest.mark.parametrize("path", ["tile/0/999", "tile/x", "tile/0/000.p/0", "tile/64/000", ""])
def test_a_path_that_is_no_tile_of_this_log_is_not_found(founded: Founded, path: str) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            await bench.finalize()

            with pytest.raises(NotFoundError):
                bench.node.log.tile(path, is_inside=True)

    run(scenario())
