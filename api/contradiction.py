"""Contradictions on the wire: two checkpoints of one size, as signed notes."""

from typing import Self

from pydantic import Field

from api.wire import Wire
from nodes.store.contradictions import MAX_KEPT, Contradiction

_MAX_NOTE = 64 * 1024


class ContradictionOut(Wire):
    """Two histories: `own` is this node's, `other` what members showed it or cosigned elsewhere."""

    own: str = Field(max_length=_MAX_NOTE)
    other: str = Field(max_length=_MAX_NOTE)

    @classmethod
    def of(cls, found: Contradiction) -> Self:
        """Show `found`."""
        return cls(own=found.own.decode(), other=found.other.decode())


class ContradictionsOut(Wire):
    """All that this node keeps; empty while nobody lies."""

    contradictions: list[ContradictionOut] = Field(max_length=MAX_KEPT)
