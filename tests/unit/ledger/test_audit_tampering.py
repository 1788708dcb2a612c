"""Each kind of tampering with blocks is found, at its block and under its name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.block import Block
from ledger.consortium import Consortium
from ledger.encoding import Digest
from tests.support.auditing import Found, audited, audited_chain, found, found_in, sound_chain
from tests.support.chain import (
    ChainBuilder,
    checkpoint_of,
    entry_of,
    link,
    make_card,
    make_founding,
    make_signal,
)
from tests.support.parties import ALL, DAY, make_consortium, make_member

FOUNDED = make_consortium()
CHAIN = sound_chain()
BLOCKS = CHAIN.blocks
ENTRIES = [entry_of(block) for block in BLOCKS]
FINAL = CHAIN.final().encode()
NEW = make_signal(FOUNDED, number=999).raw
OTHER_HASH = Digest(b"\x07" * 32)


def spoilt(block: bytes) -> bytes:
    """Return a block with its last signature changed, in good base64."""
    at = len(block) - 10
    return block[:at] + (b"A" if block[at : at + 1] != b"A" else b"B") + block[at + 1 :]


def relinked(*entries: bytes) -> list[bytes]:
    """Return the first three blocks and well-linked blocks of `entries`."""
    return link([*ENTRIES[:3], *entries])


def test_what_is_tampered_with_here_is_sound() -> None:
    assert found(audited(BLOCKS, FINAL)) == []
    assert link(ENTRIES) == BLOCKS


HEIGHTS_AFTER: Found = [(n, "height") for n in range(5, 9)]
SIZE, ROOT = (None, "checkpoint"), (None, "root")


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        pytest.param(
            [*BLOCKS[:4], spoilt(BLOCKS[4]), *BLOCKS[5:]],
            [(4, "stored-line"), (5, "link"), ROOT],
            id="flipped",
        ),
        pytest.param(
            BLOCKS[:4] + BLOCKS[5:],
            [(4, "height"), (4, "link"), *HEIGHTS_AFTER, SIZE],
            id="dropped",
        ),
        pytest.param(BLOCKS[:9], [SIZE], id="dropped at the end"),
        pytest.param(
            [*BLOCKS[:4], BLOCKS[5], BLOCKS[4], *BLOCKS[6:]],
            [(4, "height"), (4, "link"), (5, "height"), (5, "link"), (6, "link"), ROOT],
            id="reordered",
        ),
        pytest.param(
            [*BLOCKS[:9], link([*ENTRIES[:9], NEW])[9], BLOCKS[9]],
            [(10, "height"), (10, "link"), SIZE],
            id="inserted",
        ),
        pytest.param(
            [*BLOCKS[:9], BLOCKS[8], BLOCKS[9]],
            [(9, "height"), (9, "link"), (9, "duplicate"), (10, "height"), SIZE],
            id="duplicated",
        ),
        pytest.param(
            link([*ENTRIES[:4], NEW, *ENTRIES[5:]]),
            [ROOT],
            id="replaced and all after it linked anew",
        ),
        pytest.param(
            link([*ENTRIES[:4], NEW, *ENTRIES[4:]]),
            [SIZE],
            id="inserted and all after it linked anew",
        ),
        pytest.param([*BLOCKS, link([*ENTRIES, NEW])[10]], [SIZE], id="appended"),
        pytest.param([], [(None, "document")], id="nothing left"),
    ],
)
def test_changed_blocks_are_named(blocks: list[bytes], expected: Found) -> None:
    assert found(audited(blocks, FINAL)) == expected


def test_chain_without_its_beginning_is_no_chain() -> None:
    without = ["no-document"] * 5 + ["height", "version"] + ["no-document"] * 3

    report = audited(BLOCKS[1:], FINAL)

    assert [reason for _, reason in found(report)] == [*without, "document"]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        pytest.param([b"nothing", *BLOCKS[1:]], (0, "malformed"), id="no block"),
        pytest.param(relinked(spoilt(NEW)), (3, "stored-line"), id="line that does not verify"),
        pytest.param(relinked(ENTRIES[2]), (3, "duplicate"), id="repeat"),
        pytest.param(relinked(ENTRIES[1]), (3, "duplicate"), id="repeated card"),
        pytest.param(
            relinked(make_card(FOUNDED, "uwv", version=3)), (3, "version"), id="card out of turn"
        ),
        pytest.param(
            relinked(make_signal(FOUNDED, day=DAY - timedelta(days=3)).raw),
            (3, "stale"),
            id="stale",
        ),
        pytest.param(
            relinked(make_signal(FOUNDED, "bzk", by=("uwv",)).raw), (3, "role"), id="no issuer"
        ),
        pytest.param(relinked(make_signal(FOUNDED, by=()).raw), (3, "stored-line"), id="unheld"),
        pytest.param(
            relinked(FOUNDED.propose(FOUNDED.draft().document, by=("uwv",)).encode()),
            (3, "approval"),
            id="document of two",
        ),
        pytest.param(
            relinked(make_founding(FOUNDED, DAY + timedelta(days=1))),
            (3, "version"),
            id="founded twice",
        ),
        pytest.param(
            link([ENTRIES[0], *(make_card(FOUNDED, "uwv", version=n) for n in range(1, 12))]),
            (11, "over-quota"),
            id="over quota",
        ),
        pytest.param(link([NEW, *ENTRIES[1:3]]), (0, "no-document"), id="never founded"),
        pytest.param(
            [*BLOCKS[:3], BLOCKS[3].replace(b"/v1\n3\n", b"/v1\n4\n", 1)],
            (3, "height"),
            id="height",
        ),
        pytest.param(
            [*BLOCKS[:3], replace(Block.decode(BLOCKS[3]), previous=OTHER_HASH).encode()],
            (3, "link"),
            id="link",
        ),
    ],
)
def test_block_that_all_members_cosigned_is_judged_all_the_same(
    blocks: list[bytes], expected: tuple[int, str]
) -> None:
    assert found_in(blocks)[0] == expected


def test_entry_of_another_ledger_is_found() -> None:
    elsewhere = "signaalketen.test/elsewhere"
    foreign = link([*ENTRIES[:3], make_signal(make_consortium(elsewhere)).raw], origin=elsewhere)

    assert found_in([*BLOCKS[:3], foreign[3]]) == [(3, "wrong-origin")]


@pytest.mark.parametrize(
    "trusted",
    [
        CHAIN.consortium.draft().document,
        FOUNDED.draft(lambda draft: draft.update(k=13)).document,
        make_consortium("signaalketen.test/elsewhere").document,
    ],
    ids=["a later version", "another version 2", "of another ledger"],
)
def test_trusted_document_that_is_not_on_the_chain_is_found(trusted: Consortium) -> None:
    assert found(audited(BLOCKS, FINAL, trusted=trusted)) == [(None, "document")]


def test_trusted_document_that_was_refused_on_the_chain_is_no_anchor() -> None:
    refused = FOUNDED.draft(lambda draft: draft.update(k=13)).document
    blocks = relinked(FOUNDED.propose(refused, by=("uwv",)).encode())
    cosigned = FOUNDED.cosigned(checkpoint_of(blocks)).encode()

    report = audited(blocks, cosigned, trusted=refused)

    assert found(report) == [(3, "approval"), (None, "document")]


def test_chain_of_impostors_with_everybodys_names_is_not_the_trusted_one() -> None:
    impostors = ChainBuilder(FOUNDED.draft(
        lambda draft: draft.update(version=1, previous="00" * 32),
        members=tuple(make_member(name, generation=3) for name in ALL),
    )).fill(3)  # fmt: skip

    assert found(audited_chain(impostors)) == [(None, "document")]


def test_blocks_after_a_refused_document_are_judged_by_the_one_in_force() -> None:
    usurped = FOUNDED.draft(members=tuple(make_member(name, generation=2) for name in ALL))
    after = usurped.draft(lambda draft: draft.update(k=3))
    blocks = relinked(
        FOUNDED.propose(usurped.document, by=("uwv",)).encode(),
        make_signal(usurped, number=1).raw,
        NEW,
        usurped.propose(after.document, by=("bzk", "svb", "uwv")).encode(),
        make_signal(FOUNDED, number=1000).raw,
    )

    assert found_in(blocks) == [(3, "approval"), (4, "signature"), (6, "signature")]
    by_usurpers = usurped.cosigned(checkpoint_of(blocks)).encode()
    assert (None, "cosignature") in found(audited(blocks, by_usurpers))


def test_protocol_that_is_not_known_is_found_and_nothing_worse() -> None:
    later = CHAIN.consortium.draft(lambda draft: draft.update(protocol=2))
    upgraded = CHAIN.consortium.propose(later.document, by=("bzk", "svb", "uwv")).encode()

    blocks = link([*ENTRIES, upgraded, NEW])

    assert found_in(blocks)[0] == (10, "upgrade-required")


def test_chain_that_begins_with_an_unknown_protocol_is_found_and_nothing_worse() -> None:
    first = {"version": 1, "previous": "00" * 32, "protocol": 2}
    later = FOUNDED.draft(lambda draft: draft.update(first))

    blocks = link([make_founding(later), NEW])

    assert found_in(blocks)[0] == (0, "upgrade-required")
