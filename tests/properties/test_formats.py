"""The laws that every byte format owes: it survives its encoding, and has exactly one."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.backup import ShareBackup
from ledger.block import Block
from ledger.body import Share
from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint
from ledger.day import decode_day
from ledger.disclosure import Disclosure
from ledger.dkg.complaint import Complaint
from ledger.dkg.contribution import Contribution
from ledger.dkg.signature import Signature
from ledger.dleq import Proof
from ledger.encoding import enc, from_base64, split_enc, to_base64
from ledger.entry import Entry, SignedEntry
from ledger.epoch import EpochDocument
from ledger.errors import LedgerError, MalformedError
from ledger.exchange.beat import Size
from ledger.exchange.item import Piece
from ledger.exchange.message import Message
from ledger.export import ExportReader, encode_export
from ledger.generation.plan import Plan
from ledger.generation.statement import Statement
from ledger.generation.trial import Trial
from ledger.group import Point, Scalar
from ledger.heights import Heights
from ledger.key import VerifierKey
from ledger.locator import LocateItem
from ledger.logbook import LoggedHours, LogRecord
from ledger.member import MemberDocument
from ledger.note import Note, SignatureLine
from ledger.parts import decode_erasure, encode_erasure
from ledger.receipt import Receipt
from ledger.sdjwt import (
    SdJwt,
    disclosure,
    from_base64url,
    read_disclosure,
    to_base64url,
)
from ledger.tile import Tile, decode_bundle, encode_bundle
from ledger.voprf import Alpha
from nodes.holder import Evaluation
from nodes.store.presence import PlacedSignal, Presence
from tests.support import drawing
from tests.support.parties import make_consortium, make_member
from tests.support.spoiling import spoiled


@dataclass(frozen=True)
class Format:
    """A format by its `name`: `values` that it can hold, and both ways."""

    name: str
    values: st.SearchStrategy[Any]
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def _of_text(
    name: str,
    values: st.SearchStrategy[Any],
    encode: Callable[[Any], str],
    decode: Callable[[str], Any],
) -> Format:
    def read(raw: bytes) -> object:
        try:
            text = raw.decode()
        except UnicodeDecodeError as cause:
            raise MalformedError("not text") from cause
        return decode(text)

    return Format(name, values, lambda value: encode(value).encode(), read)


def _read_export(raw: bytes) -> tuple[list[bytes], bytes]:
    reader = ExportReader(BytesIO(raw).read)
    return list(reader.blocks()), reader.checkpoint()


FORMATS = [
    Format("fields", st.lists(st.binary(max_size=20)), lambda f: enc(*f), split_enc),
    Format("scalar", drawing.scalars, Scalar.encode, Scalar),
    Format("point", drawing.points, Point.encode, Point),
    Format("note", drawing.notes, Note.encode, Note.decode),
    Format("entry note", drawing.signed_entries, SignedEntry.encode, SignedEntry.decode),
    Format("block", drawing.blocks, Block.encode, Block.decode),
    Format(
        "signed checkpoint",
        drawing.signed_checkpoints,
        SignedCheckpoint.encode,
        SignedCheckpoint.decode,
    ),
    Format("receipt", drawing.receipts, Receipt.encode, Receipt.decode),
    Format("bundle", drawing.bundles, encode_bundle, decode_bundle),
    Format("share", drawing.shares(), Share.encode, Share.decode),
    Format("proof", drawing.proofs, Proof.encode, Proof.decode),
    Format(
        "signature of a generation", drawing.schnorr_signatures, Signature.encode, Signature.decode
    ),
    Format(
        "contribution",
        drawing.contributions,
        Contribution.encode,
        lambda raw: Contribution.decode(raw, threshold=2, size=2),
    ),
    Format("plan", drawing.plans, Plan.encode, Plan.decode),
    Format(
        "statement",
        drawing.statements,
        lambda statement: statement.sign(make_member(statement.member).entry),
        lambda raw: Statement.decode(raw, make_consortium().document),
    ),
    Format("trial", drawing.trials, Trial.encode, Trial.decode),
    Format("share backup", drawing.share_backups, ShareBackup.encode, ShareBackup.decode),
    Format("complaint", drawing.complaints, Complaint.encode, Complaint.decode),
    Format("disclosure", drawing.disclosures, Disclosure.encode, Disclosure.decode),
    Format("piece", drawing.pieces, Piece.encode, Piece.decode),
    Format("message", drawing.messages, Message.encode, Message.decode),
    Format("alpha", drawing.alphas, Alpha.encode, Alpha.decode),
    Format("erasure item", drawing.erased_heights, encode_erasure, decode_erasure),
    Format(
        "locate item",
        drawing.locate_items,
        lambda item: b"".join(placement.encode() for placement in item.placements),
        LocateItem.decode,
    ),
    Format("log record", drawing.log_records, LogRecord.encode, LogRecord.decode),
    Format("logged hours", drawing.logged_hours, LoggedHours.encode, LoggedHours.decode),
    Format("evaluation", drawing.evaluations, Evaluation.encode, Evaluation.decode),
    Format("placed signal", drawing.placed_signals, PlacedSignal.encode, PlacedSignal.decode),
    Format("presence", drawing.presences, Presence.encode, Presence.decode),
    Format(
        "export",
        drawing.exports,
        lambda export: b"".join(encode_export(export[0], lambda: export[1])),
        _read_export,
    ),
    _of_text("base64", st.binary(max_size=40), to_base64, from_base64),
    _of_text("base64url", st.binary(max_size=40), to_base64url, from_base64url),
    _of_text("day", drawing.days, lambda day: day.isoformat(), decode_day),
    _of_text("vkey", drawing.vkeys, VerifierKey.encode, VerifierKey.decode),
    _of_text("signature line", drawing.signature_lines, SignatureLine.encode, SignatureLine.decode),
    _of_text("entry", drawing.entries, Entry.encode, Entry.decode),
    _of_text("checkpoint", drawing.checkpoints, Checkpoint.encode, Checkpoint.decode),
    _of_text("tile", drawing.tiles, Tile.path, Tile.decode),
    _of_text(
        "member document",
        drawing.member_documents,
        MemberDocument.encode,
        MemberDocument.decode,
    ),
    _of_text("epoch document", drawing.epoch_documents, EpochDocument.encode, EpochDocument.decode),
    _of_text("heights", drawing.named_heights(), Heights.encode, Heights.decode),
    _of_text("size of a beat", drawing.beat_sizes, Size.encode, Size.decode),
    _of_text(
        "claim",
        drawing.claims,
        lambda claim: disclosure(salt=claim.salt, name=claim.name, value=claim.value),
        read_disclosure,
    ),
    _of_text("SD-JWT", drawing.sdjwts, SdJwt.encode, SdJwt.decode),
]

each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


def _verify_canonical_or_refused(form: Format, raw: bytes) -> None:
    try:
        value = form.decode(raw)
    except LedgerError:
        return
    assert form.encode(value) == raw


@each_format
@given(data=st.data())
def test_a_value_survives_its_encoding(form: Format, data: st.DataObject) -> None:
    value = data.draw(form.values)

    assert form.decode(form.encode(value)) == value


@each_format
@given(data=st.data())
def test_spoiled_bytes_are_refused_or_are_the_one_encoding_of_something(
    form: Format, data: st.DataObject
) -> None:
    raw = data.draw(spoiled(form.encode(data.draw(form.values))))

    _verify_canonical_or_refused(form, raw)


@each_format
@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_what_the_ledger_refuses(
    form: Format, raw: bytes
) -> None:
    _verify_canonical_or_refused(form, raw)


@given(export=drawing.exports, step=st.integers(1, 7))
def test_an_export_reads_the_same_through_a_pipe_that_gives_little_at_a_time(
    export: tuple[list[bytes], bytes], step: int
) -> None:
    pipe = BytesIO(b"".join(encode_export(export[0], lambda: export[1])))

    reader = ExportReader(lambda size: pipe.read(min(size, step)))

    assert (list(reader.blocks()), reader.checkpoint()) == export
