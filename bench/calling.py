"""Callers that post one signal after the other at one node, and note when each was answered 201."""

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from bench.crowd import Crowd
from demo.member import Member

_RETRY_SECONDS = 0.02
_PAUSE_SECONDS = 0.03
_AT_ONCE = 20


class Caller(threading.Thread):
    """Posts at one member until told to stop; `moments` are when receipts came."""

    def __init__(self, member: Member) -> None:
        """Post about a crowd of its own: a crowd serves one thread."""
        super().__init__(name=member.name, daemon=True)
        self.moments: list[float] = []
        self._over = threading.Event()
        self._member = member
        self._crowd = Crowd()

    def run(self) -> None:
        """Post, each signal until it has its receipt."""
        for body in self._bodies():
            key = secrets.token_hex(16)
            while not self._has_receipt(body, key):
                if self._over.wait(_RETRY_SECONDS):
                    return
            self.moments.append(time.perf_counter())
            if self._over.wait(_PAUSE_SECONDS):
                return

    def stop(self) -> None:
        """Stop after the post that is on its way."""
        self._over.set()

    def has_receipt_since(self, moment: float) -> bool:
        """Tell whether a receipt came after `moment`."""
        return bool(self.moments) and self.moments[-1] > moment

    def _bodies(self) -> Iterator[dict[str, str]]:
        while True:
            yield from (signal.body() for signal in self._crowd.signals(self.name, _AT_ONCE))

    def _has_receipt(self, body: dict[str, str], key: str) -> bool:
        try:
            answer = self._member.post("/v1/signals", body, role="caseworker", key=key)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.CREATED


@contextmanager
def calling(members: Sequence[Member]) -> Iterator[dict[str, Caller]]:
    """Yield a caller at each of `members`; they stop with the block."""
    callers = {member.name: Caller(member) for member in members}
    for caller in callers.values():
        caller.start()
    try:
        yield callers
    finally:
        for caller in callers.values():
            caller.stop()
        for caller in callers.values():
            caller.join()
