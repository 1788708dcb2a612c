import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.problems import Problem
from api.signal import BatchIn, SignalIn, SignalOut
from nodes.errors import ConflictError, InputError, NodeError
from nodes.signal import Posting

SIGNAL = {
    "bsn": "999900006",
    "desk": "uwv/maatwerkplaats",
    "purpose": "multiproblematiek",
    "caseReference": "W-1",
    "regulation": "WIA",
    "theme": "schulden",
    "signalType": "vastgelopen",
    "severity": "ernstig",
    "period": "een-tot-zes-maanden",
    "helpQuestion": "rust",
}


def test_a_signal_becomes_a_posting_with_nothing_lost() -> None:
    posting = SignalIn.model_validate(SIGNAL).to_domain()

    assert {
        "bsn": posting.bsn.digits,
        "desk": posting.desk,
        "purpose": posting.purpose,
        "caseReference": posting.case_reference,
        **posting.fields,
    } == SIGNAL


@given(st.permutations(list(SIGNAL.items())), st.booleans())
def test_one_signal_has_one_canonical_form_however_it_is_written(
    pairs: list[tuple[str, str]], escaped: bool
) -> None:
    text = json.dumps(dict(pairs), ensure_ascii=escaped, indent=2 if escaped else None)

    written = SignalIn.model_validate(json.loads(text))

    assert written.canonical() == SignalIn.model_validate(SIGNAL).canonical()


@pytest.mark.parametrize("field", SIGNAL)
def test_another_value_of_any_field_has_another_canonical_form(field: str) -> None:
    other = SignalIn.model_validate(SIGNAL | {field: "other"})

    assert other.canonical() != SignalIn.model_validate(SIGNAL).canonical()


@given(st.permutations(list(SIGNAL.items())))
def test_one_batch_has_one_canonical_form_however_it_is_written(
    pairs: list[tuple[str, str]],
) -> None:
    written = BatchIn.model_validate({"signals": [dict(pairs), {"b": 1, "a": {"d": 2, "c": 3}}]})

    same = BatchIn.model_validate({"signals": [SIGNAL, {"a": {"c": 3, "d": 2}, "b": 1}]})
    assert written.canonical() == same.canonical()


@pytest.mark.parametrize(
    "signals",
    [[SIGNAL, SIGNAL | {"bsn": "999900018"}], [SIGNAL | {"bsn": "999900018"}, SIGNAL], [SIGNAL]],
    ids=["changed", "reordered", "shortened"],
)
def test_another_batch_has_another_canonical_form(signals: list[dict[str, str]]) -> None:
    batch = BatchIn.model_validate({"signals": [SIGNAL, SIGNAL]})

    assert BatchIn.model_validate({"signals": signals}).canonical() != batch.canonical()


@pytest.mark.parametrize("odd", ["\ud800", float("nan"), 10**3000, [[[]]]])
def test_whatever_json_can_hold_has_a_canonical_form(odd: object) -> None:
    assert BatchIn.model_validate({"signals": [{"x": odd}]}).canonical()


def test_nesting_that_cannot_be_written_again_is_refused() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]

    batch = BatchIn.model_validate({"signals": [{"x": nested}]})

    with pytest.raises(InputError, match="too deeply"):
        batch.canonical()


@pytest.mark.parametrize(
    ("bsn", "reason"),
    [
        ("999900007", "11-check"),
        ("99990006", "put a zero before"),
        ("9999000060", "nine digits"),
        ("", "nine digits"),
        ("99990000a", "nine digits"),
        ("٩٩٩٩٠٠٠٠٦", "nine digits"),
        ("999 90006", "nine digits"),
        ("000000000", "11-check"),
    ],
)
def test_what_is_no_bsn_is_refused_with_what_to_do(bsn: str, reason: str) -> None:
    signal = SignalIn.model_validate(SIGNAL | {"bsn": bsn})

    with pytest.raises(InputError, match=reason) as caught:
        signal.to_domain()

    assert caught.value.field == "bsn"
    assert not bsn or bsn not in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"bsn": 999_900_006},
        {"bsn": None},
        {"bsn": "9" * 101},
        {"caseReference": ""},
        {"caseReference": "x" * 101},
        {"caseReference": 5},
        {"caseReference": "\ud800"},
        {"theme": True},
        {"theme": ["schulden"]},
        {"note": "vrije tekst"},
    ],
    ids=str,
)
def test_what_is_not_of_the_documented_form_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SignalIn.model_validate(SIGNAL | changed)


def test_names_have_one_spelling() -> None:
    spelled = {k: v for k, v in SIGNAL.items() if k != "caseReference"} | {"case_reference": "W-1"}

    with pytest.raises(ValidationError):
        SignalIn.model_validate(spelled)


@pytest.mark.parametrize("reference", ["x", "x" * 100, "é" * 100, "a\nb\x00c"])
def test_a_case_reference_is_any_text_within_its_bounds(reference: str) -> None:
    posting = SignalIn.model_validate(SIGNAL | {"caseReference": reference}).to_domain()

    assert posting.case_reference == reference


def test_nothing_of_a_case_shows_when_a_model_is_printed() -> None:
    signal = SignalIn.model_validate(SIGNAL)
    batch = BatchIn.model_validate({"signals": [SIGNAL]})
    posting = signal.to_domain()

    printed = f"{signal!r} {signal} {batch!r} {batch} {posting!r} {posting}"

    assert not [v for k, v in SIGNAL.items() if k not in {"desk", "purpose"} and v in printed]


def test_each_of_a_batch_has_its_own_problem_in_its_own_place() -> None:
    batch = BatchIn.model_validate(
        {"signals": [SIGNAL | {"bsn": "999900007"}, SIGNAL, {"theme": 1}]}
    ).to_domain()

    first, second, third = batch.postings()
    outcomes: list[Any] = [first, ConflictError("taken"), third]
    results = batch.outcomes(outcomes).results

    assert isinstance(first, InputError)
    assert isinstance(second, Posting)
    assert isinstance(third, InputError)
    assert [result.status for result in results] == [400, 409, 400]
    assert names(results[0].problem) == ["bsn"]
    assert names(results[1].problem) == []
    assert "caseReference" in names(results[2].problem)


def test_an_answer_is_never_given_to_another_signal() -> None:
    batch = BatchIn.model_validate({"signals": [SIGNAL, SIGNAL]}).to_domain()
    one: list[Any] = [NodeError("no")]

    with pytest.raises(ValueError, match="shorter"):
        batch.outcomes(one)


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_holds_one_to_a_hundred(count: int) -> None:
    with pytest.raises(ValidationError):
        BatchIn.model_validate({"signals": [SIGNAL] * count})


def test_what_an_agency_sees_of_its_own_has_no_room_for_a_bsn() -> None:
    assert "bsn" not in SignalOut.model_fields


def names(problem: Problem | None) -> list[str]:
    """Return the names of the fields that are wrong."""
    assert problem is not None
    return [param.name for param in problem.invalid_params]
