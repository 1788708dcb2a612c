"""The state machine: what becomes a block, what it remembers, and when a change takes effect."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ledger.block import NO_PREVIOUS, Block, block_hash
from ledger.entry import SignedEntry
from ledger.note import SignatureLine
from tests.support.chain import (
    ChainBuilder,
    entry_of,
    make_card,
    make_entry,
    make_signal,
)
from tests.support.parties import DAY, Consortium, make_consortium
from tests.support.refusing import count, everything, refusal


def days(count: int) -> date:
    return DAY + timedelta(days=count)


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder()


@pytest.fixture
def consortium() -> Consortium:
    return make_consortium()


def test_every_block_names_its_height_and_the_block_before(chain: ChainBuilder) -> None:
    chain.fill(3)

    blocks = [Block.decode(raw) for raw in chain.blocks]
    assert [block.height for block in blocks] == [0, 1, 2, 3]
    before = [NO_PREVIOUS, *(block_hash(raw) for raw in chain.blocks)]
    assert [block.previous for block in blocks] == before[:-1]
    assert chain.state.previous == before[-1]


def test_appended_entry_stands_in_its_block_byte_for_byte(chain: ChainBuilder) -> None:
    signal = make_signal(chain.consortium)

    appended = chain.apply(signal.raw)

    assert entry_of(appended.raw) == signal.raw
    assert (appended.height, appended.admission.id) == (1, signal.signed.id)


def test_check_changes_nothing_and_promises_what_apply_does(chain: ChainBuilder) -> None:
    signal = make_signal(chain.consortium)
    before = everything(chain.state)

    checked = chain.state.check(signal.raw)

    assert everything(chain.state) == before
    assert chain.apply(signal.raw).admission.id == checked.id


def test_chain_date_is_the_newest_that_a_quorum_attested(chain: ChainBuilder) -> None:
    assert chain.state.chain_day is None

    chain.post(day=days(3))
    chain.post(day=days(2))
    chain.apply(make_card(chain.consortium, "uwv", day=days(9)))

    assert chain.state.chain_day == days(3)


def test_nobody_alone_moves_the_date_by_a_document_of_the_future(chain: ChainBuilder) -> None:
    successor = chain.consortium.draft(lambda draft: draft.update(k=12))
    entry = chain.consortium.propose(
        successor.document, by=("bzk", "svb", "uwv"), day=date(2999, 1, 1)
    )

    chain.apply(entry.encode())
    chain.apply(make_card(chain.consortium, "uwv", day=date(2998, 1, 1)))

    assert chain.state.chain_day is None
    chain.post()
    assert chain.state.chain_day == DAY


@pytest.mark.parametrize(("late", "reason"), [(2, None), (3, "stale"), (400, "stale")])
def test_entry_is_stale_over_two_days_before_the_chains_date(
    chain: ChainBuilder, late: int, reason: str | None
) -> None:
    chain.post("svb", day=days(0))
    signal = make_signal(chain.consortium, day=days(-late))

    if reason is None:
        assert chain.apply(signal.raw).height == 2
    else:
        assert refusal(chain.state, signal.raw) == reason


def test_member_card_can_be_stale_but_a_document_cannot(chain: ChainBuilder) -> None:
    chain.post(day=days(30))
    card = make_card(chain.consortium, "uwv", day=DAY)

    assert refusal(chain.state, card) == "stale"
    assert chain.amend(lambda draft: draft.update(k=12)).height == 2


@pytest.mark.parametrize("by", [("svb",), ("bzk", "svb"), ("svb", "szw")])
def test_same_text_is_a_repeat_whoever_else_signed_that_it_is_stored(
    chain: ChainBuilder, by: tuple[str, ...]
) -> None:
    chain.apply(make_signal(chain.consortium, "uwv", by=("bzk",)).raw)

    again = make_signal(chain.consortium, "uwv", by=by)

    assert refusal(chain.state, again.raw) == "duplicate"


@pytest.mark.parametrize("junk", [b"\x00" * 4 + b"junk", b"\xff" * 68])
def test_repeat_with_a_junk_line_is_no_second_post(chain: ChainBuilder, junk: bytes) -> None:
    signed = make_signal(chain.consortium).signed
    chain.apply(signed.encode())

    line = SignatureLine("signaalketen.test/demo/zzz", junk[:4], junk[4:])
    again = SignedEntry.of(signed.entry, (*signed.lines, line))

    assert refusal(chain.state, again.encode()) == "stored-line"


def test_repeat_is_known_on_every_day_on_which_it_is_not_stale(chain: ChainBuilder) -> None:
    signal = make_signal(chain.consortium, "uwv")
    chain.apply(signal.raw)
    reasons = []

    for later in range(1, 6):
        chain.post("svb", day=days(later))
        reasons.append(refusal(chain.state, signal.raw))

    assert reasons == ["duplicate", "duplicate", "stale", "stale", "stale"]


def test_what_is_remembered_for_repeats_and_quotas_does_not_grow_with_the_chain(
    chain: ChainBuilder,
) -> None:
    sizes = []
    for later in range(20):
        for author in ("uwv", "svb", "szw"):
            chain.post(author, day=days(later))
        remembered = sum(map(len, chain.state.recent.values()))
        counted = sum(map(len, chain.state.posted.values()))
        sizes.append((len(chain.state.recent), remembered, len(chain.state.posted), counted))

    assert max(sizes[3:]) == min(sizes[3:]) == (3, 9, 3, 9)


def test_state_does_not_grow_with_a_chain_on_which_nothing_is_owed(chain: ChainBuilder) -> None:
    sizes = []
    for later in range(12):
        today = days(later)
        signal = chain.post("uwv", day=today).height
        located = make_entry(chain.consortium, "uwv", "locate", f"{signal}\n", day=today)
        locate = chain.apply(located).height
        for author in ("svb", "szw"):
            answer = make_entry(chain.consortium, author, "answer", f"{locate}\n", day=today)
            chain.apply(answer)
        sizes.append(count(everything(chain.state)))

    assert sizes[0] < sizes[1] < sizes[2]
    assert set(sizes[3:]) == {min(sizes[2:])}


def test_old_document_is_no_burden_on_the_memory(chain: ChainBuilder) -> None:
    chain.post(day=days(30))
    before = set(chain.state.recent), set(chain.state.posted)

    chain.amend(lambda draft: draft.update(k=12))

    assert before == (set(chain.state.recent), set(chain.state.posted)) == ({days(30)},) * 2


def test_quota_is_by_author_kind_and_date(consortium: Consortium) -> None:
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["quota"].update(signal=2))
    signals = {
        (author, day, number): make_signal(
            chain.consortium, author, day=days(day), number=number
        ).raw
        for author in ("uwv", "svb")
        for day in (0, 1)
        for number in (1, 2, 3)
    }

    for (author, day, number), raw in signals.items():
        if number < 3:
            chain.apply(raw)
        else:
            assert refusal(chain.state, raw) == "over-quota", (author, day)

    assert chain.apply(make_card(chain.consortium, "uwv")).height == 10


def test_skipped_entries_do_not_count_for_the_quota(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft["quota"].update(signal=1))
    good = make_signal(chain.consortium)
    without_line = make_signal(chain.consortium, number=7, by=())

    assert refusal(chain.state, without_line.raw) == "stored-line"
    assert chain.apply(good.raw).height == 2


def test_kind_without_a_quota_has_no_limit(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft["quota"].pop("signal"))

    assert chain.fill(30).state.height == 32


def test_stored_line_of_another_day_does_not_fit(chain: ChainBuilder) -> None:
    today, tomorrow = (make_signal(chain.consortium, day=days(n)).signed for n in (0, 1))

    moved = replace(today, lines=(today.lines[0], tomorrow.lines[1]))

    assert refusal(chain.state, moved.encode()) == "stored-line"
