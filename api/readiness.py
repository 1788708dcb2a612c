"""Readiness on the wire: codes for everybody, words and remedies for this agency's own people."""

from typing import Self

from pydantic import Field

from api.wire import Wire
from nodes.readiness import Reason


class ReasonOut(Wire):
    """One thing that is wrong, and the one thing to do about it."""

    code: str
    is_blocking: bool
    text: str = ""
    remedy: str = ""
    heights: list[int] = Field(default_factory=list)


class ReadinessOut(Wire):
    """Whether the node does its work, and what keeps it from some of it."""

    is_ready: bool
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, reasons: list[Reason], *, is_inside: bool) -> Self:
        """Show `reasons`; a stranger sees their codes only."""
        return cls(
            is_ready=not any(reason.is_blocking for reason in reasons),
            reasons=[
                ReasonOut(
                    code=reason.code,
                    is_blocking=reason.is_blocking,
                    text=reason.text,
                    remedy=reason.remedy,
                    heights=list(reason.heights),
                )
                if is_inside
                else ReasonOut(code=reason.code, is_blocking=reason.is_blocking)
                for reason in reasons
            ],
        )
