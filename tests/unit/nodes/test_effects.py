"""What final blocks bring about, once each."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from ledger.encoding import Digest
from ledger.errors import RefusedError
from nodes.errors import StorageError
from nodes.signal import Draft
from nodes.store import chain as store
from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found
from tests.support.pushing import held, parcel, pull, push


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def counts(bench: Bench) -> dict[str, int]:
    with bench.node.database.read() as connection:
        return store.refusals(connection)


def done(bench: Bench) -> int:
    with bench.node.database.read() as connection:
        return store.cursor(connection, "effects")


async def take(bench: Bench, start: int, end: int) -> list[str]:
    def work(connection: Connection) -> list[str]:
        return bench.node.effects._take(connection, start=start, end=end)[0]

    return await bench.node.writer.do(work)


async def hold(bench: Bench, draft: Draft) -> bytes:
    """Push a draft to the bench's member; return the entry with its line, fit for the chain."""
    (line,) = await push(bench, parcel(draft))
    assert not isinstance(line, RefusedError)
    return draft.signed.with_lines((line,)).encode()


def test_own_signals_become_final_with_their_block_and_not_before(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            uwv.deliver()
            uwv.start(uwv.node.effects.run())
            local_id = await uwv.post()
            await uwv.until(lambda: uwv.is_on_chain(local_id))
            waiting = asyncio.create_task(uwv.node.outbox.wait_final(local_id, timeout=60))
            await asyncio.sleep(0.02)
            assert not uwv.own()[0].is_final
            assert not waiting.done()

            await uwv.finalize()
            await waiting

            assert uwv.own()[0].is_final

    run(scenario())


def test_a_height_may_be_done_twice(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft = bench.draft("uwv")
            await bench.apply(await hold(bench, draft))
            size = bench.node.progress.applied.value

            await take(bench, 0, size)
            first = (held(bench), counts(bench), done(bench))
            await take(bench, 0, size)

            assert (held(bench), counts(bench), done(bench)) == first
            assert done(bench) == size

    run(scenario())


def test_effects_go_on_after_a_restart_where_they_were(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            bench.start(bench.node.effects.run())
            await bench.apply(*(bench.signal("uwv") for _ in range(70)))
            await bench.finalize()
            await bench.until(lambda: done(bench) == 75)
        async with Bench(founded, "bzk", order=bench.order) as bench:
            bench.start(bench.node.effects.run())
            await bench.apply(bench.signal("svb"))
            await bench.finalize()

            await bench.until(lambda: done(bench) == 76)

    run(scenario())


async def follow(bench: Bench) -> None:
    """Let effects run, up to where they are now."""
    bench.start(bench.node.effects.run())
    await asyncio.sleep(0)


def test_what_becomes_final_takes_effect_in_the_same_transaction(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            await follow(bench)
            await bench.apply(bench.signal("uwv"))
            committed: list[int] = []
            event.listen(
                bench.node.database._engine, "commit", lambda _: committed.append(done(bench))
            )

            await bench.finalize()

            assert done(bench) == bench.node.progress.final.value == 6
            # Until that one commit nobody saw an effect, and there was no other.
            assert committed == [0]

    run(scenario())


def test_what_fails_beside_finality_is_final_and_takes_effect_later(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            await follow(bench)
            await bench.apply(bench.signal("uwv"))
            failures = iter([StorageError("not now")])

            def stumble(connection: Connection, **_: object) -> None:
                store.move_cursor(connection, "half", 1)
                for failure in failures:
                    raise failure

            monkeypatch.setattr(bench.node.signals, "finalize", _first(stumble, bench))

            await bench.finalize()
            assert bench.node.progress.final.value == 6
            with bench.node.database.read() as connection:
                assert store.cursor(connection, "half") == 0

            await bench.until(lambda: done(bench) == 6)

    run(scenario())


def _first(
    before: Callable[..., None], bench: Bench
) -> Callable[..., list[tuple[int, Digest, str]]]:
    """Return what finalizes signals, `before` called first."""
    finalize = bench.node.signals.finalize

    def work(connection: Connection, *, start: int, end: int) -> list[tuple[int, Digest, str]]:
        before(connection)
        return finalize(connection, start=start, end=end)

    return work


def test_custody_learns_where_what_it_holds_stands(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft = bench.draft("uwv")
            await bench.apply(await hold(bench, draft))

            await take(bench, 0, 6)

            with bench.node.database.read() as connection:
                share = bench.node.custody.at_height(connection, 5)
            assert share == parcel(draft)[1]

    run(scenario())


def test_what_was_pushed_and_never_submitted_goes_when_stale_and_is_counted(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            kept, lost = bench.draft("uwv"), [bench.draft("uwv") for _ in range(3)]
            entry = await hold(bench, kept)
            for draft in lost:
                await hold(bench, draft)
            day = bench.clock.today()

            await bench.apply(entry, bench.signal("svb", day=day + timedelta(days=2)))
            await take(bench, 0, 7)
            assert held(bench) == 4
            await bench.apply(bench.signal("svb", day=day + timedelta(days=3)))
            await take(bench, 7, 8)

            assert held(bench) == 1
            assert await pull(bench, kept.signed.id) == [parcel(kept)[1]]
            assert counts(bench) == {"never-submitted": 3}

    run(scenario())


def test_a_custodian_that_was_down_for_days_keeps_what_it_signed_for(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            bench.start(bench.node.effects.run())
            drafts = [bench.draft("uwv") for _ in range(100)]
            entries = [await hold(bench, draft) for draft in drafts]
            days_later = bench.signal("svb", day=bench.clock.today() + timedelta(days=5))
            # All of it is applied, days later, before the first of it has its effects.
            await bench.apply(*entries[:64])
            await bench.apply(*entries[64:], days_later)

            await bench.finalize()
            await bench.until(lambda: done(bench) == 106)

            assert held(bench) == 100
            assert await pull(bench, *(d.signed.id for d in drafts[-30:])) == [
                parcel(draft)[1] for draft in drafts[-30:]
            ]
            assert "never-submitted" not in counts(bench)

    run(scenario())
