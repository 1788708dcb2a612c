"""A clock that a test turns, an order in memory, and wires between nodes that a test cuts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from ledger.errors import LedgerError
from nodes.errors import NodeError, PeerUnreachableError, SequencerError
from nodes.sequencer.port import MAX_SUBMISSION, Apply, Batch

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
Answer = Callable[[bytes], Awaitable[bytes]]


class FakeClock:
    """A `Clock` that stands still until it is turned."""

    def __init__(self, moment: datetime = NOON) -> None:
        """Stand at `moment`."""
        self.moment = moment

    def now(self) -> datetime:
        """Return the time; see `Clock`."""
        return self.moment

    def today(self) -> date:
        """Return the day; see `Clock`."""
        return self.moment.date()

    def turn(self, *, days: int = 0, seconds: int = 0) -> None:
        """Go on, or back, by so much."""
        self.moment += timedelta(days=days, seconds=seconds)


class MemoryOrder:
    """What the sequencers of one consortium share; `refusal` is why it takes nothing now."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.submissions: list[tuple[bytes, ...]] = []
        self.refusal: str | None = None
        self._grown: list[asyncio.Event] = []

    def append(self, entries: Sequence[bytes]) -> None:
        """Add a submission and wake who follows."""
        if self.refusal is not None:
            raise SequencerError(self.refusal)
        self.submissions.append(tuple(entries))
        for event in self._grown:
            event.set()

    def watch(self) -> asyncio.Event:
        """Return an event that is set whenever the order grows."""
        self._grown.append(asyncio.Event())
        return self._grown[-1]


class MemorySequencer:
    """A `Sequencer` over a `MemoryOrder`: a batch is a submission."""

    def __init__(self, order: MemoryOrder) -> None:
        """Submit to `order` and follow it."""
        self._order = order

    async def submit(self, entries: Sequence[bytes]) -> None:
        """Append a submission; see `Sequencer`."""
        if not 1 <= len(entries) <= MAX_SUBMISSION:
            raise SequencerError(f"a submission holds 1 to {MAX_SUBMISSION} entries")
        self._order.append(entries)

    async def run(self, apply: Apply, *, after: int) -> None:
        """Follow the order; see `Sequencer`."""
        if after > self.head():
            raise SequencerError("the order holds less than this node has applied")
        grown = self._order.watch()
        while True:
            grown.clear()
            while after < self.head():
                await apply(Batch(after + 1, self._order.submissions[after]))
                after += 1
            await grown.wait()

    def head(self) -> int:
        """Return how many submissions there are; see `Sequencer`."""
        return len(self._order.submissions)

    def close(self) -> None:
        """Hold nothing."""


class Wires:
    """Carries messages between nodes of one process, as far as it is let.

    `down` holds the URLs that nothing reaches or leaves. A filter in `lose_requests` or
    `lose_answers` is asked about every message (sender's URL, URL, message) and loses it by saying
    True. A message takes `delay` seconds each way.
    """

    def __init__(self) -> None:
        """Connect nobody yet."""
        self.answers: dict[str, Answer] = {}
        self.down: set[str] = set()
        self.delay = 0.0
        self.lose_requests: Callable[[str, str, bytes], bool] = _nothing
        self.lose_answers: Callable[[str, str, bytes], bool] = _nothing
        self.sent: list[tuple[str, str]] = []
        """(sender's URL, URL) of every message that was handed in."""

    def end(self, url: str) -> "WireEnd":
        """Return the transport of the node at `url`."""
        return WireEnd(self, url)

    async def carry(self, sender: str, url: str, message: bytes, *, timeout: float) -> bytes:
        """Bring a message to the node at `url` and its answer back."""
        self.sent.append((sender, url))
        answer = self.answers.get(url)
        if answer is None or not self.down.isdisjoint({sender, url}):
            raise PeerUnreachableError(f"{url} does not answer: nobody is there")
        if self.lose_requests(sender, url, message):
            raise PeerUnreachableError(f"{url} does not answer: the request was lost")
        try:
            async with asyncio.timeout(timeout):
                await asyncio.sleep(self.delay)
                answered = await answer(message)
                await asyncio.sleep(self.delay)
        except TimeoutError as cause:
            raise PeerUnreachableError(f"{url} does not answer in time") from cause
        except (LedgerError, NodeError) as cause:
            raise PeerUnreachableError(f"{url} answers with an error") from cause
        if not self.down.isdisjoint({sender, url}) or self.lose_answers(sender, url, answered):
            raise PeerUnreachableError(f"{url} does not answer: the answer was lost")
        return answered


class WireEnd:
    """A `Transport` over `Wires`."""

    def __init__(self, wires: Wires, url: str) -> None:
        """Send as the node at `url`."""
        self._wires = wires
        self._url = url

    async def send(self, url: str, message: bytes, *, timeout: float) -> bytes:
        """Carry the message; see `Transport`."""
        return await self._wires.carry(self._url, url, message, timeout=timeout)

    async def close(self) -> None:
        """Hold nothing."""


def _nothing(sender: str, url: str, message: bytes) -> bool:
    return False
