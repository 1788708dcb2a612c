"""Two cosigned checkpoints that contradict each other are proof: kept, and shown to everybody."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from api.contradiction import ContradictionOut
from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, cosign, verify_cosignature
from ledger.encoding import sha256
from ledger.errors import VerificationError
from ledger.note import Note, SignatureLine
from nodes.errors import PeerRefusedError
from nodes.peers.port import COSIGN
from nodes.store.contradictions import MAX_KEPT
from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found

QUORUM = ("svb", "szw", "uwv")


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def tip_of(bench: Bench) -> Checkpoint:
    tip = bench.node.replica.tip
    assert tip is not None
    return tip


def lie(bench: Bench, *names: str, size: int | None = None, root: int = 0) -> SignedCheckpoint:
    """Return a checkpoint of a history that is nobody's, cosigned by the members in `names`."""
    tip = tip_of(bench)
    forked = replace(tip, size=size or tip.size, root=sha256(bytes([root])))
    lines = [
        cosign(forked.encode(), key=bench.founded.keyring(name).cosigning, time=1_796_126_400)
        for name in names
    ]
    return SignedCheckpoint(forked, Note(forked.encode(), tuple(lines)))


async def learn(bench: Bench, told: SignedCheckpoint) -> None:
    with pytest.raises(VerificationError):
        await bench.node.witness.learn(told, bench.founded.document, timeout=0)


def signers(founded: Founded, note: bytes) -> set[str]:
    """Return the members whose cosignature under `note` verifies."""
    signed = SignedCheckpoint.decode(note)
    keys = {(k.name, k.id): (m.name, k) for m in founded.document.members for k in m.cosigning_keys}
    found = set()
    for line in signed.note.signatures:
        if (line.name, line.key_id) in keys:
            name, key = keys[line.name, line.key_id]
            verify_cosignature(line, checkpoint_text=signed.note.text, key=key)
            found.add(name)
    return found


def test_what_a_quorum_cosigned_is_kept_beside_this_nodes_own(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            told = lie(bench, *QUORUM)

            await learn(bench, told)
            await learn(bench, told)

            (kept,) = bench.node.log.contradictions()
            assert kept.other == told.encode()
            assert SignedCheckpoint.decode(kept.own).checkpoint == tip_of(bench)
            assert signers(founded, kept.own) == {"bzk"}
            shown = ContradictionOut.of(kept)
            assert (shown.own.encode(), shown.other.encode()) == kept

    run(scenario())


def test_a_lie_about_blocks_that_are_final_long_since_is_noticed(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            await bench.apply(bench.signal("uwv"), bench.signal("svb"))
            await bench.finalize()

            await learn(bench, lie(bench, *QUORUM, size=2))

            (kept,) = bench.node.log.contradictions()
            assert SignedCheckpoint.decode(kept.own).checkpoint.size == 2
            assert bench.node.witness.disputes == {"a quorum"}

    run(scenario())


def test_what_fewer_than_a_quorum_say_is_not_kept(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            await learn(bench, lie(bench, "svb", "szw"))

            assert bench.node.log.contradictions() == []

    run(scenario())


def test_of_many_lies_the_first_are_kept(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            lies = [lie(bench, *QUORUM, root=number) for number in range(MAX_KEPT + 3)]
            for told in lies:
                await learn(bench, told)

            kept = {found.other for found in bench.node.log.contradictions()}
            assert kept == {told.encode() for told in lies[:MAX_KEPT]}

    run(scenario())


def test_both_sides_keep_what_they_showed_each_other(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, *_), AsyncExitStack() as stack:
            # BZK's node follows an order of its own.
            alone = Bench(founded, "bzk", wires=uwv.wires, clock=uwv.clock)
            bzk = await stack.enter_async_context(alone)
            await uwv.apply(uwv.signal())
            await bzk.apply(bzk.signal("svb"))
            uwv.start(uwv.node.witness.run())

            await uwv.until(lambda: bool(uwv.node.log.contradictions()))

            (kept,) = uwv.node.log.contradictions()
            assert signers(founded, kept.own) == {"uwv"}
            assert signers(founded, kept.other) == {"bzk"}
            own, other = (SignedCheckpoint.decode(note).checkpoint for note in kept)
            assert own.size == other.size
            assert (own, other) == (tip_of(uwv), tip_of(bzk))

    run(scenario())


def refusing(bench: Bench, note: bytes) -> list[str]:
    """Let every peer refuse to cosign, and show `note`; return who was asked, as it grows."""
    asked = []

    async def ask(name: str, operation: str, payload: bytes) -> bytes:
        assert operation == COSIGN
        asked.append(name)
        raise PeerRefusedError("refused", f"fork: {note.decode()}")

    bench.node.peers.ask = ask  # type: ignore[method-assign, assignment]
    return asked


@pytest.mark.parametrize("fault", ["another's", "forged", "of blocks to come", "no note"])
def test_a_refusal_that_proves_nothing_is_not_kept(founded: Founded, fault: str) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            signed = lie(bench, "svb", "bzk", "szw")
            line = signed.note.signatures[0]
            forged = SignatureLine(line.name, line.key_id, bytes(len(line.signature)))
            note = {
                "another's": lie(bench, "uwv").encode(),
                "forged": Note(signed.note.text, (forged,)).encode(),
                "of blocks to come": lie(bench, "svb", "bzk", "szw", size=99).encode(),
                "no note": b"there is another root here",
            }[fault]
            asked = refusing(bench, note)
            bench.start(bench.node.witness.run())

            # What the first three said is taken in before anybody is asked again.
            await bench.until(lambda: len(asked) > 3)

            assert len(bench.node.witness.disputes) == 3

            assert bench.node.log.contradictions() == []

    run(scenario())
