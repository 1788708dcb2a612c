"""Looking into the nodes' databases from outside: is anything still to come of what was posted?

A node shows what its database holds, so what stands there can be read through its doors, too.
Looking costs a node nothing but that it shares the machine, unlike asking it over HTTP.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from bench.errors import BenchError

_LOOK_EVERY_SECONDS = 0.01
_SETTLE_WITHIN_SECONDS = 180
_SIZE = "SELECT coalesce(max(height) + 1, 0) FROM block"
_EFFECTS = "SELECT coalesce(max(value), 0) FROM cursor WHERE name = 'effects'"
_TO_COME = (
    # Own signals that are not final, or in no `locate`.
    "SELECT count(*) FROM signal WHERE NOT final",
    "SELECT count(*) FROM placing",
    # By anybody: signals without `locate`, and locates without an answer.
    "SELECT count(*) FROM owed_locate",
    "SELECT count(*) FROM owed_answer",
    # Answers that came and were not opened, items that did not come, matches without a case.
    "SELECT count(*) FROM unopened",
    "SELECT count(*) FROM wanted",
    "SELECT count(*) FROM new_match",
)


class Looks:
    """Open databases of nodes, by member."""

    def __init__(self, connections: dict[str, sqlite3.Connection]) -> None:
        """Look through `connections`."""
        self._connections = connections

    def ask(self, name: str, question: str) -> float:
        """Return the one number that answers `question` at a member's node."""
        found = self._connections[name].execute(question).fetchone()[0]
        return 0.0 if found is None else float(found)

    def to_come(self) -> dict[str, int]:
        """Return by query what is still to come anywhere; empty when everything came."""
        found = {
            f"{name}: {question}": int(count)
            for name in self._connections
            for question in _TO_COME
            if (count := self.ask(name, question))
        }
        sizes = {self.ask(n, query) for n in self._connections for query in (_SIZE, _EFFECTS)}
        return found | ({"blocks apart": int(max(sizes) - min(sizes))} if len(sizes) > 1 else {})

    def settle(self) -> None:
        """Wait until every signal is final, located, and answered by all, at every node.

        Raises:
            BenchError: that takes longer than three minutes.
        """
        until = time.monotonic() + _SETTLE_WITHIN_SECONDS
        while missing := self.to_come():
            if time.monotonic() > until:
                raise BenchError(f"not all is answered: {missing}")
            time.sleep(_LOOK_EVERY_SECONDS)


@contextmanager
def looks_into(databases: Iterable[tuple[str, Path]]) -> Iterator[Looks]:
    """Yield the databases, by member, open for reading only."""
    with ExitStack() as stack:
        yield Looks(
            {
                name: stack.enter_context(
                    # No transaction is left open: a reader would keep the log from being emptied.
                    closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None))
                )
                for name, path in databases
            }
        )
