"""What strangers see, and who stands behind it with a post-quantum key."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.cosignature import (
    SignedCheckpoint,
    cosign,
    post_quantum_cosigners,
    verify_cosignature,
    verify_exact_lines,
)
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.note import SignatureLine
from nodes.errors import PeerRefusedError
from nodes.publisher import PUBLIC
from nodes.store import chain as store
from nodes.witness import NEWEST, Witness
from tests.support.bench import Bench, benches, run
from tests.support.consortium import ROLES, Founded, found, url_of


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def shown(bench: Bench, name: str = PUBLIC) -> SignedCheckpoint | None:
    with bench.node.database.read() as connection:
        row = store.checkpoint(connection, name)
    return None if row is None else SignedCheckpoint.decode(row.note)


async def publish(bench: Bench, step: int) -> SignedCheckpoint:
    await bench.node.publisher.publish(step)
    signed = shown(bench)
    assert signed is not None
    return signed


def behind(bench: Bench, signed: SignedCheckpoint) -> set[str]:
    """Return who signed with a post-quantum key; every line must verify."""
    document = bench.founded.document
    verify_exact_lines(
        signed, members=document.witnesses, log_keys=document.log_keys, quorum=document.quorum
    )
    return set(post_quantum_cosigners(signed, members=document.witnesses))


def test_strangers_see_a_newer_checkpoint_only_at_the_next_step(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:

            async def size(step: int) -> int | None:
                await bench.node.publisher.publish(step)
                signed = shown(bench)
                return None if signed is None else signed.checkpoint.size

            assert await size(1) is None
            await bench.finalize()
            assert await size(1) == 5
            await bench.apply(bench.signal("uwv"))
            await bench.finalize()
            assert await size(1) == 5
            assert await size(2) == 6
            # A clock that goes back shows nothing twice and takes nothing back.
            assert await size(1) == 6

    run(scenario())


def test_every_witness_that_answers_stands_behind_what_strangers_see(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            await uwv.finalize()

            signed = await publish(uwv, 1)

            assert behind(uwv, signed) == set(ROLES)

    run(scenario())


def test_what_members_see_bears_no_post_quantum_lines(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            await uwv.finalize()
            await publish(uwv, 1)

            newest = shown(uwv, NEWEST)

            assert newest is not None
            assert behind(uwv, newest) == set()

    run(scenario())


def test_who_is_down_is_passed_over_and_asked_again_at_the_next_step(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            await uwv.finalize()
            uwv.wires.down.add(url_of("svb"))
            assert behind(uwv, await publish(uwv, 1)) == {"uwv", "szw", "bzk"}
            uwv.wires.sent.clear()
            uwv.wires.down.clear()

            signed = await publish(uwv, 2)

            assert behind(uwv, signed) == set(ROLES)
            assert [url for _, url in uwv.wires.sent] == [url_of("svb")]

    run(scenario())


def test_a_line_that_does_not_verify_is_not_shown(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Witness.cosign_outside

    async def lying(self: Witness, *asked: object, **how: object) -> SignatureLine:
        line = await honest(self, *asked, **how)  # type: ignore[arg-type]
        return replace(line, signature=bytes(len(line.signature)))

    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            await uwv.finalize()
            monkeypatch.setattr(Witness, "cosign_outside", lying)

            assert behind(uwv, await publish(uwv, 1)) == set()

    run(scenario())


def test_a_member_without_such_a_key_shows_what_a_quorum_cosigned(tmp_path: Path) -> None:
    founded = found(tmp_path, post_quantum=False)

    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            await uwv.finalize()
            uwv.wires.sent.clear()

            signed = await publish(uwv, 1)

            assert behind(uwv, signed) == set()
            assert uwv.wires.sent == []

    run(scenario())


def test_a_fork_gets_no_post_quantum_cosignature(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            tip = bench.node.replica.tip
            assert tip is not None
            ahead, fork = replace(tip, size=6), replace(tip, root=Digest(bytes(32)))

            with pytest.raises(VerificationError, match="behind"):
                await bench.node.witness.cosign_outside(ahead, timeout=0)
            with pytest.raises(VerificationError, match="fork"):
                await bench.node.witness.cosign_outside(fork, timeout=0)

    run(scenario())


def test_a_time_is_stated_only_under_what_is_newest_here(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            key = founded.keyring("bzk").post_quantum
            before = bench.node.replica.tip
            assert key is not None
            assert before is not None

            async def stated() -> int:
                line = await bench.node.witness.cosign_outside(before, timeout=0)
                return verify_cosignature(line, checkpoint_text=before.encode(), key=key.verifier)

            newest = await stated()
            await bench.apply(bench.signal("uwv"))

            assert newest == int(bench.clock.now().timestamp())
            assert await stated() == 0

    run(scenario())


def test_a_peer_answers_with_a_line_of_type_06(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb") as (uwv, svb):
            tip = uwv.node.replica.tip
            key = founded.keyring("svb").post_quantum
            assert tip is not None
            assert key is not None

            raw = await uwv.node.peers.ask("svb", "cosign-outside", tip.encode().encode())

            line = SignatureLine.decode(raw.decode())
            verify_cosignature(line, checkpoint_text=tip.encode(), key=key.verifier)
            with pytest.raises(PeerRefusedError, match="checkpoint"):
                await uwv.node.peers.ask("svb", "cosign-outside", b"junk")
            del svb

    run(scenario())


def test_a_classic_line_is_not_taken_for_a_post_quantum_one(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def classic(self: Witness, checkpoint: object, **_: object) -> SignatureLine:
        text = checkpoint.encode()  # type: ignore[attr-defined]
        return cosign(text, key=self._keyring.cosigning, time=1)

    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *_):
            await uwv.finalize()
            monkeypatch.setattr(Witness, "cosign_outside", classic)

            assert behind(uwv, await publish(uwv, 1)) == set()

    run(scenario())
