"""The audit: everything that an outsider can check of a chain, in one pass over its blocks.

Checked of every block: canonical bytes, its height and link, its entry's signatures under the
document in force, and that the state machine admits it there. Checked of the whole: the Merkle root
and size against the final checkpoint, a quorum of its cosignatures, that every line under it
verifies, that the trusted document stands on the chain byte for byte, and that no other checkpoint
handed in contradicts it.

Signatures cost nearly all of the time, so blocks are checked in chunks by `check_chunk`, which may
run in other processes; what needs the order of blocks happens here, in a few microseconds each.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ledger.block import Block, block_hash
from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from ledger.cosignature import SignedCheckpoint, post_quantum_cosigners, verify_exact_lines
from ledger.elsewhere import Elsewhere, Fault
from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.rules.kind import Admission
from ledger.state import (
    State,
    UpgradeRequiredError,
    admission_of,
    founding_document,
    verify_entry,
)
from ledger.tree import EMPTY_ROOT, Frontier, leaf_hash

CHUNK_BLOCKS = 256
MAX_FINDINGS = 100
NOT_CHECKED = (
    "what the commitments hide: bodies, their truth, and whether they still exist anywhere",
    "signals that an agency never posted, or that were held back before they were posted",
    "whether the members keep their keys, disks and clocks as they should",
    "blocks after the final checkpoint",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: at block `height`, or of the whole where that is None."""

    height: int | None
    reason: str
    detail: str


@dataclass(slots=True)
class Report:
    """What an audit saw. Sound when there are no findings; `counts` is by (author, kind).

    `unlocated` are heights of signals whose `locate` is late, `late` (height of a `locate`, member)
    where an answer is: the chain is sound, and says in public who owes what. `post_quantum` are the
    `cosigners` that also signed with a key of type 06.
    """

    size: int = 0
    root: Digest = EMPTY_ROOT
    document_version: int = 0
    first_day: date | None = None
    last_day: date | None = None
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    cosigners: dict[str, int] = field(default_factory=dict)
    post_quantum: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    unlocated: list[int] = field(default_factory=list)
    late: list[tuple[int, str]] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings

    def add(self, height: int | None, reason: str, detail: str) -> None:
        """Record a finding; after a hundred, only the fact that there are more."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(height, reason, detail))
        elif len(self.findings) == MAX_FINDINGS:
            self.findings.append(Finding(None, "more", "further findings are not listed"))


class Checked(NamedTuple):
    """A block whose own bytes hold; `fault` is what does not, as (reason, detail)."""

    height: int
    previous: Digest
    hash: Digest
    leaf: Digest
    admission: Admission | None
    fault: tuple[str, str] | None


class Chunk(NamedTuple):
    """Successive blocks under one document; `document` is its text, or None before the first."""

    first: int
    document: str | None
    blocks: list[bytes]


class CheckedChunk(NamedTuple):
    """A chunk and what `check_chunk` found of each of its blocks."""

    chunk: Chunk
    results: list[Checked]


Run = Callable[[Callable[[Chunk], CheckedChunk], Iterable[Chunk]], Iterable[CheckedChunk]]
"""How chunks are checked: like `map`, in order; it may run ahead by a bounded number."""


def check_chunk(chunk: Chunk) -> CheckedChunk:
    """Check what needs no history of each block of `chunk`."""
    document = None if chunk.document is None else _read(chunk.document)
    results = [_check(raw, document) for raw in chunk.blocks]
    return CheckedChunk(chunk, results)


def audit(
    blocks: Iterable[bytes],
    *,
    trusted: Consortium,
    final: Callable[[], bytes],
    others: Sequence[bytes] = (),
    run: Run = map,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check a chain from its blocks on.

    Args:
        blocks: every block from height 0; it may raise MalformedError where its source breaks off.
        trusted: any version of the document that the reader trusts.
        final: returns the final checkpoint note; asked once, after the last block.
        others: checkpoint notes from elsewhere that must agree.
        run: how chunks are checked; `map` by default.
        progress: told the number of blocks checked, now and then.
    """
    return _Audit(trusted, others).run(blocks, final=final, run=run, progress=progress)


class _Audit:
    """One run: the state machine, the tree and the report, carried from chunk to chunk."""

    def __init__(self, trusted: Consortium, others: Sequence[bytes]) -> None:
        self.report = Report()
        self._trusted = trusted
        self._is_anchored = False
        self._state = State()
        self._frontier = Frontier(0, ())
        self._elsewhere = Elsewhere(others, trusted)
        self._add(self._elsewhere.faults)
        self._compare()

    def run(
        self,
        blocks: Iterable[bytes],
        *,
        final: Callable[[], bytes],
        run: Run,
        progress: Callable[[int], None],
    ) -> Report:
        try:
            for checked in run(check_chunk, _chunks(blocks)):
                self._take(checked)
                progress(self._frontier.size)
            self._conclude(final())
        except MalformedError as cause:
            self.report.add(None, "malformed", str(cause))
        self.report.size = self._frontier.size
        self.report.root = self._frontier.root()
        return self.report

    def _take(self, checked: CheckedChunk) -> None:
        document = self._state.document
        in_force = None if document is None else document.raw
        if checked.chunk.document != in_force:
            # The chunk was checked under a document that was then refused.
            checked = check_chunk(checked.chunk._replace(document=in_force))
        for position, (raw, result) in enumerate(
            zip(checked.chunk.blocks, checked.results, strict=True), start=checked.chunk.first
        ):
            self._take_block(position, raw, result)
        self._append([result.leaf for result in checked.results])

    def _take_block(self, position: int, raw: bytes, result: Checked) -> None:
        state = self._state
        if result.admission is None or result.fault is not None:
            self.report.add(position, *(result.fault or ("malformed", "unreadable")))
        else:
            if result.height != position:
                self.report.add(position, "height", f"it says that it is block {result.height}")
            if result.previous != state.previous:
                self.report.add(position, "link", "it does not follow the block before it")
            self._admit(position, raw, result.admission)
        state.previous = result.hash
        state.height = position + 1

    def _admit(self, position: int, raw: bytes, admission: Admission) -> None:
        signed = Block.decode(raw).signed if admission.kind in DOCUMENT_KINDS else None
        try:
            self._state.admit(admission, signed)
        except LedgerError as cause:
            self.report.add(position, _reason(cause), str(cause))
            return
        if admission.kind == "consortium" and self._state.document is not None:
            self._is_anchored |= self._state.document.raw == self._trusted.raw
            self._elsewhere.learn(self._state.document)
        key = (admission.author, admission.kind)
        self.report.counts[key] = self.report.counts.get(key, 0) + 1
        if self.report.first_day is None or admission.day < self.report.first_day:
            self.report.first_day = admission.day
        if self.report.last_day is None or admission.day > self.report.last_day:
            self.report.last_day = admission.day

    def _append(self, leaves: list[Digest]) -> None:
        """Append `leaves`, stopping where another checkpoint speaks of that size."""
        end = self._frontier.size + len(leaves)
        while leaves:
            stop = self._elsewhere.next_size(after=self._frontier.size, up_to=end)
            count = stop - self._frontier.size
            self._frontier, _ = self._frontier.appended(leaves[:count])
            leaves = leaves[count:]
            self._compare()

    def _compare(self) -> None:
        self._add(self._elsewhere.contradictions(self._frontier.size, self._frontier.root()))

    def _add(self, faults: Iterable[Fault]) -> None:
        for reason, detail in faults:
            self.report.add(None, reason, detail)

    def _conclude(self, raw: bytes) -> None:
        document = self._state.document
        if document is None:
            self.report.add(None, "document", "the chain has no founding document")
            return
        self.report.document_version = document.version
        if self._state.chain_day is not None:
            self.report.unlocated = self._state.outstanding.unlocated(self._state.chain_day)
            self.report.late = self._state.outstanding.late(self._state.chain_day)
        if not self._is_anchored:
            self.report.add(None, "document", "the trusted document is not on this chain")
        self._verify_final(raw, document)
        self._add(self._elsewhere.beyond(self._frontier.size))

    def _verify_final(self, raw: bytes, document: Consortium) -> None:
        try:
            signed = SignedCheckpoint.decode(raw)
        except LedgerError as cause:
            self.report.add(None, "checkpoint", str(cause))
            return
        self._verify_checkpoint(signed.checkpoint, document)
        try:
            self.report.cosigners = verify_exact_lines(
                signed,
                members=document.witnesses,
                log_keys=document.log_keys,
                quorum=document.quorum,
            )
            self.report.post_quantum = post_quantum_cosigners(signed, members=document.witnesses)
        except LedgerError as cause:
            self.report.add(None, "cosignature", str(cause))
            return
        self._verify_times(document.quorum)

    def _verify_checkpoint(self, checkpoint: Checkpoint, document: Consortium) -> None:
        if checkpoint.origin != document.origin:
            self.report.add(None, "checkpoint", "the final checkpoint is of another ledger")
        if checkpoint.size != self._frontier.size:
            self.report.add(
                None,
                "checkpoint",
                f"the final checkpoint has {checkpoint.size} blocks, "
                f"the chain {self._frontier.size}",
            )
        elif checkpoint.root != self._frontier.root():
            self.report.add(None, "root", "the blocks do not hash to the final checkpoint's root")

    def _verify_times(self, quorum: int) -> None:
        """Two colluding members could date entries ahead and so make all others' stale."""
        # A line of type 06 may state no time. It says nothing where a quorum states one; else
        # the few that do could state what they like.
        times = sorted(self.report.cosigners.values())
        with_time = [time for time in times if time]
        times = with_time if len(with_time) >= quorum else times
        # The middle one, and of two the earlier: one witness that states a wrong time neither
        # hides such a date nor makes one up.
        stated = datetime.fromtimestamp(times[(len(times) - 1) // 2], tz=UTC).date()
        day = self._state.chain_day
        if day is not None and day > stated + timedelta(days=1):
            self.report.add(
                None, "future", f"the chain's date {day} is ahead of its cosignatures ({stated})"
            )


def _chunks(blocks: Iterable[bytes]) -> Iterator[Chunk]:
    """Cut `blocks` into chunks, each under one document.

    The next document is read from a block that is yet to be admitted: if it is not, what follows is
    checked again under the one in force.
    """
    document: str | None = None
    gathered: list[bytes] = []
    first = 0
    try:
        for raw in blocks:
            gathered.append(raw)
            text = _document_text(raw)
            if text is not None or len(gathered) == CHUNK_BLOCKS:
                yield Chunk(first, document, gathered)
                first, gathered = first + len(gathered), []
                document = text if text is not None else document
    except MalformedError:
        # What came before the break is checked before the break is reported.
        if gathered:
            yield Chunk(first, document, gathered)
        raise
    if gathered:
        yield Chunk(first, document, gathered)


def _document_text(raw: bytes) -> str | None:
    """Return the sound document that a `consortium` block carries, or None."""
    # Block header: three lines and a blank one; kind is the entry's third.
    if raw.split(b"\n", 7)[6:7] != [b"consortium"]:
        return None
    try:
        text = Block.decode(raw).signed.entry.further
        _read(text)
    except LedgerError:
        return None
    return text


@lru_cache(maxsize=8)
def _read(text: str) -> Consortium:
    return decode_consortium(text)


def _check(raw: bytes, document: Consortium | None) -> Checked:
    digest, leaf = block_hash(raw), leaf_hash(raw)
    try:
        block = Block.decode(raw)
        verify_entry(block.signed, document or founding_document(block.signed))
    except LedgerError as cause:
        return Checked(-1, digest, digest, leaf, None, (_reason(cause), str(cause)))
    return Checked(block.height, block.previous, digest, leaf, admission_of(block.signed), None)


def _reason(cause: LedgerError) -> str:
    if isinstance(cause, RefusedError):
        return cause.reason
    return "upgrade-required" if isinstance(cause, UpgradeRequiredError) else "malformed"
