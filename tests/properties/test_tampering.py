"""No flipped bit goes unnoticed, in anything that is signed, sealed, committed to or hashed."""

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.block import NO_PREVIOUS, Block, block_hash
from ledger.body import Body, Item, Share
from ledger.checkpoint import Checkpoint
from ledger.commitment import commit
from ledger.cosignature import SignedCheckpoint, verify_exact_lines
from ledger.encoding import Digest, sha256
from ledger.entry import Entry, SignedEntry
from ledger.errors import LedgerError, VerificationError
from ledger.export import ExportReader, encode_export
from ledger.group import Scalar
from ledger.key import VerifierKey
from ledger.receipt import Receipt, verify_receipt
from ledger.rules.signal import verify_signal_share
from ledger.sdjwt import SdJwt, issue, own_claims
from ledger.seal import SealContext, SealingKey, open_sealed, seal
from ledger.tree import Frontier, leaf_hash, verify_consistency, verify_inclusion
from tests.support.signers import (
    NAMES,
    ORIGIN,
    QUORUM,
    WITNESSES,
    cosigned,
    entry_key,
    log_key,
)
from tests.support.spoiling import unnoticed_flips

CONTEXT = SealContext(ORIGIN, "signal", "uwv", "2026-11-24")
SEALING = SealingKey(bytes(range(32)))
BODY = Body(
    tuple(Item(i, bytes([i]) * 32, what) for i, what in enumerate((b"alpha", b"content", b"jwt"))),
    Scalar.reduce(b"\x03" * 64),
)


def _commitment(body: Body) -> bytes:
    point = commit(
        origin=ORIGIN,
        kind="signal",
        author="uwv",
        date="2026-11-24",
        digests=body.digests,
        r=body.r,
    )
    return point.encode()


def _signal(commitment: bytes) -> SignedEntry:
    entry = Entry(ORIGIN, "uwv", "signal", date(2026, 11, 24), commitment)
    text = entry.encode()
    return SignedEntry.of(entry, (entry_key("uwv").sign(text), entry_key("bzk").sign(text)))


SIGNED = _signal(_commitment(BODY))
BLOCK = Block(0, NO_PREVIOUS, SIGNED).encode()
SECOND = Block(1, block_hash(BLOCK), SIGNED).encode()
LEAVES = [leaf_hash(BLOCK), leaf_hash(SECOND)]
CHECKPOINT = Checkpoint(ORIGIN, 2, Frontier(0, ()).appended(LEAVES)[0].root())
LOG_LINE = log_key("uwv").sign(CHECKPOINT.encode())


def _deterministic(size: int) -> bytes:
    return bytes(range(7, 7 + size))


def _decode_vkey(raw: bytes) -> VerifierKey:
    # What is not ASCII never was a vkey; latin-1 lets every byte through to the reader.
    return VerifierKey.decode(raw.decode("latin-1"))


def _verify_entry(raw: bytes) -> None:
    signed = SignedEntry.decode(raw)
    author, storer = signed.lines
    entry_key("uwv").verifier.verify(author, signed.text)
    entry_key("bzk").verifier.verify(storer, signed.text)


def _verify_checkpoint(raw: bytes) -> None:
    verify_exact_lines(
        SignedCheckpoint.decode(raw),
        members=WITNESSES,
        log_keys=[log_key("uwv").verifier],
        quorum=QUORUM,
    )


def _verify_receipt(raw: bytes) -> None:
    verify_receipt(Receipt.decode(raw), origin=ORIGIN, members=WITNESSES, quorum=QUORUM)


def _verify_share(raw: bytes) -> None:
    verify_signal_share(Share.decode(raw), SIGNED.entry)


def _verify_opening_of(commitment: bytes) -> None:
    verify_signal_share(BODY.share([0, 1, 2]), _signal(commitment).entry)


def _open(raw: bytes) -> bytes:
    return open_sealed(raw, key=SEALING, context=CONTEXT)


def _read_claims(raw: bytes) -> dict[str, str]:
    return own_claims(SdJwt.decode(raw.decode("latin-1")), key=entry_key("uwv").verifier)


def _verify_export(raw: bytes) -> None:
    reader = ExportReader(BytesIO(raw).read)
    leaves = [leaf_hash(block) for block in reader.blocks()]
    signed = SignedCheckpoint.decode(reader.checkpoint())
    held = signed.checkpoint
    if (held.size, held.root) != (len(leaves), Frontier(0, ()).appended(leaves)[0].root()):
        raise VerificationError("the blocks are not those of the checkpoint")
    verify_exact_lines(signed, members=WITNESSES, log_keys=[], quorum=len(NAMES))


SDJWT = issue(
    {"theme": "debts", "regulation": "WW"},
    always={"iss": "uwv"},
    key=entry_key("uwv"),
    total_digests=4,
    random=_deterministic,
)
SEALED = seal(b"text", recipients=[SEALING.public], context=CONTEXT, random=_deterministic)
EXPORT = b"".join(encode_export([BLOCK, SECOND], cosigned(CHECKPOINT).encode))
# A receipt with as many cosignatures as are needed: readers pass over lines that are not known.
RECEIPT = Receipt(BLOCK, 0, (LEAVES[1],), cosigned(CHECKPOINT, by=NAMES[:QUORUM]))


@pytest.mark.parametrize(
    ("raw", "verify"),
    [
        pytest.param(entry_key("uwv").verifier.encode().encode(), _decode_vkey, id="vkey"),
        pytest.param(SIGNED.encode(), _verify_entry, id="entry"),
        pytest.param(
            cosigned(CHECKPOINT, extra=[LOG_LINE]).encode(), _verify_checkpoint, id="checkpoint"
        ),
        pytest.param(RECEIPT.encode(), _verify_receipt, id="receipt"),
        pytest.param(BODY.share([0]).encode(), _verify_share, id="share of one item"),
        pytest.param(BODY.share([0, 1, 2]).encode(), _verify_share, id="share of both items"),
        pytest.param(_commitment(BODY), _verify_opening_of, id="commitment"),
        pytest.param(SDJWT.encode().encode(), _read_claims, id="SD-JWT"),
        pytest.param(SEALED, _open, id="sealed text"),
        pytest.param(EXPORT, _verify_export, id="export"),
    ],
)
def test_no_flipped_bit_goes_unnoticed(raw: bytes, verify: Callable[[bytes], object]) -> None:
    assert unnoticed_flips(raw, verify) == []


def test_an_export_cut_anywhere_is_refused() -> None:
    _verify_export(EXPORT)

    for end in range(len(EXPORT)):
        with pytest.raises(LedgerError):
            _verify_export(EXPORT[:end])


@given(data=st.data(), added=st.binary(min_size=1, max_size=40))
def test_nothing_can_be_added_to_an_export(data: st.DataObject, added: bytes) -> None:
    at = data.draw(st.integers(0, len(EXPORT)))

    with pytest.raises(LedgerError):
        _verify_export(EXPORT[:at] + added + EXPORT[at:])


def test_every_bit_of_a_block_counts_for_the_root_and_for_the_next_block() -> None:
    def verify(raw: bytes) -> None:
        if block_hash(raw) != block_hash(BLOCK):
            raise VerificationError("another block")
        verify_inclusion(
            index=0, size=2, leaf=leaf_hash(raw), proof=[LEAVES[1]], root=CHECKPOINT.root
        )

    assert unnoticed_flips(BLOCK, verify) == []


def test_every_bit_of_a_consistency_proof_and_of_both_roots_counts() -> None:
    leaves = [sha256(bytes([i])) for i in range(7)]
    old, new = (Frontier(0, ()).appended(leaves[:n])[0].root() for n in (4, 7))
    upper = Frontier(0, ()).appended(leaves[4:])[0].root()

    def verify(raw: bytes) -> None:
        verify_consistency(
            old=4,
            old_root=Digest(raw[:32]),
            new=7,
            new_root=Digest(raw[32:64]),
            proof=[Digest(raw[64:])],
        )

    assert unnoticed_flips(old + new + upper, verify) == []
