"""The application: answers the engine's requests (ABCI 2.0) for one run.

    Query                   whether an engine that connects is a member's
    Info, InitChain         where this node's state stands, so that the engine replays the rest
    CheckTx                 refuses a transaction of which no entry would be appended now
    PrepareProposal         takes out of a proposal what would be skipped, or is there twice
    ProcessProposal         refuses a proposal that holds any such entry
    FinalizeBlock           foresees what the decided block brings about; the root is its app hash
    Commit                  takes the block in, in one transaction

An engine that lost its blocks shows all of them again. Up to `position` they are only rehearsed, in
memory, and must come to the state that is durable here.

A block without entries moves nothing: after a restart the engine shows it again. `Info` says the
height of the newest block that `apply` took in, so that a crash anywhere between FinalizeBlock and
the end of Commit leads to the same block again, on the same state.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from ledger.encoding import sha256
from ledger.errors import LedgerError, MalformedError
from nodes.errors import SequencerError
from nodes.sequencer.cometbft import abci_pb2 as abci
from nodes.sequencer.cometbft.answers import ACCEPT, REJECT, filtered, fixed, updates
from nodes.sequencer.cometbft.machine import Foreseen, Machine, Rehearsing
from nodes.sequencer.cometbft.misbehaviour import KINDS, Evidence, Misbehaviour
from nodes.sequencer.cometbft.transaction import (
    MAX_BLOCK_ENTRIES,
    decode_transaction,
    encode_transaction,
    entries_of,
)
from nodes.sequencer.port import Apply, Batch

_log = logging.getLogger(__name__)
VERSION = "signaalketen"
_REFUSED = 1
_RECHECK = 1
_TURNED_AWAY = 2
_SAYS_NOTHING = ("echo", "flush")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Decided:
    height: int
    entries: tuple[bytes, ...]
    foreseen: Foreseen


class Application:
    """Answers for a node that has taken in the order up to `position`."""

    def __init__(
        self,
        *,
        machine: Machine,
        apply: Apply,
        position: int,
        evidence: Evidence,
        others: Collection[str],
        on_decided: Callable[[int, tuple[bytes, ...]], None],
        on_refused: Callable[[bytes, str], None],
    ) -> None:
        """Take blocks in with `apply`; `others` may connect besides members' engines.

        `on_decided` hears of the entries of each decided block; `on_refused` of an entry that
        waits in the engine's pool and would now be skipped.
        """
        self._machine = machine
        self._apply = apply
        self.position = position
        self._evidence = evidence
        self._others = others
        self._on_decided = on_decided
        self._on_refused = on_refused
        self._rehearsal: Rehearsing | None = None
        self._rehearsed = 0
        self._decided: _Decided | None = None
        # Judging is a tenth of a millisecond an entry: too much for the loop that serves people.
        self._thread = ThreadPoolExecutor(1, "judge")
        self._answers: dict[str, Callable[[Any], Awaitable[Message]]] = {
            "info": self._info,
            "init_chain": self._init_chain,
            "query": self._query,
            "check_tx": self._check,
            "prepare_proposal": self._prepare,
            "process_proposal": self._judge,
            "finalize_block": self._finalize,
            "commit": self._commit,
        }
        self._is_introduced = True
        self._turned_away = 0
        self.passed: set[bytes] = set()
        """Digests of own transactions that were judged just before they were handed in."""

    @property
    def is_rehearsing(self) -> bool:
        """Tell whether the engine still shows what was taken in before."""
        return self._rehearsal is not None

    def rehearse(self) -> None:
        """Begin with the chain's first block again: the engine has less than this node."""
        self._rehearsal, self._rehearsed = self._machine.rehearse(), 0

    def left(self) -> None:
        """Hear that the engine closed a connection; begin anew with one that has fewer blocks.

        Such a one asks for `Info` and ends, and so may an idle one: the second time counts.
        """
        if self._is_introduced:
            return
        self._is_introduced = True
        self._turned_away += 1
        if self._turned_away == _TURNED_AWAY and self.position:
            _log.warning("the engine has fewer blocks than this node: it is shown the chain anew")
            self._turned_away = 0
            self.rehearse()

    def dismiss(self) -> None:
        """Hear that this node lets go of the engine, which then has nothing to say by leaving."""
        self._is_introduced = True

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def answer(self, request: abci.Request) -> abci.Response:
        """Return the response to a request.

        Raises:
            SequencerError: the engine asks for something that does not follow from its blocks.
            Exception: what `apply` raised.
        """
        kind = request.WhichOneof("value")
        self._note(kind)
        asked = self._answers.get(kind or "")
        if asked is None:
            return fixed(kind, request)
        # Each answer stands under the name of its request.
        answer: dict[str, Any] = {str(kind): await asked(getattr(request, str(kind)))}
        return abci.Response(**answer)

    async def refusals(self, entries: Sequence[bytes]) -> dict[int, str]:
        """Return by place the entries that would be skipped now, and why.

        What passes as a transaction is not judged again when the engine asks about it.

        Raises:
            LedgerError: this software cannot go beyond one of them.
        """
        return (await self._foresee(tuple(entries))).refused

    def _note(self, kind: str | None) -> None:
        """Remember whether anything follows the engine's first question."""
        if kind == "info":
            self._is_introduced = False
        elif kind not in _SAYS_NOTHING:
            self._is_introduced, self._turned_away = True, 0

    async def _info(self, request: abci.Empty) -> abci.InfoAnswer:
        del request
        return abci.InfoAnswer(
            data=VERSION,
            last_block_height=self._rehearsed if self.is_rehearsing else self.position,
            last_block_app_hash=self._now.root(),
        )

    async def _query(self, request: abci.Query) -> abci.QueryAnswer:
        # Asked before any block of theirs is read: strangers have nothing to say here. What is
        # durable decides, also while an engine that lost its blocks shows them from the first.
        address, peer = filtered(request.path)
        if address or peer in self._others:
            return abci.QueryAnswer()
        if any(peer == engine.id for engine in self._machine.engines().values()):
            return abci.QueryAnswer()
        return abci.QueryAnswer(code=_REFUSED, log="no member's entry names this engine")

    async def _init_chain(self, request: abci.InitChain) -> abci.InitChainAnswer:
        told = {update.pub_key.ed25519 for update in request.validators}
        if told != self._now.validators():
            raise SequencerError(
                "the engine's genesis.json is not the one of this node: write its folder anew"
            )
        return abci.InitChainAnswer(app_hash=self._now.root())

    async def _check(self, request: abci.CheckTx) -> abci.CheckTxAnswer:
        digest = sha256(request.tx)
        if request.type != _RECHECK and digest in self.passed:
            self.passed.discard(digest)
            return abci.CheckTxAnswer()
        try:
            entries = decode_transaction(request.tx)
            foreseen = await self._foresee(tuple(entries))
        except LedgerError as cause:
            return abci.CheckTxAnswer(code=_REFUSED, log=str(cause))
        if request.type == _RECHECK:
            for place, reason in foreseen.refused.items():
                self._on_refused(entries[place], reason)
        if len(foreseen.refused) < len(entries):
            return abci.CheckTxAnswer()
        return abci.CheckTxAnswer(
            code=_REFUSED, log=" ".join(sorted(set(foreseen.refused.values())))
        )

    async def _prepare(self, request: abci.PrepareProposal) -> abci.PrepareProposalAnswer:
        proposed: list[list[bytes]] = []
        count = 0
        for raw in request.txs:
            try:
                entries = decode_transaction(raw)
            except MalformedError:
                continue
            if count + len(entries) > MAX_BLOCK_ENTRIES:
                break
            proposed.append(entries)
            count += len(entries)
        try:
            refused = (await self._foresee(tuple(e for tx in proposed for e in tx))).refused
        except LedgerError as cause:
            _log.warning("an empty proposal is made: %s", cause)
            return abci.PrepareProposalAnswer()
        places = iter(range(count))
        sound = [[entry for entry in tx if next(places) not in refused] for tx in proposed]
        return abci.PrepareProposalAnswer(txs=[encode_transaction(tx) for tx in sound if tx])

    async def _judge(self, request: abci.ProcessProposal) -> abci.ProcessProposalAnswer:
        try:
            entries = tuple(e for raw in request.txs for e in decode_transaction(raw))
            if len(entries) > MAX_BLOCK_ENTRIES:
                raise MalformedError(f"over {MAX_BLOCK_ENTRIES} entries")
            refused = (await self._foresee(entries)).refused
            if refused:
                raise MalformedError(f"it holds {', '.join(sorted(set(refused.values())))}")
        except LedgerError as cause:
            _log.warning("the proposal for height %d is refused: %s", request.height, cause)
            return abci.ProcessProposalAnswer(status=REJECT)
        return abci.ProcessProposalAnswer(status=ACCEPT)

    async def _finalize(self, request: abci.FinalizeBlock) -> abci.FinalizeBlockAnswer:
        entries = entries_of(request.txs)
        self._on_decided(request.height, entries)
        for found in request.misbehavior:
            self._keep(found)
        before = self._now.validators()
        foreseen = await self._foresee(entries)
        self._decided = _Decided(request.height, entries, foreseen)
        return abci.FinalizeBlockAnswer(
            tx_results=[abci.TxResult() for _ in request.txs],
            validator_updates=updates(before, foreseen.validators),
            app_hash=foreseen.root,
        )

    async def _commit(self, request: abci.Empty) -> abci.CommitAnswer:
        del request
        decided, self._decided = self._decided, None
        if decided is None:
            raise SequencerError("the engine commits what it did not finalize")
        if self._rehearsal is not None:
            await self._rehearse(self._rehearsal, decided)
        elif decided.entries:
            await self._apply(Batch(decided.height, decided.entries))
            self.position = decided.height
            if self._machine.root() != decided.foreseen.root:
                raise SequencerError(
                    f"height {decided.height} left another root here than was told the others"
                )
        return abci.CommitAnswer()

    async def _rehearse(self, rehearsal: Rehearsing, decided: _Decided) -> None:
        await self._think(lambda: rehearsal.take(decided.entries))
        self._rehearsed = decided.height
        if decided.height < self.position:
            return
        if rehearsal.root() != self._machine.root():
            raise SequencerError("another-order: the engine's blocks are not those applied here")
        self._rehearsal = None

    def _keep(self, found: abci.Misbehavior) -> None:
        address = found.validator.address
        self._evidence.add(
            Misbehaviour(
                member=self._machine.member_of(address) or "",
                address=address.hex(),
                kind=KINDS.get(found.type, "unknown"),
                height=found.height,
                at=found.time.ToJsonString(),
            )
        )

    @property
    def _now(self) -> Machine:
        return self._machine if self._rehearsal is None else self._rehearsal

    async def _foresee(self, entries: tuple[bytes, ...]) -> Foreseen:
        # Every burst is followed by a block without entries; it is not worth a change of threads.
        if not entries:
            return self._now.foresee(entries)
        return await self._think(lambda: self._now.foresee(entries))

    async def _think(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
