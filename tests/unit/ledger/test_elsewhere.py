"""Checkpoints from elsewhere must agree with the chain, and who contradicts itself is named."""

import pytest

from ledger.checkpoint import Checkpoint
from ledger.cosignature import cosign
from ledger.encoding import Digest
from ledger.key import KeyType, SigningKey
from ledger.note import Note
from tests.support.auditing import audited, audited_chain, found, sound_chain
from tests.support.chain import checkpoint_of
from tests.support.parties import ALL, make_consortium, make_member
from tests.support.signers import NOON, ORIGIN

FOUNDED = make_consortium()
CHAIN = sound_chain()
BLOCKS = CHAIN.blocks
FINAL = CHAIN.final().encode()
OTHER_ROOT = Digest(b"\x07" * 32)


def checkpoint(size: int, root: Digest = OTHER_ROOT, *, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, root)


def test_agreeing_checkpoints_from_elsewhere_leave_the_chain_sound_chain() -> None:
    others = [
        FOUNDED.cosigned(checkpoint_of(BLOCKS[:size]), by=("svb",)).encode()
        for size in (10, 1, 0, 7, 7, 3)
    ]

    assert found(audited(BLOCKS, FINAL, others=others)) == []


@pytest.mark.parametrize("size", [0, 1, 6, 7, 9, 10])
def test_contradicting_checkpoint_is_found_with_the_names_of_who_signed_it(size: int) -> None:
    other = FOUNDED.cosigned(checkpoint(size), by=("svb", "uwv"), logs=("bzk",)).encode()

    report = audited(BLOCKS, FINAL, others=[other])

    assert found(report) == [(None, "contradiction")]
    assert f"of size {size} " in report.findings[0].detail
    assert "with lines by bzk, svb, uwv: keep both and publish" in report.findings[0].detail


def test_contradiction_is_found_in_the_middle_of_a_chunk_and_under_keys_of_its_time() -> None:
    chain = sound_chain()
    chain.amend(members=tuple(make_member(name, generation=2) for name in ALL))
    chain.fill(5)
    others = [
        FOUNDED.cosigned(checkpoint(8), by=("svb",)).encode(),
        chain.consortium.cosigned(checkpoint(14), by=("uwv",)).encode(),
        chain.consortium.cosigned(chain.checkpoint, by=("bzk",)).encode(),
    ]

    report = audited_chain(chain, others=others)

    assert found(report) == [(None, "contradiction")] * 2
    details = [finding.detail for finding in report.findings]
    assert ["of size 8 " in details[0], "with lines by svb:" in details[0]] == [True, True]
    assert ["of size 14 " in details[1], "with lines by uwv:" in details[1]] == [True, True]


def test_nobody_is_accused_by_a_line_that_it_did_not_make() -> None:
    signed = FOUNDED.cosigned(checkpoint(4), by=("svb",))
    stolen = Note(checkpoint(3).encode(), signed.note.signatures).encode()
    foreign = SigningKey(f"{ORIGIN}/uwv", KeyType.COSIGNATURE, bytes(32))
    text = checkpoint(3).encode()
    unsigned = Note(text, (cosign(text, key=foreign, time=NOON),)).encode()

    report = audited(BLOCKS, FINAL, others=[stolen, unsigned])

    assert found(report) == [(None, "contradiction")] * 2
    for finding in report.findings:
        assert "no member's line" in finding.detail
        assert not any(word in finding.detail for word in ("svb", "uwv", "publish"))


def test_longer_checkpoint_from_elsewhere_tells_that_the_chain_was_cut() -> None:
    other = CHAIN.final().encode()

    report = audited(
        BLOCKS[:8], CHAIN.consortium.cosigned(checkpoint_of(BLOCKS[:8])).encode(), others=[other]
    )

    assert found(report) == [(None, "truncated")]
    assert "10 blocks" in report.findings[0].detail
    assert "with lines by bzk, svb, szw, uwv" in report.findings[0].detail


def test_cut_chain_is_told_although_its_own_checkpoint_does_not_hold() -> None:
    cut = FOUNDED.cosigned(checkpoint_of(BLOCKS[:8]), by=("svb",)).encode()

    report = audited(BLOCKS[:8], cut, others=[FINAL])

    assert found(report) == [(None, "cosignature"), (None, "truncated")]


@pytest.mark.parametrize("size", [3, 10, 99])
def test_checkpoint_of_another_ledger_is_no_contradiction(size: int) -> None:
    other = checkpoint(size, origin="signaalketen.test/elsewhere")

    report = audited(BLOCKS, FINAL, others=[FOUNDED.cosigned(other).encode()])

    assert found(report) == [(None, "checkpoint")]
    assert "another ledger" in report.findings[0].detail


def test_checkpoint_from_elsewhere_that_is_none_is_found() -> None:
    assert found(audited(BLOCKS, FINAL, others=[b"nothing", FINAL])) == [(None, "malformed")]
