"""From a trusted document to the one in force, and what receipts prove once all keys changed."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from ledger.block import block_hash, block_header
from ledger.consortium import Consortium as Document
from ledger.consortium_chain import ConsortiumChain, Versions, verify_consortium_chain
from ledger.errors import LedgerError, MalformedError, RefusedError, VerificationError
from ledger.receipt import Proven, Receipt, verify_by_documents
from ledger.tree import leaf_hash
from tests.support.chain import ChainBuilder
from tests.support.parties import ALL, make_consortium
from tests.support.signers import ORIGIN


class Rotated:
    """A chain whose members changed all their keys twice, and receipts from before and after.

    Blocks 0, 4 and 8 bring documents; `receipts` are of every block at sizes 4, 8 and 12.
    """

    def __init__(self) -> None:
        self.chain = ChainBuilder(make_consortium(post_quantum=True))
        self.documents = [self.chain.consortium.document]
        self.receipts: list[Receipt] = []
        for generation in (1, 2, 3):
            if generation > 1:
                self.chain.rotate(generation)
                self.documents.append(self.chain.consortium.document)
            self.chain.fill(3)
            self.receipts += [
                self.chain.receipt(i, post_quantum=ALL) for i in range(len(self.chain.blocks))
            ]
        self.proof = self.chain.documents()


@cache
def rotated() -> Rotated:
    return Rotated()


def proven(receipt: Receipt, versions: Versions) -> Proven:
    return verify_by_documents(receipt, origin=ORIGIN, in_force=versions.in_force)


def test_rotation_leaves_no_member_a_key_that_it_had() -> None:
    for before, after in pairwise(rotated().documents):
        old = {key.public for member in before.members for key in member.keys}
        new = {key.public for member in after.members for key in member.keys}

        assert len(old) == len(new) == 20
        assert old.isdisjoint(new)


@pytest.mark.parametrize("trusted", [0, 1, 2], ids=["founding", "second", "newest"])
def test_every_receipt_old_and_new_verifies_from_any_version(trusted: int) -> None:
    versions = verify_consortium_chain(rotated().proof, trusted=rotated().documents[trusted])

    assert versions.heights == (0, 4, 8)
    assert list(versions.documents) == rotated().documents
    assert len(rotated().receipts) == 4 + 8 + 12
    for receipt in rotated().receipts:
        found = proven(receipt, versions)
        assert found.block.height == receipt.index
        assert set(found.times) == found.post_quantum == set(ALL)


@pytest.mark.parametrize(("size", "version"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (12, 3)])
def test_a_document_is_in_force_from_the_block_after_its_own(size: int, version: int) -> None:
    versions = verify_consortium_chain(rotated().proof, trusted=rotated().documents[0])

    assert versions.in_force(size).version == version


def test_old_keys_prove_nothing_about_what_came_after() -> None:
    versions = verify_consortium_chain(rotated().proof, trusted=rotated().documents[0])
    newest = rotated().receipts[-1]
    old = make_consortium(post_quantum=True).cosigned(newest.signed.checkpoint, post_quantum=ALL)

    with pytest.raises(VerificationError, match="cosigned by 0 members"):
        proven(replace(newest, signed=old), versions)


def test_one_document_alone_judges_what_its_own_keys_signed() -> None:
    founded, _, newest = rotated().documents
    receipts = rotated().receipts

    def by(document: Document, receipt: Receipt) -> Proven:
        return verify_by_documents(receipt, origin=ORIGIN, in_force=lambda _: document)

    assert by(founded, receipts[3]).block.height == 3
    assert by(newest, receipts[-1]).block.height == 11
    with pytest.raises(VerificationError, match="cosigned by 0 members"):
        by(founded, receipts[-1])
    # The newest members stand behind the tree, and cannot tell whose signature an old entry bears.
    with pytest.raises(RefusedError, match="signature"):
        by(newest, receipts[-10])


def test_what_a_chain_does_not_reach_is_not_judged() -> None:
    short = ChainBuilder(make_consortium(post_quantum=True)).fill(2).documents()
    versions = verify_consortium_chain(short, trusted=rotated().documents[0])

    with pytest.raises(VerificationError, match="reaches 3 blocks, not 12; get a newer one"):
        proven(rotated().receipts[-1], versions)
    with pytest.raises(VerificationError, match="not 0"):
        versions.in_force(0)


def _without(*places: int) -> ConsortiumChain:
    kept = tuple(r for i, r in enumerate(rotated().proof.receipts) if i not in places)
    return ConsortiumChain(rotated().proof.signed, kept)


def _resigned(chain: ConsortiumChain, *by: str, generation: int) -> ConsortiumChain:
    old = make_consortium(post_quantum=True)
    members = tuple(replace(m, generation=generation) for m in old.members)
    signed = replace(old, members=members).cosigned(chain.signed.checkpoint, by=by)
    return ConsortiumChain(signed, tuple(replace(r, signed=signed) for r in chain.receipts))


def _posing_as_document() -> ConsortiumChain:
    signal = replace(rotated().receipts[-1], signed=rotated().proof.signed)
    return ConsortiumChain(rotated().proof.signed, (*rotated().proof.receipts, signal))


def _moved() -> ConsortiumChain:
    first, second, third = rotated().proof.receipts
    return ConsortiumChain(rotated().proof.signed, (first, replace(second, index=5), third))


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        pytest.param(lambda: _without(0), "start at 0", id="no founding block"),
        pytest.param(lambda: _without(1), "signature|expected version", id="a version left out"),
        pytest.param(lambda: _without(2), "cosigned by 0 members", id="the newest left out"),
        pytest.param(
            lambda: _resigned(rotated().proof, *ALL, generation=2),
            "cosigned by 0 members",
            id="cosigned with retired keys",
        ),
        pytest.param(
            lambda: _resigned(rotated().proof, *ALL[:2], generation=3),
            "cosigned by 2 members",
            id="no quorum",
        ),
        pytest.param(_posing_as_document, "brings no document", id="another kind"),
        pytest.param(_moved, "inclusion|proof", id="at another height"),
        pytest.param(
            lambda: ConsortiumChain(rotated().proof.signed, rotated().proof.receipts[::-1]),
            "start at 0",
            id="turned round",
        ),
        pytest.param(
            lambda: ConsortiumChain(
                rotated().proof.signed, (*rotated().proof.receipts, rotated().proof.receipts[-1])
            ),
            "go upwards",
            id="one twice",
        ),
    ],
)
def test_a_chain_that_does_not_hold_is_refused(spoilt: object, why: str) -> None:
    chain: ConsortiumChain = spoilt()  # type: ignore[operator]

    with pytest.raises(LedgerError, match=why):
        verify_consortium_chain(chain, trusted=rotated().documents[0])


def test_a_step_needs_the_approvals_that_the_chain_would_need() -> None:
    chain = ChainBuilder()
    successor = chain.consortium.draft(lambda draft: draft.update(k=12))
    entry = chain.consortium.propose(successor.document, by=("uwv",))
    lone = ChainBuilder()
    forged = lone.blocks[0]
    # A tree that all members stand behind, in which two members alone brought a new version.
    block = block_header(origin=ORIGIN, height=1, previous=block_hash(forged)) + entry.encode()
    lone.blocks.append(block)
    lone.frontier, _ = lone.frontier.appended([leaf_hash(block)])

    with pytest.raises(RefusedError, match="approval"):
        verify_consortium_chain(lone.documents(), trusted=chain.consortium.document)


def test_the_trusted_document_must_be_on_the_chain() -> None:
    other = make_consortium(post_quantum=True).draft(lambda draft: draft.update(k=99)).document

    with pytest.raises(VerificationError, match="version 2 that is trusted is not on it"):
        verify_consortium_chain(rotated().proof, trusted=other)


def test_a_chain_of_another_ledger_is_refused() -> None:
    other = make_consortium("signaalketen.test/other").document

    with pytest.raises(VerificationError, match="another ledger"):
        verify_consortium_chain(rotated().proof, trusted=other)


def test_a_chain_reads_back() -> None:
    raw = rotated().proof.encode()

    assert ConsortiumChain.decode(raw) == rotated().proof
    assert ConsortiumChain.decode(raw).encode() == raw


_RAW = rotated().proof.encode()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (_RAW, b"", "expected signaalketen"),
        (b"/v1\nextra", b"/v2\nextra", "canonical"),
        (b"/v1\nextra", b"/v1\nmore\nextra", "canonical"),
        (b"index 4\n", b"index 04\n", "canonical"),
        (b"index 4\n", b"index four\n", "expected extra"),
        (b"index 4\n", b"index " + b"1" * 30 + b"\n", "too long"),
        (b"index 4\n", b"", "too long|canonical"),
        (b"extra ", b"extras ", "note|expected|base64|canonical"),
        (b"extra ", "éxtra ".encode(), "expected signaalketen"),
        (_RAW[: _RAW.index(b"\n\n")], b"signaalketen/consortium-chain/v1", "are needed"),
    ],
)
def test_what_is_no_chain_is_refused(old: bytes, new: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        ConsortiumChain.decode(_RAW.replace(old, new, 1))


def test_no_flipped_bit_goes_unnoticed() -> None:
    trusted = rotated().documents[0]

    for place in range(0, len(_RAW) * 8, 997):
        raw = bytearray(_RAW)
        raw[place // 8] ^= 1 << place % 8
        try:
            chain = ConsortiumChain.decode(bytes(raw))
            versions = verify_consortium_chain(chain, trusted=trusted)
        except LedgerError:
            continue
        # A line of a key that is nobody's says nothing, and is passed over.
        assert chain.receipts[0].block == rotated().proof.receipts[0].block
        assert versions == verify_consortium_chain(rotated().proof, trusted=trusted)
