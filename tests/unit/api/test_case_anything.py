"""Whatever is sent about a case, the answer is one of the contract's, and repeats nothing of it."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.bsn import synthetic_numbers
from ledger.exchange.message import Confirm
from ledger.exchange.words import Within
from tests.support.casework import ASK
from tests.support.counters import Counters

MARK = next(synthetic_numbers()).digits
WORDS = ("4h", "contacted", "afgerond", "regie", "theme", "uwv/wia", "2026-12-31", "0" * 32, MARK)
NAMES = ("match", "within", "result", "desk", "text", "about", "reason", "purpose", "basis")
MORE_NAMES = (
    "necessity",
    "fields",
    "isUrgent",
    "lastDay",
    "isJustified",
    "person",
    "first",
    "last",
)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(WORDS)
VALUES: st.SearchStrategy[Any] = SCALARS | st.lists(SCALARS, max_size=3)
BODIES = st.dictionaries(
    st.sampled_from((*NAMES, *MORE_NAMES, MARK)), VALUES, max_size=6
) | st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
SAID = (
    *("confirmations", "outcomes", "coordinators", "messages", "contentions", "endings"),
    *("requests", "handovers"),
)
DECIDED = ("readings", "refusals", "preparations", "approvals", "broken-glasses", "reviews")


@pytest.fixture(scope="module")
def counters() -> Counters:
    return Counters()


@pytest.fixture(scope="module")
def paths(counters: Counters) -> tuple[str, ...]:
    """Every address at which something is done."""
    case = counters.casework.open("case")
    counters.casework.hear(case, Confirm(Within.DAY), named="confirm")
    counters.do("worker", case, "confirmations", within="1d")
    request = counters.casework.hear(case, ASK, named="ask").hex()
    decided = (f"/v1/cases/{case}/requests/{request}/{what}" for what in DECIDED)
    return *(f"/v1/cases/{case}/{what}" for what in SAID), *decided, "/v1/absences"


@given(data=st.data())
@settings(max_examples=200)
def test_any_json_is_answered(counters: Counters, paths: tuple[str, ...], data: Any) -> None:
    path = data.draw(st.sampled_from(paths))

    answer = counters.ask("POST", path, "everything", json=data.draw(BODIES))

    assert answer.status_code < 500
    assert MARK not in answer.text


@given(body=BODIES)
@settings(max_examples=50)
def test_any_assignee_is_answered(counters: Counters, paths: tuple[str, ...], body: Any) -> None:
    path = paths[0].replace("confirmations", "assignee")

    answer = counters.ask("PUT", path, "everything", json=body)

    assert answer.status_code < 500
    assert MARK not in answer.text


@given(segment=st.text(max_size=20))
@settings(max_examples=50)
def test_any_id_of_a_case_is_answered(counters: Counters, segment: str) -> None:
    text = quote(segment.encode(errors="replace"), safe="")

    answer = counters.ask("GET", f"/v1/cases/{text}/file", "worker")

    assert answer.status_code in {400, 404}
