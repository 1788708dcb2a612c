"""The replica: this node's own copy of the chain, and the state that follows from it.

`apply` runs in the writer's transaction: blocks, tree nodes and the cursor into the order move
together, so that after a crash the node goes on exactly where its disk is.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock

from sqlalchemy import Connection

from ledger.block import Block, block_hash
from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from ledger.day import decode_day
from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS, SignedEntry
from ledger.errors import MalformedError, RefusedError
from ledger.rules.kind import Admission
from ledger.state import STALE_AFTER, Appended, State, admission_of
from ledger.tree import Frontier, frontier_at, leaf_hash, root_at
from nodes.errors import ConfigurationError, StorageError
from nodes.sequencer.port import Batch
from nodes.store import chain as store
from nodes.store.allowances import load_allowances, note_allowances
from nodes.store.database import Database
from nodes.store.dates import keep_dates, load_dates
from nodes.store.outstanding import excuse, load_outstanding, note_outstanding

_log = logging.getLogger(__name__)
_APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class Applied:
    """What one batch did: new blocks, and refusals as (entry id or None, reason)."""

    appended: tuple[Appended, ...]
    refused: tuple[tuple[Digest | None, str], ...]
    tip: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Foresight:
    """What entries would do to a chain of `height` blocks; `state` and `frontier` are as behind it.

    `refused` holds (place among the entries, entry id or None, reason).
    """

    entries: tuple[bytes, ...]
    height: int
    appended: tuple[Appended, ...]
    refused: tuple["Refusal", ...]
    state: State
    frontier: Frontier


class Replica:
    """The chain of one ledger as this node has it; `tip` is what is durable."""

    def __init__(self, database: Database, founding: SignedEntry) -> None:
        """Read the chain back; block 0 must be `founding`, the consortium's own anchor.

        Raises:
            ConfigurationError: the database holds another chain.
        """
        self._database = database
        self._founding = founding
        self._state: State | None = None
        self._loading = Lock()
        self._moving = Lock()
        self._foreseen: Foresight | None = None
        self._frontier = Frontier(0, ())
        with database.read() as connection:
            self._load(connection)
            first = store.block_at(connection, 0)
        if first is not None and Block.decode(first).signed.id != founding.id:
            raise ConfigurationError("the database holds a chain with another founding entry")
        self.tip = self._checkpoint()

    @property
    def founding(self) -> Digest:
        """Return the id of the entry that begins the chain."""
        return self._founding.id

    @property
    def state(self) -> State:
        """Return the state after the last applied batch."""
        state = self._state
        if state is not None:
            return state
        # The event loop and the writer's thread both come here; two loads would be two states.
        with self._loading, self._database.read() as connection:
            return self._state or self._load(connection)

    @property
    def document(self) -> Consortium | None:
        """Return the document in force, or None before block 0."""
        return self.state.document

    def document_at(self, connection: Connection, height: int) -> Consortium | None:
        """Return the document in force at the block `height`, however far this node has applied."""
        heights = store.consortium_heights(connection)
        below = [at for at in heights if at < height]
        if below == heights:
            return self.state.document
        raw = store.block_at(connection, below[-1]) if below else None
        return None if raw is None else decode_consortium(Block.decode(raw).signed.entry.further)

    def position(self, connection: Connection) -> int:
        """Return how far into the order this node has applied."""
        return store.cursor(connection, _APPLIED)

    def apply(self, connection: Connection, batch: Batch) -> Applied:
        """Take in a batch; everything of it or, if the transaction is lost, nothing."""
        try:
            return self._apply(connection, batch)
        except BaseException:
            # Half of the batch may be in the state, and none of it on disk.
            self.forget()
            raise

    def foresee(self, entries: tuple[bytes, ...]) -> Foresight:
        """Compute what a batch would do and change nothing; `apply` of the same need not again.

        Raises:
            UpgradeRequiredError: an entry is the end of what this software can read.
        """
        with self._moving:
            now, frontier = self.state, self._frontier
            known = self._foreseen
            if known is not None and (known.height, known.entries) == (now.height, entries):
                return known
            trial = now.trial()
        appended, refused = take_all(trial, entries, founding=self._founding.id)
        frontier, _ = frontier.appended([leaf_hash(new.raw) for new in appended])
        foreseen = Foresight(entries, now.height, tuple(appended), tuple(refused), trial, frontier)
        self._foreseen = foreseen
        return foreseen

    def forget(self) -> None:
        """Drop what was computed in a transaction that was lost; it is read back when needed."""
        self._state = None

    def checkpoint_at(self, connection: Connection, size: int) -> Checkpoint:
        """Return the checkpoint of the first `size` blocks."""
        document = self.state.document
        origin = self._founding.entry.origin if document is None else document.origin
        return Checkpoint(origin, size, root_at(store.TreeNodes(connection), size))

    def _apply(self, connection: Connection, batch: Batch) -> Applied:
        state = self.state
        document, dates = state.document, state.dates.copy()
        with self._moving:
            foreseen, self._foreseen = self._foreseen, None
            if foreseen is not None and _is_of(foreseen, batch, state):
                appended, skipped = list(foreseen.appended), list(foreseen.refused)
                for new in appended:
                    _take_foreseen(state, new)
            else:
                appended, skipped = take_all(state, batch.entries, founding=self._founding.id)
            self._frontier, nodes = self._frontier.appended([leaf_hash(a.raw) for a in appended])
        refused = [(entry_id, reason) for _, entry_id, reason in skipped]
        for _, reason in refused:
            _log.info("entry skipped: %s", reason)
        store.add_blocks(connection, appended, nodes)
        note_outstanding(connection, appended, now=state.outstanding)
        note_allowances(connection, appended, now=state.allowances)
        if state.dates != dates:
            keep_dates(connection, state.dates)
        if state.document is not document:
            excuse(connection, now=state.outstanding)
        store.count_refusals(connection, [reason for _, reason in refused])
        store.move_cursor(connection, _APPLIED, batch.position)
        return Applied(tuple(appended), tuple(refused), self._checkpoint())

    def _checkpoint(self) -> Checkpoint | None:
        document = self.state.document
        if document is None:
            return None
        return Checkpoint(document.origin, self._frontier.size, self._frontier.root())

    def _load(self, connection: Connection) -> State:
        size = store.chain_size(connection)
        state = State()
        for raw in store.governance_blocks(connection):
            block = Block.decode(raw)
            state.height = block.height
            state.rule(block.signed.entry.kind).admit(
                admission_of(block.signed), block.signed, state
            )
        state.outstanding = load_outstanding(connection)
        state.allowances = load_allowances(connection)
        state.recent.clear()
        state.posted.clear()
        state.height = size
        if size:
            state.previous = _hash_of(store.block_at(connection, size - 1))
        state.dates = load_dates(connection)
        since = date.min if state.chain_day is None else state.chain_day - STALE_AFTER
        for entry_id, author, kind, day in store.headers_since(connection, since.isoformat()):
            state.remember(Admission(Digest(entry_id), author, kind, decode_day(day), ()))
        self._frontier = frontier_at(store.TreeNodes(connection), size)
        self._state = state
        return state


Refusal = tuple[int, Digest | None, str]
"""An entry that is skipped: its place in the batch, its id if it has one, the reason."""


def take_all(
    state: State, entries: Sequence[bytes], *, founding: Digest
) -> tuple[list[Appended], list[Refusal]]:
    """Let `state` take in entries, the first of them the one with the id `founding`."""
    appended: list[Appended] = []
    refused: list[Refusal] = []
    for place, raw in enumerate(entries):
        try:
            if state.height == 0:
                _verify_founding(raw, founding)
            appended.append(state.apply(raw))
        except RefusedError as refusal:
            refused.append((place, entry_id_of(raw), refusal.reason))
    return appended, refused


def _verify_founding(raw: bytes, founding: Digest) -> None:
    try:
        found = SignedEntry.decode(raw).id
    except MalformedError as cause:
        raise RefusedError("malformed", str(cause)) from cause
    if found != founding:
        raise RefusedError("no-document", "not the founding entry that this node trusts")


def _is_of(foreseen: Foresight, batch: Batch, state: State) -> bool:
    return (foreseen.height, foreseen.entries) == (state.height, batch.entries)


def _take_foreseen(state: State, new: Appended) -> None:
    """Let `state` take in a block that a trial of it appended: its signatures were verified."""
    is_document = new.admission.kind in DOCUMENT_KINDS
    state.admit(new.admission, Block.decode(new.raw).signed if is_document else None)
    state.advance(new.raw)


def _hash_of(raw: bytes | None) -> Digest:
    if raw is None:
        raise StorageError("the newest block is missing")
    return block_hash(raw)


def entry_id_of(raw: bytes) -> Digest | None:
    """Return the id of an entry note, or None of what is none."""
    try:
        return SignedEntry.decode(raw).id
    except MalformedError:
        return None
