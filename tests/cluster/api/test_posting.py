from typing import Any

import pytest

from ledger.block import Block
from ledger.bsn import Bsn
from ledger.consortium import VOCABULARY
from ledger.consortium_toml import decode_consortium
from ledger.receipt import Receipt, verify_receipt
from nodes.signal import Posting
from tests.cluster.api.conftest import Faced
from tests.support.faces import JSON, Face, new_key, new_signal, spelled_differently


def invalid_names(response: Any) -> list[str]:
    """Return the fields that a 400 names."""
    assert response.status_code == 400, response.text
    return [param["name"] for param in response.json()["invalidParams"]]


def count_of_own(face: Face) -> int:
    """Return how many signals the agency has, as the sequence of its newest tells."""
    page = face.get("/v1/signals", role="caseworker", params={"pageSize": 1}).json()
    return int(page["next"] or 0)


def test_a_post_is_answered_with_a_receipt_that_convinces_offline(uwv: Face) -> None:
    body = new_signal()

    response = uwv.post("/v1/signals", json=body)

    answer = response.json()
    document = decode_consortium(uwv.get("/v1/consortium").text)
    receipt = Receipt.decode(answer["receipt"].encode())
    times = verify_receipt(
        receipt, origin=document.origin, members=document.witnesses, quorum=document.quorum
    )
    signed = Block.decode(receipt.block).signed
    assert response.status_code == 201
    assert len(times) >= 3
    assert (receipt.index, signed.id.hex()) == (answer["height"], answer["entryId"])
    assert (signed.entry.author, signed.entry.kind) == ("uwv", "signal")


def test_a_post_gives_back_what_was_posted_but_not_about_whom(uwv: Face) -> None:
    body = new_signal(caseReference="Dossier 12/b")

    response = uwv.post("/v1/signals", json=body)

    bsn = body.pop("bsn")
    answer = response.json()
    assert {name: answer[name] for name in body} == body
    assert answer["state"] == "final"
    assert bsn not in response.text
    assert bsn not in str(response.headers)


def test_a_post_says_where_its_signal_stands(uwv: Face) -> None:
    response = uwv.post("/v1/signals", json=new_signal())

    found = uwv.get(response.headers["location"], role="caseworker")

    assert response.headers["location"] == f"/v1/signals/{response.json()['localId']}"
    assert found.json()["localId"] == response.json()["localId"]
    assert found.json()["receipt"] is not None


def test_a_post_without_a_key_is_refused(uwv: Face) -> None:
    response = uwv.post("/v1/signals", json=new_signal(), key=None)

    assert invalid_names(response) == ["header.Idempotency-Key"]


@pytest.mark.parametrize("key", ["", "two words", "k" * 201, "é", "a\tb"])
def test_a_key_that_is_no_short_word_is_refused(uwv: Face, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}

    response = uwv.post("/v1/signals", json=new_signal(), key=None, headers=headers)

    assert invalid_names(response) == ["header.Idempotency-Key"]


def test_the_same_key_and_body_give_the_same_signal_however_it_is_spelled(uwv: Face) -> None:
    key, body = new_key() + "!" * 150, new_signal(caseReference="Aan de haak")
    first = uwv.post("/v1/signals", json=body, key=key)
    before = count_of_own(uwv)

    again = uwv.post("/v1/signals", json=body, key=key)
    spelled = uwv.post("/v1/signals", content=spelled_differently(body), headers=JSON, key=key)

    same = ("localId", "entryId", "height", "state")
    assert {tuple(r.json()[name] for name in same) for r in (first, again, spelled)} == {
        tuple(first.json()[name] for name in same)
    }
    assert (again.status_code, spelled.status_code) == (201, 201)
    assert count_of_own(uwv) == before


def test_the_same_post_many_times_at_once_is_one_signal(uwv: Face) -> None:
    key, body = new_key(), new_signal()
    before = count_of_own(uwv)

    answers = uwv.together(*(uwv.sending("/v1/signals", json=body, key=key) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["localId"] for answer in answers}) == 1
    assert count_of_own(uwv) == before + 1


@pytest.mark.parametrize(
    "changed", [{"caseReference": "W-2"}, {"theme": "wonen"}, {"bsn": "999990019"}], ids=str
)
def test_the_same_key_for_another_body_is_a_conflict(uwv: Face, changed: dict[str, str]) -> None:
    key, body = new_key(), new_signal()
    uwv.post("/v1/signals", json=body, key=key)
    before = count_of_own(uwv)

    response = uwv.post("/v1/signals", json=body | changed, key=key)

    assert response.status_code == 409
    assert "Idempotency-Key" in response.json()["detail"]
    assert count_of_own(uwv) == before


def test_of_two_bodies_at_once_under_one_key_one_is_a_conflict(uwv: Face) -> None:
    key = new_key()

    answers = uwv.together(
        *(uwv.sending("/v1/signals", json=new_signal(), key=key) for _ in range(4))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


def test_the_same_key_of_another_role_is_another_key(uwv: Face) -> None:
    key, body = new_key(), new_signal()
    posted = uwv.post("/v1/signals", json=body, key=key).json()
    posting = Posting(
        bsn=Bsn(body["bsn"]),
        desk=body["desk"],
        purpose=body["purpose"],
        case_reference="of another",
        fields={name: body[name] for name in VOCABULARY},
    )

    other = uwv.runner.run(
        uwv.node.counter.post(posting, caller="approver", key=key, request=b"another")
    )

    assert other.signal.local_id != posted["localId"]


def test_a_refused_post_leaves_its_key_free(uwv: Face) -> None:
    key, body = new_key(), new_signal()
    uwv.post("/v1/signals", json=body | {"theme": "onbekend"}, key=key)

    response = uwv.post("/v1/signals", json=body, key=key)

    assert response.status_code == 201


@pytest.mark.parametrize("bsn", ["999900007", "99990006", "99990000a", 999_900_006, None, ""])
def test_what_is_no_bsn_is_refused_and_not_repeated(uwv: Face, bsn: object) -> None:
    response = uwv.post("/v1/signals", json=new_signal(bsn=bsn))

    assert invalid_names(response) == ["bsn"]
    assert not bsn or str(bsn) not in response.text


@pytest.mark.parametrize(
    ("field", "word", "known"),
    [
        ("regulation", "Bijstand", "WIA"),
        ("theme", "Schulden", "schulden"),
        ("signalType", "", "dreigend"),
        ("severity", "ernstig ", "crisis"),
        ("period", "lang", "langer-dan-zes-maanden"),
        ("helpQuestion", "geld", "inkomen"),
        ("purpose", "fraude", "multiproblematiek"),
        ("desk", "uwv/balie", "uwv/maatwerkplaats"),
        ("desk", "svb/de-bedoeling", "uwv/maatwerkplaats"),
        ("desk", "szw/beleid", "uwv/maatwerkplaats"),
    ],
)
def test_a_word_that_the_document_lacks_is_refused_with_those_it_has(
    uwv: Face, field: str, word: str, known: str
) -> None:
    response = uwv.post("/v1/signals", json=new_signal(**{field: word}))

    assert invalid_names(response) == [field]
    assert known in response.json()["detail"]


def test_a_policy_desk_cannot_post_about_a_person(consortium: Faced) -> None:
    szw = consortium.faces["szw"]

    policy = szw.post("/v1/signals", json=new_signal(desk="szw/beleid"))
    case = szw.post("/v1/signals", json=new_signal(desk="szw/maatwerk"))

    assert invalid_names(policy) == ["desk"]
    assert case.status_code == 201


def test_a_member_that_is_no_issuer_cannot_post(consortium: Faced) -> None:
    response = consortium.faces["bzk"].post("/v1/signals", json=new_signal())

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("length", "status"), [(0, 400), (1, 201), (100, 201), (101, 400)], ids=str
)
def test_a_case_reference_has_one_to_a_hundred_characters(
    uwv: Face, length: int, status: int
) -> None:
    response = uwv.post("/v1/signals", json=new_signal(caseReference="é" * length))

    assert response.status_code == status


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 100_000, b'{"bsn":' + b"9" * 5000],
    ids=lambda content: repr(content[:8]),
)
def test_what_is_no_json_object_is_refused(uwv: Face, content: bytes) -> None:
    response = uwv.post("/v1/signals", content=content, headers=JSON)

    assert response.status_code == 400


def test_json_that_does_not_say_so_is_refused(uwv: Face) -> None:
    text = spelled_differently(new_signal())

    response = uwv.post("/v1/signals", content=text, headers={"Content-Type": "text/plain"})

    assert response.status_code == 400


def test_a_member_sees_nothing_of_another_members_signals(consortium: Faced, uwv: Face) -> None:
    location = uwv.post("/v1/signals", json=new_signal()).headers["location"]
    svb = consortium.faces["svb"]

    assert svb.get(location, role="caseworker").status_code == 404
