from typing import Any

import pytest

from tests.support.faces import Face, new_key, new_signal

DOORS = [
    ("GET", "/v1/signals"),
    ("GET", "/v1/signals/" + "0" * 32),
    ("POST", "/v1/signals"),
    ("POST", "/v1/signal-batches"),
]
each_door = pytest.mark.parametrize(("method", "path"), DOORS)


def sound_request(path: str) -> dict[str, Any]:
    """Return key and body with which a caseworker could post at `path`; what reads ignores them."""
    body = new_signal() if path == "/v1/signals" else {"signals": [new_signal()]}
    return {"json": body, "key": new_key()}


@each_door
@pytest.mark.parametrize("role", ["approver", "policy", "fg", "auditor", "operator"])
def test_own_signals_are_for_caseworkers_only(uwv: Face, method: str, path: str, role: str) -> None:
    response = uwv.runner.run(uwv.send(method, path, role=role, **sound_request(path)))

    assert response.status_code == 403


@each_door
def test_own_signals_are_for_nobody_unknown(uwv: Face, method: str, path: str) -> None:
    request = sound_request(path)
    wrong = {"Authorization": "Bearer caseworker-of-svb"}

    stranger = uwv.runner.run(uwv.send(method, path, **request))
    mistaken = uwv.runner.run(uwv.send(method, path, headers=wrong, **request))

    for response in (stranger, mistaken):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"


def test_pages_go_from_the_newest_to_the_oldest_and_leave_none_out(uwv: Face) -> None:
    posted = [uwv.post("/v1/signals", json=new_signal()).json()["localId"] for _ in range(9)]

    seen: list[str] = []
    params = {"pageSize": 3}
    for _ in range(3):
        page = uwv.get("/v1/signals", role="caseworker", params=params).json()
        assert len(page["signals"]) == 3
        seen += [signal["localId"] for signal in page["signals"]]
        params = {"pageSize": 3, "before": page["next"]}

    assert seen == list(reversed(posted))


def test_the_last_page_says_that_none_follows(uwv: Face) -> None:
    uwv.post("/v1/signals", json=new_signal())

    everything = uwv.get("/v1/signals", role="caseworker", params={"pageSize": 2, "before": 2})
    nothing = uwv.get("/v1/signals", role="caseworker", params={"before": 0})

    assert (len(everything.json()["signals"]), everything.json()["next"]) == (1, None)
    assert nothing.json() == {"signals": [], "next": None}


def test_a_page_holds_twenty_if_nothing_is_said(uwv: Face) -> None:
    uwv.post("/v1/signal-batches", json={"signals": [new_signal() for _ in range(21)]})

    page = uwv.get("/v1/signals", role="caseworker").json()

    assert len(page["signals"]) == 20


def test_a_page_shows_states_and_leaves_receipts_out(uwv: Face) -> None:
    uwv.post("/v1/signals", json=new_signal())

    (newest,) = uwv.get("/v1/signals", role="caseworker", params={"pageSize": 1}).json()["signals"]

    assert (newest["state"], newest["receipt"]) == ("final", None)


@pytest.mark.parametrize(
    "params",
    [
        {"pageSize": 0},
        {"pageSize": 101},
        {"pageSize": "many"},
        {"pageSize": ""},
        {"before": -1},
        {"before": 2**53 + 1},
        {"before": "9" * 5000},
    ],
    ids=lambda params: str(params)[:20],
)
def test_a_page_that_cannot_be_is_refused(uwv: Face, params: dict[str, str]) -> None:
    assert uwv.get("/v1/signals", role="caseworker", params=params).status_code == 400


@pytest.mark.parametrize(
    ("local_id", "status"),
    [("0" * 32, 404), ("0" * 31, 400), ("0" * 33, 400), ("G" * 32, 400), ("A" * 32, 400)],
    ids=str,
)
def test_a_local_id_that_is_not_there_is_not_found(uwv: Face, local_id: str, status: int) -> None:
    response = uwv.get(f"/v1/signals/{local_id}", role="caseworker")

    assert response.status_code == status
    assert local_id not in response.text
