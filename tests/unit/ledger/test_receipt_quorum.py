"""What a receipt proves of a chain, and by whose word: a quorum of one document's witnesses."""

from dataclasses import replace
from itertools import combinations

import pytest

from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium as Document
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.note import SignatureLine
from ledger.receipt import Receipt, verify_receipt
from tests.support.auditing import sound_chain
from tests.support.chain import ChainBuilder
from tests.support.parties import ALL, make_consortium, make_member
from tests.support.signers import NOON

FOUNDED = make_consortium()
CHAIN = sound_chain()
STRANGER = make_member("zzz")


def verify(receipt: Receipt, document: Document = CHAIN.consortium.document) -> dict[str, int]:
    return verify_receipt(
        receipt, origin=document.origin, members=document.witnesses, quorum=document.quorum
    )


def with_final(receipt: Receipt, *lines: SignatureLine, by: tuple[str, ...]) -> Receipt:
    checkpoint = receipt.signed.checkpoint
    return replace(receipt, signed=FOUNDED.cosigned(checkpoint, by=by, extra=lines))


@pytest.mark.parametrize("size", range(1, 11))
def test_every_block_of_a_chain_of_any_size_has_its_receipt(size: int) -> None:
    chain = ChainBuilder().fill(size - 1)

    for index in range(size):
        receipt = Receipt.decode(chain.receipt(index).encode())
        assert receipt.block == chain.blocks[index]
        assert verify(receipt) == dict.fromkeys(ALL, NOON)


@pytest.mark.parametrize("by", [*combinations(ALL, 3), ALL], ids="-".join)
def test_any_quorum_makes_a_block_final(by: tuple[str, ...]) -> None:
    assert verify(CHAIN.receipt(4, by=by)) == dict.fromkeys(by, NOON)


@pytest.mark.parametrize("by", [*combinations(ALL, 2), *combinations(ALL, 1)], ids="-".join)
def test_fewer_than_a_quorum_prove_nothing(by: tuple[str, ...]) -> None:
    with pytest.raises(VerificationError, match=f"cosigned by {len(by)} members, 3 are needed"):
        verify(CHAIN.receipt(4, by=by))


def test_strangers_do_not_count_and_do_not_harm() -> None:
    receipt = CHAIN.receipt(4)
    foreign = cosign(receipt.signed.note.text, key=STRANGER.cosigning, time=NOON)

    assert sorted(verify(with_final(receipt, foreign, by=ALL[:3]))) == sorted(ALL[:3])
    with pytest.raises(VerificationError, match="cosigned by 2 members"):
        verify(with_final(receipt, foreign, by=ALL[:2]))


def test_two_lines_of_one_member_are_one_voice_and_the_newest_time_counts() -> None:
    receipt = CHAIN.receipt(4)
    again = cosign(receipt.signed.note.text, key=FOUNDED["uwv"].cosigning, time=NOON + 60)

    assert verify(with_final(receipt, again, by=ALL))["uwv"] == NOON + 60
    with pytest.raises(VerificationError, match="cosigned by 2 members"):
        verify(with_final(receipt, again, by=("svb", "uwv")))


def test_line_that_pretends_to_be_a_members_is_refused_even_beside_a_quorum() -> None:
    receipt = CHAIN.receipt(4)
    forged = replace(
        cosign(receipt.signed.note.text, key=STRANGER.cosigning, time=NOON),
        name=FOUNDED["bzk"].cosigning.name,
        key_id=FOUNDED["bzk"].cosigning.verifier.id,
    )

    with pytest.raises(VerificationError, match="does not verify"):
        verify(with_final(receipt, forged, by=("svb", "szw", "uwv")))


def test_signatures_of_log_and_entry_keys_are_no_cosignatures() -> None:
    receipt = CHAIN.receipt(4)
    text = receipt.signed.note.text
    lines = [key.sign(text) for m in FOUNDED.members for key in (m.log, m.entry)]

    with pytest.raises(VerificationError, match="cosigned by 2 members"):
        verify(with_final(receipt, *lines, by=ALL[:2]))


def test_cosignatures_of_another_checkpoint_do_not_fit() -> None:
    receipt = CHAIN.receipt(4)
    later = ChainBuilder().fill(20).final().note.signatures
    moved = replace(receipt.signed.note, signatures=later)

    with pytest.raises(VerificationError, match="does not verify"):
        verify(replace(receipt, signed=SignedCheckpoint(receipt.signed.checkpoint, moved)))


def test_receipt_of_another_ledger_is_refused_whoever_cosigned_it() -> None:
    elsewhere = make_consortium("signaalketen.test/elsewhere")
    chain = ChainBuilder(elsewhere).fill(3)
    as_if = replace(chain.receipt(2), signed=FOUNDED.cosigned(chain.checkpoint))

    assert verify(chain.receipt(2), elsewhere.document)
    for receipt in (chain.receipt(2), as_if):
        with pytest.raises(VerificationError, match="another ledger"):
            verify(receipt)


def test_checkpoint_that_only_calls_itself_this_ledgers_has_no_quorum_here() -> None:
    elsewhere = make_consortium("signaalketen.test/elsewhere")
    chain = ChainBuilder(elsewhere).fill(3)
    renamed = replace(chain.checkpoint, origin=FOUNDED.document.origin)

    with pytest.raises(VerificationError, match="cosigned by 0 members"):
        verify(replace(chain.receipt(2), signed=elsewhere.cosigned(renamed)))


@pytest.mark.parametrize("index", [n for n in range(10) if n != 4])
def test_block_proves_nothing_at_the_place_of_another(index: int) -> None:
    receipt, other = CHAIN.receipt(4), CHAIN.receipt(index)

    for wrong in (
        replace(receipt, index=index),
        replace(receipt, block=other.block),
        replace(receipt, proof=other.proof),
        replace(other, index=4),
    ):
        with pytest.raises(VerificationError, match=r"proof|inclusion"):
            verify(wrong)


def test_checkpoint_with_another_root_or_size_does_not_hold_the_block() -> None:
    receipt = CHAIN.receipt(4)
    checkpoint = receipt.signed.checkpoint
    for changed in (
        replace(checkpoint, root=Digest(b"\x07" * 32)),
        replace(checkpoint, size=4),
        replace(checkpoint, size=17),
        Checkpoint(checkpoint.origin, 0, checkpoint.root),
    ):
        with pytest.raises(VerificationError, match=r"proof|inclusion"):
            verify(replace(receipt, signed=FOUNDED.cosigned(changed)))


def test_receipt_is_judged_by_the_document_in_force_at_its_size() -> None:
    chain = sound_chain()
    before, old = chain.receipt(4), chain.consortium
    chain.amend(members=tuple(make_member(name, generation=2) for name in ALL))
    after, new = chain.receipt(4), chain.consortium

    assert verify(before, old.document)
    assert verify(after, new.document)
    for receipt, document in ((before, new.document), (after, old.document)):
        with pytest.raises(VerificationError, match="cosigned by 0 members"):
            verify(receipt, document)
