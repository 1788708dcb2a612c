from typing import Any

import pytest

from tests.support.faces import JSON, Face, new_key, new_signal, spelled_differently

BATCHES = "/v1/signal-batches"


def statuses(response: Any) -> list[int]:
    """Return the status of each signal of a batch."""
    assert response.status_code == 200, response.text
    return [result["status"] for result in response.json()["results"]]


def local_ids(response: Any) -> list[str | None]:
    """Return the local id of each signal of a batch, None for the refused."""
    return [r["signal"] and r["signal"]["localId"] for r in response.json()["results"]]


def newest(face: Face) -> str:
    """Return the local id of the newest own signal."""
    page = face.get("/v1/signals", role="caseworker", params={"pageSize": 1}).json()
    return str(page["signals"][0]["localId"])


def test_each_signal_of_a_batch_has_its_own_outcome_in_its_own_place(uwv: Face) -> None:
    mixed = [
        new_signal(caseReference="one"),
        new_signal(bsn="999900007"),
        new_signal(caseReference="two"),
        {"theme": "schulden"},
        new_signal(theme="onbekend"),
        new_signal(desk="svb/de-bedoeling"),
        {},
        new_signal(caseReference="three", extra="x"),
        new_signal(caseReference="four"),
    ]

    response = uwv.post(BATCHES, json={"signals": mixed})

    results = response.json()["results"]
    names = [
        r["problem"] and {param["name"] for param in r["problem"]["invalidParams"]} for r in results
    ]
    assert statuses(response) == [201, 400, 201, 400, 400, 400, 400, 400, 201]
    assert [r["signal"] and r["signal"]["caseReference"] for r in results if r["signal"]] == [
        "one",
        "two",
        "four",
    ]
    assert (names[0], names[1], names[4], names[5]) == (None, {"bsn"}, {"theme"}, {"desk"})
    assert "caseReference" in names[3]
    assert len(names[6]) == 10
    assert names[7] == {"body"}


def test_what_is_sound_of_a_batch_is_kept_with_its_receipt(uwv: Face) -> None:
    mixed = [new_signal(), new_signal(bsn="1"), new_signal()]

    first, refused, last = uwv.post(BATCHES, json={"signals": mixed}).json()["results"]

    assert refused["signal"] is None
    for result in (first, last):
        signal = result["signal"]
        found = uwv.get(f"/v1/signals/{signal['localId']}", role="caseworker").json()
        assert signal["receipt"].startswith("c2sp.org/tlog-proof@v1\n")
        assert (found["height"], found["entryId"]) == (signal["height"], signal["entryId"])


def test_a_hundred_at_once_are_taken_and_keep_their_order(uwv: Face) -> None:
    references = [f"W-{i}" for i in range(100)]

    response = uwv.post(
        BATCHES, json={"signals": [new_signal(caseReference=r) for r in references]}
    )

    assert statuses(response) == [201] * 100
    assert [r["signal"]["caseReference"] for r in response.json()["results"]] == references


@pytest.mark.parametrize(
    "signals",
    [[], None, "x", [5], [[]], [None], {"0": {}}],
    ids=repr,
)
def test_what_is_no_list_of_signals_is_refused_whole(uwv: Face, signals: object) -> None:
    assert uwv.post(BATCHES, json={"signals": signals}).status_code == 400


def test_more_than_a_hundred_are_refused_and_none_is_taken(uwv: Face) -> None:
    before = newest(uwv)

    response = uwv.post(BATCHES, json={"signals": [new_signal() for _ in range(101)]})

    assert response.status_code == 400
    assert newest(uwv) == before


def test_a_batch_of_no_honest_length_is_refused(uwv: Face) -> None:
    long = [new_signal(caseReference="x" * 6000) for _ in range(100)]

    response = uwv.post(BATCHES, json={"signals": long})

    assert response.status_code == 413


@pytest.mark.parametrize(
    "item",
    ['{"caseReference": "\\ud800"}', '{"\\udfff": 1}', '{"a": NaN}', '{"a": ' + "9" * 4000 + "}"],
    ids=["surrogate", "surrogate-name", "nan", "long-number"],
)
def test_odd_json_is_refused_in_its_place_and_harms_no_other(uwv: Face, item: str) -> None:
    sound = spelled_differently(new_signal()).decode()

    response = uwv.post(BATCHES, content=f'{{"signals": [{item}, {sound}]}}', headers=JSON)

    assert statuses(response) == [400, 201]


@pytest.mark.parametrize("depth", [300, 900, 100_000])
def test_deep_nesting_is_refused(uwv: Face, depth: int) -> None:
    nested = "[" * depth + "]" * depth

    response = uwv.post(BATCHES, content=f'{{"signals": [{{"a": {nested}}}]}}', headers=JSON)

    assert response.status_code == 400 or statuses(response) == [400]


def test_the_same_key_and_batch_give_the_same_answer_however_it_is_spelled(uwv: Face) -> None:
    key, body = new_key(), {"signals": [new_signal(), new_signal(bsn="1"), new_signal()]}
    first = uwv.post(BATCHES, json=body, key=key)

    again = uwv.post(BATCHES, json=body, key=key)
    spelled = b'{"signals":[' + b",".join(map(spelled_differently, body["signals"])) + b"]}"
    other = uwv.post(BATCHES, content=spelled, headers=JSON, key=key)

    assert statuses(first) == statuses(again) == statuses(other) == [201, 400, 201]
    assert local_ids(first) == local_ids(again) == local_ids(other)
    assert newest(uwv) == local_ids(first)[2]


def test_the_same_batch_at_once_is_taken_once(uwv: Face) -> None:
    key, body = new_key(), {"signals": [new_signal() for _ in range(20)]}

    answers = uwv.together(*(uwv.sending(BATCHES, json=body, key=key) for _ in range(3)))

    assert statuses(answers[0]) == [201] * 20
    assert local_ids(answers[0]) == local_ids(answers[1]) == local_ids(answers[2])
    assert len(set(local_ids(answers[0]))) == 20


GOOD, BAD = new_signal(caseReference="kept"), new_signal(bsn="1")


@pytest.mark.parametrize(
    ("posted", "then"),
    [
        ([GOOD], [new_signal()]),
        ([GOOD, BAD], [GOOD]),
        ([GOOD], [GOOD, new_signal()]),
        ([BAD, GOOD], [new_signal(), GOOD]),
        ([BAD, BAD, GOOD], [new_signal()]),
        ([*[BAD] * 99, GOOD], [new_signal()]),
    ],
    ids=["changed", "shorter", "longer", "mended", "before-the-taken", "far-before-the-taken"],
)
def test_the_same_key_for_another_batch_is_a_conflict_and_takes_nothing(
    uwv: Face, posted: list[Any], then: list[Any]
) -> None:
    key = new_key()
    uwv.post(BATCHES, json={"signals": posted}, key=key)
    before = newest(uwv)

    response = uwv.post(BATCHES, json={"signals": then}, key=key)

    assert response.status_code == 409
    assert newest(uwv) == before


def test_of_two_batches_at_once_under_one_key_only_one_is_taken(uwv: Face) -> None:
    key = new_key()
    batches = [[new_signal()], [new_signal() for _ in range(40)]]

    answers = uwv.together(
        *(uwv.sending(BATCHES, json={"signals": signals}, key=key) for signals in batches)
    )

    (taken,) = (answer for answer in answers if answer.status_code == 200)
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert newest(uwv) == local_ids(taken)[-1]
    assert "Idempotency-Key" in refused.json()["detail"]


@pytest.mark.parametrize("suffix", ["", "/0", "-0"])
def test_the_key_of_a_batch_is_none_of_a_signal_alone(uwv: Face, suffix: str) -> None:
    key = new_key()
    alone = uwv.post("/v1/signals", json=new_signal(), key=key + suffix)

    batch = uwv.post(BATCHES, json={"signals": [new_signal()]}, key=key)

    assert alone.status_code == 201
    assert statuses(batch) == [201]
