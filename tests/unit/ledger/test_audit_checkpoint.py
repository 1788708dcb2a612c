"""The final checkpoint: of these blocks, of this ledger, by a quorum in force, and by no others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.cosignature import cosign
from ledger.encoding import Digest
from ledger.note import Note, SignatureLine
from tests.support.auditing import Found, audited, audited_chain, found, sound_chain
from tests.support.chain import ChainBuilder, checkpoint_of, entry_of
from tests.support.parties import ALL, DAY, Member, make_consortium, make_member
from tests.support.signers import NOON

FOUNDED = make_consortium()
CHAIN = sound_chain()
BLOCKS = CHAIN.blocks
TEXT = CHAIN.checkpoint.encode()
FINAL = CHAIN.final()
STRANGER = make_member("zzz")
DAY_SECONDS = 24 * 3600
OTHER_ROOT = Digest(b"\x07" * 32)
ROOT, LINES = "root", "cosignature"
CHECKPOINT = "checkpoint"


def cosigned(key: Member = STRANGER, *, as_if: Member = STRANGER) -> SignatureLine:
    """Return a cosignature with the name and key id of another key than the one that made it."""
    line = cosign(TEXT, key=key.cosigning, time=NOON)
    return replace(line, name=as_if.cosigning.name, key_id=as_if.cosigning.verifier.id)


def final(*lines: SignatureLine, by: tuple[str, ...] = ALL, **changed: object) -> bytes:
    """Return the final checkpoint `by` members with other `lines` too, and fields changed."""
    checkpoint = replace(CHAIN.checkpoint, **changed)  # type: ignore[arg-type]
    return FOUNDED.cosigned(checkpoint, by=by, extra=lines).encode()


def with_lines(change: Callable[[list[SignatureLine]], list[SignatureLine]]) -> bytes:
    """Return the final checkpoint with its lines changed."""
    return Note(TEXT, tuple(change(list(FINAL.note.signatures)))).encode()


AN_EARLIER = FOUNDED.cosigned(checkpoint_of(BLOCKS[:9])).note.signatures
TWO, THREE = ("svb", "uwv"), ("svb", "szw", "uwv")
CASES: dict[str, tuple[bytes, str]] = {
    "wrong root": (final(root=OTHER_ROOT), ROOT),
    "wrong size": (final(size=9), CHECKPOINT),
    "size zero": (final(size=0), CHECKPOINT),
    "of another ledger": (final(origin="signaalketen.test/elsewhere"), CHECKPOINT),
    "missing cosignature": (final(by=TWO), LINES),
    "no cosignature at all": (with_lines(lambda _: []), CHECKPOINT),
    "forged cosignature": (final(cosigned(as_if=FOUNDED["bzk"]), by=THREE), LINES),
    "forged cosignature beside a quorum": (final(cosigned(as_if=FOUNDED["bzk"]), by=TWO), LINES),
    "another member's signature": (
        final(cosigned(FOUNDED["uwv"], as_if=FOUNDED["bzk"]), by=THREE), LINES),
    "foreign cosignature beside a quorum": (final(cosigned()), LINES),
    "foreign cosignature in place of one": (final(cosigned(), by=TWO), LINES),
    "cosignatures of an earlier checkpoint": (with_lines(lambda _: list(AN_EARLIER)), LINES),
    "junk line": (final(SignatureLine("junk", b"junk", b"junk")), LINES),
    "line of a stranger's log": (final(STRANGER.log.sign(TEXT)), LINES),
    "line of an entry key": (final(FOUNDED["uwv"].entry.sign(TEXT)), LINES),
    "log's line over something else": (final(FOUNDED["uwv"].log.sign("else\n")), LINES),
    "line twice": (with_lines(lambda lines: [*lines, lines[-1]]), LINES),
    "two lines of one key": (final(cosign(TEXT, key=FOUNDED["uwv"].cosigning, time=1)), LINES),
    "lines not sorted": (with_lines(lambda lines: lines[::-1]), LINES),
    "trailing newline": (FINAL.encode() + b"\n", CHECKPOINT),
    "trailing line": (FINAL.encode() + b"more\n", CHECKPOINT),
    "no note": (b"nothing", CHECKPOINT),
    "a note of something else": (entry_of(BLOCKS[1]), CHECKPOINT),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "reason"), CASES.values(), ids=CASES)
def test_final_checkpoint_that_does_not_hold_is_found(raw: bytes, reason: str) -> None:
    assert found(audited(BLOCKS, raw)) == [(None, reason)]


def test_quorum_of_the_document_before_the_last_is_no_quorum() -> None:
    chain = sound_chain()
    former = chain.consortium
    renewed = tuple(make_member(name, generation=2) for name in ALL)
    chain.amend(members=renewed)

    with_old_keys = former.cosigned(chain.checkpoint).encode()

    assert found(audited(chain.blocks, with_old_keys)) == [(None, "cosignature")]
    assert found(audited_chain(chain)) == []


def test_quorum_that_was_raised_counts_from_its_block_on() -> None:
    chain = sound_chain()
    before = audited(chain.blocks, chain.final(by=("bzk", "svb", "uwv")).encode())
    chain.amend(lambda draft: draft.update(quorum=4))

    after = audited(chain.blocks, chain.final(by=("bzk", "svb", "uwv")).encode())

    assert found(before) == []
    assert found(after) == [(None, "cosignature")]


def dated_ahead(days: int, *times: int) -> Found:
    """Return what is found in a chain dated `days` after the last of cosignatures at `times`."""
    chain = ChainBuilder()
    chain.post(day=DAY + timedelta(days=days))
    text = chain.checkpoint.encode()
    lines = [
        cosign(text, key=FOUNDED[name].cosigning, time=time)
        for name, time in zip(ALL, times, strict=False)
    ]
    return found(
        audited(chain.blocks, Note(text, tuple(sorted(lines, key=SignatureLine.encode))).encode())
    )


@pytest.mark.parametrize("days", [0, 1])
def test_date_is_at_most_a_day_ahead_of_the_cosignatures(days: int) -> None:
    assert dated_ahead(days, NOON, NOON, NOON) == []


@pytest.mark.parametrize("days", [2, 3, 1000])
def test_date_two_days_in_the_future_is_found(days: int) -> None:
    assert dated_ahead(days, NOON, NOON, NOON, NOON) == [(None, "future")]


def test_one_lying_witness_neither_hides_a_date_of_the_future_nor_invents_one() -> None:
    late = NOON + 900 * DAY_SECONDS

    assert dated_ahead(3, NOON, late, NOON) == [(None, "future")]
    assert dated_ahead(3, NOON, NOON, NOON, late) == [(None, "future")]
    assert dated_ahead(1, NOON, 0, NOON) == []
    assert dated_ahead(1, NOON, NOON, 0, NOON) == []


def strong_chain() -> ChainBuilder:
    return ChainBuilder(make_consortium(post_quantum=True)).fill(2)


def test_report_names_who_signed_with_a_post_quantum_key() -> None:
    chain = strong_chain()
    final = chain.final(by=ALL[:3], post_quantum=ALL[1:])

    report = audited(chain.blocks, final.encode(), trusted=chain.consortium.document)

    assert report.is_sound
    assert set(report.cosigners) == set(ALL)
    assert report.post_quantum == set(ALL[1:])


@pytest.mark.parametrize(
    ("by", "expected"),
    [(ALL, []), (ALL[:3], []), (ALL[:1], [(None, "future")]), ((), [(None, "future")])],
)
def test_lines_that_state_no_time_leave_it_to_a_quorum_that_does(
    by: tuple[str, ...], expected: Found
) -> None:
    chain = strong_chain()
    text = chain.checkpoint.encode()
    timeless = [cosign(text, key=chain.consortium[n].post_quantum, time=0) for n in ALL]
    final = chain.consortium.cosigned(chain.checkpoint, by=by, extra=timeless)

    report = audited(chain.blocks, final.encode(), trusted=chain.consortium.document)

    assert found(report) == expected


def test_a_line_without_a_time_does_not_help_a_witness_that_states_a_wrong_one() -> None:
    chain = strong_chain()
    text = chain.checkpoint.encode()
    early = cosign(text, key=chain.consortium["bzk"].cosigning, time=NOON - 9 * DAY_SECONDS)
    timeless = cosign(text, key=chain.consortium["uwv"].post_quantum, time=0)
    final = chain.consortium.cosigned(chain.checkpoint, by=("svb", "szw"), extra=[early, timeless])

    report = audited(chain.blocks, final.encode(), trusted=chain.consortium.document)

    assert report.is_sound
