"""Keys of others' desks are what those members say now, and their newest word is kept."""

from pathlib import Path

import pytest

from ledger.encoding import enc
from nodes.desks import DeskCard
from nodes.errors import PeerUnreachableError
from nodes.peers.message import PeerMessage
from tests.support.bench import Bench, benches, run
from tests.support.consortium import DESKS, Founded, found, url_of


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def known(bench: Bench) -> dict[str, DeskCard]:
    today = bench.clock.today()
    with bench.node.database.read() as connection:
        return bench.node.addresses.usable(connection, bench.founded.document, today=today)


def test_issuers_learn_the_keys_of_each_others_desks(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, svb, szw):
            assert await uwv.node.addresses.refresh()

            assert set(known(uwv)) == {"svb", "szw"}
            for bench in (svb, szw):
                own = bench.node.addresses.own(founded.document)
                assert known(uwv)[bench.name] == own
                assert DESKS[bench.name] in own.keys

    run(scenario())


def test_keys_of_a_member_that_is_down_are_used_until_its_next_month_is_over(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, svb, szw):
            await uwv.node.addresses.refresh()
            before = known(uwv)["svb"]
            uwv.wires.down.add(url_of("svb"))
            uwv.clock.turn(days=61)

            assert await uwv.node.addresses.refresh()
            assert known(uwv)["svb"] == before
            uwv.clock.turn(days=1)
            assert not await uwv.node.addresses.refresh()
            assert set(known(uwv)) == {"szw"}
            uwv.wires.down.clear()

            assert await uwv.node.addresses.refresh()
            assert known(uwv)["svb"] != before
            assert (svb.name, szw.name) == ("svb", "szw")

    run(scenario())


def test_an_answer_of_last_month_that_comes_again_is_not_taken(founded: Founded) -> None:
    """Whoever is on the wire keeps an answer and gives it to a later question."""

    async def scenario() -> None:
        async with benches(founded, "uwv", "svb") as (uwv, svb):
            kept: list[bytes] = []
            true_answer = uwv.wires.answers[url_of("svb")]

            async def keep(message: bytes) -> bytes:
                kept.append(await true_answer(message))
                return kept[-1]

            async def replay(message: bytes) -> bytes:
                assert message
                return kept[0]

            uwv.wires.answers[url_of("svb")] = keep
            old = await uwv.node.peers.desk_card("svb")
            svb.clock.turn(days=31)
            uwv.wires.answers[url_of("svb")] = replay
            with pytest.raises(PeerUnreachableError, match="not its own"):
                await uwv.node.peers.desk_card("svb")
            uwv.wires.answers[url_of("svb")] = true_answer

            assert (await uwv.node.peers.desk_card("svb")).month > old.month

    run(scenario())


def test_keys_signed_by_anybody_else_or_of_others_desks_are_not_taken(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "svb", "szw") as (uwv, _, szw):
            theirs = szw.node.addresses.own(founded.document)

            def answering(signer: str, payload: bytes) -> None:
                async def answer(raw: bytes) -> bytes:
                    request = PeerMessage.decode(raw, founded.document)
                    return request.answer("ok", payload).encode(founded.keyring(signer).entry)

                uwv.wires.answers[url_of("svb")] = answer

            for signer, payload in (
                ("szw", theirs.encode()),
                ("svb", theirs.encode()),
                ("svb", b""),
                ("svb", enc("2026-12", DESKS["svb"], bytes(1216))),
            ):
                answering(signer, payload)
                with pytest.raises(PeerUnreachableError):
                    await uwv.node.peers.desk_card("svb")

    run(scenario())


def test_a_member_without_desks_has_a_card_without_keys(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            assert (await uwv.node.peers.desk_card("bzk")).keys == {}

    run(scenario())
