"""What an agency's own people ask of their node."""

import asyncio
from pathlib import Path

import pytest

from ledger.bsn import synthetic_numbers
from ledger.errors import RefusedError
from ledger.receipt import Receipt, verify_receipt
from nodes.counter import MAX_BATCH, Posted
from nodes.errors import ConflictError, InputError, NodeError, NotFoundError, StorageError
from nodes.signal import Posting
from tests.support.bench import Bench, benches, run
from tests.support.cluster import FIELDS, posting_of
from tests.support.consortium import ROLES, Founded, found
from tests.support.pushing import parcel, push

PEOPLE = [bsn for bsn, _ in zip(synthetic_numbers(), range(MAX_BATCH), strict=False)]


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def live(bench: Bench) -> None:
    """Run what takes a posting from the outbox to its receipt."""
    bench.deliver()
    bench.start(bench.node.witness.run())
    bench.start(bench.node.effects.run())


def follow(bench: Bench) -> None:
    bench.start(bench.node.follower.run())


async def batch(bench: Bench, *postings: Posting | NodeError, key: str = "k") -> list[object]:
    bench.node.counter._wait_seconds = 0
    return list(
        await bench.node.counter.post_batch(
            postings, caller="ann", key=key, request=repr(len(postings)).encode()
        )
    )


def test_a_post_has_its_receipt_when_it_is_final_in_time(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as (uwv, *others):
            live(uwv)
            for other in others:
                follow(other)
            uwv.node.counter._wait_seconds = 60

            posted = await uwv.node.counter.post(
                posting_of("uwv"), caller="ann", key="k", request=b"r"
            )

            assert posted.signal.is_final
            assert posted.receipt is not None
            times = verify_receipt(
                Receipt.decode(posted.receipt),
                origin=founded.document.origin,
                members=founded.document.witnesses,
                quorum=founded.document.quorum,
            )
            assert len(times) >= 3

    run(scenario())


def test_a_post_that_is_not_final_in_time_is_answered_without_a_receipt(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.node.counter._wait_seconds = 0.01

            posted = await bench.node.counter.post(
                posting_of("uwv"), caller="ann", key="k", request=b"r"
            )

            assert (posted.signal.is_final, posted.receipt) == (False, None)
            assert bench.node.counter.signal(posted.signal.local_id) == posted

    run(scenario())


def test_what_is_sound_of_a_batch_is_posted_and_the_rest_refused_in_its_place(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            refusal = InputError("no BSN", field="bsn")
            bad = posting_of("uwv", theme="none")

            outcomes = await batch(bench, posting_of("uwv"), bad, refusal, posting_of("uwv"))

            assert [type(outcome) for outcome in outcomes] == [
                Posted,
                InputError,
                InputError,
                Posted,
            ]
            assert outcomes[2] is refusal
            assert len(bench.own()) == 2

    run(scenario())


def test_a_whole_batch_of_a_hundred_keeps_its_order(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            postings = [
                Posting(bsn, "uwv/maatwerkplaats", "multiproblematiek", f"case {i}", FIELDS)
                for i, bsn in enumerate(PEOPLE)
            ]

            outcomes = await batch(bench, *postings)

            references = [o.signal.case_reference for o in outcomes if isinstance(o, Posted)]
            assert references == [f"case {i}" for i in range(MAX_BATCH)]

    run(scenario())


def test_a_batch_that_is_repeated_is_answered_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            postings = [posting_of("uwv") for _ in range(40)]

            first = await batch(bench, *postings)
            again = await asyncio.gather(*(batch(bench, *postings) for _ in range(3)))

            assert all(outcomes == first for outcomes in again)
            assert len(bench.own()) == 40

    run(scenario())


def test_a_key_that_was_used_for_another_batch_posts_nothing(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await batch(bench, posting_of("uwv"), posting_of("uwv"))

            with pytest.raises(ConflictError):
                await batch(bench, posting_of("uwv"), posting_of("uwv"), posting_of("uwv"))

            assert len(bench.own()) == 2

    run(scenario())


def test_a_batch_does_not_take_up_the_key_of_a_single_post(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bench.node.counter._wait_seconds = 0
            await batch(bench, posting_of("uwv"), key="k")

            await bench.node.counter.post(posting_of("uwv"), caller="ann", key="k", request=b"r")

            assert len(bench.own()) == 2

    run(scenario())


def test_a_disk_that_refuses_refuses_the_batch(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*work: object) -> None:
        raise StorageError("full")

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            monkeypatch.setattr(bench.node.writer, "do", refuse)

            with pytest.raises(StorageError):
                await batch(bench, posting_of("uwv"), posting_of("uwv"))

            assert bench.own() == []

    run(scenario())


def test_pages_go_from_new_to_old_without_gaps(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            ids = [await bench.post(key=f"{i}") for i in range(7)]
            seen, before = [], None

            while page := await bench.node.counter.show_page(before=before, count=3):
                seen += [signal.local_id for signal in page]
                before = page[-1].sequence

            assert seen == ids[::-1]

    run(scenario())


def test_a_signal_that_is_not_there_is_not_found(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            with pytest.raises(NotFoundError, match="no signal of this agency"):
                bench.node.counter.signal("0" * 32)

    run(scenario())


def test_the_privacy_officer_sees_the_whole_own_body_and_of_others_what_is_held(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk", "svb") as (uwv, bzk, svb):
            uwv.deliver()
            local_id = await uwv.post()
            await uwv.until(lambda: uwv.is_on_chain(local_id))
            for other in (bzk, svb):
                await other.catch_up()
                await other.node.writer.do(
                    lambda c, node=other.node: node.effects._take(c, start=0, end=6)  # type: ignore[misc]
                )

            own, held = uwv.node.counter.body(5), bzk.node.counter.body(5)

            assert (own.holder, held.holder) == ("author", "custodian")
            assert [item.content is not None for item in own.items] == [True, True, True]
            assert [item.content is not None for item in held.items] == [False, True, False]
            assert own.claims["helpQuestion"] == FIELDS["helpQuestion"]
            assert "bsn" not in own.claims
            assert held.claims == {}
            with pytest.raises(NotFoundError, match="nothing of that block's body"):
                svb.node.counter.body(5)
            for height in (0, 6, -1, 10**9):
                with pytest.raises(NotFoundError):
                    uwv.node.counter.body(height)

    run(scenario())


def test_a_share_that_is_held_and_not_final_has_no_height_to_be_seen_at(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft = bench.draft("uwv")
            (line,) = await push(bench, parcel(draft))
            assert not isinstance(line, RefusedError)
            await bench.apply(draft.signed.with_lines((line,)).encode())

            with pytest.raises(NotFoundError):
                bench.node.counter.body(5)

    run(scenario())
