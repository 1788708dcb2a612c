"""What stands behind a block, for the privacy officer: the author's, a custodian's, nobody's."""

from typing import Any

import pytest

from ledger.block import Block
from ledger.encoding import from_base64
from ledger.receipt import Receipt
from tests.cluster.api.conftest import Faced
from tests.support.faces import Face, new_signal

SECRET = {"caseReference": "Marker-Q7", "bsn": "999993653"}


@pytest.fixture(scope="module")
def posted(uwv: Face) -> dict[str, Any]:
    """A final signal of UWV."""
    answer: dict[str, Any] = uwv.post("/v1/signals", json=new_signal(**SECRET)).json()
    return answer


def body_at(face: Face, height: int) -> dict[str, Any]:
    """Return what a member's privacy officer sees behind a block."""
    response = face.get(f"/v1/blocks/{height}/body", role="fg")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_the_author_holds_all_items_and_what_they_say(uwv: Face, posted: dict[str, Any]) -> None:
    body = body_at(uwv, posted["height"])

    assert (body["author"], body["kind"], body["holder"]) == ("uwv", "signal", "author")
    assert [item["index"] for item in body["items"]] == [0, 1, 2]
    assert all(from_base64(item["content"]) for item in body["items"])
    fields = ("desk", "purpose", "regulation", "theme", "signalType", "severity", "helpQuestion")
    assert {name: body["claims"][name] for name in fields} == {n: posted[n] for n in fields}


def test_a_custodian_holds_the_sealed_content_and_cannot_say_what_it_says(
    consortium: Faced, uwv: Face, posted: dict[str, Any]
) -> None:
    own = body_at(uwv, posted["height"])

    bzk = consortium.faces["bzk"]
    path = f"/v1/blocks/{posted['height']}/body"
    # It may hear a moment later than the author that the block is final.
    bzk.until(lambda: bzk.get(path, role="fg").status_code == 200)
    held = body_at(bzk, posted["height"])

    assert (held["author"], held["holder"], held["claims"]) == ("uwv", "custodian", {})
    assert [item["content"] for item in held["items"]] == [
        None,
        own["items"][1]["content"],
        None,
    ]
    assert [i["digest"] for i in held["items"]] == [i["digest"] for i in own["items"]]


def test_neither_bsn_nor_case_reference_stands_in_what_is_held(
    consortium: Faced, uwv: Face, posted: dict[str, Any]
) -> None:
    path = f"/v1/blocks/{posted['height']}/body"

    texts = [consortium.faces[m].get(path, role="fg").text for m in ("uwv", "bzk")]
    texts.append(Receipt.decode(posted["receipt"].encode()).block.decode())

    assert not [secret for secret in SECRET.values() for text in texts if secret in text]


def test_what_is_held_belongs_to_the_block(uwv: Face, posted: dict[str, Any]) -> None:
    body = body_at(uwv, posted["height"])
    receipt = Receipt.decode(uwv.get(f"/v1/receipts/{posted['height']}", role="fg").content)

    assert Block.decode(receipt.block).signed.id.hex() == posted["entryId"]
    assert all(len(bytes.fromhex(item["digest"])) == 32 for item in body["items"])


def test_a_member_that_holds_nothing_says_so(consortium: Faced, posted: dict[str, Any]) -> None:
    response = consortium.faces["szw"].get(f"/v1/blocks/{posted['height']}/body", role="fg")

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("height", "status"),
    [("0", 404), ("1", 404), ("9000000", 404), ("-1", 400), ("x", 400), (str(2**53 + 1), 400)],
)
def test_a_block_without_a_body_here_is_not_found(uwv: Face, height: str, status: int) -> None:
    assert uwv.get(f"/v1/blocks/{height}/body", role="fg").status_code == status


@pytest.mark.parametrize("role", ["caseworker", "approver", "policy", "auditor", "operator"])
def test_nobody_but_the_privacy_officer_sees_behind_a_block(
    uwv: Face, posted: dict[str, Any], role: str
) -> None:
    assert uwv.get(f"/v1/blocks/{posted['height']}/body", role=role).status_code == 403


def test_a_stranger_sees_nothing_behind_a_block(uwv: Face, posted: dict[str, Any]) -> None:
    response = uwv.get(f"/v1/blocks/{posted['height']}/body")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
