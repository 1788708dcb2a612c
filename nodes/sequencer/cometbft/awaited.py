"""Entries of own submissions that are on their way into a block, and who waits for them."""

import asyncio

from ledger.encoding import Digest, sha256

Outcome = asyncio.Future[str | None]
"""None once a block holds the entry, or the reason why none will."""


class Awaited:
    """By entry, those who wait."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self._waiting: dict[Digest, set[Outcome]] = {}

    def add(self, entry: bytes) -> Outcome:
        """Return a future that is done when it is known what becomes of `entry`."""
        future: Outcome = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(sha256(entry), set()).add(future)
        return future

    def drop(self, entry: bytes, future: Outcome) -> None:
        """Wait with that future no more."""
        key = sha256(entry)
        left = self._waiting.get(key, set()) - {future}
        if left:
            self._waiting[key] = left
        else:
            self._waiting.pop(key, None)

    def settle(self, entry: bytes, outcome: str | None) -> None:
        """Tell whoever waits for `entry`."""
        if not self._waiting:
            return
        for future in self._waiting.get(sha256(entry), ()):
            if not future.done():
                future.set_result(outcome)
