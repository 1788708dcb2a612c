"""Epochs on the wire, public as the chain says them, and how far the generation of a key is."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

from api.wire import Wire
from ledger.epochs import Span
from nodes.generation.progress import Generation

_MAX_FAULT = 2000


class EpochOut(Wire):
    """One epoch of a purpose, and in which blocks it was opened and closed."""

    purpose: str = Field(max_length=40)
    number: int = Field(ge=1)
    opened: int = Field(ge=0)
    closed: int | None
    replaced: int | None = Field(
        description="The block that opened another in its place, because its key was lost."
    )
    document: str = Field(max_length=65_535, description="The epoch document, as signed (TOML).")


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
                    replaced=span.replaced,
                    document=span.document.encode(),
                )
                for span in spans
            ]
        )


class GenerationIn(Wire):
    """The wish for the next epoch's key of a purpose."""

    purpose: str = Field(max_length=40, description="A purpose of the consortium document.")
    replaces: int | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="The open epoch whose key is lost, and in whose place the new one is opened.",
    )


class AgreementIn(Wire):
    """The operator's word that the key of an open epoch is lost, and that it may be replaced."""

    purpose: str = Field(max_length=40, description="A purpose of the consortium document.")
    replaces: int = Field(ge=1, le=2**31 - 1, description="The open epoch whose key is lost.")


class GenerationOut(Wire):
    """How far the holders are who generate a key together, or how that ended."""

    purpose: str = Field(max_length=40)
    number: int = Field(ge=1, description="The epoch that the key is for.")
    state: str = Field(max_length=20, description="running, submitted, open or failed.")
    step: str = Field(max_length=20, description="What the holders were last asked for.")
    holders: list[Annotated[str, Field(max_length=40)]] = Field(
        max_length=255, description="The members that take part."
    )
    fault: str | None = Field(max_length=2000, description="Why it failed.")
    culprit: str | None = Field(max_length=40, description="Who is shown to be to blame.")

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Show `generation`."""
        return cls(
            purpose=generation.purpose,
            number=generation.number,
            state=generation.state,
            step=generation.step,
            holders=list(generation.holders),
            fault=None if generation.fault is None else generation.fault[:_MAX_FAULT],
            culprit=generation.culprit,
        )
