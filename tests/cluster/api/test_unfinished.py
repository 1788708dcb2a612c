"""What callers see while a quorum, every custodian or the disk is missing; and afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.receipt import Receipt
from nodes.errors import StorageError
from tests.cluster.api.conftest import Faced, running
from tests.support.faces import Face, new_key, new_signal


@pytest.fixture(scope="module")
def shaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faced]:
    """A consortium whose nodes do not wait long."""
    with running(tmp_path_factory.mktemp("shaky"), wait_seconds=0.2) as consortium:
        yield consortium


def codes(face: Face, role: str | None = None) -> dict[str, Any]:
    """Return what /readyz says, by code."""
    return {r["code"]: r for r in face.get("/readyz", role=role).json()["reasons"]}


def wait_final(face: Face, location: str) -> dict[str, Any]:
    """Return an own signal once it is final."""
    face.until(lambda: face.get(location, role="caseworker").json()["state"] == "final")
    signal: dict[str, Any] = face.get(location, role="caseworker").json()
    return signal


@pytest.mark.parametrize(
    ("down", "state"),
    [(["svb", "szw"], "on-chain"), (["svb", "szw", "bzk"], "waiting")],
    ids=["no-quorum", "no-custodian"],
)
def test_a_post_that_is_not_final_yet_is_safe_and_becomes_final(
    shaky: Faced, down: list[str], state: str
) -> None:
    uwv, key, body = shaky.faces["uwv"], new_key(), new_signal()

    with shaky.without(*down):
        accepted = uwv.post("/v1/signals", json=body, key=key)
        location = accepted.headers["location"]
        uwv.until(lambda: uwv.get(location, role="caseworker").json()["state"] == state)
        again = uwv.post("/v1/signals", json=body, key=key)
    final = wait_final(uwv, location)
    asked_again = uwv.post("/v1/signals", json=body, key=key)

    assert (accepted.status_code, accepted.json()["receipt"]) == (202, None)
    assert (again.status_code, again.json()["localId"]) == (202, accepted.json()["localId"])
    assert again.json()["state"] == state
    assert (asked_again.status_code, asked_again.headers["location"]) == (201, location)
    assert asked_again.json()["height"] == final["height"]
    assert Receipt.decode(asked_again.json()["receipt"].encode()).index == final["height"]


def test_a_batch_that_is_not_final_yet_says_so_of_each(shaky: Faced) -> None:
    uwv, key = shaky.faces["uwv"], new_key()
    body = {"signals": [new_signal(), new_signal(bsn="1"), new_signal()]}

    with shaky.without("svb", "szw", "bzk"):
        accepted = uwv.post("/v1/signal-batches", json=body, key=key).json()["results"]
    for index in (0, 2):
        wait_final(uwv, f"/v1/signals/{accepted[index]['signal']['localId']}")
    final = uwv.post("/v1/signal-batches", json=body, key=key).json()["results"]

    assert [result["status"] for result in accepted] == [202, 400, 202]
    assert [result["status"] for result in final] == [201, 400, 201]
    assert [r["signal"] and r["signal"]["localId"] for r in accepted] == [
        r["signal"] and r["signal"]["localId"] for r in final
    ]


def test_a_node_without_a_quorum_is_not_ready_and_tells_strangers_no_more(
    shaky: Faced,
) -> None:
    uwv = shaky.faces["uwv"]

    with shaky.without("svb", "szw"):
        location = uwv.post("/v1/signals", json=new_signal()).headers["location"]
        uwv.until(lambda: "no-quorum" in codes(uwv))
        stranger = uwv.get("/readyz")
        own = codes(uwv, "caseworker")["no-quorum"]
    wait_final(uwv, location)

    assert stranger.status_code == 503
    assert {(r["text"], r["remedy"]) for r in stranger.json()["reasons"]} == {("", "")}
    assert "svb" not in stranger.text
    assert ("svb" in own["text"], own["remedy"]) == (True, "check those members' /healthz")
    uwv.until(lambda: uwv.get("/readyz").status_code == 200)


def test_a_node_that_no_custodian_answers_says_that_posting_waits(shaky: Faced) -> None:
    uwv = shaky.faces["uwv"]

    with shaky.without("svb", "szw", "bzk"):
        location = uwv.post("/v1/signals", json=new_signal()).headers["location"]
        uwv.until(lambda: "posting-waits" in codes(uwv))
        waiting = uwv.get("/metrics", role="operator").text
    wait_final(uwv, location)

    done = uwv.get("/metrics", role="operator").text
    assert "signaalketen_own_signals_waiting 1.0" in waiting
    assert 'signaalketen_unready{code="posting-waits"} 1.0' in waiting
    assert "signaalketen_own_signals_waiting 0.0" in done
    uwv.until(lambda: codes(uwv) == {})


def test_a_full_disk_takes_nothing_and_the_same_key_works_afterwards(
    shaky: Faced, monkeypatch: pytest.MonkeyPatch
) -> None:
    uwv = shaky.faces["uwv"]
    key, body = new_key(), new_signal(caseReference="while full")

    def refuse() -> None:
        raise StorageError("the database refuses: database or disk is full")

    with monkeypatch.context() as full:
        full.setattr(uwv.node.database, "begin", refuse)
        alone = uwv.post("/v1/signals", json=body, key=key)
        batch = uwv.post("/v1/signal-batches", json={"signals": [new_signal()]})
        unready = codes(uwv)
    afterwards = uwv.post("/v1/signals", json=body, key=key)
    wait_final(uwv, afterwards.headers["location"])

    assert (alone.status_code, batch.status_code) == (507, 507)
    assert "disk is full" in alone.json()["detail"]
    assert "disk" in unready
    page = uwv.get("/v1/signals", role="caseworker", params={"pageSize": 2}).json()["signals"]
    assert [s["caseReference"] == "while full" for s in page] == [True, False]
    uwv.until(lambda: codes(uwv) == {})
