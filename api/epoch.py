"""Epochs on the wire: public, as the chain says them."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from api.wire import Wire
from ledger.epochs import Span


class EpochOut(Wire):
    """One epoch of a purpose, and in which blocks it was opened and closed."""

    purpose: str = Field(max_length=40)
    number: int = Field(ge=1)
    opened: int = Field(ge=0)
    closed: int | None


class EpochsOut(Wire):
    """Every epoch that was ever opened."""

    epochs: list[EpochOut] = Field(max_length=10_000)

    @classmethod
    def of(cls, spans: Sequence[Span]) -> Self:
        """Show `spans`."""
        return cls(
            epochs=[
                EpochOut(
                    purpose=span.document.purpose,
                    number=span.document.number,
                    opened=span.opened,
                    closed=span.closed,
                )
                for span in spans
            ]
        )
