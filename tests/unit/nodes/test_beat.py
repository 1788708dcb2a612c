"""A beat has one size, whatever waits; nothing is lost or doubled, whatever becomes of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ledger.body import Share
from ledger.encoding import enc
from ledger.errors import MalformedError
from ledger.exchange.beat import Size, open_frame
from ledger.exchange.item import ITEM_BYTES, MAX_MESSAGE_BYTES
from ledger.seal import SealContext, message_id_of
from nodes.desks import DeskCard, Desks
from nodes.errors import InputError
from nodes.logbook import Act
from nodes.peers.port import ITEMS
from nodes.peers.sealed import open_fields
from nodes.readiness import reasons
from nodes.rhythm import Rhythm
from nodes.store.dispatches import Dispatch
from tests.support.beating import (
    address,
    bring,
    dispatch_of,
    frames_of,
    prepared,
    send,
    take_effect,
)
from tests.support.bench import Bench, run
from tests.support.consortium import DESKS, Founded, found
from tests.support.logbook import logged


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def with_quota(tmp_path: Path, quota: int) -> Founded:
    return found(tmp_path, exchange_quota=quota)


def opened(bench: Bench, beat: Dispatch, name: str = "svb") -> list[bytes]:
    """Return the chunks that a receiver finds in its frame, in order."""
    entry = beat.signed.entry
    desks = Desks(bench.founded.root / name / "keys", member=name, random=bytes)
    keys = desks.opening(bench.founded.document, day=entry.day)[DESKS[name]]
    context = SealContext(entry.origin, "exchange", entry.author, entry.day.isoformat())
    count = Size.decode(entry.further).count
    found_in = open_frame(frames_of(beat)[name], count=count, keys=keys, context=context)
    assert {one.refused for one in found_in} == {None}
    return [one.piece.chunk for one in found_in if one.piece is not None]


def waiting(bench: Bench) -> int:
    with bench.node.database.read() as connection:
        return bench.node.beat._outgoing.count(connection)


def height_of(bench: Bench, message: bytes) -> int | None:
    with bench.node.database.read() as connection:
        return bench.node.beat.height_of(connection, message)


def test_every_beat_has_a_frame_of_one_size_for_every_other_issuer(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            shapes = []
            for number in range(3):
                for extra in range(10 * number):
                    await send(bench, b"much", number=100 * number + extra)
                beat = await prepared(bench)
                assert beat is not None
                shapes.append(
                    (beat.signed.entry.further, {n: len(f) for n, f in frames_of(beat).items()})
                )
                await bring(bench, beat)

            assert shapes == [("16\n", dict.fromkeys(("svb", "szw"), 16 * ITEM_BYTES))] * 3

    run(scenario())


def test_what_does_not_fit_waits_for_the_next_beat(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            long = bytes(range(256)) * (MAX_MESSAGE_BYTES // 256)
            first = await send(bench, long, number=1)
            second = await send(bench, b"second", number=2)

            one = await prepared(bench)
            assert one is not None
            assert b"".join(opened(bench, one)) == long
            height = await bring(bench, one)
            assert (height_of(bench, first), height_of(bench, second)) == (height, None)
            two = await prepared(bench)
            assert two is not None
            assert opened(bench, two) == [b"second"]
            assert await bring(bench, two) == height_of(bench, second)

            assert waiting(bench) == 0
            sent = [r.name for r in logged(bench.node) if r.name == Act.SEND]
            assert sent == [Act.SEND] * 2

    run(scenario())


def test_pieces_stay_in_line_until_their_beat_is_final(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            message = await send(bench, b"hello")
            beat = await prepared(bench)
            assert beat is not None

            await bench.apply(bench.stored(beat.signed, "svb").encode())
            assert (waiting(bench), height_of(bench, message)) == (1, None)
            await take_effect(bench)

            assert (waiting(bench), height_of(bench, message)) == (0, 5)

    run(scenario())


def test_no_beat_is_made_while_an_earlier_one_is_on_its_way(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            beat = await prepared(bench)
            assert beat is not None

            bench.clock.turn(seconds=6000)
            assert await prepared(bench) is None
            await send(bench, b"now", is_urgent=True)
            assert await prepared(bench, is_urgent=True) is not None
            await bring(bench, beat)

            assert await prepared(bench) is not None

    run(scenario())


def test_a_rolled_back_send_sends_nothing(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)

            def work(connection: Connection) -> None:
                bench.node.beat.send(
                    connection, to="svb", desks=[DESKS["svb"]], message=bytes(16), raw=b"no"
                )
                raise MalformedError("the caller's own")

            with pytest.raises(MalformedError, match="caller's own"):
                await bench.node.writer.do(work)

            beat = await prepared(bench)
            assert beat is not None
            assert (waiting(bench), opened(bench, beat), logged(bench.node)) == (0, [], [])

    run(scenario())


@pytest.mark.parametrize(
    ("to", "desks", "raw"),
    [
        ("uwv", ["uwv/maatwerkplaats"], b"x"),
        ("bzk", ["bzk/desk"], b"x"),
        ("nobody", ["nobody/desk"], b"x"),
        ("svb", [], b"x"),
        ("svb", ["svb/de-bedoeling"] * 2, b"x"),
        ("svb", ["szw/maatwerk"], b"x"),
        ("szw", ["szw/beleid"], b"x"),
        ("svb", ["svb/other"], b"x"),
        ("svb", ["svb/de-bedoeling"], b""),
        ("svb", ["svb/de-bedoeling"], bytes(MAX_MESSAGE_BYTES + 1)),
    ],
)
def test_what_nobody_could_open_is_not_queued(
    founded: Founded, to: str, desks: list[str], raw: bytes
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:

            def work(connection: Connection) -> None:
                bench.node.beat.send(connection, to=to, desks=desks, message=bytes(16), raw=raw)

            with pytest.raises((InputError, MalformedError)):
                await bench.node.writer.do(work)
            assert waiting(bench) == 0

    run(scenario())


def test_without_a_desks_key_dummies_go_to_nobody_and_messages_wait(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench, "szw")
            await send(bench, b"for svb")
            await send(bench, b"for szw", to="szw", number=2)

            beat = await prepared(bench)
            assert beat is not None
            assert opened(bench, beat, "szw") == [b"for szw"]
            assert len(frames_of(beat)["svb"]) == 16 * ITEM_BYTES
            assert bench.node.beat.trouble == "no keys of desks of svb: messages wait"
            await bring(bench, beat)
            assert waiting(bench) == 1
            await address(bench)
            later = await prepared(bench)

            assert later is not None
            assert opened(bench, later) == [b"for svb"]
            assert bench.node.beat.trouble is None

    run(scenario())


def test_a_message_to_a_desk_of_which_there_is_no_key_waits(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            bare = {"svb": DeskCard("2026-12", {})}
            outgoing = bench.node.beat._outgoing
            await bench.node.writer.do(lambda connection: outgoing.put_cards(connection, bare))
            await send(bench, b"for svb")

            beat = await must(bench)

            assert len(frames_of(beat)["svb"]) == 16 * ITEM_BYTES
            await bring(bench, beat)
            assert waiting(bench) == 1

    run(scenario())


def test_pieces_go_again_where_the_issuers_changed_before_their_beat_was_on_the_chain(
    founded: Founded,
) -> None:
    """By the document at its block a receiver would look for its frame in another place."""

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            message = await send(bench, b"hello")
            beat = await must(bench)
            other = replace(beat, routes={"svb": (0,)})
            dispatches = bench.node.dispatches
            await bench.node.writer.do(lambda c: dispatches.replace(c, beat.signed.id, other))

            await bring(bench, beat)

            assert (waiting(bench), height_of(bench, message)) == (1, None)
            assert opened(bench, await must(bench)) == [b"hello"]

    run(scenario())


def test_an_answer_with_frames_is_bounded_and_the_rest_comes_when_asked_again(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            ids = []
            for _ in range(3):
                beat = await must(bench)
                await bring(bench, beat, "svb")
                ids.append(beat.signed.id)
            monkeypatch.setattr("nodes.pickup._MAX_ANSWER_BYTES", 100_000)
            szw = founded.keyring("szw")

            def ask(*wanted: bytes) -> list[bool]:
                raw = bench.node.pickup.items(enc(*wanted), sender="szw", to=szw.sealing.public)
                parts = open_fields(
                    raw, key=szw.sealing, origin=szw.origin, operation=ITEMS, sender="uwv"
                )
                return [bool(part) for part in parts]

            assert ask(*ids) == [True, True, False]
            assert ask(ids[2]) == [True]

    run(scenario())


def test_why_messages_wait_is_told_to_whoever_asks_whether_the_node_is_ready(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench, "szw")
            await send(bench, b"for svb")
            await must(bench)

            (reason,) = [r for r in reasons(bench.node) if r.code == "exchange-waits"]
            assert not reason.is_blocking
            assert "svb" in reason.text

    run(scenario())


def test_keys_of_months_ago_are_not_sealed_to(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            await send(bench, b"hello")
            bench.clock.turn(days=62)

            beat = await prepared(bench)

            assert beat is not None
            assert waiting(bench) == 1
            assert bench.node.beat.trouble is not None
            assert "svb" in bench.node.beat.trouble

    run(scenario())


def test_a_beat_that_went_stale_is_made_again_under_today_with_fresh_seals(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            message = await send(bench, b"hello")
            old = await prepared(bench)
            assert old is not None
            bench.clock.turn(days=2)

            new = await bench.node.courier._fresh(old)

            assert new.signed.entry.day == bench.clock.today()
            assert new.signed.entry.further == old.signed.entry.further
            assert opened(bench, new) == [b"hello"]
            assert ids(old).isdisjoint(ids(new))
            assert dispatch_of(bench, old.signed.id) is None
            assert height_of(bench, message) is None
            await bring(bench, new)
            assert (waiting(bench), height_of(bench, message)) == (0, 5)

    run(scenario())


def ids(beat: Dispatch) -> set[bytes]:
    return {
        message_id_of(item.content[at:])
        for item in Share.decode(beat.body).items
        for at in range(0, len(item.content), ITEM_BYTES)
    }


def test_a_beat_that_just_came_on_the_chain_is_not_made_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            await send(bench, b"hello")
            old = await prepared(bench)
            assert old is not None
            await bench.apply(bench.stored(old.signed, "svb").encode())

            assert await bench.node.courier.redraft(old) == old
            await take_effect(bench)

            assert waiting(bench) == 0

    run(scenario())


def test_pieces_of_a_beat_that_is_refused_for_good_go_with_the_next(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Bench(with_quota(tmp_path, 1), "uwv") as bench:
            await address(bench)
            await bring(bench, await must(bench))
            await send(bench, b"hello")
            bench.node.replica.state.posted.clear()
            over = await must(bench)
            bench.node.replica.forget()

            await bench.apply(bench.stored(over.signed, "svb").encode())

            assert dispatch_of(bench, over.signed.id) is None
            assert waiting(bench) == 1
            assert await prepared(bench) is None
            bench.clock.turn(days=1)
            assert opened(bench, await must(bench)) == [b"hello"]

    run(scenario())


async def must(bench: Bench, *, is_urgent: bool = False) -> Dispatch:
    beat = await prepared(bench, is_urgent=is_urgent)
    assert beat is not None, "no beat was made"
    return beat


def test_urgent_ones_go_beside_the_rhythm_and_say_so(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            for number in range(20):
                await send(bench, b"ordinary", number=number)
            assert await prepared(bench, is_urgent=True) is None
            await send(bench, b"urgent", number=99, is_urgent=True)

            beat = await must(bench, is_urgent=True)

            assert beat.signed.entry.further == "16 urgent\n"
            assert opened(bench, beat) == [b"urgent"] + [b"ordinary"] * 15
            assert {len(frame) for frame in frames_of(beat).values()} == {16 * ITEM_BYTES}
            await bring(bench, beat)
            assert await prepared(bench, is_urgent=True) is None

    run(scenario())


def test_an_urgent_one_takes_along_what_it_must_not_overtake(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            for number in range(20):
                await send(bench, b"another case", number=number)
            first = await send(bench, b"first", number=98)
            await send(bench, b"urgent", number=99, is_urgent=True, after=[first])

            beat = await must(bench, is_urgent=True)

            assert opened(bench, beat) == [b"first", b"urgent"] + [b"another case"] * 14

    run(scenario())


@pytest.mark.parametrize("is_urgent", [True, False])
def test_nothing_is_sent_to_whom_something_is_on_its_way(founded: Founded, is_urgent: bool) -> None:
    """Else the later could come on the chain first; from outside it is a beat like any other."""

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            await send(bench, b"first", number=1, is_urgent=not is_urgent)
            earlier = await must(bench, is_urgent=not is_urgent)
            await send(bench, b"second", number=2, is_urgent=is_urgent)
            await send(bench, b"to szw", number=3, to="szw", is_urgent=is_urgent)

            later = await must(bench, is_urgent=is_urgent)

            assert opened(bench, later) == []
            assert opened(bench, later, "szw") == [b"to szw"]
            assert bench.node.beat.trouble is None
            await bring(bench, earlier)
            await bring(bench, later)
            assert opened(bench, await must(bench, is_urgent=is_urgent)) == [b"second"]

    run(scenario())


def test_urgent_ones_leave_room_for_every_beat_of_the_day(tmp_path: Path) -> None:
    """From noon at 600 seconds there are 72 beats left."""

    async def scenario() -> None:
        async with Bench(with_quota(tmp_path, 73), "uwv") as bench:
            origin = bench.node.keyring.origin
            beat = bench.node.beat
            beat._rhythm = Rhythm.of("uwv", origin=origin, seconds=600)
            await address(bench)
            await send(bench, b"urgent", number=1, is_urgent=True)
            await bring(bench, await must(bench, is_urgent=True))
            await send(bench, b"too many", number=2, is_urgent=True)

            assert await prepared(bench, is_urgent=True) is None
            assert "quota of 73" in (beat.trouble or "")
            assert opened(bench, await must(bench)) == [b"too many"]

    run(scenario())


def test_no_beat_is_made_beyond_the_quota(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Bench(with_quota(tmp_path, 2), "uwv") as bench:
            await address(bench)
            for _ in range(2):
                await bring(bench, await must(bench))

            assert await prepared(bench) is None
            bench.clock.turn(days=1)
            assert await prepared(bench) is not None

    run(scenario())


def test_who_is_no_issuer_sends_nothing(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            assert await prepared(bench) is None

    run(scenario())


@pytest.mark.parametrize("items", [16, 64, 256])
def test_frames_have_the_number_of_items_that_was_set(founded: Founded, items: int) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.node.beat._count = items
            await address(bench)

            beat = await must(bench)

            assert beat.signed.entry.further == f"{items}\n"
            assert {len(f) for f in frames_of(beat).values()} == {items * ITEM_BYTES}

    run(scenario())


def test_frames_are_kept_for_who_has_not_stored_its_own_and_no_longer(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            beat = await must(bench)
            await bring(bench, beat, "svb")
            assert dispatch_of(bench, beat.signed.id) is not None

            await bench.node.beat.stored(beat.signed.id, "szw")

            assert dispatch_of(bench, beat.signed.id) is None
            both = await must(bench)
            await bench.node.beat.stored(both.signed.id, "szw")
            assert dispatch_of(bench, both.signed.id) is not None
            await bring(bench, both, "svb")
            assert dispatch_of(bench, both.signed.id) is None

    run(scenario())


def test_frames_that_no_key_opens_any_more_go(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            beat = await must(bench)
            await bring(bench, beat, "svb")

            async def after(days: int) -> bool:
                bench.clock.turn(days=days)
                await bench.apply(bench.signal("szw"))
                await take_effect(bench)
                return dispatch_of(bench, beat.signed.id) is not None

            assert await after(35)
            assert not await after(1)

    run(scenario())


def test_a_restart_in_between_sends_the_same_bytes(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            await send(bench, b"hello")
            made = await must(bench)
            clock, order = bench.clock, bench.order

        async with Bench(founded, "uwv", clock=clock, order=order) as again:
            with again.node.database.read() as connection:
                assert again.node.dispatches.waiting(connection) == [made.signed.id]
            assert dispatch_of(again, made.signed.id) == made
            assert await prepared(again) is None
            await bring(again, made)
            assert waiting(again) == 0

    run(scenario())
