"""Posting a whole file: batches of a hundred, a few at a time, taken up again after a stop.

What was in flight when a run stopped goes first, under its old keys; then every line that is not
posted yet. A refused line stops nobody else.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from api.client.errors import AnsweredError, ClientError
from api.client.import_record import Batch, ImportRecord
from api.client.node import MAX_BATCH, NodeClient, Refused, Taken
from api.client.signal_lines import SignalLines

BATCHES_IN_FLIGHT = 4
_REFUSED_WHOLE = frozenset({400, 413, 422})


@dataclass(slots=True)
class Tally:
    """What became of a file: `already` were posted by earlier runs, `waiting` are not final."""

    already: int = 0
    posted: int = 0
    waiting: int = 0
    refused: dict[int, str] = field(default_factory=dict)


class Importer:
    """Posts `lines` to a node; `tally` grows as it goes, and stands when a run breaks off."""

    def __init__(
        self,
        lines: SignalLines,
        *,
        client: NodeClient,
        record: ImportRecord,
        batch_size: int = MAX_BATCH,
    ) -> None:
        """Send nothing yet.

        Raises:
            ImportRecordError: posted lines have moved in the file.
        """
        record.verify_unmoved(lines.sound)
        self._lines = lines.sound
        self._client = client
        self._record = record
        self.tally = Tally(already=len(record.posted), refused=dict(lines.refused))
        flying = {number for batch in record.in_flight.values() for number in batch.lines}
        left = [n for n in self._lines if n not in record.posted and n not in flying]
        self.total = len(left) + len(flying)
        """How many lines this run sends."""
        self._queue: deque[Batch | tuple[int, ...]] = deque(record.in_flight.values())
        self._queue.extend(
            tuple(left[start : start + batch_size]) for start in range(0, len(left), batch_size)
        )
        self._answered = 0

    def run(self, *, progress: Callable[[int], None] = lambda _: None) -> None:
        """Send everything that is left; `progress` is told how many lines are answered.

        Raises:
            ClientError: the node cannot be reached or takes nothing; the record holds how far.
        """
        failure: ClientError | None = None
        flying: dict[Future[list[Taken | Refused]], Batch] = {}
        with ThreadPoolExecutor(BATCHES_IN_FLIGHT) as pool:
            while flying or (self._queue and failure is None):
                while self._queue and failure is None and len(flying) < BATCHES_IN_FLIGHT:
                    batch = self._begun(self._queue.popleft())
                    flying[pool.submit(self._send, batch)] = batch
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    try:
                        self._take(flying.pop(future), future)
                        progress(self._answered)
                    except ClientError as cause:
                        # Answers that are still to come are written down before it ends.
                        failure = failure or cause
        if failure is not None:
            raise failure

    def _begun(self, item: Batch | tuple[int, ...]) -> Batch:
        if isinstance(item, Batch):
            return item
        return self._record.begin({number: self._lines[number] for number in item})

    def _send(self, batch: Batch) -> list[Taken | Refused]:
        signals = [self._lines[number] for number in batch.lines]
        return self._client.post_batch(signals, key=self._record.key(batch))

    def _take(self, batch: Batch, future: "Future[list[Taken | Refused]]") -> None:
        try:
            outcomes = future.result()
        except AnsweredError as cause:
            if cause.status not in _REFUSED_WHOLE:
                raise
            outcomes = self._refused_whole(batch, str(cause))
        posted = {}
        for number, outcome in zip(batch.lines, outcomes, strict=False):
            if isinstance(outcome, Taken):
                posted[number] = outcome.local_id
                self.tally.waiting += not outcome.is_final
            else:
                self.tally.refused[number] = outcome.reason
        self._record.answer(batch, posted, self._lines)
        self.tally.posted += len(posted)
        self._answered += len(outcomes)

    def _refused_whole(self, batch: Batch, reason: str) -> list[Taken | Refused]:
        """Find the line that spoils a batch: nothing of it was taken, so halves may go anew."""
        if len(batch.lines) == 1:
            return [Refused(reason)]
        middle = len(batch.lines) // 2
        self._queue.extend((batch.lines[:middle], batch.lines[middle:]))
        return []
