"""Answering peers: who gets an answer, and what a refusal is."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.encoding import enc, sha256
from ledger.errors import LedgerError, VerificationError
from ledger.note import SignatureLine
from nodes.errors import NotFoundError
from nodes.peers.message import OK, PeerMessage
from nodes.peers.port import COSIGN, FINAL, KEYS, PULL, PUSH
from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found
from tests.support.pushing import parcel, sealed_push


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def request(bench: Bench, operation: str, payload: bytes = b"") -> PeerMessage:
    """Return a request by UWV to the bench's member."""
    return PeerMessage(
        origin=bench.founded.document.origin,
        is_answer=False,
        sender="uwv",
        recipient=bench.name,
        operation=operation,
        state=str(int(bench.clock.now().timestamp())),
        id=bytes(16),
        payload=payload,
    )


async def ask(bench: Bench, asked: PeerMessage, *, by: str = "uwv") -> PeerMessage:
    raw = await bench.node.service.answer(asked.encode(bench.founded.keyring(by).entry))
    return PeerMessage.decode(raw, bench.founded.document)


def test_every_operation_has_a_signed_answer(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "bzk", "uwv") as (bench, _):
            tip = bench.node.replica.tip
            assert tip is not None
            asked = [
                request(bench, PUSH, sealed_push(bench, parcel(bench.draft("uwv")))),
                request(bench, PULL, enc(bytes(32))),
                request(bench, COSIGN, tip.encode().encode()),
                request(bench, KEYS),
            ]

            answers = [await ask(bench, one) for one in asked]

            for one, answer in zip(asked, answers, strict=True):
                answer.verify_answers(one)
                assert answer.state == OK
            assert SignatureLine.decode(answers[2].payload.decode()).name.endswith("/bzk")
            assert (
                sha256(answers[3].payload) == bench.node.replica.state.cards["bzk"].sealing["node"]
            )

    run(scenario())


@pytest.mark.parametrize(
    ("operation", "payload"),
    [
        (PUSH, b"junk"),
        (PULL, b""),
        (COSIGN, b"junk"),
        (COSIGN, b"\xff"),
        (FINAL, b"junk"),
        ("dance", b""),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    founded: Founded, operation: str, payload: bytes
) -> None:
    async def scenario() -> None:
        async with benches(founded, "bzk", "uwv") as (bench, _):
            answer = await ask(bench, request(bench, operation, payload))

            answer.verify_answers(request(bench, operation, payload))
            assert answer.state == "refused"
            assert answer.payload

    run(scenario())


def test_a_request_to_another_or_an_old_one_gets_no_answer(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            good = request(bench, KEYS)
            for spoiled in (
                replace(good, recipient="svb"),
                replace(good, state=str(int(good.state) - 301)),
                replace(good, is_answer=True),
            ):
                with pytest.raises(VerificationError):
                    await ask(bench, spoiled)

    run(scenario())


def test_somebody_who_is_no_member_gets_no_answer(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            with pytest.raises(VerificationError):
                await ask(bench, replace(request(bench, KEYS), sender="cbs"))
            with pytest.raises(VerificationError):
                await ask(bench, request(bench, KEYS), by="svb")
            with pytest.raises(LedgerError):
                await bench.node.service.answer(b"junk")

    run(scenario())


def test_before_there_is_a_chain_nobody_is_a_member(founded: Founded) -> None:
    async def scenario() -> None:
        bench = Bench(founded, "bzk")
        bench.order.append([b"junk"])
        async with bench:
            with pytest.raises(NotFoundError, match="no founding block"):
                await ask(bench, request(bench, KEYS))

    run(scenario())


def test_an_operation_may_be_asked_for_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            pushed = request(bench, PUSH, sealed_push(bench, parcel(bench.draft("uwv"))))

            first, second = await ask(bench, pushed), await ask(bench, pushed)

            assert first == second

    run(scenario())
