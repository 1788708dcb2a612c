"""Which custodian is asked, and whose line is taken for one."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ledger.encoding import enc, split_enc
from ledger.errors import RefusedError
from ledger.note import SignatureLine
from nodes.custodian import Custodian
from nodes.errors import PeerUnreachableError
from nodes.pusher import Answer
from nodes.store.signals import Outgoing
from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found, url_of


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    # Who is slow, as on a loaded machine, is not passed over.
    return found(tmp_path, peer_timeout=50)


def outgoing(bench: Bench, count: int = 1) -> list[Outgoing]:
    drafts = [bench.draft() for _ in range(count)]
    return [
        Outgoing(f"{i}", draft.signed, draft.body.share((0, 1, 2)).encode())
        for i, draft in enumerate(drafts)
    ]


async def push(bench: Bench, signals: Sequence[Outgoing]) -> list[Answer]:
    return await bench.node.outbox._pusher.push(signals)


def signers(answers: Sequence[Answer]) -> list[str]:
    return [
        answer.name.rpartition("/")[2] if isinstance(answer, SignatureLine) else answer.reason
        for answer in answers
    ]


def words(
    monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Let the custodian of member `name` answer a push with other words than its own."""
    honest = Custodian.push

    async def push(self: Custodian, payload: bytes, **asked: object) -> bytes:
        raw = await honest(self, payload, **asked)  # type: ignore[arg-type]
        is_it = self._keyring.entry.name.endswith(f"/{name}")
        return enc(*change(split_enc(raw))) if is_it else raw

    monkeypatch.setattr(Custodian, "push", push)


def asked(bench: Bench) -> list[str]:
    return [url.removeprefix("http://").removesuffix(".test") for _, url in bench.wires.sent]


class Silence:
    """A peer that takes a question and says nothing."""

    def __init__(self) -> None:
        self.was_asked = False
        self.was_given_up = False

    async def answer(self, message: bytes) -> bytes:
        self.was_asked = True
        try:
            return await asyncio.Future()
        finally:
            self.was_given_up = True


def test_the_first_custodian_of_the_document_is_asked_and_no_other(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "szw", "svb") as (uwv, *_):
            answers = await push(uwv, outgoing(uwv, 3))

            assert signers(answers) == ["bzk"] * 3
            assert set(asked(uwv)) == {"bzk"}

    run(scenario())


def test_a_custodian_is_never_its_own(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "szw", "bzk", "svb", "uwv") as (szw, *_):
            szw.wires.down.add(url_of("bzk"))

            assert signers(await push(szw, outgoing(szw))) == ["uwv"]

    run(scenario())


def test_one_that_does_not_answer_is_asked_last_for_a_while(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "szw", "svb") as (uwv, *_):
            uwv.wires.down.add(url_of("bzk"))
            assert signers(await push(uwv, outgoing(uwv))) == ["szw"]
            uwv.wires.down.clear()
            uwv.wires.sent.clear()

            assert signers(await push(uwv, outgoing(uwv))) == ["szw"]

            assert "bzk" not in asked(uwv)

    run(scenario())


def test_while_the_first_custodian_takes_long_the_next_is_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        founded = found(tmp_path, peer_timeout=60)
        async with benches(founded, "uwv", "bzk", "szw", "svb") as (uwv, *_):
            uwv.node.outbox._pusher._patience = 0.05
            waiting = Silence()
            uwv.wires.answers[url_of("bzk")] = waiting.answer
            assert set(signers(await push(uwv, outgoing(uwv, 2)))) <= {"szw", "svb"}
            assert waiting.was_asked
            assert waiting.was_given_up
            uwv.wires.sent.clear()

            await push(uwv, outgoing(uwv))

            assert "bzk" not in asked(uwv)

    run(scenario())


def test_the_items_that_only_key_holders_get_are_not_pushed(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            (signal,) = outgoing(uwv)

            await push(uwv, [signal])

            with bzk.node.database.read() as connection:
                share = bzk.node.custody.give_back(connection, signal.signed.id, author="uwv")
            assert share is not None
            assert len(share) < len(signal.body)

    run(scenario())


def _refuse(given: list[bytes]) -> list[bytes]:
    return [b"not-stored: I do not feel like it" for _ in given]


def _refuse_first(given: list[bytes]) -> list[bytes]:
    return [b"not-stored: not this one", *given[1:]]


def _swap(given: list[bytes]) -> list[bytes]:
    return [given[1], given[0], *given[2:]]


def _forge(given: list[bytes]) -> list[bytes]:
    line = SignatureLine.decode(given[0].decode())
    forged = SignatureLine(line.name, line.key_id, bytes(64)).encode().encode()
    return [forged, *given[1:]]


@pytest.mark.parametrize(
    ("lie", "expected"),
    [
        (_refuse, ["szw", "szw", "szw"]),
        (_refuse_first, ["szw", "bzk", "bzk"]),
        (_swap, ["szw", "szw", "bzk"]),
        (_forge, ["szw", "bzk", "bzk"]),
        (lambda given: given[1:], ["szw", "szw", "szw"]),
        (lambda given: ["— junk".encode(), *given[1:]], ["szw", "szw", "szw"]),
    ],
)
def test_what_one_custodian_does_not_honestly_take_goes_to_the_next(
    founded: Founded,
    monkeypatch: pytest.MonkeyPatch,
    lie: Callable[[list[bytes]], list[bytes]],
    expected: list[str],
) -> None:
    words(monkeypatch, "bzk", lie)

    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "szw") as (uwv, *_):
            assert signers(await push(uwv, outgoing(uwv, 3))) == expected

    run(scenario())


def test_anothers_line_is_not_the_custodians(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "szw") as (uwv, *_):
            (signal,) = outgoing(uwv)
            # Its own author's line, which would stand twice and let the entry be skipped.
            line = founded.keyring("uwv").entry.sign(signal.signed.text).encode().encode()
            words(monkeypatch, "bzk", lambda _: [line])

            assert signers(await push(uwv, [signal])) == ["szw"]

    run(scenario())


def test_where_all_refuse_the_reason_is_the_last_ones(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    words(monkeypatch, "bzk", _refuse)

    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            (answer,) = await push(uwv, outgoing(uwv))

            assert isinstance(answer, RefusedError)
            assert str(answer) == "not-stored: I do not feel like it"

    run(scenario())


def test_where_none_answers_all_are_named(founded: Founded) -> None:
    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            bench = await stack.enter_async_context(Bench(founded, "uwv"))

            with pytest.raises(PeerUnreachableError, match="no custodian answers: bzk, szw, svb"):
                await push(bench, outgoing(bench))

    run(scenario())
