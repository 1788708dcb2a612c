"""Every reason for which a node is not ready, each reached by what it is about."""

from pathlib import Path

import pytest

from nodes.errors import SequencerError, StorageError
from nodes.readiness import Reason, reasons
from nodes.staff import Staff
from nodes.store.database import Database
from tests.support.bench import Bench, benches, run
from tests.support.consortium import ROLES, Founded, found, url_of
from tests.support.disks import FillableDatabase


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def fillable(founded: Founded, name: str) -> Database:
    return FillableDatabase(founded.settings(name).data_dir / "node.db")


def codes(bench: Bench) -> list[str]:
    return [reason.code for reason in reasons(bench.node)]


def the(bench: Bench, code: str) -> Reason:
    (reason,) = (reason for reason in reasons(bench.node) if reason.code == code)
    return reason


def test_a_node_that_follows_and_is_announced_is_ready(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await bench.finalize()

            assert codes(bench) == []

    run(scenario())


def test_people_that_will_not_do_are_told_and_keep_nobody_from_anything(founded: Founded) -> None:
    class Unreadable(Staff):
        def trouble(self) -> str | None:
            return "people.toml: [[person]] number 2: each role once"

    async def scenario() -> None:
        async with Bench(founded, "uwv", is_opened=False) as bench:
            (reason, chain) = reasons(bench.node, Unreadable())

            assert (reason.code, reason.is_blocking) == ("people-not-read", False)
            assert "number 2" in reason.text
            assert chain.code == "no-chain"
            assert [one.code for one in reasons(bench.node, Staff())] == ["no-chain"]

    run(scenario())


def test_no_chain(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv", is_opened=False) as bench:
            assert codes(bench) == ["no-chain"]

    run(scenario())


def test_no_chain_for_want_of_room_says_so(founded: Founded) -> None:
    async def scenario() -> None:
        bench = Bench(founded, "uwv", is_opened=False, database=fillable)
        assert isinstance(bench.node.database, FillableDatabase)
        bench.node.database.is_full = True
        async with bench:
            bench.order.append(bench.opening())
            with pytest.raises(StorageError):
                await bench.catch_up()

            assert codes(bench) == ["disk", "no-chain"]

    run(scenario())


def test_halted_by_a_chain_that_this_software_cannot_read(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.order.submissions.clear()
            bench.start(bench.node.follower.run())
            await bench.until(lambda: bench.node.follower.halted is not None)

            assert "halted" in codes(bench)
            assert "holds less than this node has applied" in the(bench, "halted").text

    run(scenario())


def test_halted_by_an_order_that_cannot_be_read(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise SequencerError("the order cannot be read: disk I/O error")

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            monkeypatch.setattr(bench.node.sequencer, "head", fail)

            assert the(bench, "halted").text == "the order cannot be read: disk I/O error"

    run(scenario())


def test_catching_up(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.order.append([bench.signal("svb")])
            bench.order.append([bench.signal("svb")])

            assert the(bench, "catching-up").text == "2 batches are to be applied"
            await bench.catch_up()
            await bench.finalize()
            assert codes(bench) == []

    run(scenario())


def test_disk(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv", database=fillable) as bench:
            database = bench.node.database
            assert isinstance(database, FillableDatabase)
            await bench.finalize()
            database.is_full = True
            with pytest.raises(StorageError):
                await bench.apply(*(bench.signal("svb") for _ in range(64)))

            assert the(bench, "disk").text == "the database refuses: database or disk is full"
            assert the(bench, "disk").remedy.startswith("make room: df -h ")
            assert the(bench, "disk").is_blocking

            database.is_full = False
            await bench.catch_up()
            await bench.finalize()
            assert codes(bench) == []

    run(scenario())


def test_disk_that_cannot_even_be_read(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise StorageError("the database refuses: disk I/O error")

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            with monkeypatch.context() as patch:
                patch.setattr(bench.node.database, "read", fail)

                assert the(bench, "disk").text == "the database refuses: disk I/O error"

    run(scenario())


def test_posting_waits(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            await uwv.finalize()
            uwv.wires.down.add(url_of("bzk"))
            uwv.deliver()
            await uwv.post()
            await uwv.until(lambda: bool(codes(uwv)))

            assert codes(uwv) == ["posting-waits"]
            assert the(uwv, "posting-waits").text == "no custodian answers: bzk, szw, svb"

            uwv.wires.down.clear()
            await uwv.until(lambda: uwv.is_on_chain(uwv.own()[0].local_id))
            await uwv.until(lambda: not codes(uwv))

    run(scenario())


def test_signals_skipped(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await bench.finalize()
            ids = [await bench.post(key=f"{i}") for i in range(3)]
            bench.node.outbox.refused(ids[0], "role")
            bench.node.outbox.refused(ids[1], "over-quota")
            bench.node.outbox.refused(ids[2], "role")

            reason = the(bench, "signals-skipped")

            assert reason.text.startswith("3 own signals were refused (over-quota, role)")
            assert not reason.is_blocking
            assert not any(local_id in reason.text for local_id in ids)

    run(scenario())


def test_no_quorum(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            uwv.wires.down |= {url_of("szw"), url_of("bzk")}
            uwv.start(uwv.node.witness.run())
            await uwv.until(lambda: codes(uwv) == ["no-quorum"])
            text = the(uwv, "no-quorum").text
            assert text.startswith("5 blocks wait for cosignatures (bzk: ")
            assert "svb" not in text

            uwv.wires.down.clear()
            await uwv.until(lambda: codes(uwv) == [])

    run(scenario())


def test_one_silent_witness_of_four_is_no_reason(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            uwv.wires.down.add(url_of("bzk"))
            uwv.start(uwv.node.witness.run())
            await uwv.until(lambda: uwv.node.progress.final.value == 5)
            await uwv.until(lambda: set(uwv.node.witness.silent) == {"bzk"})

            # A block that is under way is no lack of a quorum.
            uwv.node.witness.hurry()
            await uwv.apply(uwv.signal())
            assert uwv.node.progress.applied.value > uwv.node.progress.final.value

            assert "no-quorum" not in codes(uwv)

    run(scenario())


def test_fork(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await bench.finalize()
            bench.node.witness.disputes |= {"szw", "bzk"}

            assert codes(bench) == ["fork"]
            assert the(bench, "fork").text == "bzk, szw shows another history"
            assert "signaalketen audit" in the(bench, "fork").remedy

    run(scenario())


def test_not_announced(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv", is_opened=False) as bench:
            await bench.apply(*bench.opening()[:1])
            await bench.finalize()

            assert codes(bench) == ["not-announced"]

    run(scenario())


def test_own_signals_lost_says_which_and_does_not_stop_the_node(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            lost = bench.draft()
            await bench.apply(
                bench.signal("svb"), bench.stored(lost.signed, "bzk").encode(), bench.signal()
            )
            await bench.finalize()
            reason = the(bench, "own-signals-lost")
            assert reason.heights == (6, 7)
            assert not reason.is_blocking
            assert reason.text.startswith("2 own signals")
            assert reason.text.endswith("gave back the sealed content of 0")

            await bench.node.writer.do(
                lambda connection: bench.node.signals.orphans.adopt(
                    connection, [(lost.signed.id, b"s")]
                )
            )

            assert the(bench, "own-signals-lost").text.endswith("the sealed content of 1")

    run(scenario())


def test_of_very_many_lost_signals_the_first_are_listed(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes.readiness._MAX_HEIGHTS", 3)

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await bench.apply(*(bench.signal() for _ in range(5)))
            await bench.finalize()

            assert the(bench, "own-signals-lost").heights == (5, 6, 7)
            assert the(bench, "own-signals-lost").text.startswith("5 own signals")

    run(scenario())
