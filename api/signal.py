"""Case signals on the wire: what a caller posts, and what an agency sees of its own."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationError

from api.problems import Problem, invalid_problem, problem_of
from api.wire import Wire
from ledger.bsn import Bsn
from ledger.consortium import VOCABULARY
from ledger.errors import MalformedError
from nodes.cases import Standing
from nodes.counter import MAX_BATCH, Posted
from nodes.errors import InputError, NodeError
from nodes.signal import MAX_CASE_REFERENCE, Posting
from nodes.store.signals import OwnSignal

_MAX_WORD = 100


class CaseFields(Wire):
    """What a signal says; the words of each field stand in the consortium document."""

    desk: str = Field(max_length=_MAX_WORD, examples=["uwv/maatwerkplaats"])
    purpose: str = Field(max_length=_MAX_WORD, examples=["multiproblematiek"])
    case_reference: str = Field(
        min_length=1,
        max_length=MAX_CASE_REFERENCE,
        description="Your own reference; given back to you and never sent to anyone.",
        examples=["WP-2026-00412"],
    )
    regulation: str = Field(max_length=_MAX_WORD, examples=["WIA"])
    theme: str = Field(max_length=_MAX_WORD, examples=["schulden"])
    signal_type: str = Field(max_length=_MAX_WORD, examples=["vastgelopen"])
    severity: str = Field(max_length=_MAX_WORD, examples=["ernstig"])
    period: str = Field(max_length=_MAX_WORD, examples=["een-tot-zes-maanden"])
    help_question: str = Field(max_length=_MAX_WORD, examples=["overzicht"])

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show nothing: what is printed ends in logs."""
        return ()


class SignalIn(CaseFields):
    """A case signal to post about one person."""

    # Callers know one spelling of each name: the documented one.
    model_config = ConfigDict(validate_by_name=False)

    bsn: str = Field(
        max_length=_MAX_WORD,
        description="Nine digits that pass the 11-check; it never leaves this agency.",
        examples=["999900006"],
        # Not enforced here but by `Bsn`, which says what to do about one of eight digits.
        json_schema_extra={"minLength": 9, "maxLength": 9, "pattern": "^[0-9]{9}$"},
    )

    def to_domain(self) -> Posting:
        """Return the posting.

        Raises:
            InputError: the BSN is none.
        """
        try:
            bsn = Bsn.decode(self.bsn)
        except MalformedError as cause:
            raise InputError(str(cause), field="bsn") from cause
        wire = self.model_dump(by_alias=True)
        return Posting(
            bsn=bsn,
            desk=self.desk,
            purpose=self.purpose,
            case_reference=self.case_reference,
            fields={name: wire[name] for name in VOCABULARY},
        )

    def canonical(self) -> bytes:
        """Return bytes that are the same for the same signal however it was written."""
        return self.model_dump_json().encode()


class SignalOut(CaseFields):
    """An own signal in its present state; `receipt` (c2sp.org/tlog-proof) once it is final."""

    local_id: str = Field(max_length=32)
    state: str = Field(
        max_length=8,
        description="`waiting`: safe at this node. `on-chain`: ordered. `final`: a quorum of "
        "members holds it.",
        json_schema_extra={"enum": ["waiting", "on-chain", "final"]},
    )
    height: int | None = Field(ge=0, description="Its block, once it is on the chain.")
    entry_id: str = Field(max_length=64, description="Hex SHA-256 of the entry's text.")
    receipt: str | None = Field(
        max_length=100_000, description="A c2sp.org/tlog-proof; null in a page of signals."
    )
    case_id: str | None = Field(
        max_length=32, description="The case that this signal is part of, once there is a match."
    )
    unanswered: list[Annotated[str, Field(max_length=40)]] | None = Field(
        max_length=200,
        description="Members that have not answered yet whether they know this person too; null "
        "in a page of signals.",
    )

    waits_for: str | None = Field(
        max_length=1000,
        description="Why it is not on the chain yet, where this node knows; null in a page.",
    )

    @classmethod
    def of(cls, posted: Posted) -> Self:
        """Show `posted`."""
        return cls.of_signal(
            posted.signal,
            receipt=posted.receipt,
            standing=posted.standing,
            waits_for=posted.waits_for,
        )

    @classmethod
    def of_signal(
        cls,
        own: OwnSignal,
        *,
        receipt: bytes | None = None,
        standing: Standing | None = None,
        waits_for: str | None = None,
    ) -> Self:
        """Show an own signal, with receipt and standing where they are at hand."""
        waits = "waiting" if own.height is None else "on-chain"
        return cls(
            local_id=own.local_id,
            state="final" if own.is_final else waits,
            height=own.height,
            entry_id=own.entry_id.hex(),
            receipt=None if receipt is None else receipt.decode(),
            case_id=None if standing is None else standing.case_id,
            unanswered=None if standing is None else list(standing.unanswered),
            waits_for=None if waits_for is None else waits_for[:1000],
            desk=own.desk,
            purpose=own.purpose,
            case_reference=own.case_reference,
            **own.fields,
        )


class SignalPageOut(Wire):
    """Own signals, newest first; `next` is the `before` of the page that follows."""

    signals: list[SignalOut] = Field(max_length=MAX_BATCH)
    next: int | None

    @classmethod
    def of(cls, signals: list[OwnSignal], *, size: int) -> Self:
        """Show a page that was to hold `size`."""
        return cls(
            signals=[SignalOut.of_signal(signal) for signal in signals],
            next=signals[-1].sequence if len(signals) == size else None,
        )


class BatchIn(Wire):
    """Up to a hundred signals; each is taken or refused by itself."""

    signals: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MAX_BATCH,
        json_schema_extra={"items": {"$ref": "#/components/schemas/SignalIn"}},
        repr=False,
    )

    def to_domain(self) -> "ParsedBatch":
        """Return the postings, and the problem of each that is none."""
        return ParsedBatch([_parse(raw) for raw in self.signals])

    def canonical(self) -> bytes:
        """Return bytes that are the same for the same batch however it was written.

        Raises:
            InputError: nested deeper than can be written again.
        """
        try:
            return json.dumps(self.signals, sort_keys=True).encode()
        except RecursionError as cause:
            raise InputError("is nested too deeply for signals", field="signals") from cause


class ParsedBatch:
    """The signals of a batch: each a posting, or what is wrong with it."""

    def __init__(self, parsed: list[Posting | Problem]) -> None:
        """Keep `parsed`, in the caller's order."""
        self._parsed = parsed

    def postings(self) -> list[Posting | NodeError]:
        """Return the postings, with an error in the place of what is none."""
        return [InputError(p.detail) if isinstance(p, Problem) else p for p in self._parsed]

    def outcomes(self, posted: list[Posted | NodeError]) -> "BatchOut":
        """Return the answer, given what became of `postings`."""
        return BatchOut(
            results=[
                ResultOut.of(known if isinstance(known, Problem) else outcome)
                for known, outcome in zip(self._parsed, posted, strict=True)
            ]
        )


class ResultOut(Wire):
    """What became of one signal of a batch: its status as if it had been posted alone."""

    status: int = Field(ge=200, le=599)
    signal: SignalOut | None
    problem: Problem | None

    @classmethod
    def of(cls, outcome: Posted | NodeError | Problem) -> Self:
        """Show one outcome."""
        if isinstance(outcome, Posted):
            status = 201 if outcome.signal.is_final else 202
            return cls(status=status, signal=SignalOut.of(outcome), problem=None)
        problem = outcome if isinstance(outcome, Problem) else problem_of(outcome)
        return cls(status=problem.status, signal=None, problem=problem)


class BatchOut(Wire):
    """One result for each signal, in the caller's order."""

    results: list[ResultOut] = Field(max_length=MAX_BATCH)


def _parse(raw: dict[str, Any]) -> Posting | Problem:
    try:
        return SignalIn.model_validate(raw).to_domain()
    except ValidationError as cause:
        return invalid_problem(cause.errors())
    except InputError as cause:
        return problem_of(cause)
