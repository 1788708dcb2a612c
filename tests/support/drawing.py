"""Strategies for every value that a byte format can hold."""

from datetime import date

from hypothesis import strategies as st

from ledger.backup import ShareBackup
from ledger.block import Block
from ledger.body import Item, Share
from ledger.checkpoint import Checkpoint
from ledger.consortium import VOCABULARY
from ledger.cosignature import SignedCheckpoint
from ledger.disclosure import Disclosure
from ledger.dkg.complaint import Complaint
from ledger.dkg.contribution import Contribution
from ledger.dkg.envelope import Exchanged
from ledger.dkg.signature import Signature
from ledger.dleq import Proof
from ledger.encoding import Digest, to_base64
from ledger.entry import Entry, SignedEntry
from ledger.epoch import CLOSED, OPEN, EpochDocument, PublicShare
from ledger.exchange import message, words
from ledger.exchange.beat import COUNTS, Size
from ledger.exchange.item import CHUNK_BYTES, Piece
from ledger.generation.plan import Plan
from ledger.generation.statement import Statement, Step
from ledger.generation.trial import Trial
from ledger.group import Point, Scalar, hash_to_point
from ledger.heights import MAX_HEIGHTS, Heights
from ledger.key import KeyType, VerifierKey
from ledger.locator import LocateItem, Placement
from ledger.logbook import LoggedHours, LogRecord
from ledger.member import MemberDocument
from ledger.note import Note, SignatureLine
from ledger.pseudonym import SLOTS
from ledger.receipt import Receipt
from ledger.sdjwt import Disclosed as Claim
from ledger.sdjwt import SdJwt, to_base64url
from ledger.tile import Tile
from ledger.voprf import Alpha
from nodes.holder import Evaluation
from nodes.store.presence import PlacedSignal, Presence
from tests.support.parties import ALL
from tests.support.signers import ORIGIN

_WORD = st.characters(
    exclude_categories=("Zs", "Zl", "Zp", "Cc", "Cs"),
    exclude_characters="+",
)
_LINE = st.characters(exclude_categories=("Cc", "Cs"))
_BASE64URL = st.text("abcXYZ019-_", min_size=1, max_size=30)

digests = st.binary(min_size=32, max_size=32).map(Digest)
names = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)
key_names = st.text(_WORD, min_size=1, max_size=30)
origins = st.from_regex(r"[a-z0-9./_-]{1,30}", fullmatch=True)
lines = st.text(_LINE, max_size=30).map(lambda line: line + "\n")
texts = st.lists(lines, min_size=1, max_size=5).map("".join)
days = st.dates(date(1970, 1, 1), date(2999, 12, 31))
scalars = st.binary(min_size=64, max_size=64).filter(any).map(Scalar.reduce)
points: st.SearchStrategy[Point] = (
    st.binary(min_size=64, max_size=64).filter(any).map(hash_to_point)
)

vkeys = st.one_of(
    st.builds(
        VerifierKey,
        key_names,
        st.sampled_from([KeyType.ED25519, KeyType.COSIGNATURE]),
        st.binary(min_size=32, max_size=32),
    ),
    st.builds(
        VerifierKey,
        key_names,
        st.just(KeyType.COSIGNATURE_ML_DSA),
        st.integers(0, 255).map(lambda b: bytes([b]) * 1312),
    ),
)
signature_lines = st.builds(
    SignatureLine,
    key_names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)
signatures = st.lists(signature_lines, min_size=1, max_size=4).map(tuple)
notes = st.builds(Note, texts, signatures)

entries = st.builds(
    Entry,
    origin=origins,
    author=names,
    kind=names,
    day=days,
    commitment=st.none() | digests,
    further=st.just("") | texts,
)
signed_entries = st.builds(SignedEntry.of, entries, signatures)
blocks = st.builds(Block, st.integers(0, 10**19), digests, signed_entries)

checkpoints = st.builds(Checkpoint, key_names, st.integers(0, 10**19 - 1), digests)
signed_checkpoints = st.builds(
    lambda checkpoint, lines: SignedCheckpoint(checkpoint, Note(checkpoint.encode(), lines)),
    checkpoints,
    signatures,
)
receipts = st.builds(
    Receipt,
    st.binary(max_size=80),
    st.integers(0, 10**18),
    st.lists(digests, max_size=63).map(tuple),
    signed_checkpoints,
)
tiles = st.builds(Tile, st.none() | st.integers(0, 63), st.integers(0, 10**20), st.integers(1, 256))
bundles = st.lists(st.binary(max_size=40), max_size=256)


@st.composite
def shares(draw: st.DrawFn) -> Share:
    """Draw some items of a body and the digests of all."""
    count = draw(st.integers(1, 64))
    held = draw(st.sets(st.integers(0, count - 1), max_size=4))
    items = [
        Item(i, draw(st.binary(min_size=32, max_size=32)), draw(st.binary(max_size=40)))
        for i in sorted(held)
    ]
    every = draw(st.lists(digests, min_size=count, max_size=count))
    return Share(tuple(items), tuple(every), draw(scalars))


member_documents = st.builds(
    MemberDocument,
    version=st.integers(1, 10**9),
    url=st.from_regex(r"https://[a-z0-9.:/-]{1,40}", fullmatch=True),
    engine_key=st.just("") | digests.map(to_base64),
    engine_peer=st.from_regex(r"[0-9a-f]{40}@[A-Za-z0-9.-]{1,40}:[1-9][0-9]{0,3}", fullmatch=True),
    post_quantum=st.lists(digests, max_size=2).map(tuple),
    sealing=st.dictionaries(names, digests, max_size=3),
)
public_shares = st.builds(PublicShare, names, names, st.integers(-1, 10**6), points)
epoch_documents = st.one_of(
    st.builds(
        EpochDocument,
        names,
        st.integers(1, 2**31 - 1),
        st.just(OPEN),
        st.lists(public_shares, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        EpochDocument,
        names,
        st.integers(2**16, 2**31 - 1),
        st.just(OPEN),
        st.lists(public_shares, min_size=1, max_size=3).map(tuple),
        st.integers(1, 2**16 - 1),
    ),
    st.builds(EpochDocument, names, st.integers(1, 2**31 - 1), st.just(CLOSED), st.just(())),
)
proofs = st.builds(Proof, scalars, scalars)
schnorr_signatures = st.builds(Signature, points, scalars)
contributions = st.builds(
    Contribution,
    commitments=st.tuples(points, points),
    proof=schnorr_signatures,
    ephemeral=points,
    ciphertexts=st.tuples(*[st.binary(min_size=48, max_size=60)] * 2),
)
trials = st.builds(Trial, proofs, points)
plans = st.builds(
    Plan,
    names,
    names,
    st.integers(2**16, 2**31 - 1),
    digests,
    digests,
    st.none() | st.integers(1, 2**16 - 1),
) | st.builds(Plan, names, names, st.integers(1, 2**31 - 1), digests, digests)
statements = st.builds(
    Statement,
    origin=st.just(ORIGIN),
    member=st.sampled_from(ALL),
    plan=digests,
    step=st.sampled_from(Step),
    group=names,
    content=st.binary(max_size=60),
)
share_backups = st.builds(
    ShareBackup,
    purpose=names,
    number=st.integers(0, 2**64 - 1),
    group=names,
    index=st.integers(0, 2**64 - 1),
    public=points,
    sealed=st.binary(max_size=60),
)
complaints = st.builds(Complaint, st.builds(Exchanged, points, points), proofs)


@st.composite
def named_heights(draw: st.DrawFn) -> Heights:
    """Draw heights in order, some of them called missing."""
    named = sorted(draw(st.sets(st.integers(0, 2**63 - 1), min_size=1, max_size=MAX_HEIGHTS)))
    return Heights(tuple(named), frozenset(draw(st.sets(st.sampled_from(named)))))


erased_heights = st.sets(st.integers(1, 2**63 - 1), max_size=MAX_HEIGHTS).map(
    lambda heights: tuple(sorted(heights))
)
placements = st.builds(
    Placement, st.binary(min_size=16, max_size=16), st.binary(min_size=24, max_size=24)
)
locate_items = st.tuples(placements, placements).map(LocateItem)
evaluations = st.builds(
    Evaluation,
    number=st.integers(0, 2**64 - 1),
    group=st.text(max_size=20),
    index=st.integers(0, 2**64 - 1),
    proof=proofs,
    elements=st.lists(points, max_size=3).map(tuple),
)
placed_signals = st.builds(
    PlacedSignal,
    local_id=st.binary(min_size=16, max_size=16),
    slot=st.integers(0, SLOTS - 1),
    desk=st.integers(0, 2**16 - 1),
    height=st.integers(0, 2**64 - 1),
    entry_id=digests,
    is_live=st.booleans(),
)
presences = st.builds(
    Presence,
    digits=st.just("") | st.text("0123456789", min_size=9, max_size=9),
    purpose=names,
    epoch=st.integers(0, 2**31 - 1),
    y=st.just(b"") | st.binary(min_size=64, max_size=64),
    used=st.integers(0, 2**16 - 1),
    signals=st.lists(placed_signals, max_size=4).map(tuple),
)
alphas = st.builds(Alpha, names, points)
sdjwts = st.builds(
    SdJwt,
    st.lists(_BASE64URL, min_size=3, max_size=3).map(".".join),
    st.lists(_BASE64URL, max_size=4).map(tuple),
)
claims = st.builds(
    Claim,
    salt=st.binary(min_size=16, max_size=16),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
disclosures = st.builds(
    Disclosure, shares(), st.lists(_BASE64URL, min_size=1, max_size=4).map(tuple)
)
_IDS = st.binary(min_size=16, max_size=16)
_DESKS = st.builds("{}/{}".format, names, names)
_FULL = st.builds(
    lambda id_, count, place: Piece(id_, place % count, count, bytes(CHUNK_BYTES)),
    _IDS,
    st.integers(1, 16),
    st.integers(0, 15),
)
_LAST = st.builds(
    lambda id_, count, chunk: Piece(id_, count - 1, count, chunk),
    _IDS,
    st.integers(1, 16),
    st.binary(min_size=1, max_size=CHUNK_BYTES),
)
pieces = _FULL | _LAST
beat_sizes = st.builds(Size, st.sampled_from(COUNTS), st.booleans())
_WANTED = st.sets(st.sampled_from(VOCABULARY), min_size=1).map(
    lambda chosen: tuple(name for name in VOCABULARY if name in chosen)
)
_VISIBLE = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co"])
_CONTENTS = st.one_of(
    st.builds(message.Confirm, st.sampled_from(words.Within)),
    st.builds(message.Outcome, st.sampled_from(words.Result)),
    st.builds(message.Coordinate, _DESKS),
    st.builds(message.Request, names, names, st.sampled_from(words.Necessity), _WANTED),
    st.builds(message.Refuse, _IDS, st.sampled_from(words.Refusal)),
    st.builds(message.Grant, _IDS, st.sampled_from(words.Release), days, disclosures),
    st.builds(
        message.Text, st.text(_VISIBLE | st.just("\n"), max_size=40).filter(lambda t: t.strip())
    ),
    st.builds(message.Contest, st.sampled_from(words.Contention)),
    st.builds(message.Close, st.sampled_from(words.Ending)),
)
messages = st.builds(message.Message, _IDS, _DESKS, _CONTENTS)
base64urls = st.binary(max_size=40).map(to_base64url)
exports = st.tuples(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    signed_checkpoints.map(SignedCheckpoint.encode),
)
_spans = st.tuples(st.integers(0, 9_000_000), st.integers(0, 20_000))
logged_hours = st.builds(
    lambda span, first, count, root: LoggedHours(span[0], sum(span), first, count, root),
    _spans,
    st.integers(1, 2**63),
    st.integers(0, 2**63),
    digests,
)
_somewhat = st.text(_LINE, min_size=1, max_size=20)
_moments = st.tuples(st.integers(0, 2**60), st.integers(0, 2**60))
log_records = st.builds(
    lambda moments, **fields: LogRecord(start=moments[0], end=sum(moments), **fields),
    _moments,
    trace_id=st.binary(min_size=16, max_size=16),
    span_id=st.binary(min_size=8, max_size=8),
    parent_span_id=st.just(b"") | st.binary(min_size=8, max_size=8),
    name=_somewhat,
    activity=_somewhat,
    subject=st.just("") | _somewhat,
    subject_type=_somewhat,
    processor=st.just("") | _somewhat,
)
