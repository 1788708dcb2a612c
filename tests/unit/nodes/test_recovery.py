"""What comes back after a database was lost, and from whom it is believed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.body import Share
from ledger.encoding import enc, split_enc
from ledger.rules.signal import CONTENT
from ledger.sdjwt import SdJwt
from ledger.seal import SealContext, SealingKey, open_sealed, seal
from nodes import recovery
from nodes.custodian import Custodian
from nodes.errors import StorageError
from nodes.peers.port import PULL
from nodes.signal import Draft
from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found, url_of
from tests.support.orphans import shares_given_back
from tests.support.pushing import parcel, push


class EnoughError(Exception):
    """A test has seen enough."""


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(recovery, "_MAX_LOOK_SECONDS", 0.01)


async def lose(uwv: Bench, *custodians: Bench, count: int = 1) -> list[Draft]:
    """Put signals on the chain of which UWV's database knows nothing, held by `custodians`."""
    drafts = [uwv.draft() for _ in range(count)]
    for custodian in custodians:
        for start in range(0, count, 64):
            await push(custodian, *(parcel(d) for d in drafts[start : start + 64]))
    for start in range(0, count, 64):
        entries = [uwv.stored(d.signed, "bzk").encode() for d in drafts[start : start + 64]]
        await uwv.apply(*entries)
    return drafts


def back(bench: Bench) -> int:
    """Return how many orphans have a share again."""
    with bench.node.database.read() as connection:
        lost, bare = bench.node.signals.orphans.count(connection)
    return lost - bare


def lying(
    monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Let the custodian of member `name` give back other shares than it holds."""
    honest = Custodian.pull

    async def pull(self: Custodian, payload: bytes, **asked: object) -> bytes:
        if not self._keyring.entry.name.endswith(f"/{name}"):
            return await honest(self, payload, **asked)  # type: ignore[arg-type]
        with self._database.read() as connection:
            shares = [
                self._custody.give_back(connection, i, author="uwv") or b""
                for i in split_enc(payload)
            ]
        day = self._clock.today().isoformat()
        context = SealContext(str(asked["origin"]), PULL, "uwv", day)
        to = asked["to"]
        return enc(
            day,
            seal(enc(*change(shares)), recipients=[to], context=context, random=bytes),  # type: ignore[list-item]
        )

    monkeypatch.setattr(Custodian, "pull", pull)


def test_the_recovery_key_opens_what_a_custodian_gives_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            (draft,) = await lose(uwv, bzk)
            uwv.start(uwv.node.recovery.run())
            await uwv.until(lambda: back(uwv) == 1)

            content = Share.decode(shares_given_back(uwv.node)[draft.signed.id]).item(CONTENT)
            assert content is not None
            seed = (founded.root / "uwv" / "recovery.seed").read_bytes()
            context = SealContext(
                founded.document.origin, "signal", "uwv", draft.signed.entry.day.isoformat()
            )
            opened = open_sealed(content.content, key=SealingKey(seed), context=context)
            assert SdJwt.decode(opened.decode()).jwt == draft.sdjwt.jwt

    run(scenario())


def test_each_comes_from_whoever_has_it(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "svb") as (uwv, bzk, svb):
            await lose(uwv, bzk, count=3)
            await lose(uwv, svb, count=2)
            uwv.start(uwv.node.recovery.run())

            await uwv.until(lambda: back(uwv) == 5)

    run(scenario())


def test_what_nobody_has_does_not_stand_before_what_somebody_has(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            await lose(uwv, count=70)
            await lose(uwv, bzk, count=3)
            uwv.start(uwv.node.recovery.run())

            await uwv.until(lambda: back(uwv) == 3)

    run(scenario())


def test_a_custodian_that_is_back_later_is_asked_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            await lose(uwv, bzk)
            uwv.wires.down.add(url_of("bzk"))
            uwv.start(uwv.node.recovery.run())
            await uwv.until(lambda: len(uwv.wires.sent) > 6)
            assert back(uwv) == 0

            uwv.wires.down.clear()
            await uwv.until(lambda: back(uwv) == 1)

    run(scenario())


@pytest.mark.parametrize(
    "lie",
    [
        lambda shares: [],
        lambda shares: [*shares, b"one too many"],
        lambda shares: shares[::-1],
        lambda shares: [b"junk" for _ in shares],
        lambda shares: [
            Share((), Share.decode(s).digests, Share.decode(s).r).encode() for s in shares
        ],
    ],
)
def test_a_custodian_that_lies_is_passed_over_and_stops_nothing(
    founded: Founded, monkeypatch: pytest.MonkeyPatch, lie: Callable[[list[bytes]], list[bytes]]
) -> None:
    lying(monkeypatch, "bzk", lie)

    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "svb") as (uwv, bzk, svb):
            drafts = await lose(uwv, bzk, svb, count=4)
            running = uwv.start(uwv.node.recovery.run())

            await uwv.until(lambda: back(uwv) == 4)

            assert shares_given_back(uwv.node) == {d.signed.id: parcel(d)[1] for d in drafts}
            assert not running.done()

    run(scenario())


def test_a_disk_that_is_full_for_a_while_ends_nothing(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            await lose(uwv, bzk)
            tries = 0
            write = uwv.node.writer.do

            async def fail(*work: object) -> object:
                nonlocal tries
                tries += 1
                if tries < 3:
                    raise StorageError("full")
                return await write(*work)  # type: ignore[arg-type]

            monkeypatch.setattr(uwv.node.writer, "do", fail)
            uwv.start(uwv.node.recovery.run())

            await uwv.until(lambda: back(uwv) == 1)

    run(scenario())


def test_the_less_comes_back_the_less_often_it_is_asked_for(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(recovery, "_LOOK_SECONDS", 2.0)
    monkeypatch.setattr(recovery, "_MAX_LOOK_SECONDS", 60.0)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise EnoughError

    async def scenario() -> None:
        async with benches(founded, "uwv") as (uwv,):
            await lose(uwv)
            with monkeypatch.context() as patch:
                patch.setattr(recovery.asyncio, "sleep", sleep)  # type: ignore[attr-defined]
                with pytest.raises(EnoughError):
                    await uwv.node.recovery.run()

    run(scenario())
    assert pauses == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
