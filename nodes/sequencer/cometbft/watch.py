"""The watch: looks now and then how the engine is, and says so in words."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from nodes.errors import SequencerError
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.machine import Machine
from nodes.sequencer.cometbft.rpc import EngineRpc

LOOK_SECONDS = 0.05
_ASK_SECONDS = 1.0


class Watch:
    """What is known of the engine behind `rpc`.

    `trouble` is why it orders nothing now, or None. `seen` is up to where blocks of others were
    fetched while it catches up, else None. `synced` is set once it has caught up.
    """

    def __init__(self, rpc: EngineRpc, *, peers: Mapping[str, str], patience: float) -> None:
        """Expect the engines of `peers`, members by connection id."""
        self._rpc = rpc
        self._peers = peers
        self._patience = patience
        self.trouble: str | None = "the engine is not started yet"
        self.seen: str | None = None
        self.synced = asyncio.Event()

    async def run(
        self, application: Application, machine: Machine, is_running: Callable[[], bool]
    ) -> None:
        """Look until cancelled; what a process that is not `is_running` lacks is known already.

        Raises:
            SequencerError: this node has applied more than there is.
        """
        loop = asyncio.get_running_loop()
        height, since = "", loop.time()
        while True:
            try:
                sync = await self._rpc.status(timeout=_ASK_SECONDS)
                self.trouble = await self._why_too_few(machine)
            except SequencerError as cause:
                if is_running():
                    self.trouble = str(cause)
            else:
                self._note(sync, application)
                if sync["latest_block_height"] != height or sync["catching_up"]:
                    height, since = sync["latest_block_height"], loop.time()
                if application.is_rehearsing and loop.time() - since > self._patience:
                    raise SequencerError(
                        "sequencer-behind: the others' engines hold less than this node has "
                        "applied; is `engine.genesis` the one of this chain?"
                    )
            await asyncio.sleep(_ASK_SECONDS if self.synced.is_set() else LOOK_SECONDS)

    async def why_nothing_moves(self, machine: Machine | None) -> str:
        """Return the best reason there is for a block that does not come."""
        if machine is not None:
            try:
                self.trouble = await self._why_too_few(machine) or self.trouble
            except SequencerError as cause:
                self.trouble = self.trouble or str(cause)
        return self.trouble or f"no block was decided within {self._patience:g} s"

    def _note(self, sync: Mapping[str, Any], application: Application) -> None:
        is_behind = bool(sync["catching_up"]) or application.is_rehearsing
        height, at = sync["latest_block_height"], sync["latest_block_time"][:19]
        self.seen = f"height {height}, of {at}" if is_behind else None
        if not is_behind:
            self.synced.set()

    async def _why_too_few(self, machine: Machine) -> str | None:
        """Return who is missing where too few engines are there to decide anything, else None."""
        present = await self._rpc.peers(timeout=_ASK_SECONDS)
        count = len(machine.validators())
        away = sorted(name for peer, name in self._peers.items() if peer not in present)
        # One's own engine is there.
        there = 1 + len(self._peers) - len(away)
        if 3 * there > 2 * count or not away:
            return None
        return (
            f"too few engines are there to decide: {', '.join(away)} cannot be reached, and more "
            f"than two thirds of {count} are needed"
        )
