"""Checking chunks of blocks on every core, in order, never far ahead of what was taken in."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice

from ledger.audit import Checked, CheckedChunk, Chunk
from ledger.errors import MalformedError

_SERIAL_CHUNKS = 4
_AHEAD_PER_JOB = 3
Check = Callable[[Chunk], CheckedChunk]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Checkers:
    """Runs an audit's checks in `jobs` processes; see `ledger.audit.Run`."""

    def __init__(self, jobs: int) -> None:
        """Start no process yet."""
        self._jobs = jobs

    def __call__(self, check: Check, chunks: Iterable[Chunk]) -> Iterator[CheckedChunk]:
        """Yield what `check` says of each chunk, in order."""
        reader = iter(chunks)
        # Processes take longer to start than a short chain to check.
        yield from map(check, islice(reader, None if self._jobs == 1 else _SERIAL_CHUNKS))
        for chunk in reader:
            yield from self._spread(check, chain([chunk], reader))

    def _spread(self, check: Check, chunks: Iterator[Chunk]) -> Iterator[CheckedChunk]:
        pool = ProcessPoolExecutor(
            self._jobs,
            # Not forked: a fork of a process with threads may hang.
            mp_context=multiprocessing.get_context("spawn"),
            # Ctrl-C reaches the workers too; the one who waits for them says that it stopped.
            initializer=signal.signal,
            initargs=(signal.SIGINT, signal.SIG_IGN),
        )
        waiting: deque[tuple[Chunk, Future[list[Checked]]]] = deque()
        broken: MalformedError | None = None
        try:
            while True:
                try:
                    chunk = next(chunks, None)
                except MalformedError as cause:
                    # What came before the break is checked before the break is reported.
                    broken, chunk = cause, None
                if chunk is not None:
                    waiting.append((chunk, pool.submit(_results, check, chunk)))
                if not waiting:
                    break
                if chunk is None or len(waiting) > self._jobs * _AHEAD_PER_JOB:
                    sent, future = waiting.popleft()
                    yield CheckedChunk(sent, future.result())
        finally:
            pool.shutdown(cancel_futures=True)
        if broken is not None:
            raise broken


def _results(check: Check, chunk: Chunk) -> list[Checked]:
    # The blocks need not travel back: whoever sent them has them.
    return check(chunk).results
