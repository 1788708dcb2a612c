"""What makes blocks final at a node, and whom its witness believes."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, cosign, verify_exact_lines
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.note import Note, SignatureLine
from nodes.peers.message import PeerMessage
from nodes.peers.port import FINAL
from nodes.store import chain as store
from nodes.witness import NEWEST
from tests.support.bench import Bench, benches, run
from tests.support.consortium import ROLES, Founded, found, url_of


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def tip_of(bench: Bench) -> Checkpoint:
    tip = bench.node.replica.tip
    assert tip is not None
    return tip


def signed_by(bench: Bench, checkpoint: Checkpoint, *names: str) -> SignedCheckpoint:
    text = checkpoint.encode()
    lines = [
        cosign(text, key=bench.founded.keyring(name).cosigning, time=1_796_126_400)
        for name in names
    ]
    return SignedCheckpoint(checkpoint, Note(text, tuple(lines)))


def forked(checkpoint: Checkpoint) -> Checkpoint:
    return replace(checkpoint, root=Digest(bytes(32)))


def served(bench: Bench) -> SignedCheckpoint | None:
    with bench.node.database.read() as connection:
        row = store.checkpoint(connection, NEWEST)
    return None if row is None else SignedCheckpoint.decode(row.note)


def test_a_checkpoint_that_a_quorum_cosigned_is_taken_over(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            signed = signed_by(bench, tip_of(bench), "svb", "szw", "uwv")

            await bench.node.witness.learn(signed, founded.document, timeout=0)

            assert bench.node.progress.final.value == tip_of(bench).size
            kept = served(bench)
            assert kept is not None
            verify_exact_lines(
                kept,
                members=founded.document.witnesses,
                log_keys=founded.document.log_keys,
                quorum=3,
            )

    run(scenario())


@pytest.mark.parametrize("names", [(), ("svb", "szw"), ("svb", "svb", "svb")])
def test_too_few_cosignatures_make_nothing_final(founded: Founded, names: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            signed = signed_by(bench, tip_of(bench), *(names or ("svb",)))

            with pytest.raises(VerificationError, match="cosigned by"):
                await bench.node.witness.learn(signed, founded.document, timeout=0)

            assert bench.node.progress.final.value == 0

    run(scenario())


def test_a_line_that_is_repeated_or_anothers_is_not_served(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            good = signed_by(bench, tip_of(bench), "svb", "szw", "uwv")
            lines = good.note.signatures
            stranger = SignatureLine("somebody", b"abcd", bytes(72))
            padded = good.note.with_signatures((lines[0], stranger, lines[2]))

            await bench.node.witness.learn(
                SignedCheckpoint(good.checkpoint, padded), founded.document, timeout=0
            )

            kept = served(bench)
            assert kept is not None
            assert len(kept.note.signatures) == 4
            verify_exact_lines(
                kept,
                members=founded.document.witnesses,
                log_keys=founded.document.log_keys,
                quorum=3,
            )

    run(scenario())


def test_a_fork_that_a_quorum_cosigned_is_reported_and_not_followed(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            lie = signed_by(bench, forked(tip_of(bench)), "svb", "szw", "uwv")

            with pytest.raises(VerificationError, match="fork"):
                await bench.node.witness.learn(lie, founded.document, timeout=0)

            assert bench.node.witness.disputes == {"a quorum"}
            assert bench.node.progress.final.value == 0

    run(scenario())


def test_one_member_alone_cannot_cry_fork(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            lie = signed_by(bench, forked(tip_of(bench)), "svb")

            with pytest.raises(VerificationError, match="3 are needed"):
                await bench.node.witness.learn(lie, founded.document, timeout=0)

            assert bench.node.witness.disputes == set()

    run(scenario())


def test_what_is_final_already_is_not_taken_over_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            signed = signed_by(bench, tip_of(bench), "svb", "szw", "uwv")
            await bench.node.witness.learn(signed, founded.document, timeout=0)
            before = served(bench)

            await bench.node.witness.learn(
                signed_by(bench, tip_of(bench), "bzk", "szw", "uwv"), founded.document, timeout=0
            )

            assert served(bench) == before

    run(scenario())


def test_three_of_four_make_final_and_the_fourth_is_told(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, svb, szw, bzk):
            uwv.start(uwv.node.witness.run())
            uwv.node.witness.hurry()

            size = tip_of(uwv).size
            for bench in (uwv, svb, szw, bzk):
                await bench.until(lambda b=bench: b.node.progress.final.value == size)  # type: ignore[misc]

            for bench in (uwv, svb, szw, bzk):
                kept = served(bench)
                assert kept is not None
                verify_exact_lines(
                    kept,
                    members=founded.document.witnesses,
                    log_keys=founded.document.log_keys,
                    quorum=3,
                )

    run(scenario())


def test_while_more_becomes_final_others_are_told_the_newest_only(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, svb, szw):
            told: list[int] = []
            let_go = asyncio.Event()

            async def listen(raw: bytes) -> bytes:
                request = PeerMessage.decode(raw, founded.document)
                if request.operation == FINAL:
                    told.append(SignedCheckpoint.decode(request.payload).checkpoint.size)
                    await let_go.wait()
                return await szw.node.service.answer(raw)

            uwv.wires.answers[url_of("szw")] = listen
            uwv.start(uwv.node.witness.run())
            for size in (5, 6, 7, 8):
                if size > 5:
                    raw = uwv.signal()
                    for bench in (uwv, svb, szw):
                        await bench.apply(raw)
                uwv.node.witness.hurry()
                await uwv.until(lambda size=size: uwv.node.progress.final.value == size)  # type: ignore[misc]
                await uwv.until(lambda: bool(told))
            let_go.set()

            await szw.until(lambda: szw.node.progress.final.value == 8)

            assert told == [5, 8]

    run(scenario())


def test_bystander_asks_for_nothing_that_it_was_told_of(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            patience = iter([asyncio.Event(), asyncio.Event()])
            listened: list[asyncio.Event] = []

            async def listen() -> None:
                listened.append(next(patience))
                await listened[-1].wait()

            monkeypatch.setattr(bench.node.witness, "_listen", listen)
            bench.start(bench.node.witness.run())
            await bench.until(lambda: len(listened) == 1)
            # What it asked for its own card, which it is the author of.
            bench.wires.sent.clear()

            await bench.finalize()
            # There is always a newer block whose author has not told of it yet.
            await bench.apply(bench.signal("uwv"))
            listened[0].set()
            await bench.until(lambda: len(listened) == 2)

            assert bench.wires.sent == []

    run(scenario())


def test_two_of_four_make_nothing_final_until_a_third_is_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            uwv.wires.down |= {url_of("szw"), url_of("bzk")}
            uwv.start(uwv.node.witness.run())
            await uwv.until(lambda: set(uwv.node.witness.silent) == {"szw", "bzk"})
            assert not uwv.node.witness.can_finalize()
            assert uwv.node.progress.final.value == 0

            uwv.wires.down.remove(url_of("szw"))
            await uwv.until(lambda: uwv.node.progress.final.value == tip_of(uwv).size)

            assert uwv.node.witness.can_finalize()

    run(scenario())


def test_a_witness_with_another_history_is_a_dispute(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, *_), AsyncExitStack() as stack:
            # BZK's node follows an order of its own.
            alone = Bench(founded, "bzk", wires=uwv.wires, clock=uwv.clock)
            bzk = await stack.enter_async_context(alone)
            await uwv.apply(uwv.signal())
            await bzk.apply(bzk.signal("svb"))
            uwv.start(uwv.node.witness.run())

            await uwv.until(lambda: uwv.node.witness.disputes == {"bzk"})

            assert uwv.node.witness.silent["bzk"] == "it has another history"

    run(scenario())


def test_asking_ends_with_the_witness(founded: Founded) -> None:
    async def never(raw: bytes) -> bytes:
        await asyncio.Event().wait()
        return raw

    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, *_):
            uwv.wires.answers[url_of("bzk")] = never
            uwv.node.peers.timeout = 60
            running = asyncio.create_task(uwv.node.witness.run())
            await uwv.until(lambda: bool(uwv.node.witness._background))
            asking = list(uwv.node.witness._background)

            running.cancel()
            await asyncio.gather(running, *asking, return_exceptions=True)

            assert all(task.done() for task in asking)

    run(scenario())
