"""The witness: cosigns what this node has durably applied, and gathers others' cosignatures.

A checkpoint with a quorum of cosignatures makes its blocks final. The author of a new block asks
for them at once and tells the others; whoever hears nothing for a moment asks for itself.

Whoever is asked to cosign another history than its own refuses with its own checkpoint of that
size, cosigned: so both sides hold the proof that somebody lies (`nodes.store.contradictions`).
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection

from ledger.checkpoint import Checkpoint
from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint, cosign, verify_cosignature, verify_quorum
from ledger.errors import LedgerError, VerificationError
from ledger.note import Note, SignatureLine
from nodes.clock import Clock
from nodes.errors import NodeError, PeerRefusedError
from nodes.keyring import Keyring
from nodes.peers.client import Peers
from nodes.peers.port import COSIGN, FINAL
from nodes.progress import Progress
from nodes.replica import Replica
from nodes.store import chain as store
from nodes.store import contradictions
from nodes.store.database import Database
from nodes.store.writer import Writer
from nodes.vouching import Vouching

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 0.4
_RETRY_SECONDS = 0.5
_TELL_SECONDS = 0.05
NEWEST = "newest"
_FORK = "fork: "


class Witness:
    """Cosigns on request, and moves `progress.final`."""

    def __init__(
        self,
        *,
        member: str,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        peers: Peers,
        progress: Progress,
        clock: Clock,
        vouching: Vouching,
        along: Callable[[Connection, int], Callable[[], None]],
    ) -> None:
        """Cosign as `member`, and sign checkpoints that are served, with the keys of `keyring`.

        `along` is called with a size in the transaction that makes so many blocks final; what it
        returns, once that is durable.
        """
        self._member = member
        self._keyring = keyring
        self._replica = replica
        self._database = database
        self._writer = writer
        self._peers = peers
        self._progress = progress
        self._clock = clock
        self._along = along
        self.vouching = vouching
        self._urgent = asyncio.Event()
        self._background: set[asyncio.Task[object]] = set()
        self._newest: dict[str, SignedCheckpoint] = {}
        self.silent: dict[str, str] = {}
        """Witnesses that gave no cosignature when last asked, and why."""
        self.disputes: set[str] = set()
        """Witnesses whose history differs from this node's: proof that somebody lies."""

    async def cosign(self, checkpoint: Checkpoint, *, timeout: float) -> SignatureLine:
        """Return the cosignature of a prefix of this node's own history.

        Raises:
            VerificationError: it is not one, or not yet.
        """
        await self._verify_own(checkpoint, timeout=timeout)
        return self._cosign(checkpoint)

    async def cosign_outside(self, checkpoint: Checkpoint, *, timeout: float) -> SignatureLine:
        """Return the post-quantum cosignature of such a prefix, for readers who are not members.

        It states no time unless this node has nothing newer: with a time it would say so.

        Raises:
            VerificationError: as `cosign`, or the document names no key of this node for it.
        """
        await self._verify_own(checkpoint, timeout=timeout)
        document = self._document_at(checkpoint.size)
        key = None if document is None else self._keyring.post_quantum_for(document)
        if key is None:
            raise VerificationError("the document names no post-quantum key of this node")
        is_newest = checkpoint.size == self._progress.applied.value
        return cosign(checkpoint.encode(), key=key, time=self._time() if is_newest else 0)

    def hurry(self) -> None:
        """Ask for cosignatures now: somebody waits for a receipt."""
        self._urgent.set()

    def can_finalize(self) -> bool:
        """Tell whether enough witnesses cosigned when last asked; who was not asked counts."""
        document = self._replica.document
        if document is None:
            return False
        able = [w for w in document.witnesses if w.name not in self.silent]
        return len(able) >= document.quorum

    async def run(self) -> None:
        """Make blocks final until cancelled."""
        try:
            while True:
                await self._progress.applied.wait_for(self._progress.final.value + 1)
                await self._finalize()
        finally:
            for task in list(self._background):
                task.cancel()

    async def _finalize(self) -> None:
        heard_of = self._progress.applied.value
        if not self._urgent.is_set():
            await self._listen()
        if self._urgent.is_set():
            heard_of = self._progress.applied.value
        self._urgent.clear()
        # Not what was applied while this node listened: of that, too, its author is about to tell.
        if heard_of > self._progress.final.value:
            try:
                await self._seek()
            except (NodeError, LedgerError) as cause:
                _log.warning("no finality yet: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)

    async def learn(
        self, signed: SignedCheckpoint, document: Consortium, *, timeout: float
    ) -> None:
        """Take over a final checkpoint that a peer gathered.

        Raises:
            VerificationError: too few cosignatures, or of another history.
        """
        checkpoint = signed.checkpoint
        is_final = checkpoint.size <= self._progress.final.value
        if is_final and self._own(checkpoint.size) == checkpoint:
            return
        # First of all: without a quorum's signatures another root proves nothing about anybody.
        verify_quorum(signed, members=document.witnesses, quorum=document.quorum)
        if not await self._progress.applied.wait_for(checkpoint.size, timeout=timeout):
            raise VerificationError("behind: these blocks are not here yet")
        if self._own(checkpoint.size) != checkpoint:
            self.disputes.add("a quorum")
            await self._keep_contradiction(signed)
            raise VerificationError("fork: a quorum cosigned another root at this size")
        known = {(k.name, k.id) for m in document.witnesses for k in m.cosigning_keys}
        # One line a key: whoever reads what this node serves may accept no repeated one.
        lines = {(line.name, line.key_id): line for line in signed.note.signatures}
        await self._record(checkpoint, [line for key, line in lines.items() if key in known])

    async def _listen(self) -> None:
        """Give the author a moment to tell, unless something turns urgent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._urgent.wait()

    async def _seek(self) -> None:
        """Gather a quorum for all that is applied.

        Raises:
            VerificationError: too few answered.
        """
        document, tip = self._replica.document, self._replica.tip
        if document is None or tip is None:
            return
        lines: dict[str, SignatureLine] = {}
        others = [w.name for w in document.witnesses if w.name != self._member]
        if len(others) < len(document.witnesses) and self.vouching.is_done:
            lines[self._member] = self._cosign(tip)
        waiting = {asyncio.create_task(self._ask(name, tip, document)): name for name in others}
        self._keep(*waiting)
        while waiting and len(lines) < document.quorum:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                name = waiting.pop(task)
                if (line := task.result()) is not None:
                    lines[name] = line
        if len(lines) < document.quorum:
            raise VerificationError(
                f"{len(lines)} of {document.quorum} cosignatures; silent: {sorted(self.silent)}"
            )
        signed = await self._record(tip, list(lines.values()))
        for name in others:
            self._tell(name, signed)

    async def _ask(self, name: str, tip: Checkpoint, document: Consortium) -> SignatureLine | None:
        try:
            raw = await self._peers.ask(name, COSIGN, tip.encode().encode())
            line = SignatureLine.decode(raw.decode())
            key = next(k for k in document.by_name[name].cosigning_keys if k.id == line.key_id)
            verify_cosignature(line, checkpoint_text=tip.encode(), key=key)
        except (NodeError, LedgerError, UnicodeDecodeError, StopIteration) as cause:
            self.silent[name] = str(cause) or "another key than the document names"
            if isinstance(cause, PeerRefusedError) and cause.detail.startswith(_FORK):
                # Without the note: that is kept where it can be read.
                self.silent[name] = "it has another history"
                self.disputes.add(name)
                await self._take_refusal(cause.detail.removeprefix(_FORK), name, tip, document)
            return None
        self.silent.pop(name, None)
        return line

    def _tell(self, name: str, signed: SignedCheckpoint) -> None:
        is_telling = name in self._newest
        self._newest[name] = signed
        if not is_telling:
            self._keep(asyncio.create_task(self._go_on_telling(name)))

    async def _go_on_telling(self, name: str) -> None:
        """Tell a member at once, then while more becomes final at intervals, the newest only."""
        told = None
        try:
            while (signed := self._newest[name]) is not told:
                told = signed
                try:
                    await self._peers.ask(name, FINAL, signed.encode())
                except (NodeError, LedgerError) as cause:
                    # It will ask for itself.
                    _log.debug("%s was not told: %s", name, cause)
                await asyncio.sleep(_TELL_SECONDS)
        finally:
            del self._newest[name]

    async def _record(self, checkpoint: Checkpoint, lines: list[SignatureLine]) -> SignedCheckpoint:
        text = checkpoint.encode()
        ordered = sorted([self._keyring.log.sign(text), *lines], key=SignatureLine.encode)
        signed = SignedCheckpoint(checkpoint, Note(text, tuple(ordered)))
        row = store.StoredCheckpoint(
            name=NEWEST, size=checkpoint.size, note=signed.encode(), shown_at=self._time()
        )
        if checkpoint.size > self._progress.final.value:
            task = asyncio.create_task(self._make_final(row, signed))
            self._keep(task)
            # What took effect must be told even if whoever asked for it goes away meanwhile.
            await asyncio.shield(task)
        return signed

    async def _make_final(self, row: store.StoredCheckpoint, signed: SignedCheckpoint) -> None:
        def work(connection: Connection) -> Callable[[], None]:
            store.put_newer_checkpoint(connection, row)
            self.vouching.remember(connection, signed)
            return self._along(connection, row.size)

        tell = await self._writer.do(work)
        self._progress.final.reach(row.size)
        tell()

    def _own(self, size: int) -> Checkpoint:
        tip = self._replica.tip
        if tip is not None and tip.size == size:
            return tip
        with self._database.read() as connection:
            return self._replica.checkpoint_at(connection, size)

    async def _verify_own(self, checkpoint: Checkpoint, *, timeout: float) -> None:
        """Check that `checkpoint` is a prefix of this node's own history, and that it may cosign.

        Raises:
            VerificationError: it is not one, or not yet.
        """
        await self.vouching.verify(timeout=timeout)
        if not await self._progress.applied.wait_for(checkpoint.size, timeout=timeout):
            raise VerificationError(f"behind: only {self._progress.applied.value} blocks are here")
        # The blocks were committed before `applied` grew: nothing is signed that could be lost.
        own = self._own(checkpoint.size)
        if own != checkpoint:
            raise VerificationError(f"{_FORK}{self._signed(own).encode().decode()}")

    def _signed(self, own: Checkpoint) -> SignedCheckpoint:
        """Return a checkpoint of this node's history as it stands behind it."""
        text = own.encode()
        return SignedCheckpoint(own, Note(text, (self._keyring.log.sign(text), self._cosign(own))))

    async def _take_refusal(
        self, note: str, name: str, tip: Checkpoint, document: Consortium
    ) -> None:
        """Keep what a peer shows instead of cosigning `tip`, if it stands behind that."""
        keys = {(key.name, key.id): key for key in document.by_name[name].cosigning_keys}
        try:
            shown = SignedCheckpoint.decode(note.encode())
            line = next(n for n in shown.note.signatures if (n.name, n.key_id) in keys)
            key = keys[line.name, line.key_id]
            verify_cosignature(line, checkpoint_text=shown.note.text, key=key)
        except (LedgerError, StopIteration) as cause:
            _log.warning(
                "%s says that it has another history, and does not show it: %s", name, cause
            )
            return
        if shown.checkpoint.origin == tip.origin and shown.checkpoint.size <= tip.size:
            await self._keep_contradiction(shown)

    async def _keep_contradiction(self, other: SignedCheckpoint) -> None:
        """Keep a checkpoint that contradicts this node's own of that size, if it does."""
        at = other.checkpoint
        own = self._own(at.size)
        found = contradictions.Contradiction(self._signed(own).encode(), other.encode())
        if own.root != at.root:
            await self._writer.do(
                lambda c: contradictions.keep(c, size=at.size, root=at.root, found=found)
            )

    def _cosign(self, checkpoint: Checkpoint) -> SignatureLine:
        key = self._keyring.cosigning
        if len(self._keyring.generations) > 1:
            # A size from before the keys changed is judged by the document in force there.
            document = self._document_at(checkpoint.size)
            key = key if document is None else self._keyring.cosigning_for(document)
        return cosign(checkpoint.encode(), key=key, time=self._time())

    def _document_at(self, size: int) -> Consortium | None:
        with self._database.read() as connection:
            return self._replica.document_at(connection, size)

    def _time(self) -> int:
        return int(self._clock.now().timestamp())

    def _keep(self, *tasks: "asyncio.Task[object]") -> None:
        """Hold on to tasks that nobody awaits, so that they are not collected half-way."""
        for task in tasks:
            self._background.add(task)
            task.add_done_callback(self._background.discard)
