"""The sequencer: one agreed order of submissions among the members."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_SUBMISSION = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Entry notes in agreed order, after which the order stands at `position`."""

    position: int
    entries: tuple[bytes, ...]


Apply = Callable[[Batch], Awaitable[None]]
"""Takes a batch in durably before it returns; called with each batch once, in order."""


class Sequencer(Protocol):
    """Puts submissions in one order. `tests/contract` holds every adapter to this."""

    async def submit(self, entries: Sequence[bytes]) -> None:
        """Hand in 1 to 64 entry notes that belong together and keep their order.

        Returns once the order will hold them whatever happens to this node. An order among
        machines takes only while `run` follows it; what every node would skip as things stand it
        does not take at all, and tells whoever follows it so.

        Raises:
            SequencerError: the order cannot take them now. Hand them in again: what it took all
                the same it skips as a duplicate.
        """

    async def run(self, apply: Apply, *, after: int) -> None:
        """Call `apply` with every batch behind position `after`, then with each new one.

        Runs until cancelled, one run at a time. What `apply` raises ends it.

        Raises:
            SequencerError: the order does not reach as far as `after`: it is another one.
        """

    def head(self) -> int:
        """Return the position behind the newest batch.

        Raises:
            SequencerError: the order cannot be read now.
        """

    def close(self) -> None:
        """Let go of files and connections."""
