"""What a caller who posts is owed."""

import asyncio
from pathlib import Path

import pytest

from ledger.bsn import synthetic_numbers
from nodes.errors import ConflictError, InputError, PeerUnreachableError, StorageError
from nodes.signal import Posting
from nodes.store.database import Database
from tests.support.bench import Bench, benches, run
from tests.support.cluster import posting_of
from tests.support.consortium import Founded, found
from tests.support.disks import FillableDatabase

ANN = next(synthetic_numbers())


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_a_posting_is_on_disk_before_it_is_answered(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            local_id = await bench.post()

            with bench.node.database.read() as connection:
                posted = bench.node.signals.get(connection, local_id)
            assert posted is not None
            assert (posted.height, posted.is_final, posted.case_reference) == (None, False, "W-1")

    run(scenario())


def test_the_same_key_and_request_get_the_same_answer(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            first = await bench.post(key="k")
            again = await bench.post(key="k")

            assert first == again
            assert len(bench.own()) == 1

    run(scenario())


def test_a_key_of_another_caller_is_another_key(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            intake, posting = bench.node.intake, posting_of("uwv")

            ids = {
                await intake.post(posting, caller=caller, key="k", request=b"r")
                for caller in ("ann", "bob")
            }

            assert len(ids) == 2

    run(scenario())


def test_the_same_key_for_another_request_is_a_conflict(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            intake, posting = bench.node.intake, posting_of("uwv")
            await intake.post(posting, caller="ann", key="k", request=b"one")

            with pytest.raises(ConflictError, match="choose a new one"):
                await intake.post(posting, caller="ann", key="k", request=b"two")

            assert len(bench.own()) == 1

    run(scenario())


def test_requests_under_one_key_at_once_make_one_signal(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            ids = await asyncio.gather(*(bench.post(key="k") for _ in range(20)))

            assert len(set(ids)) == len(bench.own()) == 1

    run(scenario())


def test_of_two_requests_under_one_key_at_once_one_conflicts(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            intake, posting = bench.node.intake, posting_of("uwv")

            outcomes = await asyncio.gather(
                intake.post(posting, caller="ann", key="k", request=b"one"),
                intake.post(posting, caller="ann", key="k", request=b"two"),
                return_exceptions=True,
            )

            assert {type(outcome) for outcome in outcomes} == {str, ConflictError}
            assert len(bench.own()) == 1

    run(scenario())


def test_keys_are_checked_all_together_before_anything_is_posted(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            intake = bench.node.intake
            await intake.post(posting_of("uwv"), caller="ann", key="used", request=b"one")

            intake.verify_keys(caller="ann", requests={"used": b"one", "new": b"two"})
            intake.verify_keys(caller="bob", requests={"used": b"two"})
            with pytest.raises(ConflictError):
                intake.verify_keys(caller="ann", requests={"new": b"two", "used": b"two"})

    run(scenario())


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"desk": "svb/de-bedoeling"}, "desk"),
        ({"desk": "szw/beleid"}, "desk"),
        ({"purpose": "nieuwsgierigheid"}, "purpose"),
        ({"case_reference": ""}, "caseReference"),
        ({"case_reference": "x" * 101}, "caseReference"),
        ({"regulation": "WLZ"}, "regulation"),
        ({"theme": ""}, "theme"),
    ],
)
def test_a_posting_that_the_document_does_not_allow_is_refused_by_field(
    founded: Founded, changed: dict[str, str], field: str
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            good = posting_of("uwv", bsn=ANN)
            fields = dict(good.fields) | {k: v for k, v in changed.items() if k in good.fields}
            posting = Posting(
                ANN,
                changed.get("desk", good.desk),
                changed.get("purpose", good.purpose),
                changed.get("case_reference", good.case_reference),
                fields,
            )

            with pytest.raises(InputError) as refusal:
                await bench.post(posting)

            assert refusal.value.field == field
            assert ANN.digits not in str(refusal.value)
            assert len(bench.own()) == 0

    run(scenario())


def test_before_there_is_a_chain_nothing_can_be_posted(founded: Founded) -> None:
    async def scenario() -> None:
        bench = Bench(founded, "uwv")
        bench.order.append([b"junk"])
        async with bench:
            with pytest.raises(PeerUnreachableError, match="no founding block"):
                await bench.post()

    run(scenario())


def test_on_a_full_disk_nothing_is_taken_and_later_all_works(founded: Founded) -> None:
    def fillable(founded: Founded, name: str) -> Database:
        return FillableDatabase(founded.settings(name).data_dir / "node.db")

    async def scenario() -> None:
        async with Bench(founded, "uwv", database=fillable) as bench:
            database = bench.node.database
            assert isinstance(database, FillableDatabase)
            database.is_full = True

            outcomes = await asyncio.gather(
                *(bench.post(key=f"{i}") for i in range(100)), return_exceptions=True
            )
            taken = len(bench.own())
            assert "full" in str(outcomes[-1])
            assert taken == sum(isinstance(outcome, str) for outcome in outcomes)
            database.is_full = False
            await bench.post(key="later")

            assert isinstance(outcomes[-1], StorageError)
            assert len(bench.own()) == taken + 1

    run(scenario())


def test_a_caller_that_went_away_still_gets_its_signal_posted(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            uwv.deliver()
            posting = posting_of("uwv")
            gone = asyncio.create_task(uwv.post(posting, key="k"))
            await asyncio.sleep(0)

            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            await uwv.until(lambda: len(uwv.own()) == 1)
            local_id = await uwv.post(posting, key="k")
            await uwv.until(lambda: uwv.is_on_chain(local_id))

    run(scenario())
