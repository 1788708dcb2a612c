"""Asking a peer: whose answers are believed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.consortium import Consortium
from ledger.entry import Entry, SignedEntry
from ledger.key import SigningKey
from ledger.member import MemberDocument
from nodes.errors import PeerRefusedError, PeerUnreachableError
from nodes.peers.message import OK, PeerMessage
from nodes.peers.port import KEYS
from tests.support.bench import Bench, benches, card_of, run
from tests.support.consortium import Founded, found, url_of

Spoil = Callable[[PeerMessage, PeerMessage], PeerMessage]


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def answering(
    bench: Bench,
    *,
    state: str = OK,
    payload: bytes = b"",
    by: str = "bzk",
    spoil: Spoil | None = None,
) -> None:
    """Let BZK's address answer, under `by`'s key, what a test says."""
    document: Consortium = bench.founded.document
    key: SigningKey = bench.founded.keyring(by).entry

    async def answer(raw: bytes) -> bytes:
        request = PeerMessage.decode(raw, document)
        honest = request.answer(state, payload)
        return (honest if spoil is None else spoil(request, honest)).encode(key)

    bench.wires.answers[url_of("bzk")] = answer


def test_an_answer_by_the_peer_to_this_request_is_believed(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            answering(bench, payload=b"line")

            assert await bench.node.peers.ask("bzk", "push", b"sealed") == b"line"

    run(scenario())


def test_a_refusal_comes_with_its_code_and_reason(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            answering(bench, state="refused", payload=b"fork: another root")

            with pytest.raises(PeerRefusedError, match="refused: fork: another root") as refusal:
                await bench.node.peers.ask("bzk", "cosign")

            assert (refusal.value.code, refusal.value.detail) == ("refused", "fork: another root")

    run(scenario())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda request, answer: replace(answer, id=bytes(16)),
        lambda request, answer: replace(answer, recipient="szw"),
        lambda request, answer: replace(answer, operation="pull"),
        lambda request, answer: request,
    ],
)
def test_an_answer_to_something_else_is_not_believed(founded: Founded, spoil: Spoil) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            answering(bench, spoil=spoil)

            with pytest.raises(PeerUnreachableError, match="answers what is not its own"):
                await bench.node.peers.ask("bzk", "push")

    run(scenario())


@pytest.mark.parametrize("sender", ["bzk", "svb"])
def test_an_answer_by_another_member_is_not_believed(founded: Founded, sender: str) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            answering(bench, by="svb", spoil=lambda _, answer: replace(answer, sender=sender))

            with pytest.raises(PeerUnreachableError, match="not its own"):
                await bench.node.peers.ask("bzk", "push")

    run(scenario())


def test_an_answer_that_was_given_before_is_not_believed_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            recorded: list[bytes] = []

            async def record(raw: bytes) -> bytes:
                recorded.append(await bzk.node.service.answer(raw))
                return recorded[0]

            uwv.wires.answers[url_of("bzk")] = record
            await uwv.node.peers.ask("bzk", KEYS)

            with pytest.raises(PeerUnreachableError, match="not its own"):
                await uwv.node.peers.ask("bzk", KEYS)

    run(scenario())


def test_bytes_that_are_no_answer_are_not_believed(founded: Founded) -> None:
    async def junk(raw: bytes) -> bytes:
        return b"\x00\x00\x00\x02junk"

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.wires.answers[url_of("bzk")] = junk

            with pytest.raises(PeerUnreachableError, match="not its own"):
                await bench.node.peers.ask("bzk", "push")

    run(scenario())


def test_a_member_that_has_not_said_where_it_is_cannot_be_asked(founded: Founded) -> None:
    async def scenario() -> None:
        bench = Bench(founded, "uwv")
        bench.order.append([founded.founding.encode()])
        async with bench:
            with pytest.raises(PeerUnreachableError, match="not yet said on the chain"):
                await bench.node.peers.ask("bzk", "push")

    run(scenario())


def test_without_a_chain_nobody_can_be_asked(founded: Founded) -> None:
    async def scenario() -> None:
        bench = Bench(founded, "uwv")
        bench.order.append([b"junk"])
        async with bench:
            with pytest.raises(PeerUnreachableError, match="no founding block"):
                await bench.node.peers.ask("bzk", "push")

    run(scenario())


def test_a_sealing_key_is_asked_for_once_and_again_when_the_card_names_another(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            first = await uwv.node.peers.sealing_key("bzk")
            again = await uwv.node.peers.sealing_key("bzk")
            assert first is again
            assert uwv.wires.sent == [(url_of("uwv"), url_of("bzk"))]

            # BZK's card now names the key of SVB's node, which BZK's own does not answer with.
            ring = replace(founded.keyring("bzk"), sealing=founded.keyring("svb").sealing)
            await uwv.apply(card_of(ring, day=bzk.clock.today(), version=2))

            with pytest.raises(PeerUnreachableError, match="its card does not name"):
                await uwv.node.peers.sealing_key("bzk")

    run(scenario())


@pytest.mark.parametrize("payload", [b"", b"short", bytes(1216)])
def test_what_is_no_sealing_key_is_not_taken_for_one(founded: Founded, payload: bytes) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            answering(bench, payload=payload)

            with pytest.raises(PeerUnreachableError, match="answers with"):
                await bench.node.peers.sealing_key("bzk")

    run(scenario())


def test_a_card_without_a_sealing_key_is_a_peer_that_cannot_be_reached(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            ring = founded.keyring("bzk")
            card = MemberDocument(2, url_of("bzk"), "", "", (), {}).encode()
            entry = Entry(ring.origin, "bzk", "member", bench.clock.today(), None, card)
            await bench.apply(SignedEntry.of(entry, (ring.entry.sign(entry.encode()),)).encode())

            with pytest.raises(PeerUnreachableError, match="names no key to seal to"):
                await bench.node.peers.sealing_key("bzk")

    run(scenario())


def test_a_peer_that_never_answers_is_given_up(founded: Founded) -> None:
    async def never(raw: bytes) -> bytes:
        await asyncio.Event().wait()
        return raw

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.node.peers.timeout = 0.02
            bench.wires.answers[url_of("bzk")] = never

            with pytest.raises(PeerUnreachableError, match="in time"):
                await bench.node.peers.ask("bzk", "push")

    run(scenario())
