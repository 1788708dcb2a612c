"""A signal that its agency takes back is gone at everybody, and its block says nothing new."""

from typing import Any

import httpx
import pytest

from ledger.block import Block
from ledger.entry import Entry
from tests.cluster.api.conftest import Faced
from tests.support.faces import Face, new_key
from tests.support.meeting import about, case_of, post, read, somebody, wait_answered, wait_case


def withdraw(face: Face, local_id: str, **request: Any) -> httpx.Response:
    """Return the answer to a DELETE of a signal by a caseworker, if nothing else is said."""
    asked: dict[str, Any] = {"role": "caseworker"} | request
    return face.runner.run(face.send("DELETE", f"/v1/signals/{local_id}", **asked))


def status(face: Face, path: str, *, role: str = "caseworker") -> int:
    """Return with which status a path is answered."""
    return face.get(path, role=role).status_code


def erasures(meeting: Faced, *, since: int) -> list[Entry]:
    """Return the `erasure` entries on UWV's chain from block `since` on."""
    blocks = [Block.decode(raw) for raw in meeting.cluster.blocks("uwv")[since:]]
    return [b.signed.entry for b in blocks if b.signed.entry.kind == "erasure"]


def test_a_withdrawn_signal_takes_its_case_with_it_at_both_agencies(meeting: Faced) -> None:
    person = somebody()
    uwv, svb = meeting.faces["uwv"], meeting.faces["svb"]
    ours, theirs = post(meeting.faces, "uwv", person), post(meeting.faces, "svb", person)
    at_uwv = wait_case(meeting.faces, "uwv", ours)
    at_svb = wait_case(meeting.faces, "svb", theirs)

    response = withdraw(uwv, ours["localId"])

    svb.until(lambda: status(svb, f"/v1/cases/{at_svb['id']}") == 404)
    uwv.until(lambda: status(uwv, f"/v1/cases/{at_uwv['id']}") == 404)
    assert (response.status_code, response.content) == (202, b"")
    assert status(uwv, f"/v1/signals/{ours['localId']}") == 410
    assert read(svb, theirs)["state"] == "final"
    assert read(svb, theirs)["caseId"] is None


def test_a_withdrawn_signal_is_gone_from_pages_and_from_behind_its_block(meeting: Faced) -> None:
    uwv, bzk = meeting.faces["uwv"], meeting.faces["bzk"]
    own = post(meeting.faces, "uwv", somebody())
    body = f"/v1/blocks/{own['height']}/body"
    # It may hear a moment later than the author that the block is final.
    bzk.until(lambda: status(bzk, body, role="fg") == 200)
    before = status(uwv, body, role="fg")

    withdraw(uwv, own["localId"])

    bzk.until(lambda: status(bzk, body, role="fg") == 410)
    page = uwv.get("/v1/signals", role="caseworker", params={"pageSize": 100}).json()
    assert before == 200
    assert status(uwv, body, role="fg") == 410
    assert own["localId"] not in [signal["localId"] for signal in page["signals"]]
    assert status(uwv, f"/v1/receipts/{own['height']}") == 200


def test_the_chain_says_how_many_were_withdrawn_and_not_which(meeting: Faced) -> None:
    own = post(meeting.faces, "uwv", somebody())
    size = meeting.cluster["uwv"].progress.applied.value

    withdraw(meeting.faces["uwv"], own["localId"])

    meeting.faces["uwv"].until(lambda: bool(erasures(meeting, since=size)))
    (erasure,) = erasures(meeting, since=size)
    assert (erasure.author, erasure.further) == ("uwv", "1\n")


def test_the_same_person_posted_anew_meets_the_others_again(meeting: Faced) -> None:
    person = somebody()
    theirs, ours = post(meeting.faces, "svb", person), post(meeting.faces, "uwv", person)
    first = wait_case(meeting.faces, "svb", theirs)
    withdraw(meeting.faces["uwv"], ours["localId"])
    svb = meeting.faces["svb"]
    svb.until(lambda: case_of(svb, theirs) == {"matches": []})

    again = post(meeting.faces, "uwv", person)

    second = wait_case(meeting.faces, "svb", theirs)
    assert [match["height"] for match in second["matches"]] == [again["height"]]
    assert second["matches"][0]["id"] != first["matches"][0]["id"]


def test_of_two_own_signals_the_other_one_stays_in_the_case(meeting: Faced) -> None:
    person = somebody()
    uwv = meeting.faces["uwv"]
    theirs = post(meeting.faces, "svb", person)
    gone, kept = (post(meeting.faces, "uwv", person) for _ in range(2))
    case = wait_case(meeting.faces, "uwv", kept, matches=2)

    withdraw(uwv, gone["localId"])

    left = wait_case(meeting.faces, "uwv", kept, matches=1)
    at_svb = wait_case(meeting.faces, "svb", theirs, matches=1)
    assert (left["id"], left["ownLocalIds"]) == (case["id"], [kept["localId"]])
    assert [match["height"] for match in at_svb["matches"]] == [kept["height"]]


def test_withdrawing_twice_is_answered_alike_and_done_once(meeting: Faced) -> None:
    uwv = meeting.faces["uwv"]
    own = post(meeting.faces, "uwv", somebody())
    size = meeting.cluster["uwv"].progress.applied.value

    answers = [withdraw(uwv, own["localId"]).status_code for _ in range(2)]
    uwv.until(lambda: bool(erasures(meeting, since=size)))
    answers.append(withdraw(uwv, own["localId"]).status_code)

    later = post(meeting.faces, "uwv", somebody())
    wait_answered(meeting.faces, "uwv", later)
    assert answers == [202, 202, 202]
    assert len(erasures(meeting, since=size)) == 1


def test_the_key_of_a_withdrawn_signal_posts_nothing_again(meeting: Faced) -> None:
    uwv, key, body = meeting.faces["uwv"], new_key(), about("uwv", somebody())
    own = uwv.post("/v1/signals", json=body, key=key).json()
    batch_key = new_key()
    batch = uwv.post("/v1/signal-batches", json={"signals": [body]}, key=batch_key).json()
    for signal in (own, batch["results"][0]["signal"]):
        withdraw(uwv, signal["localId"])

    alone = uwv.post("/v1/signals", json=body, key=key)
    again = uwv.post("/v1/signal-batches", json={"signals": [body]}, key=batch_key).json()

    (result,) = again["results"]
    assert alone.status_code == 410
    assert (result["status"], result["signal"]) == (410, None)


def test_a_signal_that_is_not_final_yet_can_be_withdrawn_a_moment_later(
    meeting: Faced, monkeypatch: pytest.MonkeyPatch
) -> None:
    uwv = meeting.faces["uwv"]
    with monkeypatch.context() as hasty, meeting.without("svb", "szw", "bzk"):
        hasty.setattr(uwv.node.counter, "_wait_seconds", 0.01)
        own = uwv.post("/v1/signals", json=about("uwv", somebody())).json()
        early = withdraw(uwv, own["localId"])
    uwv.until(lambda: read(uwv, own)["state"] == "final")

    assert early.status_code == 409
    assert "not final" in early.json()["detail"]
    assert withdraw(uwv, own["localId"]).status_code == 202


def test_nobody_withdraws_what_is_not_theirs(meeting: Faced) -> None:
    own = post(meeting.faces, "uwv", somebody())
    uwv, local_id = meeting.faces["uwv"], own["localId"]
    roles = ("approver", "policy", "fg", "auditor", "operator")

    refused = [withdraw(uwv, local_id, role=role).status_code for role in roles]
    stranger = withdraw(uwv, local_id, role=None)
    elsewhere = withdraw(meeting.faces["svb"], local_id)

    assert refused == [403] * len(roles)
    assert (stranger.status_code, elsewhere.status_code) == (401, 404)
    assert read(uwv, own)["state"] == "final"


@pytest.mark.parametrize(("local_id", "code"), [("0" * 32, 404), ("1", 400), ("x" * 32, 400)])
def test_what_is_no_own_signal_is_not_withdrawn(meeting: Faced, local_id: str, code: int) -> None:
    assert withdraw(meeting.faces["uwv"], local_id).status_code == code
