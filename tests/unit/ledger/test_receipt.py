"""Receipts."""

from dataclasses import replace

import pytest

from ledger.checkpoint import Checkpoint
from ledger.encoding import Digest, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.receipt import Receipt, verify_receipt
from ledger.tree import leaf_hash, node_hash
from tests.support.signers import NAMES, NOON, ORIGIN, QUORUM, WITNESSES, cosigned, log_key

BLOCKS = [b"first block", b"second block", b"third block"]
LEAVES = [leaf_hash(block) for block in BLOCKS]
ROOT = node_hash(node_hash(LEAVES[0], LEAVES[1]), LEAVES[2])
CHECKPOINT = Checkpoint(ORIGIN, 3, ROOT)
SIGNED = cosigned(CHECKPOINT, extra=[log_key("uwv").sign(CHECKPOINT.encode())])
RECEIPT = Receipt(BLOCKS[1], 1, (LEAVES[0], LEAVES[2]), SIGNED)
RAW = RECEIPT.encode()
INDEX = b"index 1\n"
STEP = to_base64(LEAVES[0]).encode() + b"\n"


def _verify(receipt: Receipt, *, origin: str = ORIGIN) -> dict[str, int]:
    return verify_receipt(receipt, origin=origin, members=WITNESSES, quorum=QUORUM)


def test_a_receipt_is_a_tlog_proof_with_the_block_as_extra() -> None:
    head = f"c2sp.org/tlog-proof@v1\nextra {to_base64(BLOCKS[1])}\nindex 1\n"
    path = f"{to_base64(LEAVES[0])}\n{to_base64(LEAVES[2])}\n\n"

    assert (head + path).encode() + SIGNED.encode() == RAW


def test_a_receipt_tells_when_each_member_cosigned() -> None:
    assert _verify(RECEIPT) == dict.fromkeys(NAMES, NOON)


def test_the_receipt_of_the_only_block_has_no_path() -> None:
    alone = Receipt(b"block", 0, (), cosigned(Checkpoint(ORIGIN, 1, leaf_hash(b"block"))))

    assert _verify(Receipt.decode(alone.encode())) == dict.fromkeys(NAMES, NOON)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (RAW, b"", "tlog-proof|expected extra"),
        (b"@v1", b"@v2", "tlog-proof@v1"),
        (b"extra ", b"", "canonical"),
        (b"extra ", b"extra  ", "base64"),
        (INDEX, b"", "expected extra|tlog-proof"),
        (INDEX, b"1\n", "canonical"),
        (INDEX, b"index 01\n", "canonical"),
        (INDEX, b"index +1\n", "canonical"),
        (INDEX, b"index 1_0\n", "canonical"),
        (INDEX, b"index -1\n", "canonical"),
        (INDEX, b"index one\n", "expected extra"),
        (INDEX, b"index " + b"1" * 20 + b"\n", "tlog-proof"),
        (STEP, STEP + b"AAAA\n", "expected 32 bytes"),
        (STEP, STEP[:-3] + b"t=\n", "canonical"),
        (STEP, STEP * 63, "tlog-proof"),
        (STEP, "é\n".encode(), "expected extra"),
        (STEP, b"\n" + STEP, "note|checkpoint"),
        (b"\n\nsignaal", b"\nsignaal", "expected extra|base64"),
    ],
)
def test_what_is_no_receipt_is_refused(old: bytes, new: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Receipt.decode(RAW.replace(old, new, 1))


def test_a_receipt_of_another_ledger_is_refused() -> None:
    with pytest.raises(VerificationError, match="another ledger"):
        _verify(RECEIPT, origin="signaalketen.test/other")


@pytest.mark.parametrize(
    "receipt",
    [
        pytest.param(replace(RECEIPT, block=BLOCKS[0]), id="another block"),
        pytest.param(replace(RECEIPT, index=0), id="another height"),
        pytest.param(replace(RECEIPT, index=3), id="a height beyond the tree"),
        pytest.param(replace(RECEIPT, index=-1), id="a height before the tree"),
        pytest.param(replace(RECEIPT, proof=RECEIPT.proof[:1]), id="a step too few"),
        pytest.param(replace(RECEIPT, proof=(*RECEIPT.proof, Digest(ROOT))), id="one too many"),
    ],
)
def test_a_block_that_is_not_in_the_tree_is_refused(receipt: Receipt) -> None:
    with pytest.raises(VerificationError, match=r"inclusion|proof"):
        _verify(receipt)


def test_a_receipt_that_too_few_cosigned_is_refused() -> None:
    with pytest.raises(VerificationError, match="cosigned by 2 members"):
        _verify(replace(RECEIPT, signed=cosigned(CHECKPOINT, by=NAMES[:2])))
