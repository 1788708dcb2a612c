"""Every processing writes its record in its own transaction: neither is there without the other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from nodes.errors import StorageError
from nodes.logbook import KEY_LABEL, Act, Processing, open_subject, seal_subject
from nodes.store.logbook import Logs
from nodes.tracing import Trace, asked_under
from tests.support.bench import Bench, benches, run
from tests.support.cluster import posting_of
from tests.support.consortium import Founded, found, url_of
from tests.support.logbook import Logged, logged, records_of
from tests.support.pushing import held, parcel, pull, push
from tests.support.raw_files import at_rest, cells

ASKED = Trace(b"t" * 16, b"p" * 8)


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def refuse(self: Logs, connection: Connection, records: Sequence[bytes]) -> None:
    raise StorageError("the log is full")


async def final(bench: Bench, key: str = "key") -> tuple[str, str]:
    """Post, bring it on the chain, make it final; return the local id and the BSN."""
    posting = posting_of(bench.name)
    local_id = await bench.post(posting, key=key)
    bench.deliver()
    await bench.until(lambda: bench.is_on_chain(local_id))
    block = bench.block_of(local_id)
    assert block is not None
    await bench.finalize()
    await bench.node.effects.take(start=0, end=block.height + 1)
    return local_id, posting.bsn.digits


def test_a_post_is_recorded_about_its_person_under_the_callers_trace(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            posting = posting_of("uwv")

            with asked_under(ASKED):
                await bench.post(posting)

            (record,) = records_of(bench.node)
            assert logged(bench.node) == [Logged(Act.POST, posting.bsn.digits, "")]
            assert (record.trace_id, record.parent_span_id) == (ASKED.trace_id, ASKED.parent)
            assert record.start == int(bench.clock.now().timestamp() * 1000)
            assert record.attributes()["dpl.core.data_subject_id_type"] == "BSN"
            assert record.activity == f"urn:signaalketen:verwerking:{posting.purpose}"

    run(scenario())


def test_a_post_that_cannot_be_recorded_is_refused_and_leaves_nothing(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            with monkeypatch.context() as patch:
                patch.setattr(Logs, "append", refuse)
                with pytest.raises(StorageError, match="the log is full"):
                    await bench.post()

            assert bench.own() == []
            await bench.post()
            assert [one.name for one in logged(bench.node)] == [Act.POST]

    run(scenario())


def test_a_post_that_is_refused_leaves_no_record(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:

            def fail(*args: object, **named: object) -> None:
                raise StorageError("no room")

            monkeypatch.setattr(bench.node.signals, "add", fail)

            with pytest.raises(StorageError, match="no room"):
                await bench.post()

            assert logged(bench.node) == []

    run(scenario())


def test_whoever_posts_again_is_shown_the_signal_and_that_is_recorded(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            posting = posting_of("uwv")

            assert await bench.post(posting) == await bench.post(posting)

            assert [one.name for one in logged(bench.node)] == [Act.POST, Act.SHOW]
            assert {one.digits for one in logged(bench.node)} == {posting.bsn.digits}

    run(scenario())


def test_every_signal_on_a_page_is_a_record_of_its_own(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            postings = [posting_of("uwv") for _ in range(3)]
            for number, posting in enumerate(postings):
                await bench.post(posting, key=f"{number}")

            with asked_under(ASKED):
                await bench.node.counter.show_page(before=None, count=2)

            shown = logged(bench.node)[3:]
            assert [one.name for one in shown] == [Act.SHOW] * 2
            assert {one.digits for one in shown} == {p.bsn.digits for p in postings[1:]}
            spans = records_of(bench.node)[3:]
            assert {span.trace_id for span in spans} == {ASKED.trace_id}
            assert len({span.span_id for span in spans}) == 2

    run(scenario())


def test_what_cannot_be_recorded_is_not_shown(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (bench, _):
            local_id, _ = await final(bench)
            height = bench.block_of(local_id)
            assert height is not None
            counter, cases = bench.node.counter, bench.node.cases
            monkeypatch.setattr(Logs, "append", refuse)

            for show in (
                counter.show(local_id),
                counter.show_page(before=None, count=1),
                counter.show_body(height.height),
                bench.post(key="another"),
                bench.node.withdrawal.withdraw(local_id),
            ):
                with pytest.raises(StorageError, match="the log is full"):
                    await show
            # Nobody is on an empty page, so nothing is recorded of it.
            assert await cases.show_page(after=None, count=1) == []
            assert not bench.own()[0].is_withdrawn

    run(scenario())


def test_withdrawing_showing_and_the_privacy_officers_look_name_their_person(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, bzk):
            local_id, digits = await final(uwv)
            block = uwv.block_of(local_id)
            assert block is not None

            await uwv.node.counter.show(local_id)
            await uwv.node.counter.show_body(block.height)
            await uwv.node.withdrawal.withdraw(local_id)
            await uwv.node.withdrawal.withdraw(local_id)

            assert logged(uwv.node) == [
                Logged(act, digits, "") for act in (Act.POST, Act.SHOW, Act.SHOW_BODY, Act.WITHDRAW)
            ]
            assert logged(bzk.node) == [Logged(Act.HOLD, "", url_of("uwv"))]

    run(scenario())


def test_custody_is_recorded_without_a_person_and_under_the_trace_of_who_asked(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            drafts = [bench.draft("uwv") for _ in range(2)]

            with asked_under(ASKED):
                await push(bench, *(parcel(draft) for draft in drafts))
            await pull(bench, drafts[0].signed.id, bytes(32))

            assert logged(bench.node) == [
                Logged(Act.HOLD, "", url_of("uwv")),
                Logged(Act.HOLD, "", url_of("uwv")),
                Logged(Act.GIVE_BACK, "", url_of("uwv")),
            ]
            first, *_ = records_of(bench.node)
            assert (first.trace_id, first.parent_span_id) == (ASKED.trace_id, ASKED.parent)
            assert first.attributes() == {
                "dpl.core.processing_activity_id": "urn:signaalketen:verwerking:bewaarneming",
                "dpl.core.data_subject_id_type": "onbekend",
                "dpl.core.foreign_operation.processor": url_of("uwv"),
            }

    run(scenario())


def test_custodian_signs_for_nothing_that_it_could_not_record(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            monkeypatch.setattr(Logs, "append", refuse)

            with pytest.raises(StorageError, match="the log is full"):
                await push(bench, parcel(bench.draft("uwv")))

            assert held(bench) == 0

    run(scenario())


def test_a_person_stands_in_no_byte_of_the_log_and_twice_as_two_texts(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            bsn = posting_of("uwv").bsn
            for number in range(2):
                await bench.post(posting_of("uwv", bsn=bsn), key=f"{number}")

            one, other = records_of(bench.node)
            assert one.subject != other.subject
            assert len(one.subject) == len(other.subject)
            assert bsn.digits.encode() not in at_rest(bench.node.database)
            values = cells(bench.node.database, "log_record")
            assert len(values) == len(set(values))
            # Kinds, persons and matches do not show in a record's size.
            await bench.node.logbook.record(
                [Processing(Act.COMPARE, "vergelijking", digits) for digits in ("", bsn.digits)]
            )
            assert len({len(v) for v in cells(bench.node.database, "log_record")[2::3]}) == 1

    run(scenario())


def test_whom_a_record_is_about_opens_in_that_record_and_under_that_key_only(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await bench.post(key="a")
            await bench.post(key="b")
            one, other = records_of(bench.node)
            key = bench.node.keyring.derive(KEY_LABEL)

            for moved, under in (
                (replace(one, subject=other.subject), key),
                (one, bytes(32)),
                (replace(one, subject="AAAA"), key),
                (replace(one, subject="not base64"), key),
            ):
                with pytest.raises(StorageError, match="does not open"):
                    open_subject(moved, key=under)
            assert len(open_subject(one, key=key)) == 9

    run(scenario())


def test_sealing_needs_the_nonce_that_is_given() -> None:
    named = {"key": bytes(32), "trace_id": bytes(16), "span_id": bytes(8)}

    texts = {seal_subject("999900000", nonce=bytes([n]) * 24, **named) for n in range(3)}

    assert len(texts) == 3
