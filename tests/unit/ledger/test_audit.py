"""A sound chain is sound, however it is cut into chunks, and the report says what was seen."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import pytest

from ledger.audit import CHUNK_BLOCKS, MAX_FINDINGS, CheckedChunk, Chunk, audit
from ledger.errors import MalformedError
from ledger.state import State
from tests.support.auditing import audited, audited_chain, audited_export, found
from tests.support.chain import ChainBuilder, entry_of, make_card
from tests.support.parties import ALL, DAY, make_member
from tests.support.signers import NOON

WEEK = timedelta(days=7)
WEEK_SECONDS = 7 * 24 * 3600


@pytest.fixture(scope="module")
def chain() -> ChainBuilder:
    """Return a chain with cards, signals, a change of rules and a change of all keys."""
    chain = ChainBuilder()
    for author in ALL:
        chain.apply(make_card(chain.consortium, author))
    chain.fill(4)
    chain.amend(lambda draft: draft.update(k=12))
    chain.fill(4)
    chain.amend(members=tuple(make_member(name, generation=2) for name in ALL))
    chain.fill(3)
    for author in ("uwv", "svb"):
        chain.post(author, day=DAY + WEEK)
    return chain


def final_of(chain: ChainBuilder) -> bytes:
    return chain.final(time=NOON + WEEK_SECONDS).encode()


def test_sound_chain_is_sound_and_the_report_says_what_was_seen(chain: ChainBuilder) -> None:
    report = audited(chain.blocks, final_of(chain))

    assert found(report) == []
    assert (report.size, report.root) == (len(chain.blocks), chain.checkpoint.root)
    assert report.document_version == 3
    assert (report.first_day, report.last_day) == (DAY, DAY + WEEK)
    assert report.counts == {
        ("szw", "consortium"): 3,
        **{(author, "member"): 1 for author in ALL},
        ("szw", "signal"): 4,
        ("svb", "signal"): 5,
        ("uwv", "signal"): 4,
    }
    assert report.cosigners == dict.fromkeys(ALL, NOON + WEEK_SECONDS)


def test_every_version_of_the_document_on_the_chain_is_an_anchor(chain: ChainBuilder) -> None:
    state = State()
    for block in chain.blocks:
        state.apply(entry_of(block))
        assert state.document is not None
        trusted = state.document
        assert found(audited(chain.blocks, final_of(chain), trusted=trusted)) == []


def test_quorum_suffices_and_no_member_is_needed_in_particular(chain: ChainBuilder) -> None:
    for absent in ALL:
        by = [name for name in ALL if name != absent]
        report = audited(chain.blocks, chain.final(by=by, time=NOON + WEEK_SECONDS).encode())

        assert found(report) == []
        assert sorted(report.cosigners) == by


def test_lines_of_members_logs_may_stand_under_the_checkpoint(chain: ChainBuilder) -> None:
    final = chain.consortium.cosigned(chain.checkpoint, logs=ALL, time=NOON + WEEK_SECONDS)

    assert found(audited(chain.blocks, final.encode())) == []


def test_chain_of_its_founding_block_alone_is_sound() -> None:
    chain = ChainBuilder()

    report = audited_chain(chain)

    assert found(report) == []
    assert (report.size, report.counts) == (1, {("szw", "consortium"): 1})


def test_export_of_a_sound_chain_is_sound(chain: ChainBuilder) -> None:
    assert found(audited_export(chain.export(time=NOON + WEEK_SECONDS))) == []


@pytest.mark.parametrize("before", [0, 1, CHUNK_BLOCKS - 2, CHUNK_BLOCKS - 1, CHUNK_BLOCKS])
def test_document_changes_anywhere_in_a_chunk(before: int) -> None:
    chain = ChainBuilder().fill(before)
    renewed = tuple(make_member(name, generation=2) for name in ALL)
    chain.amend(members=renewed)
    chain.fill(2)

    assert found(audited_chain(chain)) == []
    chain.amend(lambda draft: draft.update(k=11))
    chain.fill(1)
    chain.amend(lambda draft: draft.update(k=12))
    assert found(audited_chain(chain)) == []


def test_progress_is_told_up_to_the_last_block() -> None:
    chain = ChainBuilder().fill(CHUNK_BLOCKS + 3)
    told: list[int] = []

    audit(
        chain.blocks,
        trusted=chain.consortium.document,
        final=chain.final().encode,
        progress=told.append,
    )

    assert told == [1, CHUNK_BLOCKS + 1, CHUNK_BLOCKS + 4]


def elsewhere(
    check: Callable[[Chunk], CheckedChunk], chunks: Iterable[Chunk]
) -> Iterator[CheckedChunk]:
    """Run as other processes do: ahead of what is taken in, and with copies only."""
    for sent in [pickle.dumps(chunk) for chunk in chunks]:
        yield pickle.loads(pickle.dumps(check(pickle.loads(sent))))


def test_chunks_are_checked_elsewhere_with_the_same_report(chain: ChainBuilder) -> None:
    long = ChainBuilder().fill(CHUNK_BLOCKS + 40)
    for blocks, final in (
        (chain.blocks, final_of(chain)),
        (chain.blocks[:3] + chain.blocks[4:], final_of(chain)),
        (long.blocks, long.final().encode()),
        ([*long.blocks[:270], long.blocks[270][:-9] + b"AAAAAAA=\n"], long.final().encode()),
    ):
        assert audited(blocks, final, run=elsewhere) == audited(blocks, final)


def test_final_checkpoint_is_asked_for_after_the_last_block(chain: ChainBuilder) -> None:
    asked: list[str] = []

    def blocks() -> Iterator[bytes]:
        yield from chain.blocks
        asked.append("blocks")

    def final() -> bytes:
        asked.append("final")
        return final_of(chain)

    assert audit(blocks(), trusted=chain.consortium.document, final=final).is_sound
    assert asked == ["blocks", "final"]


def test_source_that_breaks_off_is_reported_after_what_came_before(chain: ChainBuilder) -> None:
    broken = [*chain.blocks[:5], chain.blocks[5][:-9] + b"AAAAAAA=\n", chain.blocks[6]]

    def blocks() -> Iterator[bytes]:
        yield from broken
        raise MalformedError("the log does not serve tile/entries/x001")

    report = audited(blocks(), final_of(chain))

    assert found(report) == [(5, "stored-line"), (6, "link"), (None, "malformed")]
    assert report.size == len(broken)
    assert "tile/entries/x001" in report.findings[-1].detail


def test_no_more_than_a_hundred_findings_are_listed_but_that_there_are_more(
    chain: ChainBuilder,
) -> None:
    report = audited([b"nothing"] * (MAX_FINDINGS + 50), final_of(chain))

    assert found(report)[:MAX_FINDINGS] == [(n, "malformed") for n in range(MAX_FINDINGS)]
    assert found(report)[MAX_FINDINGS:] == [(None, "more")]


def test_nothing_is_held_of_the_chain_but_a_chunk() -> None:
    chain = ChainBuilder().fill(3 * CHUNK_BLOCKS)
    held: list[int] = []

    def run(
        check: Callable[[Chunk], CheckedChunk], chunks: Iterable[Chunk]
    ) -> Iterator[CheckedChunk]:
        for chunk in chunks:
            held.append(len(chunk.blocks))
            yield check(chunk)

    report = audited(iter(chain.blocks), chain.final().encode(), run=run)

    assert found(report) == []
    assert held == [1, CHUNK_BLOCKS, CHUNK_BLOCKS, CHUNK_BLOCKS]
