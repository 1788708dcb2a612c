"""The watch: looks now and then how the engine is, and says so in words."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nodes.errors import SequencerError
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.machine import Machine
from nodes.sequencer.cometbft.rpc import EngineRpc

_log = logging.getLogger(__name__)
LOOK_SECONDS = 0.05
ALONE_SECONDS = 10.0
"""How long an engine may be without any other before it is started again."""
STUCK_SECONDS = 15.0
"""How long it may be before the first block of others is there; at a founding it is five."""
_ANOTHER_GENESIS = (
    "the others' engines are there, and their first block does not follow from `engine.genesis`: "
    "compare the file's SHA-256 with theirs"
)
_ASK_SECONDS = 1.0
_STRIDE = 2
"""An engine that decides with the others has all blocks but the one that they are about to make;
under load one of them may be a block ahead."""


class _Lasting:
    """How long something has lasted, as one who looks now and then knows it."""

    def __init__(self) -> None:
        self._since: float | None = None

    def seconds(self, holds: bool) -> float:
        """Return since when it was seen to hold every time, 0 where it does not."""
        now = asyncio.get_running_loop().time()
        self._since = (now if self._since is None else self._since) if holds else None
        return 0.0 if self._since is None else now - self._since


class Watch:
    """What is known of the engine behind `rpc`.

    `trouble` is why it orders nothing now, or None. `seen` is up to where blocks of others were
    fetched while it catches up, else None. `synced` is set once it has caught up.
    """

    def __init__(self, rpc: EngineRpc, *, own: str, patience: float) -> None:
        """Expect the engines of the members; `own` is the id of this one's connections."""
        self._rpc = rpc
        self._own = own
        self._patience = patience
        self.trouble: str | None = "the engine is not started yet"
        self.seen: str | None = None
        self.synced = asyncio.Event()
        self._is_alone = False

    async def run(
        self,
        application: Application,
        machine: Machine,
        *,
        is_running: Callable[[], bool],
        hang_up: Callable[[], None],
    ) -> None:
        """Look until cancelled; what a process that is not `is_running` lacks is known already.

        An engine gives up dialling: at once one that the others turn away, which let it in a moment
        later, and after hours one whose network was gone. `hang_up` lets it start anew.

        Raises:
            SequencerError: this node has applied more than there is.
        """
        alone, stuck, still = _Lasting(), _Lasting(), _Lasting()
        height = ""
        while True:
            try:
                sync = await self._rpc.status(timeout=_ASK_SECONDS)
                # Only an engine that says it has caught up, and newly so, is held against others.
                is_clear = sync["catching_up"] or self.synced.is_set()
                ahead = [] if is_clear else await self._rpc.heights(timeout=_ASK_SECONDS)
                self.trouble = await self._why_too_few(machine)
            except SequencerError as cause:
                alone = _Lasting()
                if is_running():
                    self.trouble = str(cause)
            else:
                self._note(sync, application, ahead)
                if alone.seconds(self._is_alone) > ALONE_SECONDS:
                    _log.warning("the engine reaches no other, and is started again")
                    alone = _Lasting()
                    hang_up()
                begins = sync["latest_block_height"] == "0" and not self.synced.is_set()
                if stuck.seconds(begins and not self._is_alone) > STUCK_SECONDS:
                    self.trouble = _ANOTHER_GENESIS
                moves = sync["latest_block_height"] != height or sync["catching_up"]
                height = sync["latest_block_height"]
                if still.seconds(application.is_rehearsing and not moves) > self._patience:
                    raise SequencerError(
                        "sequencer-behind: the others' engines hold less than this node has "
                        "applied; is `engine.genesis` the one of this chain?"
                    )
            await asyncio.sleep(_ASK_SECONDS if self.synced.is_set() else LOOK_SECONDS)

    def decided(self) -> None:
        """Hear that a block was decided: the order moves, unless the engine only shows old ones."""
        if self.synced.is_set():
            self.trouble = None

    def ended(self, why: str) -> None:
        """Hear that the engine is gone: the next one has to catch up."""
        self.trouble, self.seen = why, None
        self.synced.clear()

    async def why_nothing_moves(self, machine: Machine | None) -> str:
        """Return the best reason there is for a block that does not come."""
        if machine is not None:
            try:
                self.trouble = await self._why_too_few(machine) or self.trouble
            except SequencerError as cause:
                self.trouble = self.trouble or str(cause)
        return self.trouble or f"no block was decided within {self._patience:g} s"

    def _note(
        self, sync: Mapping[str, Any], application: Application, ahead: Sequence[int]
    ) -> None:
        height, at = sync["latest_block_height"], sync["latest_block_time"][:19]
        # The engine says that it is done before it has the newest blocks.
        is_short = any(other > int(height) + _STRIDE for other in ahead)
        is_behind = bool(sync["catching_up"]) or application.is_rehearsing or is_short
        self.seen = f"height {height}, of {at}" if is_behind else None
        if not is_behind:
            self.synced.set()

    async def _why_too_few(self, machine: Machine) -> str | None:
        """Return who is missing where too few engines are there to decide anything, else None."""
        present = await self._rpc.peers(timeout=_ASK_SECONDS)
        # One's own engine is there.
        present.add(self._own)
        engines, count = machine.engines(), len(machine.validators())
        others = {engine.id for engine in engines.values()} - {self._own}
        self._is_alone = bool(others) and present == {self._own}
        deciding = {name: e.id for name, e in engines.items() if e.key is not None}
        if present == {self._own} and self._own not in deciding.values():
            return (
                "no member's engine can be reached, or none lets this one in: has a `member` entry "
                "that names it been handed in at another member?"
            )
        away = sorted(name for name, peer in deciding.items() if peer not in present)
        there = len(deciding) - len(away)
        if 3 * there > 2 * count or not away:
            return None
        return (
            f"too few engines are there to decide: {', '.join(away)} cannot be reached, and more "
            f"than two thirds of {count} are needed"
        )
