"""Progress: how many blocks this node has applied, and how many are final, and who waits for more.

Lives in the event loop only; what is durable is in the database.
"""

import asyncio


class Milestone:
    """A number that only grows, and that others wait for."""

    def __init__(self, value: int) -> None:
        """Start at `value`."""
        self.value = value
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def reach(self, value: int) -> None:
        """Grow to `value` and let go whoever waited for that much."""
        if value <= self.value:
            return
        self.value = value
        waiting, self._waiting = self._waiting, []
        for target, future in waiting:
            if future.done():
                continue
            if target <= value:
                future.set_result(None)
            else:
                self._waiting.append((target, future))

    async def wait_for(self, target: int, *, timeout: float | None = None) -> bool:
        """Wait for at least `target`, `timeout` seconds at most; tell whether it was reached."""
        if self.value >= target:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((target, future))
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            return self.value >= target
        finally:
            self._waiting = [entry for entry in self._waiting if entry[1] is not future]
        return True


class Progress:
    """`applied` and `final`, both as numbers of blocks."""

    def __init__(self, *, applied: int, final: int) -> None:
        """Start where the database is."""
        self.applied = Milestone(applied)
        self.final = Milestone(final)
