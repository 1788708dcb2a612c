"""CometBFT as the sequencer: order among machines that distrust each other.

This node is the application of an engine of its own. `run` serves it, starts the engine and starts
it again if it ends; the engines of the members agree on blocks of transactions, each of which
carries one submission. A position is the height of an engine's block that holds entries.

A submission was taken once a block that holds it was decided: more than two thirds of the engines
signed it. Until then it lies in a pool that no disk keeps.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.encoding import sha256
from nodes.errors import ConfigurationError, SequencerError
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.awaited import Awaited, Outcome
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.machine import Engine, Machine
from nodes.sequencer.cometbft.misbehaviour import Evidence, Misbehaviour
from nodes.sequencer.cometbft.process import EngineProcess
from nodes.sequencer.cometbft.rpc import EngineRpc
from nodes.sequencer.cometbft.server import AbciServer
from nodes.sequencer.cometbft.transaction import encode_transaction
from nodes.sequencer.cometbft.watch import LOOK_SECONDS, Watch
from nodes.sequencer.port import MAX_SUBMISSION, Apply

_log = logging.getLogger(__name__)
_LEAST_BACKOFF_SECONDS = 0.2
_MAX_BACKOFF_SECONDS = 5.0
_BEHIND = "is higher than core"
"""What the engine says that has fewer blocks than its application."""
_DUPLICATE = "duplicate"
Refuse = Callable[[Mapping[bytes, str]], Awaitable[None]]
"""Is told entries that would be skipped, each with the reason."""
Configure = Callable[[Sequence[str]], None]
"""Writes the engine's folder so that it dials these: each <40 hex>@host:port."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """What an operator must know of the engine.

    `trouble` is why it orders nothing now, or None; `seen` is the height up to which blocks of
    others were fetched while it is still catching up, else None.
    """

    trouble: str | None
    seen: str | None
    misbehaviour: tuple[Misbehaviour, ...]


class CometSequencer:
    """A `Sequencer` over the engine in the folder `home`."""

    def __init__(
        self,
        home: Path,
        *,
        command: Path | None,
        own: str,
        genesis: Mapping[str, Engine],
        others: Collection[str] = (),
        configure: Configure | None = None,
        patience: float = 3.0,
    ) -> None:
        """Order through the engine that `command` runs, or that others run where it is None.

        `own` is the id of its connections, `genesis` says each founding member's engine; `others`
        are ids of engines that may connect besides. `configure` is called before the engine starts
        with where the members' engines are found now. A submission may take `patience` seconds.
        """
        self.genesis = genesis
        self._home = EngineHome(home)
        self._process = None if command is None else EngineProcess(command, self._home)
        self._own = own
        self._others = others
        self._configure = configure
        self._patience = patience
        self._rpc = EngineRpc(self._home.rpc)
        self._watch = Watch(self._rpc, own=own, patience=patience)
        self._evidence = Evidence(self._home.evidence)
        self._machine: Machine | None = None
        self._refuse: Refuse | None = None
        self._application: Application | None = None
        self._served = asyncio.Event()
        self._head = 0
        self._awaited = Awaited()

    def attach(self, machine: Machine, refuse: Refuse | None = None) -> None:
        """Judge and foresee with `machine`; called once, before `run`.

        `refuse` is told which entries of own submissions are not taken, and why.
        """
        self._machine = machine
        self._refuse = refuse

    async def synced(self) -> None:
        """Return once this node has what the others' engines had when its own came to them."""
        await self._watch.synced.wait()

    @property
    def pid(self) -> int | None:
        """Return the engine's process, or None where none runs or somebody else runs it."""
        return None if self._process is None else self._process.pid

    @property
    def state(self) -> EngineState:
        """Return how the engine is."""
        return EngineState(self._watch.trouble, self._watch.seen, tuple(self._evidence.all))

    async def submit(self, entries: Sequence[bytes]) -> None:
        """Bring one submission into a block; see `Sequencer`."""
        if not 1 <= len(entries) <= MAX_SUBMISSION:
            raise SequencerError(f"a submission holds 1 to {MAX_SUBMISSION} entries")
        try:
            async with asyncio.timeout(self._patience):
                await self._submit(list(entries))
        except TimeoutError as cause:
            why = await self._watch.why_nothing_moves(self._machine)
            raise SequencerError(why) from cause

    async def run(self, apply: Apply, *, after: int) -> None:
        """Follow the order; see `Sequencer`."""
        if self._machine is None:
            raise ConfigurationError("no state machine is attached to the engine")
        self._head = max(self._head, after)
        self._watch.synced.clear()
        application = Application(
            machine=self._machine,
            apply=apply,
            position=after,
            evidence=self._evidence,
            others=self._others,
            on_decided=self._decided,
            on_refused=self._awaited.settle,
        )
        if after and not self._home.has_blocks():
            application.rehearse()
        self._prepare(self._machine)
        server = AbciServer(application, self._home.abci)
        await server.open()
        self._application = application
        self._served.set()
        tasks = [
            asyncio.create_task(self._keep_running(application, self._machine)),
            asyncio.create_task(
                self._watch.run(
                    application,
                    self._machine,
                    is_running=self._is_running,
                    hang_up=server.hang_up,
                )
            ),
        ]
        try:
            done, _ = await asyncio.wait(
                [*tasks, server.failure], return_when=asyncio.FIRST_COMPLETED
            )
            for ended in done:
                ended.result()
        finally:
            self._application = None
            self._watch.ended("the engine does not run")
            for task in tasks:
                task.cancel()
            # The engine ends before its application does: it then has time to close its files.
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.close()
            application.close()
            await self._rpc.close()

    def head(self) -> int:
        """Return the height of the newest block with entries; see `Sequencer`."""
        return self._head

    def close(self) -> None:
        """Hold nothing: what `run` opened it closed."""

    async def _submit(self, entries: list[bytes]) -> None:
        application = await self._serving()
        # First of all: a block with them may be decided while they are judged.
        waiting = {entry: self._awaited.add(entry) for entry in entries}
        try:
            refused = await application.refusals(entries)
            outcomes: dict[bytes, str | None] = {entries[p]: why for p, why in refused.items()}
            sound = [entry for place, entry in enumerate(entries) if place not in refused]
            if sound:
                outcomes |= await self._order(application, {e: waiting[e] for e in sound})
        finally:
            for entry, future in waiting.items():
                self._awaited.drop(entry, future)
        # Whatever is on the chain already was taken.
        skipped = {e: why for e, why in outcomes.items() if why is not None and why != _DUPLICATE}
        if skipped and self._refuse is not None:
            await self._refuse(skipped)

    async def _order(
        self, application: Application, waiting: Mapping[bytes, Outcome]
    ) -> dict[bytes, str | None]:
        transaction = encode_transaction(list(waiting))
        digest = sha256(transaction)
        application.passed.add(digest)
        try:
            why = await self._broadcast(transaction)
        finally:
            application.passed.discard(digest)
        if why is not None:
            # A block that came meanwhile made it so.
            reasons = await application.refusals(list(waiting))
            return {entry: reasons.get(at, why) for at, entry in enumerate(waiting)}
        return {entry: await future for entry, future in waiting.items()}

    async def _broadcast(self, transaction: bytes) -> str | None:
        while True:
            try:
                return await self._rpc.broadcast(transaction, timeout=self._patience)
            except SequencerError:
                # An engine that starts, or starts again, answers in a moment.
                await asyncio.sleep(LOOK_SECONDS)

    async def _serving(self) -> Application:
        while (application := self._application) is None:
            self._served.clear()
            await self._served.wait()
        return application

    def _decided(self, height: int, entries: tuple[bytes, ...]) -> None:
        self._watch.decided()
        if entries:
            self._head = max(self._head, height)
        for entry in entries:
            self._awaited.settle(entry, None)

    def _is_running(self) -> bool:
        return self._process is None or self._process.is_running

    def _prepare(self, machine: Machine) -> None:
        """Let the engine that starts next dial whoever is a member now."""
        if self._configure is None:
            return
        engines = machine.engines().values()
        try:
            self._configure([engine.peer for engine in engines if engine.id != self._own])
        except ConfigurationError as cause:
            # A full disk, say. What was written before is whole, and does for now.
            _log.warning("the engine starts as it was configured before: %s", cause)

    async def _keep_running(self, application: Application, machine: Machine) -> None:
        """Run the engine, again after it ended by itself, until cancelled."""
        if self._process is None:
            await asyncio.Event().wait()
            return
        loop, backoff = asyncio.get_running_loop(), _LEAST_BACKOFF_SECONDS
        while True:
            begun = loop.time()
            await self._process.run()
            words = self._process.last_words()
            if _BEHIND in words:
                application.rehearse()
            self._watch.ended(why := f"the engine ended and is started again: {words}")
            _log.warning("%s", why)
            if loop.time() - begun > 2 * _MAX_BACKOFF_SECONDS:
                backoff = _LEAST_BACKOFF_SECONDS
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _MAX_BACKOFF_SECONDS)
            self._prepare(machine)
