from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.problems import Problem, invalid_problem, problem_of
from api.signal import BatchIn, SignalIn
from ledger.errors import (
    ConsortiumError,
    CulpritError,
    DeniedError,
    LedgerError,
    MalformedError,
    MisbehaviourError,
    RefusedError,
    VerificationError,
)
from nodes.errors import (
    CollectorError,
    ConfigurationError,
    ConflictError,
    GoneError,
    InputError,
    NodeError,
    NotFoundError,
    NoticeError,
    PeerRefusedError,
    PeerUnreachableError,
    QuotaError,
    SequencerError,
    StorageError,
)

KNOWN: list[tuple[NodeError | LedgerError, int]] = [
    (InputError("no"), 400),
    (MalformedError("no"), 400),
    (VerificationError("no"), 400),
    (MisbehaviourError(2, "share", "no"), 400),
    (CulpritError("svb", "no"), 400),
    (RefusedError("stale", "no"), 400),
    (DeniedError("closed", "no"), 409),
    (ConsortiumError("no"), 400),
    (NotFoundError("no"), 404),
    (QuotaError("no"), 429),
    (ConflictError("no"), 409),
    (ConfigurationError("no"), 503),
    (PeerRefusedError("refused", "no"), 503),
    (GoneError("no"), 410),
    (PeerUnreachableError("no"), 503),
    (CollectorError("no"), 503),
    (SequencerError("no"), 503),
    (NoticeError("no"), 503),
    (StorageError("no"), 507),
]


def every_kind(base: type[Exception]) -> set[type[Exception]]:
    """Return the classes under `base`."""
    return {kind for child in base.__subclasses__() for kind in {child, *every_kind(child)}}


def refusal(body: Any, model: type[SignalIn] | type[BatchIn] = SignalIn) -> Problem:
    """Return the problem of a body that is not valid."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    return invalid_problem(caught.value.errors())


def test_no_error_of_the_drawn_trees_is_forgotten_here() -> None:
    kinds = every_kind(NodeError) | every_kind(LedgerError)

    drawn = {k for k in kinds if k.__module__ in {"nodes.errors", "ledger.errors"}}

    assert drawn == {type(cause) for cause, _ in KNOWN}


def test_a_denial_says_its_word_and_one_of_a_role_is_no_question_of_time() -> None:
    denied = [problem_of(DeniedError(reason, "no")) for reason in ("closed", "role")]

    assert [(p.status, p.reason) for p in denied] == [(409, "closed"), (403, "role")]
    assert problem_of(ConflictError("no")).reason is None


@pytest.mark.parametrize(("cause", "status"), KNOWN, ids=lambda value: type(value).__name__)
def test_each_error_is_answered_by_what_a_caller_can_do(cause: Exception, status: int) -> None:
    problem = problem_of(cause)

    assert problem.status == status
    assert problem.title == HTTPStatus(status).phrase
    assert problem.detail == str(cause)
    assert problem.invalid_params == []


def test_a_refused_field_is_named_for_people_and_for_programs() -> None:
    problem = problem_of(InputError("must be one of rust", field="helpQuestion"))

    assert problem.detail == "helpQuestion must be one of rust"
    assert [(p.name, p.reason) for p in problem.invalid_params] == [
        ("helpQuestion", "must be one of rust")
    ]


def test_a_document_of_very_many_words_cannot_make_a_refusal_fail() -> None:
    words = ", ".join(f"woord-{i}" for i in range(1000))

    problem = problem_of(InputError(f"must be one of {words}", field="theme"))

    assert problem.detail.startswith("theme must be one of woord-0, ")


def test_an_invalid_field_is_named_with_its_reason() -> None:
    problem = refusal({"bsn": 999_900_006})

    reasons = {p.name: p.reason for p in problem.invalid_params}
    assert reasons["bsn"] == "Input should be a valid string"
    assert reasons["caseReference"] == "Field required"
    assert problem.detail.startswith("desk: Field required; ")


def test_a_place_inside_of_a_list_is_named_with_its_number() -> None:
    problem = refusal({"signals": [{}, 7]}, BatchIn)

    assert [p.name for p in problem.invalid_params] == ["signals.1"]


@pytest.mark.parametrize("name", ["JanJansen", "999900006", "a b", "", "é", "x" * 5000])
def test_a_name_that_only_its_sender_knows_is_not_repeated(name: str) -> None:
    problem = refusal({name: "x"})

    places = [p.name for p in problem.invalid_params if p.reason.startswith("Extra")]
    assert places == ["body"]


@given(st.dictionaries(st.sampled_from(["bsn", "theme", "x"]), st.just("Q7-marker" * 50)))
def test_a_value_is_never_repeated(body: dict[str, str]) -> None:
    problem = refusal(body)

    assert "marker" not in problem.model_dump_json()


def test_a_hundred_wrong_names_are_enough() -> None:
    problem = refusal({f"f{i}": i for i in range(1000)})

    assert len(problem.invalid_params) == 100
    assert len(problem.detail) == 2000
