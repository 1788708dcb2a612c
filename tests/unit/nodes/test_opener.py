"""What is in others' frames is opened, put together and handed on; what is wrong is counted."""

from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.exchange.beat import Sent
from ledger.exchange.item import CHUNK_BYTES, ITEM_BYTES, Piece, nobody, split_message
from nodes.logbook import Act
from nodes.opener import NoReceiver
from nodes.store import chain
from tests.support.beating import Foreign, address, card_of, take_effect
from tests.support.bench import Bench, run
from tests.support.consortium import DESKS, Founded, found
from tests.support.exchanging import drawing
from tests.support.logbook import logged
from tests.support.mailbox import REFUSED, Mailbox, mail

LONG = b"l" * (2 * CHUNK_BYTES + 1)


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def refusals(bench: Bench) -> dict[str, int]:
    with bench.node.database.read() as connection:
        counted = chain.refusals(connection)
    prefix = "exchange/"
    return {w.removeprefix(prefix): n for w, n in counted.items() if w.startswith(prefix)}


def held(bench: Bench) -> int:
    with bench.node.database.read() as connection:
        return bench.node.custody.count(connection)


async def ready(bench: Bench) -> Foreign:
    bench.node.opener.receiver = Mailbox()
    await address(bench)
    return Foreign(bench, "uwv")


def test_a_message_is_handed_on_with_its_author_desk_id_and_block(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)

            height = await uwv.say(uwv.frame(*uwv.sent(b"hello", number=7)))

            (one,) = mail(bench.node)
            assert one == ("uwv", DESKS["svb"], (7).to_bytes(16, "big"), b"hello", height)
            assert refusals(bench) == {}
            assert held(bench) == 0
            heard = [r for r in logged(bench.node) if r.name == Act.UNSEAL]
            assert heard == [(Act.UNSEAL, "", "http://uwv.test")]

    run(scenario())


def test_pieces_come_together_over_beats_in_any_order(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            first, second, third = uwv.sent(LONG)

            await uwv.say(uwv.frame(third))
            await uwv.say(uwv.frame(first))
            assert mail(bench.node) == []
            height = await uwv.say(uwv.frame(second))

            (one,) = mail(bench.node)
            assert (one.raw, one.height) == (LONG, height)

    run(scenario())


def test_a_frame_of_dummies_hands_on_nothing_and_is_no_fault(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)

            await uwv.say(uwv.frame())

            assert (mail(bench.node), refusals(bench), held(bench)) == ([], {}, 0)

    run(scenario())


def test_a_message_that_comes_again_in_fresh_seals_is_handed_on_once(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            first, second, third = uwv.sent(LONG)

            await uwv.say(uwv.frame(first, second))
            await uwv.say(uwv.frame(second, first, third))
            await uwv.say(uwv.frame(first, second, third))

            assert [one.raw for one in mail(bench.node)] == [LONG]
            assert refusals(bench) == {}
            with bench.node.database.read() as connection:
                assert connection.execute(text("SELECT count(*) FROM incoming")).scalar() == 0

    run(scenario())


def test_an_item_that_comes_again_is_refused_and_costs_no_other_its_place(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            frame = uwv.frame(*uwv.sent(b"first", number=1))
            await uwv.say(frame)
            fresh = uwv.frame(*uwv.sent(b"dropped", number=2), *uwv.sent(b"second", number=3))

            await uwv.say(frame[:ITEM_BYTES] + fresh[ITEM_BYTES:])

            assert [one.raw for one in mail(bench.node)] == [b"first", b"second"]
            assert refusals(bench) == {"uwv/repeated": 1}

    run(scenario())


def test_an_item_twice_in_one_frame_is_refused(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            frame = uwv.frame(*uwv.sent(b"once"))

            await uwv.say(frame[:ITEM_BYTES] * 2 + frame[2 * ITEM_BYTES :])

            assert [one.raw for one in mail(bench.node)] == [b"once"]
            assert refusals(bench) == {"uwv/repeated": 1}

    run(scenario())


def test_an_item_copied_from_another_author_or_day_does_not_open(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv, szw = await ready(bench), Foreign(bench, "szw")
            stolen = szw.frame(*szw.sent(b"by szw"))
            bench.clock.turn(days=1)
            uwv.day = bench.clock.today()

            await uwv.say(stolen[:ITEM_BYTES] + uwv.frame()[ITEM_BYTES:])
            szw.day = bench.clock.today()
            await szw.say(stolen[:ITEM_BYTES] + szw.frame()[ITEM_BYTES:])

            assert mail(bench.node) == []
            assert refusals(bench) == {"uwv/not-opened": 1, "szw/not-opened": 1}

    run(scenario())


@pytest.mark.parametrize("at", [0, 1, 2, 30, 2400, 2700, ITEM_BYTES - 1])
def test_an_altered_item_is_refused_by_itself(founded: Founded, at: int) -> None:
    """Version, number of recipients, id, what is wrapped, key commitment, text."""

    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            frame = bytearray(
                uwv.frame(*uwv.sent(b"spoilt", number=1), *uwv.sent(b"whole", number=2))
            )
            frame[at] ^= 1

            await uwv.say(bytes(frame))

            assert [one.raw for one in mail(bench.node)] == [b"whole"]
            assert sum(refusals(bench).values()) == 1

    run(scenario())


def test_the_frame_of_another_member_hands_on_nothing(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            theirs = card_of(bench, "szw").keys[DESKS["szw"]]
            said = split_message(b"for szw", message=bytes(16))
            frame = uwv.frame(Sent(said[0], (theirs,)), desk=theirs)

            await uwv.say(frame, index=1)

            assert mail(bench.node) == []
            assert refusals(bench) == {"uwv/frame-not-opened": 1}

    run(scenario())


def test_what_is_for_a_policy_desk_is_not_opened_as_case_material(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "szw") as bench:
            uwv = await ready(bench)

            await uwv.say(uwv.frame(*uwv.sent(b"for policy", desk="szw/beleid")))

            assert mail(bench.node) == []
            assert refusals(bench) == {"uwv/not-opened": 1}

    run(scenario())


def test_text_that_is_no_piece_is_refused(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            key = card_of(bench, "svb").keys[DESKS["svb"]]
            bad = Sent(Piece(bytes(16), 3, 2, b"x"), (key,))

            await uwv.say(uwv.frame(bad, *uwv.sent(b"good")))

            assert [one.raw for one in mail(bench.node)] == [b"good"]
            assert refusals(bench) == {"uwv/malformed": 1}

    run(scenario())


def test_pieces_that_do_not_make_one_message_are_dropped(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            (first, *_), (_, other) = uwv.sent(LONG), uwv.sent(LONG[: CHUNK_BYTES + 1])

            await uwv.say(uwv.frame(first, other, *uwv.sent(b"good", number=9)))

            assert [one.raw for one in mail(bench.node)] == [b"good"]
            assert refusals(bench) == {"uwv/pieces": 1}
            with bench.node.database.read() as connection:
                assert connection.execute(text("SELECT count(*) FROM incoming")).scalar() == 0

    run(scenario())


def test_a_message_of_which_the_receiver_refuses_is_counted_undone_and_does_not_come_again(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            bad, good = uwv.sent(REFUSED, number=1), uwv.sent(b"good", number=2)

            await uwv.say(uwv.frame(*bad, *good))
            await uwv.say(uwv.frame(*bad))

            assert [one.raw for one in mail(bench.node)] == [b"good"]
            assert refusals(bench) == {"uwv/not-wanted": 1}

    run(scenario())


def test_without_anybody_who_works_with_cases_messages_are_refused(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            bench.node.opener.receiver = NoReceiver()

            await uwv.say(uwv.frame(*uwv.sent(b"to nobody")))

            assert refusals(bench) == {"uwv/no-receiver": 1}

    run(scenario())


def test_a_frame_sealed_to_nobody_is_one_fault_and_not_sixteen(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)

            await uwv.say(uwv.frame(desk=nobody(drawing("nobody"))))

            assert refusals(bench) == {"uwv/frame-not-opened": 1}

    run(scenario())


def test_last_months_key_opens_what_it_was_sealed_to(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            old = card_of(bench, "svb").keys[DESKS["svb"]]
            bench.clock.turn(days=35)
            new = card_of(bench, "svb").keys[DESKS["svb"]]
            uwv.day = bench.clock.today()
            said = split_message(b"to the old key", message=bytes(16))

            await uwv.say(uwv.frame(Sent(said[0], (old,)), desk=old))

            assert new != old
            assert [one.raw for one in mail(bench.node)] == [b"to the old key"]

    run(scenario())


def test_what_is_remembered_goes_by_day_and_seeds_with_it(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            first, *_ = uwv.sent(LONG)
            await uwv.say(uwv.frame(first, *uwv.sent(b"whole", number=2)))
            tables = ("heard_item", "incoming", "heard")

            async def after(days: int) -> list[int]:
                bench.clock.turn(days=days)
                await bench.apply(bench.signal("szw"))
                await take_effect(bench)
                with bench.node.database.read() as connection:
                    counts = [
                        connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one()
                        for t in tables
                    ]
                seeds = len(list((founded.root / "svb" / "keys" / "desks").iterdir()))
                return [*counts, seeds]

            assert await after(7) == [16, 1, 1, 1]
            assert await after(1) == [0, 1, 1, 1]
            kept = founded.document.retention["exchange"]
            assert await after(kept - 8) == [0, 1, 1, 1]
            assert await after(1) == [0, 0, 0, 1]
            assert await after(31 + 35 - kept - 1) == [0, 0, 0, 0]

    run(scenario())


def test_an_author_that_dates_entries_ahead_makes_nothing_be_forgotten(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb") as bench:
            uwv = await ready(bench)
            await uwv.say(uwv.frame(*uwv.sent(b"whole")))
            ahead = bench.clock.today().replace(year=2031)

            await bench.apply(bench.signal("szw", day=ahead))
            await take_effect(bench)

            with bench.node.database.read() as connection:
                assert connection.execute(text("SELECT count(*) FROM heard_item")).scalar() == 16
            assert list((founded.root / "svb" / "keys" / "desks").iterdir())

    run(scenario())
