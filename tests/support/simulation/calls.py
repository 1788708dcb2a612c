"""Work that waits for another node: it stands still until the schedule brings it an answer."""

import weakref
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from ledger.errors import LedgerError
from nodes.errors import NodeError

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Call:
    """A question to the node `to`, which works its answer out when it hears it."""

    to: str
    answer: Callable[[], Any]

    def __await__(self) -> Generator["Call", Any, Any]:
        """Wait for the answer."""
        return (yield self)


class Held:
    """Work under way, up to the next call that it waits for.

    It has a context of its own, as a task has: what it sets there is seen by no other work.
    """

    def __init__(self, work: Coroutine[Call, Any, Any]) -> None:
        """Begin with nothing done."""
        self._work = work
        self._context = copy_context()
        # Work that nobody goes on with is taken down in its own context too.
        weakref.finalize(self, self._context.run, work.close)

    def go_on(self, answer: object = None) -> Call | None:
        """Go on with `answer`; return the next call, or None at the end."""
        return self._step(lambda: self._work.send(answer))

    def fail(self, error: Exception) -> Call | None:
        """Go on with `error` in place of an answer."""
        return self._step(lambda: self._work.throw(error))

    def _step(self, step: Callable[[], Call]) -> Call | None:
        try:
            return self._context.run(step)
        # What asks tries again another time, as it does in a node.
        except (StopIteration, NodeError, LedgerError):
            return None


def finish(work: Coroutine[Any, Any, _T]) -> _T:
    """Return what work that waits for nobody returns."""
    try:
        work.send(None)
    except StopIteration as end:
        outcome: _T = end.value
        return outcome
    raise AssertionError("it waits for somebody")
