"""Nothing that somebody sent comes back in an error, a log line or a metric."""

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.faces import JSON, Face, new_key, new_signal

BSN, WRONG_BSN = "999998353", "999998354"
REFERENCE, PERSON, TOKEN = "Qjx7-dossier", "Zwartendijk", "wrong-token-wxq"
MARKS = (BSN, WRONG_BSN, BSN[:8], REFERENCE, PERSON, TOKEN)
MARKED = new_signal(bsn=BSN, caseReference=REFERENCE)
SIGNALS, BATCHES = "/v1/signals", "/v1/signal-batches"

BAD_BODIES: list[Any] = [
    MARKED | {"bsn": WRONG_BSN},
    MARKED | {"bsn": BSN[:8]},
    MARKED | {"bsn": int(BSN)},
    MARKED | {"bsn": BSN + " "},
    MARKED | {"bsn": [BSN]},
    MARKED | {"theme": PERSON},
    MARKED | {"purpose": PERSON},
    MARKED | {"desk": PERSON},
    MARKED | {"severity": BSN},
    MARKED | {"caseReference": REFERENCE * 20},
    MARKED | {"caseReference": {REFERENCE: BSN}},
    MARKED | {"note": PERSON},
    MARKED | {PERSON: "x"},
    MARKED | {BSN: "x"},
    MARKED | {f"{PERSON}.{BSN}": "x"},
    [MARKED, BSN],
    f"{BSN} {PERSON} {REFERENCE}",
    {PERSON: MARKED},
]
BAD_TEXTS = [
    f'{{"bsn": "{BSN}", "caseReference": "{REFERENCE}"',
    f"bsn={BSN}&caseReference={REFERENCE}",
    f'{{"bsn": {BSN}{BSN * 600}}}',
    f'{{"caseReference": "{REFERENCE}\\ud800", "bsn": "{BSN}", "{PERSON}\\udfff": 1}}',
    f"\udcff{BSN}",
]


class Everything(logging.Handler):
    """Keeps every record as the line that a log would hold, its traceback included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        # The client of these tests logs what it asks for.
        if not record.name.startswith("httpx"):
            self.lines.append(f"{self.format(record)} {record.args}")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every line that is logged meanwhile, at any level."""
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def marks_in(texts: list[str]) -> list[tuple[str, str]]:
    """Return which marks stand in which texts."""
    return [(mark, text[:300]) for text in texts for mark in MARKS if mark.lower() in text.lower()]


def everything_of(answers: list[httpx.Response]) -> list[str]:
    """Return bodies and headers."""
    return [f"{answer.text} {answer.headers}" for answer in answers]


def send_raw(face: Face, path: str, text: str) -> httpx.Response:
    """Post bytes that no JSON writer would write."""
    return face.post(path, content=text.encode(errors="surrogateescape"), headers=JSON)


def test_no_bad_post_is_repeated_in_its_answer_or_a_log(uwv: Face, logged: list[str]) -> None:
    answers = []
    for body in BAD_BODIES:
        answers.append(uwv.post(SIGNALS, json=body))
        answers.append(uwv.post(BATCHES, json={"signals": [body]}))
        answers.append(uwv.post(BATCHES, json={"signals": body}))
        answers.append(uwv.post(BATCHES, json=body))
    answers += [send_raw(uwv, path, text) for path in (SIGNALS, BATCHES) for text in BAD_TEXTS]

    kinds = {answer.status_code for answer in answers}
    assert kinds == {200, 400}
    assert all(
        {result["status"] for result in answer.json()["results"]} == {400}
        for answer in answers
        if answer.status_code == 200
    )
    assert marks_in(everything_of(answers)) == []
    assert marks_in(logged) == []


def test_no_refused_request_is_repeated_in_its_answer_or_a_log(
    uwv: Face, logged: list[str]
) -> None:
    key = new_key()
    uwv.post(SIGNALS, json=MARKED, key=key)
    wrong = {"Authorization": f"Bearer {TOKEN}"}

    answers = [
        uwv.post(SIGNALS, json=MARKED | {"theme": "wonen"}, key=key),
        uwv.post(SIGNALS, json=MARKED, key=None),
        uwv.post(SIGNALS, json=MARKED, key=f"{REFERENCE} {BSN}"),
        uwv.post(SIGNALS, json=MARKED, role="fg"),
        uwv.post(SIGNALS, json=MARKED, role=None, headers=wrong),
        uwv.post(SIGNALS, json=MARKED | {"caseReference": REFERENCE * 60_000}),
        uwv.get(f"/v1/signals/{BSN}", role="caseworker"),
        uwv.get("/v1/signals", role="caseworker", params={"before": f"{BSN}x"}),
        uwv.get(f"/v1/receipts/{PERSON}"),
        uwv.get(f"/v1/{PERSON}/{BSN}"),
        uwv.get(f"/{PERSON}?bsn={BSN}"),
        uwv.get(f"/tile/{PERSON}"),
        uwv.post(f"/v1/consortium/{BSN}", json=MARKED),
        uwv.post("/peer", content=f"{BSN} {PERSON}".encode() * 10),
        uwv.post("/peer", content=b"\0\0\0\x20" + f"{BSN} {PERSON}\n\n— {REFERENCE}".encode() * 3),
    ]

    assert [a.status_code for a in answers] == [
        409, 400, 400, 403, 401, 413, 400, 400, 400, 404, 404, 404, 404, 400, 400,
    ]  # fmt: skip
    assert marks_in(everything_of(answers)) == []
    assert marks_in(logged) == []


def test_a_good_post_is_logged_by_nobody(uwv: Face, logged: list[str]) -> None:
    alone = uwv.post(SIGNALS, json=MARKED)
    batch = uwv.post(BATCHES, json={"signals": [MARKED, MARKED | {"bsn": WRONG_BSN}]})

    assert (alone.status_code, batch.status_code) == (201, 200)
    assert marks_in(logged) == []


def test_what_fails_unforeseen_is_not_repeated_either(
    uwv: Face, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(uwv.node.intake, "post", fail)

    answers = [
        uwv.post(SIGNALS, json=MARKED),
        uwv.post(BATCHES, json={"signals": [MARKED]}),
    ]

    assert {answer.status_code for answer in answers} == {500}
    assert marks_in(everything_of(answers)) == []
    assert marks_in(logged) == []


def test_metrics_tell_the_operator_numbers_and_nothing_of_anybody(uwv: Face) -> None:
    posted = uwv.post(SIGNALS, json=MARKED).json()

    response = uwv.get("/metrics", role="operator")

    names = {
        line.split("{")[0].split(" ")[0] for line in response.text.splitlines() if line[0] != "#"
    }
    assert response.headers["content-type"].startswith("text/plain")
    assert names >= {"signaalketen_blocks_applied", "signaalketen_own_signals_waiting"}
    assert all(name.startswith("signaalketen_") for name in names)
    assert marks_in([response.text]) == []
    assert not [v for v in (posted["localId"], posted["entryId"]) if v in response.text]


@pytest.mark.parametrize("role", ["caseworker", "approver", "policy", "fg", "auditor"])
def test_metrics_are_for_the_operator_only(uwv: Face, role: str) -> None:
    assert uwv.get("/metrics", role=role).status_code == 403
    assert uwv.get("/metrics").status_code == 401


def test_a_ready_node_says_so_to_everybody(uwv: Face) -> None:
    for role in (None, "operator"):
        response = uwv.get("/readyz", role=role)

        assert (response.status_code, response.json()) == (200, {"isReady": True, "reasons": []})
