"""An export that was cut, lengthened or changed in any byte is found out by the audit."""

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from ledger.consortium_toml import decode_consortium
from ledger.export import MAGIC
from tests.support.auditing import Found, audited_export, found, sound_chain
from tests.support.chain import ChainBuilder
from tests.support.parties import Consortium, founding_draft, make_member

CHAIN = sound_chain()
BLOCKS = CHAIN.blocks
EXPORT = CHAIN.export()
AT_CHECKPOINT = len(EXPORT) - len(CHAIN.final().encode())
AT_BLOCK_4 = len(MAGIC) + sum(2 + len(block) for block in BLOCKS[:4])


@pytest.mark.parametrize(
    ("end", "expected", "detail"),
    [
        pytest.param(0, [(None, "malformed")], "cut off after 0 blocks", id="nothing"),
        pytest.param(5, [(None, "malformed")], "cut off after 0 blocks", id="first line"),
        pytest.param(len(MAGIC), [(None, "malformed")], "after 0 blocks", id="no block"),
        pytest.param(AT_BLOCK_4, [(None, "malformed")], "after 4 blocks", id="between blocks"),
        pytest.param(AT_BLOCK_4 + 1, [(None, "malformed")], "after 4 blocks", id="in a length"),
        pytest.param(AT_BLOCK_4 + 2, [(None, "malformed")], "after 4 blocks", id="after a length"),
        pytest.param(AT_BLOCK_4 + 99, [(None, "malformed")], "after 4 blocks", id="in a block"),
        pytest.param(AT_CHECKPOINT - 2, [(None, "malformed")], "after 10 blocks", id="no end"),
        pytest.param(AT_CHECKPOINT - 1, [(None, "malformed")], "after 10 blocks", id="half an end"),
        pytest.param(AT_CHECKPOINT, [(None, "malformed")], "missing", id="no checkpoint"),
        pytest.param(AT_CHECKPOINT + 30, [(None, "checkpoint")], "note", id="in the checkpoint"),
        pytest.param(-1, [(None, "checkpoint")], "note", id="the last newline"),
        pytest.param(-9, [(None, "checkpoint")], "", id="in the last line"),
    ],
)
def test_export_that_is_cut_off_is_found(end: int, expected: Found, detail: str) -> None:
    report = audited_export(EXPORT[:end])

    assert found(report) == expected
    assert detail in report.findings[0].detail


def test_export_without_a_line_beyond_the_quorum_is_sound_and_names_who_is_left() -> None:
    shorter = EXPORT[: EXPORT.rindex("— ".encode())]

    report = audited_export(shorter)

    assert found(report) == []
    assert len(report.cosigners) == 3
    assert found(audited_export(shorter[: shorter.rindex("— ".encode())])) == [
        (None, "cosignature")
    ]


@given(st.binary(min_size=1, max_size=80))
def test_nothing_may_follow_an_export(more: bytes) -> None:
    assert not audited_export(EXPORT + more).is_sound


def small_export() -> tuple[bytes, Consortium]:
    """Return an export of two members and two blocks, and their consortium: 3 kilobytes."""
    members = (make_member("bzk"), make_member("uwv"))
    draft = founding_draft(members)
    draft |= {"custodians": ["bzk"], "quorum": 2, "desk": draft["desk"][:1], "disclosure": []}
    draft["group"] = draft["group"][1:]
    draft["vocabulary"] = {field: ["x"] for field in draft["vocabulary"]}
    consortium = Consortium(members, decode_consortium(tomli_w.dumps(draft)))
    chain = ChainBuilder(consortium)
    chain.post("uwv")
    return chain.export(by=("bzk", "uwv")), consortium


SMALL, TWO = small_export()


def is_sound(raw: bytes) -> bool:
    return audited_export(raw, trusted=TWO.document).is_sound


def test_no_byte_of_an_export_is_without_meaning() -> None:
    assert is_sound(SMALL)

    unnoticed = [
        at
        for at in range(len(SMALL))
        if is_sound(SMALL[:at] + bytes([SMALL[at] ^ 1]) + SMALL[at + 1 :])
    ]

    assert unnoticed == []


@given(at=st.integers(0, len(EXPORT) - 1), change=st.integers(1, 255))
def test_export_changed_in_any_byte_to_any_other_is_not_sound(at: int, change: int) -> None:
    changed = EXPORT[:at] + bytes([EXPORT[at] ^ change]) + EXPORT[at + 1 :]

    assert not audited_export(changed).is_sound
