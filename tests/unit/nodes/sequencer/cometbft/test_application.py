"""The application in front of an engine that speaks real frames."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from ledger.encoding import to_base64
from ledger.entry import Entry, SignedEntry
from ledger.member import MemberDocument
from ledger.tree import EMPTY_ROOT
from nodes.sequencer.cometbft import abci_pb2 as abci
from nodes.sequencer.cometbft.identity import EngineKey, address_of
from nodes.sequencer.cometbft.machine import Engine
from nodes.sequencer.cometbft.transaction import MAX_BLOCK_ENTRIES, encode_transaction
from tests.support.bench import Bench, card_of
from tests.support.consortium import ROLES, Founded, found
from tests.support.engines import short_folder
from tests.support.fake_engine import ENGINE_PLACES, AppSide, FakeEngine
from tests.support.fakes import NOON
from tests.support.faults import Died, Fate

KEYS = {name: EngineKey.of(bytes([mark]) * 32).public for mark, name in enumerate(sorted(ROLES), 1)}
GENESIS = {
    name: Engine(key, f"{address_of(key).hex()}@{name}.test:26656") for name, key in KEYS.items()
}
MOVED = f"{'ef' * 20}@moved.test:26656"
ACCEPTED, REJECTED = 1, 2
tx = encode_transaction


@pytest.fixture
def founded() -> Iterator[Founded]:
    with short_folder() as folder:
        yield found(folder)


@dataclass
class Scene:
    """An engine, the application that it met, and a bench that makes entries."""

    engine: FakeEngine
    side: AppSide
    bench: Bench


@asynccontextmanager
async def opened(founded: Founded) -> AsyncIterator[Scene]:
    """Yield a scene in which the founding entry and four cards are on the chain."""
    fate = Fate()
    engine = FakeEngine(list(KEYS.values()), fate)
    side = AppSide(founded.root, founded.founding, GENESIS, fate)
    async with Bench(founded, "uwv") as bench:
        try:
            await side.server.open()
            await engine.meet(side.path)
            await engine.decide(tx(bench.opening()))
            yield Scene(engine, side, bench)
        finally:
            engine.leave()
            await side.close()


def play(founded: Founded, scenario: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(60), opened(founded) as scene:
            await scenario(scene)

    asyncio.run(run())


async def status(scene: Scene, *transactions: bytes) -> int:
    asked = abci.ProcessProposal(txs=transactions, height=2)
    return (await scene.engine.ask(process_proposal=asked)).process_proposal.status


async def prepared(scene: Scene, *transactions: bytes) -> list[bytes]:
    asked = abci.PrepareProposal(txs=transactions, height=2, max_tx_bytes=10**7)
    return list((await scene.engine.ask(prepare_proposal=asked)).prepare_proposal.txs)


async def checked(scene: Scene, transaction: bytes, *, again: bool = False) -> abci.CheckTxAnswer:
    asked = abci.CheckTx(tx=transaction, type=int(again))
    return (await scene.engine.ask(check_tx=asked)).check_tx


def rehearses(scene: Scene) -> bool:
    return scene.side.application.is_rehearsing


def card_with(
    founded: Founded, name: str, engine_key: str, *, version: int = 2, peer: str = MOVED
) -> bytes:
    ring = founded.keyring(name)
    known = SignedEntry.decode(card_of(ring, day=NOON.date()))
    card = MemberDocument.decode(known.entry.further)
    changed = MemberDocument(version, card.url, engine_key, peer, (), card.sealing)
    entry = Entry(ring.origin, name, "member", NOON.date(), None, changed.encode())
    return SignedEntry.of(entry, (ring.entry.sign(entry.encode()),)).encode()


def updates(answer: abci.FinalizeBlockAnswer) -> dict[bytes, int]:
    return {update.pub_key.ed25519: update.power for update in answer.validator_updates}


def test_the_app_hash_is_the_root_of_the_chain_also_of_blocks_without_entries(
    founded: Founded,
) -> None:
    async def scenario(scene: Scene) -> None:
        filled = await scene.engine.decide(tx([scene.bench.signal()]))
        empty = await scene.engine.decide()

        tip = scene.side.replica.tip
        assert tip is not None
        assert (tip.size, tip.root) == (6, filled.app_hash)
        assert empty.app_hash == filled.app_hash != EMPTY_ROOT

    play(founded, scenario)


@pytest.mark.parametrize("height", range(1, 6))
@pytest.mark.parametrize("place", [*ENGINE_PLACES, "before commit", "after commit"])
def test_a_crash_anywhere_between_finalize_and_commit_is_replayed(
    founded: Founded, place: str, height: int
) -> None:
    async def scenario() -> None:
        fate = Fate()
        engine = FakeEngine(list(KEYS.values()), fate)
        async with Bench(founded, "uwv") as bench:
            key = to_base64(EngineKey.of(b"n" * 32).public)
            story = [
                [tx(bench.opening())],
                [tx([bench.signal()]), tx([bench.signal("svb"), b"no entry"])],
                [],
                [tx([card_with(founded, "svb", key)])],
                [tx([bench.signal()])],
            ]
            fate.doom(place, after=_passes(place, height))
            side = AppSide(founded.root, founded.founding, GENESIS, fate)
            await side.server.open()
            with pytest.raises((Died, ConnectionError, asyncio.IncompleteReadError)):
                await tell(engine, side, story)
            engine.leave()
            await side.close()

            fate = engine._fate = Fate()
            side = AppSide(founded.root, founded.founding, GENESIS, fate)
            await side.server.open()
            await tell(engine, side, story)
            tip = side.replica.tip
            assert tip is not None
            assert (tip.size, tip.root) == (9, engine.answers[5].app_hash)
            assert side.replica.state.cards["svb"].engine_key == key
            engine.leave()
            await side.close()

    asyncio.run(scenario())


async def tell(engine: FakeEngine, side: AppSide, story: list[list[bytes]]) -> None:
    await engine.meet(side.path)
    for block in story[len(engine.blocks) :]:
        await engine.decide(*block)


def _passes(place: str, height: int) -> int:
    # The block at height 3 is empty and needs no transaction of its own.
    if place in {"before commit", "after commit"}:
        return height - 1 - (height > 3) - (height == 3)
    return height - 1


def test_a_transaction_is_refused_when_none_of_its_entries_would_be_appended(
    founded: Founded,
) -> None:
    async def scenario(scene: Scene) -> None:
        fresh, known = scene.bench.signal(), scene.bench.signal()
        await scene.engine.decide(tx([known]))

        assert (await checked(scene, tx([fresh]))).code == 0
        assert (await checked(scene, tx([known, fresh]))).code == 0
        refused = await checked(scene, tx([known, b"no entry"]))
        assert (refused.code, refused.log) == (1, "duplicate malformed")
        assert (await checked(scene, b"no transaction")).code == 1

    play(founded, scenario)


def test_what_waits_and_became_invalid_is_refused_and_told(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        entry = scene.bench.signal()
        await scene.engine.decide(tx([entry]))

        assert (await checked(scene, tx([entry]), again=True)).code == 1
        assert scene.side.refused == [(entry, "duplicate")]

    play(founded, scenario)


def test_a_proposal_is_made_of_what_would_be_appended_and_once(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        one, two, known = (scene.bench.signal() for _ in range(3))
        await scene.engine.decide(tx([known]))

        made = await prepared(
            scene, tx([one, known]), b"no transaction", tx([b"no entry"]), tx([one, two]), tx([two])
        )

        assert made == [tx([one]), tx([two])]
        assert await status(scene, *made) == ACCEPTED

    play(founded, scenario)


def test_a_proposal_is_refused_for_any_entry_that_would_be_skipped(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        one, two, known = (scene.bench.signal() for _ in range(3))
        await scene.engine.decide(tx([known]))
        by_nobody = scene.bench.draft().signed.encode()

        assert await status(scene) == ACCEPTED
        assert await status(scene, tx([one, two])) == ACCEPTED
        assert await status(scene, tx([one]), tx([two])) == ACCEPTED
        for bad in (
            [tx([one, one])],
            [tx([one]), tx([two, one])],
            [tx([one]), tx([known])],
            [tx([one, by_nobody])],
            [tx([one]), b"no transaction"],
            [b""],
        ):
            assert await status(scene, *bad) == REJECTED

    play(founded, scenario)


def test_a_proposal_of_more_than_a_step_can_check_is_neither_made_nor_accepted(
    founded: Founded,
) -> None:
    async def scenario(scene: Scene) -> None:
        entries = [scene.bench.signal() for _ in range(64)]
        others = [scene.bench.signal("svb") for _ in range(MAX_BLOCK_ENTRIES - 64 + 1)]
        full = [tx(entries), *(tx(others[at : at + 64]) for at in range(0, len(others), 64))]

        assert await status(scene, *full) == REJECTED
        assert await prepared(scene, *full) == full[:-1]
        assert await status(scene, *full[:-1]) == ACCEPTED

    play(founded, scenario)


def test_judging_moves_nothing(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        entry = scene.bench.signal()
        for _ in range(2):
            assert await status(scene, tx([entry])) == ACCEPTED
            assert (await checked(scene, tx([entry]))).code == 0
        tip = scene.side.replica.tip
        assert tip is not None
        assert tip.size == scene.side.replica.state.height == 5

    play(founded, scenario)


def test_who_decides_follows_the_cards(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        fresh = EngineKey.of(b"f" * 32).public
        nonsense = await scene.engine.decide(tx([card_with(founded, "svb", "no key")]))
        bare = await scene.engine.decide(tx([card_with(founded, "svb", to_base64(fresh), peer="")]))
        rotated = await scene.engine.decide(tx([card_with(founded, "svb", to_base64(fresh))]))
        # Another's key as one's own costs one's own say, and nobody else's.
        stolen = await scene.engine.decide(tx([card_with(founded, "szw", to_base64(fresh))]))

        assert updates(nonsense) == updates(bare) == {}
        assert scene.side.replica.state.cards["svb"].version == 2
        assert updates(rotated) == {KEYS["svb"]: 0, fresh: 10}
        assert updates(stolen) == {KEYS["szw"]: 0}

    play(founded, scenario)


def test_an_engine_that_only_listens_decides_nothing_until_it_says_its_key(
    founded: Founded,
) -> None:
    async def scenario(scene: Scene) -> None:
        fresh = EngineKey.of(b"f" * 32).public
        listening = await scene.engine.decide(tx([card_with(founded, "svb", "")]))
        deciding = await scene.engine.decide(
            tx([card_with(founded, "svb", to_base64(fresh), version=3)])
        )

        assert updates(listening) == {KEYS["svb"]: 0}
        assert updates(deciding) == {fresh: 10}

    play(founded, scenario)


def test_misbehaviour_is_kept_once_with_who_and_when(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        proof = abci.Misbehavior(
            type=1,
            validator=abci.Validator(address=address_of(KEYS["svb"])),
            height=7,
            time=Timestamp(seconds=1_764_590_400),
        )
        scene.engine.misbehaviour = {2: [proof, proof], 3: [proof]}
        await scene.engine.decide()
        await scene.engine.decide()

        (kept,) = scene.side.evidence.all
        assert (kept.member, kept.kind, kept.height) == ("svb", "two-votes", 7)
        assert kept.at == "2025-12-01T12:00:00Z"
        assert type(scene.side.evidence)(founded.root / "misbehaviour.jsonl").all == [kept]

    play(founded, scenario)


def test_an_engine_of_another_genesis_gets_no_answer(founded: Founded) -> None:
    async def scenario() -> None:
        fate = Fate()
        side = AppSide(founded.root, founded.founding, GENESIS, fate)
        await side.server.open()
        engine = FakeEngine([b"k" * 32], fate)
        with pytest.raises(ConnectionError):
            await engine.meet(side.path)
        assert side.server.failure.exception() is not None
        engine.leave()
        await side.close()

    asyncio.run(scenario())


def test_what_is_not_offered_is_refused_in_the_protocols_own_words(founded: Founded) -> None:
    async def scenario(scene: Scene) -> None:
        ask, empty = scene.engine.ask, abci.Empty()
        assert (await ask(echo=abci.Echo(message="hello"))).echo.message == "hello"
        assert (await ask(flush=empty)).HasField("flush")
        assert (await ask(list_snapshots=empty)).HasField("list_snapshots")
        assert (await ask(offer_snapshot=empty)).offer_snapshot.result == 3
        assert (await ask(apply_snapshot_chunk=empty)).apply_snapshot_chunk.result == 2
        assert (await ask(verify_vote_extension=empty)).verify_vote_extension.status == REJECTED

    play(founded, scenario)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/p2p/filter/addr/127.0.0.1:5", 0),
        ("/p2p/filter/id/" + "ab" * 20, 0),
        ("/p2p/filter/id/" + "cd" * 20, 1),
        ("/p2p/filter/id/", 1),
        ("", 1),
        ("/anything", 1),
    ],
)
def test_only_engines_of_members_may_connect(founded: Founded, path: str, code: int) -> None:
    async def scenario(scene: Scene) -> None:
        assert (await scene.engine.ask(query=abci.Query(path=path))).query.code == code

    play(founded, scenario)


def test_the_newest_entry_of_a_member_says_which_engine_of_its_may_connect(
    founded: Founded,
) -> None:
    async def scenario(scene: Scene) -> None:
        async def lets_in(peer: str) -> bool:
            path = f"/p2p/filter/id/{peer.partition('@')[0]}"
            return not (await scene.engine.ask(query=abci.Query(path=path))).query.code

        assert await lets_in(GENESIS["svb"].peer)
        assert not await lets_in(MOVED)

        await scene.engine.decide(tx([card_with(founded, "svb", "", peer="nowhere")]))
        assert await lets_in(GENESIS["svb"].peer)

        await scene.engine.decide(tx([card_with(founded, "svb", "")]))
        assert await lets_in(MOVED)
        assert not await lets_in(GENESIS["svb"].peer)
        assert await lets_in(GENESIS["uwv"].peer)

        # Also while an engine that lost its blocks shows them again from the first.
        scene.side.application.rehearse()
        assert await lets_in(MOVED)
        assert not await lets_in(GENESIS["svb"].peer)

    play(founded, scenario)


@pytest.mark.parametrize("is_same", [True, False])
def test_blocks_shown_again_are_rehearsed_and_must_be_those_applied(
    founded: Founded, is_same: bool
) -> None:
    async def scenario(scene: Scene) -> None:
        one, two, last = (scene.bench.signal() for _ in range(3))
        story = [[tx([one])], [], [tx([two])]]
        for block in story:
            await scene.engine.decide(*block)
        before = scene.side.replica.tip
        # It lost its blocks; what comes to it are perhaps others.
        fresh = FakeEngine(list(KEYS.values()), Fate())
        known = scene.engine.blocks[:1] + (story if is_same else [[tx([two])], [], [tx([one])]])
        fresh.blocks = [list(block) for block in known]
        scene.side.application.rehearse()

        if not is_same:
            with pytest.raises(ConnectionError):
                await fresh.meet(scene.side.path)
            assert "another-order" in str(scene.side.server.failure.exception())
            assert scene.side.replica.tip == before
            fresh.leave()
            return
        await fresh.meet(scene.side.path)
        assert scene.side.replica.tip == before
        assert fresh.answers == scene.engine.answers
        assert not rehearses(scene)
        await fresh.decide(tx([last]))
        assert scene.side.replica.state.height == 8
        fresh.leave()

    play(founded, scenario)


def test_an_engine_that_ends_while_it_shows_blocks_again_goes_on_where_it_was(
    founded: Founded,
) -> None:
    async def scenario(scene: Scene) -> None:
        for _ in range(3):
            await scene.engine.decide(tx([scene.bench.signal()]))
        fresh = FakeEngine(list(KEYS.values()), Fate())
        fresh.blocks = scene.engine.blocks[:2]
        scene.side.application.rehearse()
        await fresh.meet(scene.side.path)
        assert rehearses(scene)
        fresh.leave()

        await fresh.meet(scene.side.path)
        for block in scene.engine.blocks[2:]:
            await fresh.decide(*block)

        assert fresh.answers == scene.engine.answers
        assert not rehearses(scene)
        assert scene.side.replica.state.height == 8
        fresh.leave()

    play(founded, scenario)


@pytest.mark.parametrize(
    ("visits", "shown"),
    [
        pytest.param([False, False], True, id="turned away twice"),
        pytest.param([False], False, id="stopped once before it had to ask"),
        pytest.param([False, True, False], False, id="an idle one that goes on in between"),
    ],
)
def test_an_engine_that_ends_twice_after_its_first_question_is_shown_the_chain_anew(
    founded: Founded, visits: list[bool], shown: bool
) -> None:
    async def visit(scene: Scene, *, goes_on: bool) -> None:
        # The engine of the scene stays.
        served = set(scene.side.server._serving)
        guest = FakeEngine(list(KEYS.values()), Fate())
        guest._reader, guest._writer = await asyncio.open_unix_connection(scene.side.path)
        await guest.ask(info=abci.Empty())
        if goes_on:
            await guest.ask(query=abci.Query(path="/p2p/filter/addr/192.0.2.1:26656"))
        guest.leave()
        await asyncio.gather(*(scene.side.server._serving - served))

    async def scenario(scene: Scene) -> None:
        await scene.engine.decide(tx([scene.bench.signal()]))

        for goes_on in visits:
            await visit(scene, goes_on=goes_on)

        assert rehearses(scene) is shown

    play(founded, scenario)
